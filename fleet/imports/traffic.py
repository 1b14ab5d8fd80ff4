"""Figures of a release's own traffic, counted while its access log is imported."""

from array import array
from datetime import datetime

from ...core.records.bulk.logs import AccessRow
from ...core.records.signals import Outcome, SignalKind, SignalPart

MIN_REQUESTS = 20
"""Fewer say nothing about a 95th percentile; the signal then has the count alone."""


class TrafficSummary:
    """Request count, error share, throughput and latency percentiles; 8 bytes a request.

    Percentiles are exact, by linear interpolation (numpy's default, type 7 of Hyndman and Fan, 1996).
    """

    def __init__(self) -> None:
        self._durations_ms = array("d")
        self._requests = 0
        self._errors = 0
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, row: AccessRow) -> None:
        """Count one request; an error is a 5xx answer."""
        self._requests += 1
        self._errors += row.status >= 500
        if row.duration_ms is not None:
            self._durations_ms.append(row.duration_ms)
        if self._first is None or row.at < self._first:
            self._first = row.at
        if self._last is None or row.at > self._last:
            self._last = row.at

    def signals(self) -> tuple[tuple[SignalKind, SignalPart], ...]:
        """The performance part of the signal; nothing when there was no request."""
        if not self._requests or self._first is None or self._last is None:
            return ()
        metrics: dict[str, float | int | bool | str] = {"requests": self._requests}
        if self._requests >= MIN_REQUESTS:
            metrics["error_rate_percent"] = 100 * self._errors / self._requests
            span_s = (self._last - self._first).total_seconds()
            if span_s >= 1:  # log times have a resolution of one second
                metrics["throughput_rps"] = self._requests / span_s
        if len(self._durations_ms) == self._requests >= MIN_REQUESTS:
            import numpy as np  # here: other imports do without

            for name, value in zip(
                ("p50_latency_ms", "p95_latency_ms", "p99_latency_ms"),
                np.percentile(np.frombuffer(self._durations_ms), (50, 95, 99)),
                strict=True,
            ):
                metrics[name] = float(value)
        part = SignalPart(tool="access-log", outcome=Outcome.VALUE, measured_at=self._last, metrics=metrics)
        return ((SignalKind.PERFORMANCE, part),)
