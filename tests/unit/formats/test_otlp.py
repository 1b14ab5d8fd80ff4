"""OTLP/JSON: ids, times, names of two generations, distributions."""

from typing import Any

import pytest

from aqe.connectors.formats.production.otlp import OtlpJson
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def attributes(**values: Any) -> list[dict[str, Any]]:
    return [
        {"key": name.replace("__", "."), "value": value if isinstance(value, dict) else {"stringValue": value}}
        for name, value in values.items()
    ]


def span(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, "name": "n", "startTimeUnixNano": "1795312521137065060",
            "endTimeUnixNano": "1795312521138565060", **fields}  # fmt: skip


def spans(*found: Any, scope: str = "scopeSpans", **resource: str) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {"attributes": attributes(**resource)}, scope: [{"spans": list(found)}]}]}


def metric(**shape: Any) -> dict[str, Any]:
    return {
        "resourceMetrics": [{"resource": {}, "scopeMetrics": [{"metrics": [{"name": "m", "unit": "ms", **shape}]}]}]
    }


def test_pitfall_2_ids_are_hex_and_stay_what_they_are() -> None:
    """Read as base64 they would become others of 12 bytes, without an error; upper case is the same id."""
    (row,) = rows(OtlpJson(), spans(span(traceId=TRACE.upper(), parentSpanId=SPAN.upper())))
    assert (row.trace_id, row.span_id, row.parent_id) == (TRACE, SPAN, SPAN)


def test_an_exporter_that_does_write_base64_is_understood() -> None:
    """Its ids have another length, so nothing is guessed."""
    (row,) = rows(OtlpJson(), spans(span(traceId="W47/95gDgQPSabYzgT/GDA==", spanId="7uGbfsPBsXQ=")))
    assert (row.trace_id, row.span_id) == (TRACE, SPAN)


def test_times_are_exact_to_the_microsecond_as_text_and_as_number() -> None:
    """Nanoseconds since 1970 need more digits than a float has."""
    for start in ("1795312521137065060", 1795312521137065060):
        (row,) = rows(OtlpJson(), spans(span(startTimeUnixNano=start)))
        assert row.at.isoformat() == "2026-11-22T01:55:21.137065+00:00"
        assert row.duration_ms == 1.5
    (row,) = rows(OtlpJson(), spans(span(endTimeUnixNano="0")))
    assert row.duration_ms is None


@pytest.mark.parametrize("scope", ["scopeSpans", "instrumentationLibrarySpans"])
@pytest.mark.parametrize("kind", [2, "SPAN_KIND_SERVER"])
@pytest.mark.parametrize("names", ["old", "new"])
def test_names_before_and_after_their_renaming_mean_the_same(scope: str, kind: object, names: str) -> None:
    """Of scopes, kinds, statuses, attributes."""
    told = (
        attributes(http__method="GET", http__target="/a?b=1", http__status_code={"intValue": "500"}, db__system="redis")
        if names == "old"
        else attributes(http__request__method="GET", url__full="https://s/a?b=1",
                        http__response__status_code={"intValue": 500}, db__system__name="redis")
    )  # fmt: skip
    code: object = 2 if names == "old" else "STATUS_CODE_ERROR"
    request = spans(span(kind=kind, attributes=told, status={"code": code}), scope=scope, service__name="shop")
    (row,) = rows(OtlpJson(), request)
    assert (row.kind, row.is_error, row.service) == ("server", True, "shop")
    assert (row.request_method, row.request_path, row.status, row.db_system) == ("GET", "/a?b=1", 500, "redis")


@pytest.mark.parametrize(
    ("url", "callee"),
    [
        ("http://user:word@inventory:8003/stock/35?a=b", "inventory"),
        ("https://api.example.com/v1", "api.example.com"),
        ("http://127.0.0.1:8003/stock", "127.0.0.1:8003"),
        ("http://localhost:8003/", "localhost:8003"),
        ("/stock/35", None),
    ],
)
def test_a_call_that_tells_only_its_url_is_to_the_host_of_it(url: str, callee: str | None) -> None:
    """Python's HTTP clients tell nothing else; else a service that cannot be reached is nobody's time."""
    told = attributes(http__url=url)
    made, taken = rows(OtlpJson(), spans(span(kind=3, attributes=told), span(kind=2, attributes=told)))
    assert (made.peer, taken.peer) == (callee, None)


def test_the_last_exception_of_a_span_is_its_error() -> None:
    """Type, message and trace."""
    events = [
        {"name": "exception", "attributes": attributes(exception__type=kind, exception__stacktrace="t\nr")}
        for kind in ("Retry", "KeyError")
    ]
    (row,) = rows(OtlpJson(), spans(span(events=[*events, {"name": "other"}], status={"code": 2, "message": "no"})))
    assert (row.error_type, row.message, row.stack_trace) == ("KeyError", "no", "t\nr")


