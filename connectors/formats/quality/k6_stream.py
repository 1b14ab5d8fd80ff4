"""k6's stream of points (`--out json=FILE`): one JSON object a line, a `Metric` or a `Point`.

Read in constant memory. Every request is a point of `http_reqs`, of `http_req_duration` (ms) and of `http_req_failed`
(1 = failed). Before k6 0.31 there was no `http_req_failed`; then a request failed when its `status` is 0 or 400 and
above, which is what k6 takes by default. Throughput is over the time between the first and the last request.
"""

from datetime import datetime
from typing import IO, Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import EMPTY_FILE, clean
from ..lines import JsonRecords
from ..load_tests import METRICS, Latencies, load_test
from ..shapes import dict_at
from ..times import utc_moment

_WHAT = "k6 points"


class K6Stream:
    """k6 points -> performance."""

    name = "k6-points"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="k6 points, one JSON object a line",
        producers="k6",
        versions="k6 0 to 2",
        recognised_by="first line with `metric`, `data` and the `type` Metric or Point",
        fields="points of `http_reqs`, `http_req_duration`, `http_req_failed`; `tags` status",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="k6 run --out json=points.json script.js",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line."""
        first = dict_at(head.json)
        return first.get("type") in ("Metric", "Point") and {"metric", "data"} <= first.keys()

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count the points."""
        records = JsonRecords(stream, _WHAT)
        points = _Points()
        is_empty = True
        for record in records:
            is_empty = False
            if not isinstance(record, dict) or record.get("type") not in ("Metric", "Point"):
                raise InputError(f"{_WHAT}: a line is {clean(record, 40)!r}, expected a Metric or a Point")
            if record["type"] == "Point":
                points.add(record.get("metric"), dict_at(record.get("data")))
        if records.cut_short:
            return Parsed(Outcome.TOOL_FAILED, reason=records.cut_short)
        return EMPTY_FILE if is_empty else points.parsed()


class _Points:
    def __init__(self) -> None:
        self._latencies = Latencies()
        self._requests = 0
        self._failed = 0
        self._says_failed = False
        self._bad_status = 0
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, metric: object, data: dict[str, Any]) -> None:
        if metric not in ("http_reqs", "http_req_duration", "http_req_failed"):
            return
        value = data.get("value")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{_WHAT}: a point of {metric} has the value {clean(value, 40)!r}, expected a number")
        if metric == "http_req_duration":
            self._latencies.add(value)
        elif metric == "http_req_failed":
            self._says_failed = True
            self._failed += value > 0
        else:
            self._requests += int(value)
            status = str(dict_at(data, "tags").get("status") or "0")
            self._bad_status += not status.isdecimal() or int(status[:9]) == 0 or int(status[:9]) >= 400
            at = utc_moment(data.get("time"))
            if at is not None:
                self._first = min(at, self._first or at)
                self._last = max(at, self._last or at)

    def parsed(self) -> Parsed:
        span_s = (self._last - self._first).total_seconds() if self._first and self._last else 0
        failed = self._failed if self._says_failed else self._bad_status
        return load_test(
            "k6",
            requests=self._requests,
            failed_share=failed / self._requests if self._requests else None,
            percentiles=self._latencies.percentiles(),
            throughput_rps=self._requests / span_s if span_s >= 1 else None,
            measured_at=self._last,
        )
