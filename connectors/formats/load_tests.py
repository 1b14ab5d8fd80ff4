"""What every load test comes down to: requests, failures, percentiles of the response time, throughput.

Percentiles are taken from the tool where it gives them and computed from single requests otherwise, by linear
interpolation (type 7 of Hyndman and Fan, 1996; numpy's default and k6's own).
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from math import floor, inf, log10
from typing import TypeVar

from ...core.errors import InputError
from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, MetricValue, Outcome, SignalKind, SignalPart
from .documents import clean, finding

KIND = SignalKind.PERFORMANCE
METRICS = (
    "requests", "error_rate_percent", "throughput_rps", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms",
)  # fmt: skip
THRESHOLDS = "failed_thresholds"
PERCENTILES = {50: "p50_latency_ms", 95: "p95_latency_ms", 99: "p99_latency_ms"}
"""Percent -> our metric."""
_DIGITS = 5
"""Significant digits kept of a response time: an error of 0.005 % at most, for a memory that does not grow."""
EXACT_BELOW = 10**_DIGITS
"""Whole response times below this, ms, are kept as they are."""
_LARGEST = 2**53
"""Above it a number is none that anybody measured."""
_FEW = 20
"""Fewer requests say little about a 95th percentile."""


N = TypeVar("N", int, float)


class Latencies:
    """Response times of any number of requests in constant memory: a histogram of five significant digits."""

    def __init__(self) -> None:
        self.count = 0
        self._of: Counter[float] = Counter()

    def add(self, ms: float) -> None:
        """One response time, ms; whole numbers below 100,000 are kept as they are.

        Raises:
            InputError: negative or not finite.
        """
        if not 0 <= ms < inf:
            raise InputError(f"a response time is {ms} ms")
        self.count += 1
        if ms >= EXACT_BELOW or (ms >= 1e-3 and ms != int(ms)):
            ms = round(ms, _DIGITS - 1 - floor(log10(ms)))
        self._of[ms] += 1

    def add_whole(self, ms: list[int]) -> None:
        """Many response times at once, each a whole number from 0 to below EXACT_BELOW."""
        self.count += len(ms)
        self._of.update(ms)

    def percentiles(self) -> dict[int, float]:
        """Percent -> ms, for those of PERCENTILES; {} without a request."""
        if not self.count:
            return {}
        ordered = sorted(self._of.items())
        return {percent: self._at(ordered, (self.count - 1) * percent / 100) for percent in PERCENTILES}

    def _at(self, ordered: list[tuple[float, int]], rank: float) -> float:
        """The value at a rank from 0; between two of them a straight line."""
        below, seen = floor(rank), 0
        for index, (value, times) in enumerate(ordered):
            seen += times
            if seen > below:
                following = value if seen > below + 1 or index + 1 == len(ordered) else ordered[index + 1][0]
                return value + (following - value) * (rank - below)
        raise AssertionError("the rank is below the count")


class Thresholds:
    """Limits that the load test itself declared."""

    def __init__(self) -> None:
        self.count = 0
        self.failed: list[Finding] = []
        self.failed_count = 0

    def add(self, name: object, rule: object, *, crossed: bool) -> None:
        """One limit."""
        self.count += 1
        self.failed_count += crossed
        if crossed and len(self.failed) < MAX_FINDINGS:
            self.failed.append(finding(name, f"crossed: {clean(rule)}", "threshold"))


def load_test(
    tool: str,
    *,
    requests: int | None,
    failed_share: float | None,
    percentiles: Mapping[int, float | None],
    throughput_rps: float | None,
    thresholds: Thresholds | None = None,
    version: object = None,
    measured_at: datetime | None = None,
    notes: tuple[str, ...] = (),
) -> Parsed:
    """The performance that a load test measured; None = the report does not say.

    Args:
        failed_share: failed requests, 0 to 1.
        percentiles: percent -> ms.

    Raises:
        InputError: a number that cannot be.
    """
    thresholds = thresholds or Thresholds()
    metrics: dict[str, MetricValue] = {THRESHOLDS: thresholds.failed_count} if thresholds.count else {}
    if requests:
        metrics["requests"] = _checked(tool, "requests", requests)
        measured = {PERCENTILES[percent]: ms for percent, ms in percentiles.items()}
        measured["throughput_rps"] = throughput_rps
        measured["error_rate_percent"] = None if failed_share is None else 100 * failed_share
        for name, value in measured.items():
            if value is not None:
                metrics[name] = _checked(tool, name, value)
    if not metrics:
        return Parsed(Outcome.NOT_MEASURED, reason="no request in the report: nothing was measured", notes=notes)
    if requests and requests < _FEW:
        notes = (*notes, f"only {requests} requests: their percentiles say little")
    part = SignalPart(
        tool=tool,
        tool_version=clean(version, 40) or None if isinstance(version, str) else None,
        outcome=Outcome.VALUE,
        measured_at=measured_at,
        metrics=metrics,
        findings=tuple(thresholds.failed),
    )
    return Parsed(Outcome.VALUE, signals=((KIND, part),), notes=notes)


def _checked(tool: str, name: str, value: N) -> N:
    if not 0 <= value < _LARGEST or (name == "error_rate_percent" and value > 100):
        raise InputError(f"{tool}: {name} is {value:g}")
    return value
