"""Predicted beside observed: the figures that say how far a kind of prediction can be believed."""

from typing import Literal

from ....analysis.inference.forecast_scores import (
    auc,
    bootstrap_interval,
    brier,
    brier_skill,
    expected_calibration_error,
    reliability,
)
from ....analysis.inference.logistic import Floats
from ....core.records.decisions.calibration import Calibration, ReliabilityBin

LEAST = 20
"""Predictions below which nothing is said."""
BIN_SIZE = 10
"""Least predictions of a bin of the reliability diagram; at most ten bins."""


def calibrate(
    of: Literal["risk", "confidence", "rollback"],
    probability: Floats,
    failed: Floats,
    base_rate: Floats,
    *,
    resamples: int = 500,
) -> Calibration:
    """The figures of predictions whose outcomes are known.

    Args:
        of: what was predicted.
        probability: of failure, each made before its outcome was known.
        failed: 1 or 0.
        base_rate: what somebody who only counts would have said each time.
        resamples: of the bootstrap; 0 = no intervals.
    """
    total, failures = len(failed), int(failed.sum())
    if total < LEAST:
        return Calibration(of=of, predictions=total, failures=failures, reason=f"fewer than {LEAST} predictions")
    bins = min(10, total // BIN_SIZE)
    skill = brier_skill(probability, failed, base_rate)

    def ece(p: Floats, y: Floats) -> float:
        return expected_calibration_error(p, y, bins=bins)

    return Calibration(
        of=of,
        predictions=total,
        failures=failures,
        base_rate_percent=100 * failures / total,
        brier=brier(probability, failed),
        brier_skill=skill,
        brier_skill_interval=bootstrap_interval(brier_skill, probability, failed, base_rate, resamples=resamples),
        ece=ece(probability, failed),
        ece_interval=bootstrap_interval(ece, probability, failed, resamples=resamples),
        auc=auc(probability, failed),
        bins=tuple(
            ReliabilityBin(
                predictions=found.size,
                predicted_percent=100 * found.predicted,
                observed_percent=100 * found.observed,
                expected=found.expected,
                failures=found.happened,
            )
            for found in reliability(probability, failed, bins=bins)
        ),
    )
