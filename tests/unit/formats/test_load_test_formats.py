"""k6, JMeter, Locust and Gatling: units, what failed, what counts twice, and thresholds the right way round."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqe.connectors.formats.load_tests import Latencies
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, findings, metrics, outcome, part, read

SAMPLES = Path(__file__).parents[2] / "formats"


def figures(requests: int, failed_percent: float, *p50_p95_p99: float | None, rps: float | None = None) -> object:
    names = ("p50_latency_ms", "p95_latency_ms", "p99_latency_ms")
    found = {name: ms for name, ms in zip(names, p50_p95_p99, strict=True) if ms is not None}
    if rps is not None:
        found["throughput_rps"] = rps
    return pytest.approx({"requests": requests, "error_rate_percent": failed_percent, **found})


def k6(**metric: Any) -> dict[str, Any]:
    return {"root_group": {}, "metrics": {"http_reqs": {"count": 100, "rate": 10.0}, **metric}}


def points(*values: tuple[str, float, str]) -> str:
    tags, at = {"status": "200"}, "2026-03-02T09:15:00Z"
    lines = [
        {"type": "Point", "metric": metric, "data": {"time": at, "value": value, "tags": {**tags, "status": status}}}
        for metric, value, status in values
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def jtl(*rows: str, header: str = "timeStamp,elapsed,label,responseMessage,dataType,success,URL") -> str:
    return "\n".join((header, *rows)) + "\n"


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("k6-points/sample.jsonl", figures(5, 20, 31.5, 50.4, 52.08, rps=1.25)),
        # 100, 300, 200, 200 ms, from 0 s to 4.2 s.
        ("jmeter-csv/sample.jtl", figures(4, 50, 200, 285, 297, rps=4 / 4.2)),
        # 100, 100, 300, 200 ms, from 0 s to 3.2 s.
        ("jmeter-xml/sample.jtl", figures(4, 25, 150, 285, 297, rps=4 / 3.2)),
        ("locust-csv/sample.csv", figures(200, 5, 16, 80, 147, rps=10)),
        ("gatling/sample.json", figures(400, 2.5, 70, 210, 480, rps=13.33)),
    ],
)
def test_the_sample_has_these_figures(sample: str, expected: object) -> None:
    """Computed by hand."""
    assert metrics(sample.partition("/")[0], (SAMPLES / sample).read_bytes()) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("k6-summary", {"metrics": {}}),
        ("k6-summary", {"metrics": {"iterations": {"count": 5}, "http_reqs": {"count": 0, "rate": 0}}}),
        ("k6-points", '{"type": "Metric", "data": {}, "metric": "vus"}\n'),
        ("jmeter-csv", jtl()),
        ("jmeter-xml", "<testResults/>"),
        ("locust-csv", "Type,Name,Request Count,Failure Count,50%,95%\n,Aggregated,0,0,N/A,N/A\n"),
        ("gatling", {"numberOfRequests": {"total": 0, "ok": 0, "ko": 0}, "percentiles1": {"total": "-"}}),
        ("gatling", {"simulation": "s", "assertions": []}),
    ],
)
def test_pitfall_5_no_request_is_no_measurement(name: str, content: object) -> None:
    """Pitfall 5: an error rate of nothing is not 0 %."""
    assert outcome(name, content) is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("k6-summary", {"metrics": 3}, "no object `metrics`"),
        ("k6-summary", k6(http_req_failed={"value": "few"}), "value is 'few'"),
        ("k6-summary", k6(http_req_failed={"value": 7}), "error_rate_percent is 700"),
        ("k6-summary", k6(checks={"thresholds": {"rate>1": None}}), "the threshold 'rate>1' of 'checks' has no result"),
        ("k6-points", points(("http_req_duration", -1, "200")), "a response time is -1"),
        ("k6-points", '{"type": "Sample"}\n', "expected a Metric or a Point"),
        ("jmeter-csv", jtl("1,2,a,OK,text,maybe,u", "1,2,a,OK,text,true,u"), "row 2 is '1,2,a,OK,text,maybe,u'"),
        ("jmeter-csv", "a,b\n1,2\n", "expected timeStamp,elapsed"),
        ("jmeter-csv", "timeStamp,elapsed,label\n", "no column success"),
        ("jmeter-xml", '<testResults><sample s="true"/></testResults>', "a sample took ''"),
        ("locust-csv", "Type,Name,Request Count,Failure Count\nGET,/,1,0\n", "no row Aggregated"),
        ("locust-csv", "Type,Name,Request Count,Failure Count\n,Aggregated,many,0\n", "Request Count is 'many'"),
        ("gatling", {"stats": {"numberOfRequests": {}, "percentiles1": {}}}, "numberOfRequests has no total"),
        ("gatling", {"name": "x"}, "no numberOfRequests"),
        ("gatling", 'var stats = {\nstats: {\n"numberOfRequests": {', "not JSON"),
    ],
)
def test_what_does_not_fit_is_named(name: str, content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


# k6 ------------------------------------------------------------------------------------------------------------------


def test_pitfall_1_a_threshold_of_summary_export_is_true_when_it_was_crossed() -> None:
    """Pitfall 1: inverted. handleSummary says `ok`."""
    exported = k6(http_req_duration={"med": 1, "thresholds": {"p(95)<500": True, "p(99)<900": False}})
    assert metrics("k6-summary", exported)["failed_thresholds"] == 1
    assert findings("k6-summary", exported)[0].message == "crossed: p(95)<500"
    data = k6(http_req_duration={"values": {"med": 1}, "thresholds": {"p(95)<500": {"ok": True}, "a": {"ok": False}}})
    assert metrics("k6-summary", data)["failed_thresholds"] == 1
    assert findings("k6-summary", data)[0].message == "crossed: a"


def test_pitfall_1_passes_of_http_req_failed_are_the_requests_that_failed() -> None:
    """Pitfall 1: it is a rate of failures; --summary-export calls it `value`."""
    exported = k6(http_req_failed={"passes": 25, "fails": 75, "value": 0.25})
    assert metrics("k6-summary", exported)["error_rate_percent"] == 25


def test_percentiles_that_k6_was_not_asked_for_are_not_measured() -> None:
    """`summaryTrendStats` has no p(99) by default; nothing else is taken for it."""
    found = metrics("k6-summary", k6(http_req_duration={"avg": 9, "max": 99, "med": 8, "p(90)": 20, "p(95)": 30}))
    assert (found["p50_latency_ms"], found["p95_latency_ms"]) == (8, 30)
    assert "p99_latency_ms" not in found


def test_a_tagged_metric_is_not_the_metric() -> None:
    slow = {"med": 900, "p(95)": 900}
    found = metrics("k6-summary", k6(**{"http_req_duration{group:::pay}": slow, "http_req_duration": {"med": 5}}))
    assert found["p50_latency_ms"] == 5


def test_the_machine_readable_summary_of_k6_is_read() -> None:
    """Metrics are a list; a counter has no rate, the run has a duration in seconds."""
    values = {"http_reqs": {"count": 50}, "http_req_failed": {"rate": 0.1, "matches": 5, "total": 50},
              "http_req_duration": {"avg": 3, "med": 2, "p(95)": 9}}  # fmt: skip
    document = {
        "version": "1.0.0",
        "config": {"duration": 10.0, "execution": "local", "script": "a.js"},
        "metadata": {"generatedAt": "2026-03-02T09:15:00Z", "k6Version": "1.5.0"},
        "results": {"checks": {}, "metrics": [{"name": name, "values": value} for name, value in values.items()]},
    }
    assert claimed_by(document) == "k6-summary"
    assert metrics("k6-summary", document) == figures(50, 10, 2, 9, None, rps=5)
    assert part("k6-summary", document).tool_version == "1.5.0"


def test_points_of_k6_without_http_req_failed_are_judged_by_status() -> None:
    """Before 0.31: 0 (no answer) and 400 and above."""
    statuses = ("200", "302", "404", "503", "0")
    found = metrics("k6-points", points(*(("http_reqs", 1, status) for status in statuses)))
    assert found["error_rate_percent"] == 60
    assert "throughput_rps" not in found  # all in one moment


def test_points_cut_in_the_middle_mean_that_k6_was_killed() -> None:
    assert outcome("k6-points", points(("http_reqs", 1, "200")) + '{"type": "Poi') is Outcome.TOOL_FAILED


# JMeter --------------------------------------------------------------------------------------------------------------


def test_transactions_do_not_count_their_requests_again() -> None:
    """Told by their message, or without it by having neither type of data nor URL."""
    message = '"Number of samples in transaction : 1, number of failing samples : 0"'
    found = metrics("jmeter-csv", jtl("1,10,a,OK,text,true,http://u", f"1,99,tx,{message},,true,null"))
    assert (found["requests"], found["p95_latency_ms"]) == (1, 10)
    bare = jtl("1,10,a,text,true,http://u", "1,99,tx,,true,null", header="timeStamp,elapsed,label,dataType,success,URL")
    assert metrics("jmeter-csv", bare)["requests"] == 1
    only = jtl(f"1,99,tx,{message},,true,null")
    assert metrics("jmeter-csv", only)["p95_latency_ms"] == 99


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_jmeter_is_seen(delimiter: str) -> None:
    text = jtl("1772442900000,10,a,OK,text,true,u", "1772442901000,30,a,OK,text,false,u").replace(",", delimiter)
    assert claimed_by(text) == "jmeter-csv"
    assert metrics("jmeter-csv", text) == figures(2, 50, 20, 29, 29.8, rps=2 / 1.03)


def test_a_jtl_without_header_is_in_the_default_order() -> None:
    rest = "a,200,OK,t 1-1,text,true,,5,5,1,1,u,9,0,1\n"
    text = f"1772442900000,10,{rest}1772442902000,30,{rest}"
    assert claimed_by(text) == "jmeter-csv"
    assert metrics("jmeter-csv", text) == figures(2, 0, 20, 29, 29.8, rps=2 / 2.03)


@pytest.mark.parametrize(
    ("stamp", "is_moment"),
    [("2026/03/02 09:15:00.000", True), ("2026-03-02 09:15:00", True), ("2014-21-24 07:42:21", False)],
)
def test_pitfall_10_a_time_stamp_of_jmeter_may_be_text(stamp: str, is_moment: bool) -> None:
    """Pitfall 10; one that names no moment is said, and takes the throughput away only."""
    parsed = read("jmeter-csv", jtl(f"{stamp},2000,a,OK,text,true,u"))
    assert ("throughput_rps" in parsed.signals[0][1].metrics) is is_moment
    assert any("name no moment: 1" in note for note in parsed.notes) is not is_moment


def test_a_cut_last_row_means_that_jmeter_was_killed() -> None:
    assert outcome("jmeter-csv", jtl("1,10,a,OK,text,true,u") + "1,1") is Outcome.TOOL_FAILED


def test_the_innermost_samples_count_and_no_failure_is_lost() -> None:
    """The page failed by an assertion of its own: one of its two requests counts as failed."""
    inner = '<httpSample t="10" ts="1" s="true"/>'
    xml = f'<testResults><sample t="25" ts="1" s="false">{inner}{inner}</sample></testResults>'
    assert metrics("jmeter-xml", xml) == figures(2, 50, 10, 10, 10)


# Locust and Gatling --------------------------------------------------------------------------------------------------


def test_the_old_header_of_locust_is_read() -> None:
    """Before 1.0, with `Total` for the whole run and no percentile but the median."""
    text = (
        '"Type","Name","# requests","# failures","Median response time","Requests/s"\n'
        '"GET","/",10,1,20,1.0\n"None","Total",40,1,30,4.0\n'
    )
    assert claimed_by(text) == "locust-csv"
    assert metrics("locust-csv", text) == figures(40, 2.5, 30, None, None, rps=4)


@pytest.mark.parametrize(
    "header", ["Timestamp,User Count,Type,Name", "Method,Name,Error,Occurrences", "Count,Message,Traceback,Nodes"]
)
def test_the_other_files_of_locust_are_refused(header: str) -> None:
    """The history's percentiles are those of a window of ten seconds."""
    assert claimed_by(header + "\n1,2,3,4\n") == "locust-csv"
    with pytest.raises(InputError) as caught:
        read("locust-csv", header + "\n1,2,3,4\n")
    assert caught.value.hint == "import the file *_stats.csv"


