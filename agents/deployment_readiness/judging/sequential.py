"""Our own judge: may be asked at every check, says how sure it is, and what it could not have seen.

Shares (failed requests, slow requests) are compared as two rates; series of values (a percentile a minute) by their
ranks, with a smallest difference that matters. Looking at every check costs nothing: each look spends a part of the
error (analysis/alpha_spending). What has too little data is UNDECIDED, what has none is NO_DATA; neither is healthy.

How often it is wrong, and how soon right, beside Kayenta's test on the same data: `make bench-judge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ....analysis.inference.alpha_spending import spent
from ....analysis.inference.rate_excess import detectable_ratio, probability_of_excess

Values = NDArray[np.float64]

SHARE_ALPHA = 0.015
"""Of all looks together; the posterior at the planned end must leave at most this."""
VALUE_ALPHA = 0.006
TOLERATED_RATIO = 1.25
"""A share may be higher by a quarter: less is seldom worth a rollback, and would need ten times the traffic to see."""
TOLERATED_SHIFT = 0.10
"""Of the baseline's median."""
MIN_REQUESTS = 20
MIN_POINTS = 5
SMALL_COUNT = 5.0
"""Series of whole numbers with a mean up to this in the baseline are counts: ranks say little about them."""


class State(StrEnum):
    """What is known of a metric."""

    HEALTHY = "HEALTHY"
    WORSE = "WORSE"
    UNDECIDED = "UNDECIDED"
    NO_DATA = "NO_DATA"


@dataclass(frozen=True)
class Verdict:
    """On one metric at one look.

    Args:
        state: what is known.
        reason: in words, with the numbers.
        detectable: smallest ratio that this much traffic shows in 4 of 5 cases; None = of no meaning here.
        p_value: of the look (for shares the posterior's part below the tolerated ratio); None = there was no test.
        level: that `p_value` had to be below.
    """

    state: State
    reason: str
    detectable: float | None = None
    p_value: float | None = None
    level: float | None = None


@dataclass(frozen=True)
class Count:
    """Of one arm.

    Args:
        events: bad ones, 0 to `requests`.
        requests: all, 0 or more.
    """

    events: float
    requests: float

    @property
    def share(self) -> float:
        """Bad ones of all; 0 of none."""
        return self.events / self.requests if self.requests else 0.0


def judge_share(
    canary: Count,
    baseline: Count,
    *,
    planned: float,
    ratio: float = TOLERATED_RATIO,
    alpha: float = SHARE_ALPHA,
    min_requests: int = MIN_REQUESTS,
    dispersion: float = 1.0,
) -> Verdict:
    """Is the canary's share of bad requests higher than the baseline's by more than `ratio`?

    Args:
        canary, baseline: since the stage began.
        planned: requests of the canary at the end of the stage, above 0.
        ratio: that is tolerated, 1 or more.
        alpha: of all looks together.
        min_requests: fewer in an arm decide nothing.
        dispersion: variance of the counts over their mean, 1 = Poisson; above it where failures come in bursts.
    """
    if missing := _missing(canary.requests, baseline.requests, "requests"):
        return missing
    progress = canary.requests / max(planned, 1.0)
    share = canary.requests / (canary.requests + baseline.requests)
    seen = detectable_ratio(baseline.events / dispersion, tail=alpha, ratio=ratio, share=share)
    level = spent(progress, alpha=alpha)
    tail = _tail(canary, baseline, ratio, dispersion)
    state, reason = State.HEALTHY, f"so much traffic shows a rise to {seen:.1f} times and more"
    fewest = min(canary.requests, baseline.requests)
    if tail < level:
        state, reason = State.WORSE, f"more than {ratio:g} times as many with {1 - tail:.4%} probability"
    elif fewest < min_requests:
        state, reason = State.UNDECIDED, f"{fewest:.0f} requests, at least {min_requests} decide"
    elif progress < 1:
        state, reason = State.UNDECIDED, f"{progress:.0%} of the stage, {reason}"
    return Verdict(state, f"{_told(canary, baseline)}: {reason}", seen, tail, level)


def _told(canary: Count, baseline: Count) -> str:
    return (
        f"{_percent(canary.share)} of {canary.requests:.0f} requests of the canary failed, "
        f"{_percent(baseline.share)} of {baseline.requests:.0f} of the baseline"
    )


