"""Files of writers and versions that the samples do not hold: what each once got wrong, or had no importer for."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from aqe.connectors.formats.production.json_lines import JsonLines
from aqe.connectors.formats.production.plain_log import PlainLog
from aqe.connectors.formats.production.rum_rows import RumRows
from aqe.connectors.formats.production.zipkin import Zipkin
from aqe.connectors.formats.quality.argo_cd import ArgoCd
from aqe.connectors.formats.quality.deployment_history import DeploymentHistoryCsv, DeploymentHistoryJson
from aqe.connectors.formats.table import UnknownFormat
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, findings, metrics, outcome
from .reading_rows import notes, read, rows

DEPLOYED = {"version": "v1", "deployedAt": "2026-01-10T12:00:00Z", "outcome": "success"}


def zipkin_v1(**more: Any) -> dict[str, Any]:
    endpoint = {"serviceName": "shop", "ipv4": "192.0.2.1"}
    marks = [{"timestamp": 1_795_168_800_000_000 + at, "value": value, "endpoint": endpoint} for at, value in
             ((0, "sr"), (1500, "ss"))]  # fmt: skip
    told = [{"key": "http.path", "value": "/cart", "endpoint": endpoint},
            {"key": "ca", "value": True, "endpoint": {"serviceName": "web"}}]  # fmt: skip
    return {"traceId": "1", "id": "2", "name": "get", "annotations": marks, "binaryAnnotations": told, **more}


@pytest.mark.parametrize("times", [{}, {"timestamp": 1_795_168_800_000_000, "duration": 1500}])
def test_a_span_of_zipkin_1_has_its_service_and_kind_in_annotations(times: dict[str, int]) -> None:
    """A server that did not begin the trace writes no timestamp of its own."""
    (row,) = rows(Zipkin(), [zipkin_v1(**times)])
    assert (row.service, row.kind, row.duration_ms, row.request_path) == ("shop", "server", 1.5, "/cart")
    assert row.at.isoformat() == "2026-11-20T10:00:00+00:00"


def test_mutants_by_id_are_read_and_one_without_a_replacement_says_only_its_status() -> None:
    report = {"files": {"a.js": {"mutants": {"1": {"status": "Killed"}, "2": {"status": "NoCoverage"}}}}}
    assert metrics("stryker-json", report) == {"mutation_score_percent": 50, "survived_mutants": 1}
    assert [found.message for found in findings("stryker-json", report)] == ["NoCoverage"]


def test_percentiles_of_k6s_machine_readable_summary_are_read_in_both_spellings() -> None:
    values = {"p95": 250.0, "p(99)": 400.0}
    results = {"metrics": [{"name": "http_reqs", "values": {"count": 100, "rate": 5.0}},
                           {"name": "http_req_duration", "values": values}]}  # fmt: skip
    summary = {"metadata": {"k6Version": "1.3.0"}, "config": {"execution": "local"}, "results": results}
    found = metrics("k6-summary", summary)
    assert (found["p95_latency_ms"], found["p99_latency_ms"]) == (250, 400)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"__REALTIME_TIMESTAMP":"1795168800000000","MESSAGE":"boom","PRIORITY":"3","_SYSTEMD_UNIT":"shop.service"}',
         ("json-lines", "ERROR", "boom", "shop.service")),
        ('{"timestamp":"2026-11-20T10:00:00Z","severity":"ERROR","jsonPayload":{"message":"boom"}}',
         ("json-lines", "ERROR", "boom", None)),
        ('{"timestamp":"2026-11-20T10:00:00Z","severity":"WARNING","textPayload":"slow"}',
         ("json-lines", "WARNING", "slow", None)),
        ('time="2026-11-20T11:00:00+01:00" level=warning msg="slow query" service=shop',
         ("plain-log", "WARNING", 'msg="slow query" service=shop', None)),
        ("ts=2026-11-20T10:00:00Z caller=main.go:3 level=error msg=boom",
         ("plain-log", "ERROR", "caller=main.go:3 level=error msg=boom", None)),
    ],
)  # fmt: skip
def test_the_logs_of_the_journal_of_google_cloud_and_in_logfmt_are_read(
    line: str, expected: tuple[str, str, str, str | None]
) -> None:
    """Each has names of its own for what was said, and the journal writes its numbers as text."""
    name, *said = expected
    assert claimed_by(line + "\n") == name
    (row,) = rows(JsonLines() if name == "json-lines" else PlainLog(), f"{line}\n".encode())
    assert [row.level, row.message, row.service] == said
    assert row.at.isoformat() == "2026-11-20T10:00:00+00:00"


TAURUS = {
    "requests": 400, "error_rate_percent": 2.5, "p50_latency_ms": 120, "p95_latency_ms": 480, "p99_latency_ms": 900,
}  # fmt: skip


def taurus_xml(*, label: str = "", seconds: str = "20") -> str:
    told = "".join(f'<perc value="{s}" param="{p}"/>' for p, s in (("50.0", 0.12), ("95.0", 0.48), ("99.0", 0.9)))
    group = f'<throughput value="400"/><fail value="10"/>{told}'
    return f'<FinalStatus><TestDuration>{seconds}</TestDuration><Group label="{label}">{group}</Group></FinalStatus>'


def test_taurus_counts_seconds_and_its_throughput_is_a_number_of_requests() -> None:
    """Without the duration there is no rate."""
    assert metrics("taurus-xml", taurus_xml()) == pytest.approx(TAURUS | {"throughput_rps": 20})
    assert metrics("taurus-xml", taurus_xml(seconds="")) == pytest.approx(TAURUS)
    header = "label,avg_rt,fail,perc_50.0,perc_95.0,perc_99.0,succ,throughput"
    table = f"{header}\n/a,1,0,1,1,1,1,1\n,1,10,0.12,0.48,0.9,390,400\n"
    assert claimed_by(table) == "taurus-csv"
    assert metrics("taurus-csv", table) == pytest.approx(TAURUS)


def test_a_group_of_taurus_is_not_taken_for_the_run() -> None:
    with pytest.raises(InputError, match="no group without a label"):
        outcome("taurus-xml", taurus_xml(label="/cart"))


def wrk(*lines: str) -> str:
    return "\n".join(("Running 20s test @ http://127.0.0.1/cart", *lines, "Requests/sec:   50.00", ""))


def test_wrk_fails_by_status_and_by_socket_and_knows_percentiles_only_with_latency() -> None:
    """Sockets that broke are not among the requests that it counts."""
    report = wrk(
        "     50%  250.00us",
        "     99%    1.20s",
        "  990 requests in 20.00s, 1MB read",
        "  Socket errors: connect 1, read 2, write 3, timeout 4",
        "  Non-2xx or 3xx responses: 40",
    )
    assert claimed_by(report) == "wrk"
    assert metrics("wrk", report) == pytest.approx({
        "requests": 1000, "error_rate_percent": 5, "throughput_rps": 50, "p50_latency_ms": 0.25, "p99_latency_ms": 1200,
    })  # fmt: skip
    with pytest.raises(InputError, match="stopped before its end"):
        outcome("wrk", wrk("  4 threads and 64 connections"))


def test_a_row_of_our_own_is_read_in_both_spellings_and_a_stranger_is_refused() -> None:
    """A column that we do not have may be a misspelt one: it is not passed over."""
    row = {"at": "2026-11-20T10:00:00Z", "event": "view", "session": "s", "lcpMs": 2400}
    assert claimed_by([row]) == "rum-rows"
    (found,) = rows(RumRows(), row | {"view_id": 7})
    assert (found.lcp_ms, found.view_id, found.cls) == (2400, "7", None)
    parsed, _ = read(RumRows(), row, row, row | {"lpc_ms": 1}, row | {"at": "soon"})
    assert notes(parsed).startswith("2 of 4 records could not be used")


def test_past_deployments_are_read_from_a_sheet_and_from_json() -> None:
    """What people call an outcome is one of three; a moment without a zone is UTC."""
    sheet = b"Version;Deployed At;Outcome;Rollback s;Incidents\nv1;2026-01-10 12:00:00;Rolled back;95.5;2\n\n"
    (found,) = rows(DeploymentHistoryCsv(), sheet)
    assert (found.version, found.outcome, found.rollback_s, found.incidents) == ("v1", "rolled_back", 95.5, 2)
    assert found.deployed_at.isoformat() == "2026-01-10T12:00:00+00:00"
    report = {"deployments": [DEPLOYED, DEPLOYED | {"outcome": "failure", "before": {"risk": 3}}], "ids": ["a", "b"]}
    assert claimed_by(report) == "deployment-history-json"
    assert [(one.outcome, one.before) for one in rows(DeploymentHistoryJson(), report)] == [
        ("success", None), ("failed", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"outcome": "ok-ish"}, "deployment 2: outcome is 'ok-ish', expected success, failed or rolled_back"),
        ({"deployedAt": "soon"}, "deployment 2: deployed_at is 'soon', expected a time"),
        ({"version": "v 1/2"}, "deployment 2: version is 'v 1/2'"),
        ({"incidents": "many"}, "deployment 2: incidents is 'many', expected a whole number"),
        ({"incidents": 1.5}, "cannot be less than 0, nor incidents a fraction"),
        ({"rollbackS": -1}, "cannot be less than 0"),
    ],
)
def test_a_deployment_that_cannot_be_read_refuses_the_file(wrong: dict[str, Any], said: str) -> None:
    """It may be the one that failed: a history without it would be a better one."""
    with pytest.raises(InputError, match=said):
        rows(DeploymentHistoryJson(), DEPLOYED, DEPLOYED | wrong)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ({"action": "opened", "issue": {"number": 7, "state": "open", "labels": []}, "repository": {}, "sender": {}},
         "a GitHub webhook that tells of one thing"),
        ({"ref": "refs/heads/main", "before": "a", "after": "b", "commits": []}, "a GitHub webhook of a push"),
        ({"webhookEvent": "jira:issue_updated", "issue": {}}, "a Jira webhook"),
        ({"values": [{"created": "2026-11-19T10:00:00.000+0000", "items": []}]}, "a Jira changelog"),
        ('<Root CoveredStatements="1" TotalStatements="2"/>', "dotCover XML"),
        ("This is ApacheBench, Version 2.3\n", "ApacheBench's report"),
        ("metric_name,timestamp,metric_value,check\nhttp_reqs,1795168800,1,\n", "k6's CSV"),
        ({"numTotalTests": 3, "testResults": []}, "Jest's JSON"),
        ({"stats": {"tests": 2}, "tests": [], "passes": [], "failures": []}, "Mocha's JSON"),
        ('{"Time":"2026-11-20T10:00:00Z","Action":"pass","Package":"shop","Test":"TestA"}\n', "go test's JSON"),
        ([{"uri": "a.feature", "elements": []}], "Cucumber's JSON"),
        ('{\n  "name": "GET /",\n  "context": {\n    "trace_id": "0xbc",\n',
         "what OpenTelemetry's ConsoleSpanExporter prints"),
        ("# HELP up Whether it is.\n# TYPE up gauge\nup 1\n", "a scrape of Prometheus"),
    ],
)  # fmt: skip
def test_what_is_known_and_not_read_is_named_with_what_to_give_instead(content: object, title: str) -> None:
    """One issue is not all issues: to count from it would be a zero nobody measured."""
    with pytest.raises(UnknownFormat, match=f"it is {title}.*, which has no importer") as caught:
        claimed_by(content)
    assert caught.value.hint


def test_a_system_log_that_begins_with_a_priority_is_no_xml() -> None:
    """RFC 5424, as rsyslog writes it to a file."""
    log = b"<34>1 2026-11-20T10:00:00.003+02:00 w su - ID47 - denied\n<165>1 2026-11-20T10:00:01Z w shop 1 - - ok\n"
    assert claimed_by(log) == "plain-log"
    assert [(row.level, row.at.hour) for row in rows(PlainLog(), log)] == [("CRITICAL", 8), ("NOTICE", 10)]


def test_jaegers_answer_that_nothing_was_found_is_not_measured() -> None:
    """Its list is null then, not empty."""
    answer = {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": None}
    assert claimed_by(answer) == "jaeger"
    assert outcome("jaeger", answer) is Outcome.NOT_MEASURED


def test_a_trace_file_of_lcov_may_tell_versions_before_its_first_source() -> None:
    """With the line ends of Windows, too."""
    record = "TN:\r\nVER:2\r\nSF:a.c\r\nDA:3,2,abcd==\r\nDA:4,0\r\nend_of_record\r\n"
    assert claimed_by(record) == "lcov"
    assert metrics("lcov", record) == {"line_coverage_percent": 50}


def test_a_pip_audit_of_nothing_is_recognised_and_measured_nothing() -> None:
    """An environment without packages; that is not clean."""
    assert claimed_by({"dependencies": [], "fixes": []}) == "pip-audit"
    assert outcome("pip-audit", {"dependencies": [], "fixes": []}) is Outcome.NOT_MEASURED


def test_half_a_line_makes_a_history_of_deployments_unreadable() -> None:
    """It may be the one that failed."""
    whole = orjson.dumps(DEPLOYED) + b"\n"
    with pytest.raises(InputError, match="1 deployments cannot be read"):
        rows(DeploymentHistoryJson(), whole, whole, whole[:20] + b"\n")


@pytest.mark.parametrize("around", [lambda one: one, lambda one: [one], lambda one: {"metadata": {}, "items": [one]}])
def test_an_application_of_argo_cds_own_command_line_has_no_kind(around: Callable[[Any], Any]) -> None:
    """`argocd app get`, `argocd app list` and the API leave kind and version out; kubectl does not."""
    status = {
        "sync": {"status": "Synced"},
        "history": [{"id": 1, "revision": "abc", "deployedAt": "2026-11-20T10:00:00Z"}],
    }
    spec = {"project": "default", "destination": {"namespace": "shop"}}
    told = around({"metadata": {"name": "shop"}, "spec": spec, "status": status})
    assert claimed_by(told) == "argo-cd"
    (row,) = rows(ArgoCd(), told)
    assert (row.service, row.release, row.state) == ("shop", "abc", "Succeeded")


def test_the_version_in_gelf_is_that_of_gelf() -> None:
    """Elsewhere it is the release."""
    at = {"timestamp": 1_795_168_800.5, "host": "web-1"}
    gelf, other = rows(
        JsonLines(), {"version": "1.1", "short_message": "m", **at}, {"version": "2.4.2", "msg": "m", **at}
    )
    assert (gelf.release, other.release) == (None, "2.4.2")


def test_the_95th_percentile_of_wrk2_is_read() -> None:
    """It prints more of them than wrk."""
    report = (
        "Running 30s test @ http://shop\n  2 threads and 10 connections\n  Latency Distribution (HdrHistogram)\n"
        " 50.000%    1.02ms\n 95.000%    2.02ms\n 99.000%    3.02s \n  1000 requests in 30.00s, 1.00MB read\n"
        "Requests/sec:     33.33\n"
    )
    found = metrics("wrk", report)
    assert [found[f"p{percent}_latency_ms"] for percent in (50, 95, 99)] == [1.02, 2.02, 3020]
