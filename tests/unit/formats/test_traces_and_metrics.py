"""Zipkin, Jaeger, Prometheus, New Relic, AppDynamics, GA4 reports."""

from typing import Any

import pytest

from aqe.connectors.formats.production.appdynamics import AppDynamics
from aqe.connectors.formats.production.ga4_report import Ga4Report
from aqe.connectors.formats.production.jaeger import Jaeger
from aqe.connectors.formats.production.newrelic import NewRelic
from aqe.connectors.formats.production.prometheus import Prometheus
from aqe.connectors.formats.production.zipkin import Zipkin
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows

TRACE = "5b8efff798038103d269b633813fc60c"


def zipkin_span(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "id": "a1a1a1a1a1a1a1a1", "timestamp": 1_795_308_900_123_456, "duration": 30_500,
            "localEndpoint": {"serviceName": "shop"}, **fields}  # fmt: skip


def jaeger_span(**fields: Any) -> dict[str, Any]:
    return {"traceID": TRACE, "spanID": "a1", "operationName": "GET", "startTime": 1_795_308_900_123_456,
            "duration": 30_500, "processID": "p1", **fields}  # fmt: skip


def test_pitfall_10_zipkin_and_jaeger_count_microseconds() -> None:
    """Exact to the last of them."""
    (zipkin,) = rows(Zipkin(), [zipkin_span()])
    (jaeger,) = rows(Jaeger(), {"data": [{"spans": [jaeger_span()], "processes": {"p1": {"serviceName": "shop"}}}]})
    for row in (zipkin, jaeger):
        assert (row.at.isoformat(), row.duration_ms) == ("2026-11-22T00:55:00.123456+00:00", 30.5)
        assert row.service == "shop"


def test_the_halves_of_a_shared_span_keep_their_id_and_differ_in_kind() -> None:
    """A list of spans and a list of traces are read alike."""
    halves = [zipkin_span(kind="CLIENT", remoteEndpoint={"serviceName": "db"}), zipkin_span(kind="SERVER", shared=True)]
    assert rows(Zipkin(), halves) == rows(Zipkin(), [halves])
    assert [(row.span_id[:2], row.kind, row.peer) for row in rows(Zipkin(), halves)] == [
        ("a1", "client", "db"), ("a1", "server", None),
    ]  # fmt: skip


def test_a_zipkin_error_is_a_tag_and_a_span_without_a_time_is_counted() -> None:
    """Its text is the message."""
    spans = [zipkin_span(tags={"error": "no price"}), zipkin_span(tags={"error": "true"}), zipkin_span(timestamp=None)]
    parsed, found = read(Zipkin(), spans)
    assert [(row.is_error, row.message) for row in found] == [(True, "no price"), (True, None)]
    assert "1 of 3 records" in notes(parsed)


def test_a_jaeger_parent_is_the_span_it_is_a_child_of_before_one_that_it_follows() -> None:
    """Whatever order they are written in."""
    references = [{"refType": kind, "spanID": span} for kind, span in (("FOLLOWS_FROM", "f1"), ("CHILD_OF", "c1"))]
    (row,) = rows(Jaeger(), [jaeger_span(references=references)])
    assert row.parent_id == "c1"


def test_the_model_json_of_jaeger_has_base64_ids_and_times_as_text() -> None:
    """RFC 3339, and a duration with its unit."""
    span = {"traceId": "AAAAAAAAAAAAAAAAAAAAEQ==", "spanId": "AAAAAAAAAAM=", "operationName": "o",
            "startTime": "2017-01-26T16:46:31.639875Z", "duration": "100000ns", "process": {"serviceName": "s"},
            "tags": [{"key": "error", "vType": "BOOL", "vBool": True}]}  # fmt: skip
    (row,) = rows(Jaeger(), {"spans": [span]})
    assert (row.trace_id, row.span_id) == ("00000000000000000000000000000011", "0000000000000003")
    assert (row.at.microsecond, row.duration_ms, row.is_error, row.service) == (639_875, 0.1, True, "s")


def series(values: list[list[Any]], **metric: str) -> dict[str, Any]:
    result = [
        {"metric": {name.replace("name_", "__name__"): label for name, label in metric.items()}, "values": values}
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def test_pitfall_10_prometheus_counts_seconds_and_writes_values_as_text() -> None:
    """NaN and infinity are gaps; a counter is told by its name."""
    values = [[1_795_308_900.5, "12"], [1_795_308_960.5, "NaN"], [1_795_309_020.5, "+Inf"]]
    parsed, (row,) = read(Prometheus(), series(values, name_="http_requests_total", job="shop"))
    assert (row.at.isoformat(), row.value) == ("2026-11-22T00:55:00.500000+00:00", 12)
    assert (row.kind, row.service, row.labels) == ("counter", "shop", '{"job":"shop"}')
    assert "NaN" in notes(parsed)


def test_buckets_and_quantiles_of_prometheus_are_statistics_of_their_metric() -> None:
    """The same as of an OTLP histogram."""
    (bucket,) = rows(Prometheus(), series([[1_795_308_900, "3"]], name_="latency_seconds_bucket", le="0.5"))
    assert (bucket.name, bucket.statistic, bucket.unit, bucket.labels) == (
        "latency_seconds",
        "bucket",
        "s",
        '{"le":"0.5"}',
    )
    (quantile,) = rows(Prometheus(), series([[1_795_308_900, "3"]], name_="latency_seconds", quantile="0.95"))
    assert (quantile.statistic, quantile.labels) == ("p95", "{}")


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, Outcome.NOT_MEASURED, "no such series"),
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, Outcome.TOOL_FAILED, "parse error"),
    ],
)
def test_pitfall_5_an_empty_result_of_prometheus_is_no_zero(answer: Any, outcome: Outcome, words: str) -> None:
    """No such series; a query that failed."""
    parsed, found = read(Prometheus(), answer)
    assert (parsed.outcome, found) == (outcome, [])
    assert words in str(parsed.reason)


