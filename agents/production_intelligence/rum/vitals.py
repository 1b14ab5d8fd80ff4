"""Web vitals against Google's thresholds, over all and by page, device and browser.

Reference: web.dev/articles/vitals: a page is judged at the 75th percentile, for mobile and desktop apart.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ....core.records.bulk.rum_answers import NOT_SAID, VITALS, RumAnswers, VitalLevel
from ....core.records.evidence import NotMeasured
from ....core.records.production.rum_analysis import Vital, VitalFigures, VitalRating, VitalSegment

THRESHOLDS: dict[str, tuple[float, float]] = {
    "LCP": (2_500.0, 4_000.0), "INP": (200.0, 500.0), "CLS": (0.1, 0.25), "FCP": (1_800.0, 3_000.0),
    "TTFB": (800.0, 1_800.0), "FID": (100.0, 300.0),
}  # fmt: skip
"""Vital -> good up to, poor above; milliseconds, CLS without a unit."""
LEGACY = ("FID",)
LEAST_SAMPLES = 30
"""For a rating: of fewer, one slow page moves the 75th percentile across a threshold."""


def vitals(answers: RumAnswers) -> tuple[Vital, ...]:
    """All vitals, also those that no row tells."""
    return tuple(
        _vital(name, [level for level in answers.vitals if level.vital == name], answers.approximate_vitals)
        for name in VITALS
    )


def _vital(name: str, levels: Sequence[VitalLevel], approximate: bool) -> Vital:
    good, poor = THRESHOLDS[name]
    legacy = name in LEGACY
    overall = next((VitalFigures(**_figures(level)) for level in levels if _is_all(level)), None)
    unknown = "legacy, superseded by INP; no row tells it" if legacy else "no row of the window tells it"
    return Vital(
        name=name,
        legacy=legacy,
        good=good,
        poor=poor,
        overall=overall or NotMeasured(reason=unknown),
        segments=tuple(_segments(levels)),
        approximate=approximate and bool(levels),
    )


def _segments(levels: Sequence[VitalLevel]) -> Iterator[VitalSegment]:
    for level in levels:
        if not _is_all(level) and level.samples >= LEAST_SAMPLES:
            device, browser = (None if text is None else text or NOT_SAID for text in (level.device, level.browser))
            yield VitalSegment(**_figures(level), page=level.page, device=device, browser=browser)


def _is_all(level: VitalLevel) -> bool:
    return level.page is level.device is level.browser is None


def _figures(level: VitalLevel) -> dict[str, Any]:
    return {
        "samples": level.samples, "p50": level.p50, "p75": level.p75, "p95": level.p95, "p99": level.p99,
        "good_share": level.good / level.samples, "poor_share": level.poor / level.samples, "rating": _rating(level),
    }  # fmt: skip


def _rating(level: VitalLevel) -> VitalRating | NotMeasured:
    good, poor = THRESHOLDS[level.vital]
    if level.samples < LEAST_SAMPLES:
        return NotMeasured(reason=f"insufficient data: {level.samples} samples, {LEAST_SAMPLES} are needed")
    if level.p75 <= good:
        return VitalRating.GOOD
    return VitalRating.NEEDS_IMPROVEMENT if level.p75 <= poor else VitalRating.POOR
