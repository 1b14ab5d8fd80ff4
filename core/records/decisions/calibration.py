"""How well what was predicted agreed with what came."""

from typing import Literal

from ..base import Record

Interval = tuple[float, float]
"""95 % bootstrap interval."""


class ReliabilityBin(Record):
    """One group of predictions of about the same size: predicted beside observed."""

    predictions: int
    predicted_percent: float
    """Mean predicted probability of failure."""
    observed_percent: float
    """Share that failed."""
    expected: Interval
    """Failures that a calibrated predictor would see, 95 % of the time."""
    failures: int


class Calibration(Record):
    """One kind of prediction against the outcomes; None where there is too little to say, with the reason."""

    of: Literal["risk", "confidence", "rollback"]
    predictions: int
    failures: int
    base_rate_percent: float | None = None
    """Share that failed."""
    brier: float | None = None
    """Mean squared error of the probability, 0 best."""
    brier_skill: float | None = None
    """1 - brier / brier of the base rate known at each decision; 0 or less = no better than that."""
    brier_skill_interval: Interval | None = None
    ece: float | None = None
    """Expected calibration error over bins of equal mass, 0-1."""
    ece_interval: Interval | None = None
    auc: float | None = None
    """Chance that a failure was given the higher probability; 0.5 = none."""
    bins: tuple[ReliabilityBin, ...] = ()
    reason: str | None = None
