"""Probability of failure, learnt online: each outcome is predicted before it is used, and used only once it is known.

An additive logistic model (`hinges`, `logistic`) on the outcomes known at the moment, younger ones weighing more, is
refitted whenever the number of outcomes has grown by 5 %. Its predictions of the latest outcomes, made before they were
known, then move its intercept: base rates drift, and a model fitted over years is late to see it. The move is shrunk
towards none, because the latest outcomes are few.

>>> rng = np.random.default_rng(1)
>>> size = rng.normal(size=(400, 1))
>>> failed = (rng.random(400) < sigmoid(2 * size[:, 0] - 1)).astype(float)
>>> at = np.arange(400.0)
>>> walked = walk(Outcomes(at, at, failed, size))
>>> bool(np.corrcoef(walked.probability[100:], failed[100:])[0, 1] > 0.4)
True

References: Dawid, "Present position and potential developments: the prequential approach", JRSS A 147 (1984); recent
outcomes for the intercept: Copas, "Regression, prediction and shrinkage", JRSS B 45 (1983).
"""

from dataclasses import dataclass

import numpy as np

from .hinges import Hinges
from .logistic import Floats, Rows, fit_logistic, sigmoid

# Chosen by what was best or next to it on every labelled history at hand and on slices of 200, 500 and 2,000 of each.
KNOTS = 5
STRAIGHT_PENALTY = 10.0
"""Prior sd 0.32 of the log-odds for one standard deviation of a feature."""
BENT_PENALTY = 100.0
HALF_LIFE = 0.5
"""Share of the known outcomes after which one weighs half."""
GROWTH = 0.05
"""Share by which the outcomes grow between refits: the cost of all refits is that of some twenty."""
RECENT = 0.1
"""Share of the known outcomes that moves the intercept, and the least number of them."""
LEAST_RECENT = 100
SHIFT_PRECISION = 50.0
"""Of the Gaussian prior on the move: as if so much information had said that none is needed."""
FIRST_FIT = 30
"""Outcomes before the first fit."""
LEAST_OF_EACH = 3
"""Failures, and successes, below which nothing but the base rate is fitted."""
LONGEST = 20_000
"""Latest outcomes that are learnt from: older ones would weigh little and cost much."""
PRIOR_FAILURES, PRIOR_SUCCESSES = 1.0, 9.0
"""The base rate before there are outcomes is 10 %; it weighs ten outcomes."""


@dataclass(frozen=True)
class Outcomes:
    """What happened, in order of time.

    Args:
        at: when each was to be predicted; ascending.
        learnt_at: when its label was known; in the same unit.
        failed: 0 or 1.
        features: one row each, known at `at`.
        presumed: what the label is taken for between `at` and `learnt_at`: nan = it is left out; 0 = for a success,
            where only failures are ever reported.
    """

    at: Floats
    learnt_at: Floats
    failed: Floats
    features: Floats
    presumed: float = float("nan")

    def known_before(self, end: int, moment: float) -> tuple[Rows, Floats]:
        """Rows and labels of the first `end` that may be used at `moment`."""
        failed = np.where(self.learnt_at[:end] <= moment, self.failed[:end], self.presumed)
        rows = np.flatnonzero(~np.isnan(failed))[-LONGEST:]
        return rows, failed[rows]


@dataclass(frozen=True)
class Model:
    """A fitted model. `basis` None = only the base rate.

    Args:
        fitted: intercept and a coefficient a column of the basis.
        shift: what the latest outcomes add to the intercept.
        base_rate: of the known outcomes.
    """

    basis: Hinges | None
    fitted: Floats
    shift: float
    base_rate: float

    def logits(self, features: Floats) -> Floats:
        """Log-odds of failure, one a row, without the shift."""
        if self.basis is None:
            return np.full(len(features), self.fitted[0])
        return np.asarray(self.fitted[0] + self.basis.columns(features) @ self.fitted[1:])

    def predict(self, features: Floats) -> Floats:
        """Probability of failure, one a row."""
        return sigmoid(self.logits(features) + self.shift)

    def contributions(self, features: Floats, typical: Floats) -> Floats:
        """Log-odds that each feature of one row adds to those of a typical row; they sum to the whole difference."""
        if self.basis is None:
            return np.zeros(len(typical))
        both = self.basis.columns(np.vstack([features, typical]))
        parts = (both[0] - both[1]) * self.fitted[1:]
        return np.asarray(np.bincount(self.basis.owner, weights=parts, minlength=len(typical)), float)


@dataclass(frozen=True)
class Walk:
    """Every outcome predicted from what was known before it.

    Args:
        probability: of failure; nan = not asked for.
        base_rate: what the base rate alone would have said.
        model: fitted on all that is known at the end; for the next one.
    """

    probability: Floats
    base_rate: Floats
    model: Model


def walk(outcomes: Outcomes, *, first: int = 0) -> Walk:
    """Go through the outcomes in order; predict, then learn.

    Args:
        outcomes: any number, none included; at the end the labels of all are known.
        first: row of the first prediction; the ones before are only learnt from.
    """
    total = len(outcomes.at)
    probability, base_rate, logits = (np.full(total, np.nan) for _ in range(3))
    start = first
    while start < total:
        end = min(total, max(start + 10, int(start * (1 + GROWTH))))
        model = _fit(outcomes, start, outcomes.at[start], logits)
        rows = slice(start, end)
        logits[rows] = model.logits(outcomes.features[rows])
        probability[rows] = sigmoid(logits[rows] + model.shift)
        base_rate[rows] = model.base_rate
        start = end
    return Walk(probability, base_rate, _fit(outcomes, total, np.inf, logits))


def _fit(outcomes: Outcomes, end: int, moment: float, logits: Floats) -> Model:
    """The model of what is known at a moment.

    Args:
        logits: of the first `end`, each from a model that had not seen it; nan = there was none.
    """
    rows, failed = outcomes.known_before(end, moment)
    known = len(rows)
    base_rate = (failed.sum() + PRIOR_FAILURES) / (known + PRIOR_FAILURES + PRIOR_SUCCESSES)
    if known < FIRST_FIT or not LEAST_OF_EACH <= failed.sum() <= known - LEAST_OF_EACH:
        return Model(None, np.array([np.log(base_rate / (1 - base_rate))]), 0.0, base_rate)
    weights = 0.5 ** ((known - 1 - np.arange(known)) / (HALF_LIFE * known))
    basis = Hinges.of(outcomes.features[rows], knots=KNOTS)
    fitted = fit_logistic(
        basis.columns(outcomes.features[rows]),
        failed,
        penalty=basis.penalty(STRAIGHT_PENALTY, BENT_PENALTY),
        weights=weights,
    )
    recent = slice(-max(LEAST_RECENT, int(RECENT * known)), None)
    unseen = ~np.isnan(logits[rows[recent]])
    return Model(basis, fitted, _shift(logits[rows[recent]][unseen], failed[recent][unseen]), base_rate)


def _shift(logits: Floats, failed: Floats) -> float:
    """The move of the intercept that fits these outcomes, shrunk."""
    shift = 0.0
    for _ in range(20):
        p = sigmoid(logits + shift)
        gradient = (failed - p).sum() - SHIFT_PRECISION * shift
        shift += float(gradient / ((p * (1 - p)).sum() + SHIFT_PRECISION))
    return shift