def test_an_instant_vector_a_scalar_and_an_export_line_are_read_too() -> None:
    """One value each; VictoriaMetrics' export has milliseconds."""
    point = [1_795_308_900, "3"]
    vector = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": point}]}}
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": point}}
    line = {"metric": {"__name__": "query"}, "values": [3], "timestamps": [1_795_308_900_000]}
    assert rows(Prometheus(), vector) == rows(Prometheus(), scalar) == rows(Prometheus(), line)


def nrql(*results: Any, facets: list[str] | None = None) -> dict[str, Any]:
    metadata = {"facets": facets, "timeWindow": {"begin": 1_795_308_900_000, "end": 1_795_312_500_000}}
    return {"data": {"actor": {"account": {"nrql": {"results": list(results), "metadata": metadata}}}}}


def test_pitfall_10_new_relic_counts_seconds_and_null_is_a_gap() -> None:
    """Percentiles are statistics of the attribute; a facet is a text or a list."""
    found = rows(NewRelic(), nrql(
        {"facet": "orders", "count": 1200, "percentile.duration": {"95": 1.25}, "average.duration": None},
        {"facet": ["prod", "eu"], "count": 3}, facets=["transactionName"],
    ))  # fmt: skip
    assert [(row.name, row.statistic, row.value, row.unit, row.labels) for row in found] == [
        ("count", "value", 1200, None, '{"transactionName":"orders"}'),
        ("duration", "p95", 1.25, "s", '{"transactionName":"orders"}'),
        ("count", "value", 3, None, '{"facet0":"prod","facet1":"eu"}'),
    ]


def test_new_relic_events_become_rows_of_their_kind() -> None:
    """A span, a page view, a vital, a log."""
    at = 1_795_308_900_000
    span, view, vital, log = rows(NewRelic(), nrql(
        {"timestamp": at, "trace.id": TRACE, "id": "a1", "parent.id": "b1", "name": "GET", "duration.ms": 30.5},
        {"timestamp": at, "pageUrl": "https://s/cart?x=1", "duration": 1.2, "session": "s", "deviceType": "Mobile"},
        {"timestamp": at, "pageUrl": "https://s/", "timingName": "lcp", "largestContentfulPaint": 2.4},
        {"timestamp": at, "message": "no", "level": "warn"},
    ))  # fmt: skip
    assert (span.duration_ms, span.parent_id) == (30.5, "b1")
    assert (view.event, view.loading_ms, view.page, view.device) == ("view", 1200, "/cart?x=1", "mobile")
    assert (vital.event, vital.lcp_ms, log.level) == ("vital", 2400, "WARNING")


def test_new_relic_says_errors_with_status_200() -> None:
    """Never an empty result."""
    parsed, _ = read(NewRelic(), {"data": {"actor": None}, "errors": [{"message": "NRQL Syntax Error"}]})
    assert (parsed.outcome, "NRQL Syntax Error" in str(parsed.reason)) == (Outcome.TOOL_FAILED, True)


def test_appdynamics_violations_are_alerts_and_snapshots_spans() -> None:
    """Open until its status says otherwise."""
    violation = {"id": 7, "name": "p95", "severity": "CRITICAL", "incidentStatus": "OPEN", "endTimeInMillis": 0,
                 "startTimeInMillis": 1_795_308_900_000, "affectedEntityDefinition": {"name": "checkout"}}  # fmt: skip
    (alert,) = rows(AppDynamics(), [violation])
    assert (alert.status, alert.severity, alert.service, alert.resolved_at) == ("open", "CRITICAL", "checkout", None)
    snapshot = {"requestGUID": "g", "serverStartTime": 1_795_308_900_000, "timeTakenInMilliSecs": 3500,
                "errorOccured": True, "URL": "/pay?a=1", "summary": "boom"}  # fmt: skip
    (span,) = rows(AppDynamics(), [snapshot])
    assert (span.duration_ms, span.is_error, span.request_path, span.message) == (3500, True, "/pay?a=1", "boom")


def report(**metadata: Any) -> dict[str, Any]:
    return {"dimensionHeaders": [{"name": "date"}, {"name": "eventName"}], "metadata": metadata,
            "metricHeaders": [{"name": "eventCount", "type": "TYPE_INTEGER"}],
            "rows": [{"dimensionValues": [{"value": "20261120"}, {"value": "(not set)"}],
                      "metricValues": [{"value": "12345"}]}]}  # fmt: skip


def test_a_ga4_report_has_dates_of_the_property_and_says_what_limits_it() -> None:
    """Midnight in Berlin is 23:00 UTC of the day before."""
    parsed, (row,) = read(
        Ga4Report(), report(timeZone="Europe/Berlin", dataLossFromOtherRow=True, samplingMetadatas=[{}])
    )
    assert (row.at.isoformat(), row.value, row.labels) == (
        "2026-11-19T23:00:00+00:00",
        12345,
        '{"eventName":"(not set)"}',
    )
    assert "(other)" in notes(parsed)
    assert "sampled" in notes(parsed)


def test_a_ga4_report_without_a_date_has_no_time() -> None:
    """Its figures belong to no moment."""
    answer = report()
    answer["dimensionHeaders"][0]["name"] = "country"
    parsed, found = read(Ga4Report(), answer)
    assert (parsed.outcome, found) == (Outcome.NOT_MEASURED, [])
