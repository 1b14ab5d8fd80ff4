"""Real files of production's tools, where they lie beside the repository: claimed by one importer, and right.

Expected values were taken from the files with jq and by hand, never by our code.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aqe.connectors.formats.table import recognise
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head, Parsed
from aqe.core.records.signals import Outcome

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
if not SAMPLES.is_dir():
    pytest.skip("no sample files beside the repository", allow_module_level=True)

FAMILIES = {
    "alertmanager/": "alertmanager",
    "datadog_ci/": "datadog-search",
    "datadog_errors/": "datadog-search",
    "datadog_events/": "datadog-search",
    "datadog_incidents/": "datadog-incidents",
    "datadog_logs/": "datadog-search",
    "datadog_metrics/": "datadog-metrics",
    "datadog_monitors/monitors": "datadog-monitors",
    "datadog_monitors/slo_history_0": "datadog-slo",
    "datadog_monitors/slo_history_1": "datadog-slo",
    "datadog_rum/": "datadog-search",
    "datadog_spans/": "datadog-search",
    "grafana_annotations/": "grafana-annotations",
    "chrome_recorder/": "chrome-recorder",
    "cloudwatch/": "cloudwatch",
    "elasticsearch/": "elasticsearch",
    "ga4_data_api/": "ga4-report",
    "grafana_faro/": "grafana-faro",
    "har/": "har",
    "jaeger/example_trace.json": "otlp-json",
    "jaeger/otlp2jaeger-out.json": "jaeger",
    "jaeger/trace_success.json": "jaeger",
    "newrelic/": "newrelic",
    "prometheus_query_range/": "prometheus",
    "sentry/": "sentry",
    "splunk/": "splunk",
    "web_vitals/": "web-vitals",
    "zipkin/": "zipkin",
    "opsgenie/": "opsgenie",
    "otlp_json/": "otlp-json",
    "pagerduty/": "pagerduty",
}
"""How the path of a sample begins -> its importer."""
NOT_MEASURED = {
    "datadog_ci/ci_pipelines_1.json", "datadog_errors/error_issue_0.json",
    "datadog_events/events_2.json", "datadog_logs/logs_search_2.json", "datadog_monitors/monitors_0.json",
    "datadog_monitors/monitors_1.json", "datadog_monitors/slo_history_0.json", "datadog_rum/rum_aggregate_0.json",
    "datadog_rum/rum_search_2.json", "datadog_spans/spans_2.json", "prometheus_query_range/rangeQueryEmpty.json",
}  # fmt: skip
"""Empty pages, aggregates, monitors without data, a series that is not there."""
FILES = sorted(
    name
    for path in SAMPLES.rglob("*")
    if path.is_file() and (name := str(path.relative_to(SAMPLES))).startswith(tuple(FAMILIES))
)


def read(name: str) -> tuple[str, Parsed, list[Any]]:
    """Importer, what it says, rows and records."""
    path = SAMPLES / name
    data = path.read_bytes()
    importer = recognise(Head(path.name, data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES))
    with path.open("rb") as stream:
        parsed = importer.parse(stream)
        return importer.name, parsed, [*(parsed.rows or ()), *parsed.records]


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_claimed_by_its_importer_alone_and_read(name: str) -> None:
    """With rows or records, or with the reason why there are none."""
    importer, parsed, found = read(name)
    assert importer == next(family for start, family in FAMILIES.items() if name.startswith(start))
    assert parsed.outcome is (Outcome.NOT_MEASURED if name in NOT_MEASURED else Outcome.VALUE)
    assert bool(found) != bool(parsed.reason)


def test_an_answer_to_a_deletion_is_of_no_format() -> None:
    """A list of ids says nothing."""
    with pytest.raises(InputError, match="no importer knows this format"):
        read("datadog_monitors/slo_history_2.json")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pagerduty/rest_v2_incidents_a.json", [
            ("pagerduty-Q3YON8WNWTZMRQ", "open", "high", None, "DevService", "2022-11-03T06:23:06+00:00"),
            ("pagerduty-Q3CZAU7Q4008QD", "acknowledged", "high", None, "DevService", "2022-11-03T06:44:28+00:00"),
        ]),
        ("pagerduty/webhook_v3_incident_triggered.json", [
            ("pagerduty-Q0AHT8EU4OF9X0", "open", "high", None, "GCP DNS", "2022-02-02T11:12:57+00:00"),
        ]),
        ("opsgenie/alerts_list.json", [
            ("opsgenie-70413a06-38d6-4c85-92b8-5ebc900d42e1", "resolved", None, "P1", None,
             "2026-11-20T20:05:50.894000+00:00"),
            ("opsgenie-70413a06-38d6-4c85-92b8-5ebc900d42e2", "open", None, "P3", None,
             "2026-11-20T20:05:50.894000+00:00"),
        ]),
        ("alertmanager/webhook_v4.json", [
            ("alertmanager-c1b2-20261122T015524", "open", None, None, "payment-service",
             "2026-11-22T01:55:24.123000+00:00"),
        ]),
    ],
)  # fmt: skip
def test_incidents(name: str, expected: list[tuple[str | None, ...]]) -> None:
    """Id, status, urgency, priority, service, start."""
    found = [
        (one.id, one.status, one.urgency, one.priority, one.service, one.started_at.isoformat())
        for one in read(name)[2]
    ]
    assert found == expected


def test_opsgenie_and_datadog_ends() -> None:
    """60,503 ms after the creation; impactEndDate; a resolved Datadog incident whose end nobody wrote down."""
    closed = read("opsgenie/alerts_list.json")[2][0]
    assert (closed.resolved_at - closed.started_at).total_seconds() == 60.503
    assert read("opsgenie/incidents.json")[2][1].resolved_at.isoformat() == "2023-09-05T18:21:21.490000+00:00"
    incidents = read("datadog_incidents/incidents_1.json")[2]
    assert Counter((one.status, one.severity) for one in incidents) == {
        ("open", "SEV-5"): 4, ("resolved", None): 1, ("open", None): 1,
    }  # fmt: skip
    assert {one.resolved_at for one in incidents} == {None}


def test_datadog_rows() -> None:
    """Durations of 212,400,000 and 4,218,725 ns; statuses; a series of a day at five minutes."""
    first, second = read("datadog_rum/rum_search_0.json")[2]
    assert (first.event, first.duration_ms, first.status, first.region) == ("resource", 212.4, 200, "IE")
    assert (second.session, second.page_group) == ("c842a0cc-0717-41ed-9319-53806b57eefc", "/monitors/?/edit")
    assert [row.duration_ms for row in read("datadog_spans/spans_0.json")[2]] == [4.218725, 5.03753]
    (issue,) = read("datadog_errors/error_issue_1.json")[2]
    assert (issue.error_type, issue.message, issue.service) == ("Error", "HTTP error", "synthetics-browser")
    points = read("datadog_metrics/v1_query_0.json")[2]
    assert (len(points), points[0].value, points[0].unit) == (288, 91.4583840476142, "percent")
    assert (points[-1].at - points[0].at).total_seconds() == 287 * 300


def test_otlp_rows() -> None:
    """70 spans of the shop, none of which failed; ids as they are in the file, in lower case."""
    spans = read("otlp_json/otel_python_flask_01.json")[2]
    assert (len(spans), {row.service for row in spans}, {row.release for row in spans}) == (70, {"shop"}, {"2.4.2"})
    assert spans[0].trace_id == "36f675cc81e74ef5e8e25d940ed90475"
    assert spans[0].duration_ms == (2427290000 - 2411821457) / 1e6
    (example,) = read("otlp_json/trace.json")[2]
    assert (example.span_id, example.parent_id) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (example.kind, example.duration_ms) == ("server", 1000)
    (log,) = read("otlp_json/logs.json")[2]
    assert (log.level, log.message, log.logger) == ("INFO", "Example log record", "my.library")
    metrics = read("otlp_json/metrics.json")[2]
    assert {row.name: row.value for row in metrics if row.statistic == "value"} == {"my.counter": 5, "my.gauge": 10}
    assert [row.value for row in metrics if row.name == "my.histogram" and row.statistic == "bucket"] == [1, 2]


def test_zipkin_and_jaeger_rows() -> None:
    """Services, durations in ms, the error's tag; two spans of one id."""
    spans = read("zipkin/messaging.json")[2]
    assert [(row.service, row.kind, row.duration_ms) for row in spans[:2]] == [
        ("backend", "consumer", 0.014), ("backend", "", 0.371),
    ]  # fmt: skip
    assert Counter(row.kind for row in read("zipkin/yelp.json")[2]) == {"client": 11, "server": 4, "": 1}
    first, second = read("jaeger/trace_success.json")[2]
    assert (first.duration_ms, first.is_error, second.is_error, second.kind) == (267.037, False, True, "client")
    assert second.parent_id == first.span_id
    assert [row.duration_ms for row in read("jaeger/otlp2jaeger-out.json")[2]] == [0.123, 0.123]


