"""Datadog's search pages, metric series, SLO histories."""

from typing import Any

import pytest

from aqe.connectors.formats.production.datadog_metrics import DatadogMetrics
from aqe.connectors.formats.production.datadog_search import DatadogSearch
from aqe.connectors.formats.production.datadog_slo import DatadogSlo
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows


def rum(kind: str, **told: Any) -> dict[str, Any]:
    return {"type": "rum", "id": "e", "attributes": {"timestamp": "2026-11-20T10:00:00Z", "service": "web", "tags": [],
                                                     "attributes": {"type": kind, **told}}}  # fmt: skip


def test_pitfall_10_datadog_durations_are_nanoseconds() -> None:
    """RUM, spans and logs alike."""
    view = {"loading_time": 1_200_000_000, "time_spent": 9_000_000_000, "largest_contentful_paint": 2_400_000_000,
            "interaction_to_next_paint": 120_000_000, "cumulative_layout_shift": 0.05}  # fmt: skip
    span = {"type": "spans", "attributes": {"trace_id": "1", "span_id": "2", "parent_id": "0",
                                            "start_timestamp": "2026-11-20T10:00:00Z",
                                            "custom": {"duration": 4_218_725}}}  # fmt: skip
    log = {"type": "log", "attributes": {"timestamp": "2026-11-20T10:00:00Z", "message": "m", "status": "info",
                                         "attributes": {"duration": 2_700_000}}}  # fmt: skip
    page = {"data": [rum("view", view=view), rum("resource", resource={"duration": 212_400_000}), span, log]}
    seen, resource, spanned, logged = rows(DatadogSearch(), page)
    assert (seen.loading_ms, seen.duration_ms, seen.lcp_ms, seen.inp_ms, seen.cls) == (1200, 9000, 2400, 120, 0.05)
    assert (resource.duration_ms, spanned.duration_ms, logged.duration_ms) == (212.4, 4.218725, 2.7)
    assert spanned.parent_id is None


def test_a_view_of_a_newer_sdk_has_its_vitals_in_performance() -> None:
    """What is not measured stays unsaid."""
    performance = {"lcp": {"timestamp": 1_000_000_000}, "cls": {"score": 0.2}, "inp": {"duration": 50_000_000}}
    (view,) = rows(DatadogSearch(), {"data": [rum("view", view={"performance": performance})]})
    assert (view.lcp_ms, view.cls, view.inp_ms, view.fcp_ms, view.fid_ms) == (1000, 0.2, 50, None, None)


def test_nothing_that_names_a_person_but_the_ids_is_read_of_a_rum_event() -> None:
    """Addresses, names and mails are not taken along at all; ids become pseudonyms when they are stored."""
    event = rum("action", usr={"id": "7", "email": "ann@example.org", "name": "Ann"}, session={"ip": "203.0.113.9"})
    (row,) = rows(DatadogSearch(), {"data": [event]})
    assert row.user == "7"
    assert not {"ann@example.org", "Ann", "203.0.113.9"} & {str(value) for value in row}


def test_sampling_and_flags_are_kept() -> None:
    """Counts need the first, experiments the second."""
    told = {"_dd": {"configuration": {"session_sample_rate": 25}}, "feature_flags": {"new-cart": "on"}}
    (row,) = rows(DatadogSearch(), {"data": [rum("view", view={}, **told)]})
    assert (row.sample_percent, row.experiment) == (25, "new-cart=on")


def test_of_a_tag_that_is_repeated_the_first_counts() -> None:
    """`env:prod` and later `env:staging`."""
    event = {"type": "event", "attributes": {"timestamp": "2026-11-20T10:00:00Z", "message": "Deployed v2",
                                             "tags": ["env:prod", "env:staging", "team"]}}  # fmt: skip
    (row,) = rows(DatadogSearch(), {"data": [event]})
    assert (row.environment, row.event, row.tags) == ("prod", "deployment", '{"env":"prod","team":""}')


@pytest.mark.parametrize("page", [{"meta": {"page": {}}}, {"data": []}, {"data": [], "meta": {}, "links": {}}])
def test_the_empty_page_at_the_end_measured_nothing(page: dict[str, Any]) -> None:
    """It is not an error, and not zero sessions."""
    assert read(DatadogSearch(), page)[0].outcome is Outcome.NOT_MEASURED


def test_pages_one_after_the_other_are_one_file_and_a_page_that_failed_is_named() -> None:
    """Rows of the others count."""
    page = {"data": [rum("view", view={})], "meta": {}}
    parsed, found = read(DatadogSearch(), page, page, {"errors": ["Rate limited"]}, {"data": []})
    assert len(found) == 2
    assert "1 pages are errors, the first: Rate limited" in notes(parsed)


def test_what_cannot_be_read_of_datadog_says_so() -> None:
    """An aggregate, the counts of an error search: known, and no zero."""
    counts = {"type": "error_tracking_search_result", "attributes": {}}
    pages: list[Any] = [{"data": {"buckets": []}}, {"data": [counts]}]
    for page in pages:
        parsed, _ = read(DatadogSearch(), page)
        assert parsed.outcome is Outcome.NOT_MEASURED
        assert "get" in str(parsed.reason) or "export" in str(parsed.reason)
    with pytest.raises(InputError):
        read(DatadogSearch(), {"data": [{"type": "users", "attributes": {}}]})


def test_metric_points_are_in_milliseconds_and_null_is_a_gap() -> None:
    """A unit may be [null]; tags become labels."""
    series = {"metric": "m", "aggr": "avg", "scope": "env:prod,host:a", "tag_set": [], "interval": 300,
              "expression": "avg:m{env:prod}", "unit": [None],
              "pointlist": [[1_795_308_900_000, 1.5], [1_795_309_200_000, None]]}  # fmt: skip
    (row,) = rows(DatadogMetrics(), {"status": "ok", "series": [series]})
    assert (row.at.isoformat(), row.value, row.statistic) == ("2026-11-22T00:55:00+00:00", 1.5, "avg")
    assert (row.labels, row.unit, row.interval_s) == ('{"env":"prod","host":"a"}', None, 300)


def test_metric_series_of_version_2_are_columns() -> None:
    """One list of times for all series."""
    told = {"times": [1_795_308_900_000, 1_795_309_200_000], "values": [[1, None], [None, 2]],
            "series": [{"group_tags": ["host:a"], "query_index": 0, "unit": [{"name": "byte"}, None]},
                       {"group_tags": ["host:b"], "query_index": 0}]}  # fmt: skip
    found = rows(DatadogMetrics(), {"data": {"type": "timeseries_response", "attributes": told}})
    assert [(row.value, row.labels, row.unit) for row in found] == [
        (1, '{"host":"a"}', "byte"), (2, '{"host":"b"}', None),
    ]  # fmt: skip


def test_an_objective_without_a_level_is_not_at_zero_percent() -> None:
    """The reason is a note."""
    data = {"slo": {"name": "s"}, "from_ts": 1, "to_ts": 1_795_312_800,
            "overall": {"sli_value": None, "errors": [{"error_message": "no events"}]}}  # fmt: skip
    parsed, found = read(DatadogSlo(), {"data": data})
    assert (parsed.outcome, found) == (Outcome.NOT_MEASURED, [])
    assert "no events" in str(parsed.reason)
    (row,) = rows(DatadogSlo(), {"data": data | {"overall": {"sli_value": 99.5}}})
    assert (row.name, row.value, row.unit) == ("slo.level", 99.5, "percent")
