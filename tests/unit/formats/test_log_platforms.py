"""Logs as platforms export them, and as text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.connectors.formats.production.cloudwatch import CloudWatch
from aqe.connectors.formats.production.elasticsearch import Elasticsearch
from aqe.connectors.formats.production.plain_log import PlainLog
from aqe.connectors.formats.production.splunk import Splunk
from aqe.core.importing import Head
from aqe.core.records.bulk.logs import WITHOUT_YEAR, in_latest_year
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows

TRACE = "5b8efff798038103d269b633813fc60c"


def hits(*sources: dict[str, Any], **page: Any) -> dict[str, Any]:
    return {"hits": {"hits": [{"_index": "i", "_source": source} for source in sources]}, **page}


def test_dotted_and_nested_names_of_one_document_are_read_alike() -> None:
    """Documents mix them; event.duration is nanoseconds."""
    flat = {"@timestamp": "2026-11-20T10:00:00Z", "log.level": "error", "message": "m", "service.name": "shop",
            "trace.id": TRACE, "event.duration": 2_000_000, "kubernetes": {"pod": {"name": "shop-7"}}}  # fmt: skip
    nested = {"@timestamp": "2026-11-20T10:00:00Z", "log": {"level": "error"}, "message": "m",
              "service": {"name": "shop"}, "trace": {"id": TRACE}, "event": {"duration": 2_000_000},
              "kubernetes.pod.name": "shop-7"}  # fmt: skip
    one, other = rows(Elasticsearch(), hits(flat, nested))
    assert one == other
    assert (one.level, one.service, one.trace_id, one.duration_ms, one.host) == ("ERROR", "shop", TRACE, 2, "shop-7")


def test_a_document_of_elastic_apm_is_a_span() -> None:
    """Its duration is in microseconds."""
    document = {"@timestamp": "2026-11-20T10:00:00Z", "processor": {"event": "transaction"}, "trace": {"id": TRACE},
                "transaction": {"id": "a1b2", "name": "GET /", "duration": {"us": 30_500}},
                "service": {"name": "shop"}, "event": {"outcome": "failure"},
                "http": {"response": {"status_code": 500}}}  # fmt: skip
    (span,) = rows(Elasticsearch(), hits(document))
    assert (span.span_id, span.duration_ms, span.is_error, span.status) == ("a1b2", 30.5, True, 500)


def test_a_search_that_was_not_whole_says_so_and_the_total_is_no_number_of_rows() -> None:
    """Timed out, failed on a shard; the total may be a lower bound."""
    page = hits({"@timestamp": "2026-11-20T10:00:00Z", "message": "m"}, timed_out=True, _shards={"failed": 2})
    page["hits"]["total"] = {"value": 10_000, "relation": "gte"}
    parsed, found = read(Elasticsearch(), page)
    assert len(found) == 1
    assert "timed out" in notes(parsed)
    assert "2 shards" in notes(parsed)


def test_pitfall_5_an_error_of_elasticsearch_is_no_empty_log() -> None:
    """Pitfall 5."""
    parsed, _ = read(Elasticsearch(), {"error": {"reason": "no such index [x]"}, "status": 404})
    assert (parsed.outcome, "no such index" in str(parsed.reason)) == (Outcome.TOOL_FAILED, True)


def test_a_dump_has_one_hit_a_line() -> None:
    """elasticdump."""
    line = {"_index": "i", "_source": {"@timestamp": "2026-11-20T10:00:00Z", "message": "m", "level": "warn"}}
    assert [row.level for row in rows(Elasticsearch(), line, line)] == ["WARNING", "WARNING"]


def test_splunk_previews_are_dropped_and_of_a_list_the_first_counts() -> None:
    """A preview is a result that may yet change."""
    event = {"_time": "2026-11-20T10:00:00+00:00", "_raw": "ERROR no", "host": ["a", "b"]}
    parsed, found = read(Splunk(), {"preview": True, "result": event}, {"preview": False, "result": event})
    assert [(row.host, row.level) for row in found] == [("a", "ERROR")]
    assert "previews were left out" in notes(parsed)


def test_splunk_results_as_objects_and_as_rows_are_the_same() -> None:
    """output_mode json and json_rows."""
    event = {"_time": "2026-11-20T10:00:00+00:00", "_raw": "WARN slow", "host": "a"}
    objects = rows(Splunk(), {"preview": False, "results": [event]})
    assert objects == rows(Splunk(), {"preview": False, "fields": list(event), "rows": [list(event.values())]})


def test_a_cloudwatch_message_may_be_a_record_a_report_or_a_logger_s_line() -> None:
    """Milliseconds; a newline at the end; request and duration of Lambda's own lines."""
    messages = ['{"level":"ERROR","message":"no","traceId":"t1"}',
                "REPORT RequestId: 8f5e-1\tDuration: 3012.41 ms\tBilled Duration: 3013 ms\t\n",
                "[WARNING]\t2026-11-20T10:00:00.1Z\t8f5e-1\tslow\n",
                "2026-11-20T10:00:00.1Z\t8f5e-1\tERROR\tboom"]  # fmt: skip
    events = [{"timestamp": 1_795_313_052_506, "message": message, "ingestionTime": 1} for message in messages]
    record, report, python, node = rows(CloudWatch(), {"events": events, "searchedLogStreams": []})
    assert (record.level, record.message, record.trace_id, record.at.microsecond) == ("ERROR", "no", "t1", 506_000)
    assert (report.level, report.request, report.duration_ms) == ("INFO", "8f5e-1", 3012.41)
    assert (python.level, python.message, python.request) == ("WARNING", "slow", "8f5e-1")
    assert (node.level, node.message, node.request) == ("ERROR", "boom", "8f5e-1")