def test_prometheus_and_new_relic_points() -> None:
    """A series of 57 points; a percentile in seconds, a count that is null."""
    points = read("prometheus_query_range/rangeQueryWithTags.json")[2]
    assert (len(points), points[0].value, points[0].at.isoformat()) == (57, 4, "2020-09-09T13:29:55.474000+00:00")
    found = read("newrelic/nerdgraph_nrql_facet.json")[2]
    assert [(row.name, row.statistic, row.value) for row in found] == [
        ("count", "value", 1200), ("duration", "p95", 1.234), ("count", "value", 3),
    ]  # fmt: skip
    assert [row.value for row in read("newrelic/nerdgraph_nrql_timeseries.json")[2]] == [120]


def test_logs_of_platforms() -> None:
    """Levels, statuses, durations; a preview less; a trace inside of a message."""
    first, _ = read("elasticsearch/search_hits_ecs.json")[2]
    assert (first.level, first.status, first.duration_ms, first.error_type) == (
        "ERROR", 504, 30789, "PaymentProcessingException",
    )  # fmt: skip
    assert [row.level for row in read("splunk/search_export.jsonl")[2]] == ["ERROR", "WARNING"]
    lines = read("cloudwatch/filter_log_events.json")[2]
    assert [row.level for row in lines] == ["INFO", "ERROR", "ERROR", "INFO", "INFO", ""]
    assert (lines[2].error_type, lines[4].duration_ms, lines[5].message) == ("KeyError", 3012.41, "ünïcode 日本")


