"""Past deployments as columns of numbers: what the models learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....analysis.inference.logistic import Floats
from ....core.records.decisions.history import DeploymentOutcome
from .features import FEATURES, known_before

_COUNTS = np.array([feature.counts for feature in FEATURES])
MEASURED_SHARE = 0.5
"""Share of past deployments that have a feature, from which on its absence speaks against a release."""


@dataclass(frozen=True)
class Past:
    """Past deployments, one row each, in order of time.

    Args:
        items: the deployments.
        at, learnt_at: seconds since 1970.
        failed: 1 = failed or rolled back.
        values: a column a feature, scaled as the models take it; nan = not measured.
    """

    items: Sequence[DeploymentOutcome]
    at: Floats
    learnt_at: Floats
    failed: Floats
    values: Floats

    @classmethod
    def of(cls, items: Sequence[DeploymentOutcome]) -> "Past":
        """From `ReadinessInputs.past`."""
        return cls(
            items,
            np.array([item.deployed_at.timestamp() for item in items]),
            np.array([item.learnt_at.timestamp() for item in items]),
            np.array([float(item.failed) for item in items]),
            scaled([before.features if (before := known_before(item)) else {} for item in items]),
        )

    @property
    def usual(self) -> Floats:
        """Of each feature, whether most deployments have it."""
        return np.asarray((~np.isnan(self.values)).mean(axis=0) >= MEASURED_SHARE if len(self.values) else False)


def scaled(rows: Sequence[Mapping[str, float]]) -> Floats:
    """Raw features as the models take them: a row each, a column a feature; nan = absent."""
    nan = float("nan")
    values = np.array([[row.get(feature.name, nan) for feature in FEATURES] for row in rows])
    values = values.reshape(len(rows), len(FEATURES))
    return np.where(_COUNTS, np.log1p(np.maximum(values, 0)), values)


def unscaled(row: Floats) -> Floats:
    """Raw features of a row of `scaled`."""
    return np.where(_COUNTS, np.expm1(row), row)


def filled(values: Floats) -> Floats:
    """The columns without gaps: a missing value is the mean of those before it, so that no row hears of later ones."""
    there = ~np.isnan(values)
    total = np.cumsum(np.where(there, values, 0), axis=0)
    count = np.cumsum(there, axis=0)
    # Where a value is missing, the sums up to its row are those of the rows before.
    return np.where(there, values, total / np.maximum(count, 1))
