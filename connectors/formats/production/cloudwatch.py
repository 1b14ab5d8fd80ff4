"""CloudWatch Logs: filter_log_events and get_log_events, Logs Insights results, subscription payloads.

Events have milliseconds; Insights writes UTC times as text without a zone, and says whether the query was complete.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS, METRICS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, clock, labels, listed, number, text
from .log_rows import level_in, log_row, message_and_attributes

_REQUEST = re.compile(r"\bRequestId: ([0-9a-f-]{3,64})")
_REPORT = re.compile(r"^REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")
# What Lambda's loggers put before a message: Python `[LEVEL]\ttime\trequest\t`, Node.js `time\trequest\tLEVEL\t`.
_PREFIX = re.compile(
    r"(?:\[(?P<python>[A-Z]+)\]\s*\t)?\d{4}-\d\d-\d\dT[\d:.]+Z\t(?P<request>[0-9a-f-]{3,64})\t(?:(?P<node>[A-Z]+)\t)?"
)
_PLATFORM = re.compile(r"^(?:START|END|REPORT|INIT_START) ")
_BIN = re.compile(r"bin\((\d+) ?([smhd])\w*\)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FAILED = ("Failed", "Cancelled", "Timeout", "Unknown")


class CloudWatch(PagesFormat):
    """CloudWatch log events -> rows of logs; counts by time -> metric points."""

    name = "cloudwatch"
    produces: tuple[str, ...] = (LOGS, METRICS)
    about = About(
        title="CloudWatch Logs",
        producers="Amazon CloudWatch Logs, Lambda, Firehose",
        versions="filter_log_events, get_log_events, Logs Insights results, subscription payloads",
        recognised_by="`events` with `timestamp` and `message`; `results` of fields with a `status`; `logEvents`",
        fields="timestamp, message (a JSON record, or text with its level), logStreamName; fields of Insights",
        sample=Sample.RECORDED,
        how_to_export="aws logs filter-log-events --log-group-name ... > events.json, or aws logs get-query-results",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("events",), ("results",), ("logEvents",))
    one = "event"

    def recognises(self, head: Head) -> bool:
        """By the envelope."""
        page = dict_at(head.json)
        if "events" in page:
            first = dict_at(first_of(page["events"]))
            empty = page["events"] == [] and not {"searchedLogStreams", "nextForwardToken", "nextToken"}.isdisjoint(
                page
            )
            return empty or ({"timestamp", "message"} <= first.keys() and "ingestionTime" in first)
        if "results" in page and ("statistics" in page or page.get("status") in ("Complete", "Running", *_FAILED)):
            first = first_of(page["results"])
            return page["results"] == [] or {"field", "value"} <= dict_at(first_of(first)).keys()
        return "logEvents" in page

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[LogRow | MetricRow]:
        """One event, or one line of an Insights result."""
        if way == ("results",):
            yield from _insight({text(dict_at(cell).get("field")): dict_at(cell).get("value") for cell in listed(item)})
            return
        event = dict_at(item)
        at = at_ms(event.get("timestamp"))
        if at is None or not isinstance(event.get("message"), str):
            raise Unusable("an event needs `timestamp` and `message`")
        yield _row(at, event["message"], text(event.get("logStreamName")))

    def document(self, document: Any, reading: Reading) -> Iterable[LogRow]:
        """Whether the query was done."""
        page = dict_at(document)
        state = page.get("status")
        if "message" in page and "__type" in page:
            reading.fail(page["message"])
        elif page.keys().isdisjoint({"events", "results", "logEvents"}):
            raise Unusable("no `events`, `results` or `logEvents`")
        elif state in _FAILED:
            reading.fail(f"the query has the status {state}")
        elif state in ("Running", "Scheduled"):
            reading.note(f"the query was still {str(state).lower()}: its results are not whole")
        return ()


def _row(at: Any, message: str, stream: str | None) -> LogRow:
    """Of Lambda's own lines the request and its duration are told."""
    message = message.rstrip("\r\n")
    prefix, report = _PREFIX.match(message), _REPORT.match(message)
    body, record = message_and_attributes(message[prefix.end() :] if prefix else message)
    told = prefix["python"] or prefix["node"] if prefix else None
    level = told or ("" if record else "info" if _PLATFORM.match(message) else level_in(message))
    row = log_row(at, level, body, record, host=stream)
    request = prefix["request"] if prefix else (found[1] if (found := _REQUEST.search(message)) else None)
    if request and row.request is None:
        row = row._replace(request=request)
    return row._replace(duration_ms=number(report[1])) if report else row


def _insight(told: dict[Any, Any]) -> Iterable[LogRow | MetricRow]:
    at, message = clock(told.get("@timestamp")), told.get("@message")
    if at is not None and isinstance(message, str):
        yield _row(at, message, text(told.get("@logStream")))
        return
    binned = next((match for name in told if (match := _BIN.fullmatch(str(name)))), None)
    start = clock(told.get(binned[0])) if binned else None
    if binned is None or start is None:
        raise Unusable("a result needs @timestamp and @message, or bin(...) and figures")
    length = float(binned[1]) * _SECONDS[binned[2]]
    figures = {name: value for name, value in told.items() if name != binned[0] and not str(name).startswith("@ptr")}
    values = {
        name: found for name, value in figures.items() if "(" in str(name) and (found := number(value)) is not None
    }
    shown = labels({name: value for name, value in figures.items() if name not in values})
    for name, value in values.items():
        yield MetricRow(
            start, str(name), value, kind="delta" if "count" in str(name) else "gauge", labels=shown, interval_s=length
        )