def test_a_log_record_without_a_time_has_that_of_its_observation() -> None:
    """The number of the severity counts, not the word that the logger has for it."""
    record = {"timeUnixNano": "0", "observedTimeUnixNano": "1795312521200000000", "severityNumber": 17,
              "severityText": "Bad", "body": {"kvlistValue": {"values": attributes(a="b")}}, "traceId": TRACE.upper(),
              "attributes": attributes(exception__type="E", exception__stacktrace="a\nb")}  # fmt: skip
    (row,) = rows(OtlpJson(), {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [record]}]}]})
    assert (row.at.microsecond, row.level, row.message) == (200_000, "ERROR", '{"a":"b"}')
    assert (row.trace_id, row.error_type, row.stack_trace) == (TRACE, "E", "a\nb")


def test_numbers_written_as_text_are_numbers_and_nan_is_no_point() -> None:
    """A counter is one that only grows."""
    points = [
        {"timeUnixNano": "1795312521200000000", "asInt": "5"},
        {"timeUnixNano": 1795312521200000000, "asDouble": "NaN"},
    ]
    for more, kind in (({"isMonotonic": True, "aggregationTemporality": 2}, "counter"),
                       ({"isMonotonic": True, "aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA"}, "delta"),
                       ({}, "gauge")):  # fmt: skip
        (row,) = rows(OtlpJson(), metric(sum={"dataPoints": points, **more}))
        assert (row.value, row.kind, row.unit) == (5, kind, "ms")


def test_a_histogram_has_buckets_as_prometheus_counts_them() -> None:
    """Up to the bound, so that the last holds all."""
    point = {"timeUnixNano": "1795312521200000000", "count": "6", "sum": 60.5, "bucketCounts": ["1", "2", "3"],
             "explicitBounds": [5, 25]}  # fmt: skip
    found = rows(OtlpJson(), metric(histogram={"aggregationTemporality": 2, "dataPoints": [point]}))
    assert [(row.statistic, row.value, row.labels) for row in found] == [
        ("count", 6, "{}"), ("sum", 60.5, "{}"),
        ("bucket", 1, '{"le":"5"}'), ("bucket", 3, '{"le":"25"}'), ("bucket", 6, '{"le":"+Inf"}'),
    ]  # fmt: skip


def test_an_exponential_histogram_has_the_same_buckets() -> None:
    """Scale 0: bounds are powers of two; offset 1 begins above 2."""
    point = {"timeUnixNano": "1795312521200000000", "count": "4", "zeroCount": "1",
             "negative": {"bucketCounts": ["1"]}, "positive": {"offset": 1, "bucketCounts": ["0", "2"]}}  # fmt: skip
    found = rows(OtlpJson(), metric(exponentialHistogram={"dataPoints": [point]}))
    assert [(row.value, row.labels) for row in found] == [
        (4, "{}"), (1, '{"le":"-1"}'), (2, '{"le":"0"}'), (2, '{"le":"4"}'), (4, '{"le":"8"}'),
    ]  # fmt: skip


def test_what_a_writer_leaves_out_because_it_is_0_is_0() -> None:
    """Protobuf's JSON has no zeros: the least value of a summary comes without its quantile."""
    time = {"timeUnixNano": "1795312521200000000"}
    summary = metric(summary={"dataPoints": [time | {"quantileValues": [{"value": 2.5}, {"quantile": 1}]}]})
    assert [(row.statistic, row.value) for row in rows(OtlpJson(), summary)] == [
        ("count", 0), ("sum", 0), ("p0", 2.5), ("p100", 0),
    ]  # fmt: skip
    assert [row.value for row in rows(OtlpJson(), metric(histogram={"dataPoints": [time]}))] == [0]


def test_a_point_that_says_the_series_ended_has_no_value() -> None:
    """Else a service that is gone would have answered nothing, in no time."""
    point = {"timeUnixNano": "1795312521200000000", "flags": 1}
    assert read(OtlpJson(), metric(summary={"dataPoints": [point]}))[0].outcome is Outcome.NOT_MEASURED


def test_a_span_that_cannot_be_used_is_counted() -> None:
    """No ids, no start; the others are read."""
    parsed, found = read(OtlpJson(), spans(span(), span(), span(traceId=""), span(startTimeUnixNano="soon")))
    assert len(found) == 2
    assert "2 of 4 records could not be used" in notes(parsed)
    with pytest.raises(InputError):
        read(OtlpJson(), spans(span(spanId="0" * 16)))


def test_a_request_without_spans_measured_nothing() -> None:
    """Not a healthy service."""
    assert read(OtlpJson(), {"resourceSpans": []})[0].outcome is Outcome.NOT_MEASURED