@pytest.mark.parametrize(("status", "outcome"), [("Running", Outcome.NOT_MEASURED), ("Failed", Outcome.TOOL_FAILED)])
def test_pitfall_5_a_query_of_insights_that_is_not_complete_is_no_empty_result(status: str, outcome: Outcome) -> None:
    """Pitfall 5: ask again, or ask differently."""
    parsed, _ = read(CloudWatch(), {"results": [], "status": status, "statistics": {}})
    assert parsed.outcome is outcome
    assert status.lower() in str(parsed.reason).lower()


def test_insights_times_are_utc_and_counts_by_time_are_points() -> None:
    """Text without a zone; bin(5m) is an interval of 300 s."""
    cells = [[{"field": "@timestamp", "value": "2026-11-20 10:00:00.000"}, {"field": "@message", "value": "ERROR no"}],
             [{"field": "bin(5m)", "value": "2026-11-20 10:00:00.000"}, {"field": "count()", "value": "12"},
              {"field": "service", "value": "shop"}]]  # fmt: skip
    log, point = rows(CloudWatch(), {"results": cells, "status": "Complete", "statistics": {}})
    assert log.at == point.at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (point.name, point.value, point.interval_s, point.labels) == ("count()", 12, 300, '{"service":"shop"}')


LINES = {
    "python": ("2026-11-20 10:00:00,123 ERROR shop.orders: no price", "ERROR", "shop.orders: no price"),
    "zone": ("2026-11-20T11:00:00.123+01:00 warn: no price", "WARNING", "no price"),
    "logback": ("2026-11-20 10:00:00.123 [main] INFO  c.s.Pay - no price", "INFO", "[main] INFO  c.s.Pay - no price"),
    "log4j": ("INFO  2026-11-20 10:00:00,123 [main] no price", "INFO", "[main] no price"),
    "go": ("2026/11/20 10:00:00 no price", "", "no price"),
    "nginx": ("2026/11/20 10:00:00 [error] 7#7: *1 no price", "ERROR", "7#7: *1 no price"),
    "apache": ("[Fri Nov 20 10:00:00.123 2026] [core:error] [pid 7] no price", "ERROR", "[pid 7] no price"),
    "ruby": ("E, [2026-11-20T10:00:00.123456 #14] ERROR -- : no price", "ERROR", "#14] ERROR -- : no price"),
    "hdfs": ("261120 100000 148 WARN dfs.Pay: no price", "WARNING", "148 WARN dfs.Pay: no price"),
    "spark": ("26/11/20 10:00:00 INFO pay.Pay: no price", "INFO", "pay.Pay: no price"),
    "compose": ("web_1  | 2026-11-20 10:00:00 ERROR no price", "ERROR", "no price"),
    "seconds": ("1795168800 ERROR no price", "ERROR", "no price"),
    "sentence": ("2026-11-20 10:00:00 an error was expected", "", "an error was expected"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_text_gives_its_time_its_level_and_the_rest(name: str) -> None:
    """However the logger writes them; a word in a sentence is no level."""
    line, level, message = LINES[name]
    (row,) = rows(PlainLog(), line.encode())
    assert PlainLog().recognises(Head("x.log", line.encode(), whole=True))
    assert (row.level, row.message) == (level, message)
    assert row.at.replace(microsecond=0) == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_syslog_and_logcat_have_no_year_until_they_are_imported() -> None:
    """Host and program are told; the year is the latest that is no time to come."""
    lines = (
        b"Nov 20 10:00:00 web-1 sshd[7]: no\n11-20 10:00:00.123  1702  2395 E Pay: no\nE1120 10:00:00.1 1 a.go:1] no\n"
    )
    syslog, logcat, klog = rows(PlainLog(), lines)
    assert {row.at.year for row in (syslog, logcat, klog)} == {WITHOUT_YEAR}
    assert (syslog.host, syslog.logger, syslog.message) == ("web-1", "sshd", "no")
    assert (logcat.level, logcat.logger, klog.level) == ("ERROR", "Pay", "ERROR")
    assert in_latest_year(syslog.at, datetime(2026, 11, 19, 11, tzinfo=UTC)).year == 2026
    assert in_latest_year(syslog.at, datetime(2026, 11, 18, tzinfo=UTC)).year == 2025
    assert in_latest_year(datetime(WITHOUT_YEAR, 2, 29, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)).year == 2024


def test_lines_without_a_time_belong_to_the_record_before() -> None:
    """A stack trace is one of them."""
    text = b"""2026-11-20 10:00:00 ERROR no price
Traceback (most recent call last):
  File "a.py", line 1, in f
KeyError: 'price'
2026-11-20 10:00:01 INFO next
"""
    first, second = rows(PlainLog(), text)
    assert (first.message, first.error_type) == ("no price", "KeyError")
    assert first.stack_trace.startswith("Traceback")
    assert second.message == "next"


@pytest.mark.parametrize(
    "data",
    [b"time,value\n2026-11-20 10:00:00,1\n", b"Time;A;B\n2026-11-20 10:00:00;1;2\n", b"hello\nworld\n", b"# A\n\nb\n",
     b'at,"message"\n2026-11-20T10:00:00Z,"a, b"\n2026-11-20T10:00:00Z,"a"\n'],
)  # fmt: skip
def test_tables_and_prose_are_no_logs(data: bytes) -> None:
    """A first line of names, or no time at all."""
    assert not PlainLog().recognises(Head("x", data, whole=True))