def test_sentry_rows() -> None:
    """The same error as an event and in its envelope; an issue of 3,421 events."""
    (event,), (wrapped,) = read("sentry/event_timeouterror.json")[2], read("sentry/envelope_timeouterror.envelope")[2]
    assert event == wrapped
    assert (event.error_type, event.message, event.release) == (
        "TimeoutError",
        "Gateway timeout after 30s",
        "2.4.2",
    )
    assert event.trace_id == "b43d6a29ee0b4cb7bd5587d9fce7a4bc"
    log, *points = read("sentry/api_issues.json")[2]
    assert (log.error_type, [row.value for row in points]) == ("KeyError", [3421, 2891, 473, 914])


def test_real_users_and_recordings() -> None:
    """CLS 0.15 after 0.08; FID; Faro's error; requests of a HAR and steps of a recording."""
    beacons = read("web_vitals/beacons.jsonl")[2]
    assert [(row.lcp_ms, row.cls, row.inp_ms, row.fid_ms) for row in beacons] == [
        (4523.1, None, None, None), (None, 0.15, None, None), (None, None, 234, None), (None, None, None, 87),
    ]  # fmt: skip
    faro = read("grafana_faro/payload_alloy.json")[2]
    assert Counter(getattr(row, "event", "log") for row in faro) == {"error": 1, "vital": 1, "action": 2, "log": 1}
    exchanges = read("har/humanssuck.net.har")[2]
    assert [(row.status, row.path) for row in exchanges][:2] == [(200, "/"), (200, "/test.css")]
    (flow,) = read("chrome_recorder/everything.json")[2]
    assert Counter(step.action for step in flow.steps)["keyDown"] == 2
    assert len(flow.steps) == 13


def test_a_report_of_ga4() -> None:
    """Two rows of two metrics, midnight in Berlin."""
    points = read("ga4_data_api/run_report.json")[2]
    assert [row.value for row in points] == [12345, 4321, 7, 3]
    assert {row.at.isoformat() for row in points} == {"2026-11-20T23:00:00+00:00"}