def test_numbers_of_gatling_may_be_text() -> None:
    """With blanks and commas, and `-` for none; in JavaScript."""
    text = """var stats = {
    type: "GROUP",
    name: "All Requests",
    stats: {
        "numberOfRequests": {"total": "    2,000", "ok": "    2,000", "ko": "        -"},
        "percentiles1": {"total": "12", "ok": "12", "ko": "-"}, "percentiles3": {"total": "40"},
        "percentiles4": {"total": "-"},
        "meanNumberOfRequestsPerSecond": {"total": "33.5", "ok": "33.5", "ko": "-"}
    },
    contents: {"req_a": {type: "REQUEST", stats: {"numberOfRequests": {"total": "1"}}}}
}"""
    assert claimed_by(text) == "gatling"
    assert metrics("gatling", text) == figures(2000, 0, 12, 40, None, rps=33.5)


def test_assertions_of_gatling_are_thresholds() -> None:
    assertions = [{"path": "Global", "result": True}, {"path": "pay", "result": False, "message": "failed below 1 %"}]
    document = {"simulation": "shop", "assertions": assertions}
    assert claimed_by(document) == "gatling"
    assert metrics("gatling", document) == {"failed_thresholds": 1}


# Percentiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 99, 1000])
def test_percentiles_are_numpys(count: int) -> None:
    """Whole milliseconds exactly, others to five digits."""
    rng = random.Random(count)
    whole, parts = [rng.randrange(3000) for _ in range(count)], [rng.lognormvariate(4, 2) for _ in range(count)]
    for values, tolerance in ((whole, 1e-12), (parts, 1e-4)):
        latencies = Latencies()
        for value in values:
            latencies.add(value)
        expected = dict(zip((50, 95, 99), np.percentile(values, (50, 95, 99)), strict=True))
        assert latencies.percentiles() == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    "odd",
    [
        "1772442900302,302,cart,200,True",
        "1772442900302,302,cart,200, true",
        "2026-03-02 09:15:00.302,302,cart,200,true",
    ],
)
def test_jmeter_rows_count_the_same_one_by_one_and_in_batches(odd: str) -> None:
    """A row that is not like the usual ones changes how its batch is read, not what comes out."""
    rows = [f"{1_772_442_900_000 + n},{n},cart,200,{'false' if n % 7 == 0 else 'true'}" for n in range(600)]
    header = "timeStamp,elapsed,label,responseCode,success"
    usual, other = ("\n".join([header, *some]) for some in (rows, [*rows[:302], odd, *rows[303:]]))
    found = metrics("jmeter-csv", usual)
    assert (found["requests"], found["error_rate_percent"]) == (600, pytest.approx(100 * 86 / 600))
    assert metrics("jmeter-csv", other) == found