def _tail(canary: Count, baseline: Count, ratio: float, dispersion: float) -> float:
    """Probability that the canary is not worse."""
    return 1 - probability_of_excess(
        canary.events / dispersion,
        canary.requests / dispersion,
        baseline.events / dispersion,
        baseline.requests / dispersion,
        ratio=ratio,
    )


def judge_values(
    canary: Sequence[float],
    baseline: Sequence[float],
    *,
    planned: float,
    worse: str = "higher",
    shift: float = TOLERATED_SHIFT,
    alpha: float = VALUE_ALPHA,
    min_points: int = MIN_POINTS,
) -> Verdict:
    """Does the canary's series lie above the baseline's (or below, or either) by more than `shift`?

    Args:
        canary, baseline: points since the stage began; what is not finite is missing.
        planned: points of the canary at the end of the stage, above 0.
        worse: "higher", "lower" or "either".
        shift: of the baseline's median, that is tolerated, 0 or more.
        alpha: of all looks together.
        min_points: fewer in an arm decide nothing.
    """
    # SciPy's, which an order to abort must not wait for: rollouts are judged by counts.
    from ....analysis.inference.mann_whitney import hodges_lehmann, p_greater

    x, y = _finite(canary), _finite(baseline)
    missing = _missing(len(x), len(y), "points")
    if missing:
        return missing
    if min(len(x), len(y)) < min_points:
        return Verdict(State.UNDECIDED, f"{min(len(x), len(y))} points, at least {min_points} decide")
    if worse != "lower" and _are_counts(x, y):
        return _judge_counts(x, y, planned=planned)
    progress = len(x) / max(planned, 1.0)
    directions = {"higher": (1,), "lower": (-1,)}.get(worse, (1, -1))
    level = spent(progress, alpha=alpha) / len(directions)
    found = hodges_lehmann(x, y)
    middle = float(np.median(y))
    told = f"median {np.median(x):.4g} of the canary, {middle:.4g} of the baseline, shift {found:+.4g}"
    sign = min(directions, key=lambda d: p_greater(d * x, d * y))
    p_value = p_greater(sign * x, sign * y)
    if p_value < level and sign * found > shift * abs(middle):
        way = "above" if sign > 0 else "below"
        reason = f"{told}: {way} it by more than {shift:.0%}, p {p_value:.2g}, below {level:.2g}"
        return Verdict(State.WORSE, reason, None, p_value, level)
    if progress < 1:
        return Verdict(State.UNDECIDED, f"{told}; {progress:.0%} of the stage", None, p_value, level)
    return Verdict(State.HEALTHY, told, None, p_value, level)


def _judge_counts(x: Values, y: Values, *, planned: float) -> Verdict:
    """Events a point, as two rates; how bursty they are is estimated within the arms."""
    within = [float(arm.var(ddof=1)) / float(arm.mean()) for arm in (x, y) if arm.mean() > 0]
    verdict = judge_share(
        Count(float(x.sum()), float(len(x))),
        Count(float(y.sum()), float(len(y))),
        planned=planned,
        # A quarter more than none is none: where the baseline has no such event, any rate is a rise.
        ratio=TOLERATED_RATIO if y.any() else 1.0,
        min_requests=0,
        dispersion=max(1.0, float(np.mean(within)) if within else 1.0),
    )
    told = f"{x.sum():.0f} events in {len(x)} points of the canary, {y.sum():.0f} in {len(y)} of the baseline"
    return replace(verdict, reason=told)


def _are_counts(x: Values, y: Values) -> bool:
    whole = all(bool((arm >= 0).all() and (arm == np.round(arm)).all()) for arm in (x, y))
    return whole and float(y.mean()) <= SMALL_COUNT and float(x.mean()) <= SMALL_COUNT


def _finite(points: Sequence[float]) -> Values:
    return np.array([point for point in points if isfinite(point)], dtype=np.float64)


def _missing(canary: float, baseline: float, what: str) -> Verdict | None:
    if canary > 0 and baseline > 0:
        return None
    arms = [name for name, seen in (("canary", canary), ("baseline", baseline)) if seen <= 0]
    return Verdict(State.NO_DATA, f"no {what} of the {' and the '.join(arms)}: nothing says that it is healthy")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
