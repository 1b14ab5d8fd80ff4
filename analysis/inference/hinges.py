"""Features as standardised columns and their bends: an additive model that stays linear in its coefficients.

Each feature becomes one straight column and a few hinges max(0, x - knot) at its quantiles, so that "twice as many
lines are twice as risky, but only up to here" can be learnt while each feature's share can still be told.

>>> X = np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]])
>>> basis = Hinges.of(X, knots=3)
>>> basis.columns(X).shape, basis.owner.tolist()
((5, 5), [0, 1, 0, 0, 0])
>>> basis.columns(np.array([[1e9, 7.0]])).max() <= LIMIT
np.True_

Reference: Hastie and Tibshirani, "Generalized Additive Models" (1990); penalising the bends more than the slope draws
each curve towards a straight line, as in Eilers and Marx, "Flexible smoothing with B-splines" (1996).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from .logistic import Floats, Rows

LIMIT = 5.0
"""Standard deviations at which a value is cut: one absurd commit must not decide."""
SAME = 1e-9
"""A standard deviation below this is that of a constant."""


@dataclass(frozen=True)
class Hinges:
    """Where the columns of one training set lie; made by `of`.

    Args:
        mean, deviation: of each feature.
        knots: feature and standardised place of each hinge.
        column_mean, column_deviation: of each column.
    """

    mean: Floats
    deviation: Floats
    knots: tuple[tuple[int, float], ...]
    column_mean: Floats
    column_deviation: Floats

    @classmethod
    def of(cls, features: Floats, *, knots: int) -> Self:
        """The basis of a training set.

        Args:
            features: one row an observation, at least one row.
            knots: hinges a feature at most; fewer where its quantiles coincide, none where it is constant.
        """
        mean, deviation = features.mean(axis=0), _deviation(features)
        scaled = np.clip((features - mean) / deviation, -LIMIT, LIMIT)
        shares = np.linspace(0, 1, knots + 2)[1:-1]
        places = [
            (feature, float(place))
            for feature in range(features.shape[1])
            for place in np.unique(np.quantile(scaled[:, feature], shares))
            if scaled[:, feature].min() < place < scaled[:, feature].max()
        ]
        raw = _raw(scaled, places)
        return cls(mean, deviation, tuple(places), raw.mean(axis=0), _deviation(raw))

    @property
    def owner(self) -> Rows:
        """The feature of each column: first the straight ones in order, then the hinges."""
        return np.array([*range(len(self.mean)), *(feature for feature, _ in self.knots)])

    def penalty(self, straight: float, bent: float) -> Floats:
        """One penalty a column."""
        return np.concatenate([np.full(len(self.mean), straight), np.full(len(self.knots), bent)])

    def columns(self, features: Floats) -> Floats:
        """The columns of these rows, each with mean 0 and deviation 1 over the training set, within +- LIMIT."""
        scaled = np.clip((features - self.mean) / self.deviation, -LIMIT, LIMIT)
        raw = (_raw(scaled, self.knots) - self.column_mean) / self.column_deviation
        return np.asarray(np.clip(raw, -LIMIT, LIMIT))


def _raw(scaled: Floats, knots: "tuple[tuple[int, float], ...] | list[tuple[int, float]]") -> Floats:
    hinges = [np.maximum(scaled[:, feature] - place, 0) for feature, place in knots]
    return np.column_stack([scaled, *hinges])


def _deviation(rows: Floats) -> Floats:
    deviation = rows.std(axis=0)
    return np.asarray(np.where(deviation < SAME, 1.0, deviation))
