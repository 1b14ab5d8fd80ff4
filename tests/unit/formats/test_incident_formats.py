"""Incidents and alerts of the paging tools and of monitoring."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.incidents.traces import times_of
from aqe.connectors.formats.production.alertmanager import Alertmanager
from aqe.connectors.formats.production.datadog_incidents import DatadogIncidents
from aqe.connectors.formats.production.datadog_monitors import DatadogMonitors
from aqe.connectors.formats.production.grafana_annotations import GrafanaAnnotations
from aqe.connectors.formats.production.incident_object import IncidentObject
from aqe.connectors.formats.production.opsgenie import Opsgenie
from aqe.connectors.formats.production.pagerduty import PagerDuty
from aqe.connectors.formats.production.victorops import VictorOps
from aqe.core.errors import InputError
from aqe.core.importing import Importer
from aqe.core.records.bulk.apm import MetricRow, SpanRow
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
TRIGGERED = {"id": "Q1", "incident_number": 41, "title": "504", "created_at": "2026-11-20T10:00:00Z",
             "status": "triggered", "urgency": "high"}  # fmt: skip


def webhook(event: str, minutes: int, **data: Any) -> dict[str, Any]:
    """A PagerDuty v3 webhook."""
    at = (TEN + timedelta(minutes=minutes)).isoformat()
    body = {"id": "Q1", "type": "incident", "number": 41, "title": "504", "created_at": "2026-11-20T10:00:00Z",
            "status": "triggered", "urgency": "high", "priority": None}  # fmt: skip
    return {"event": {"event_type": event, "resource_type": "incident", "occurred_at": at, "data": body | data}}


def test_pitfall_11_urgency_is_no_priority_and_a_priority_that_is_null_is_none() -> None:
    """Three words for three things; none is made of another."""
    (one,) = rows(PagerDuty(), {"incidents": [TRIGGERED | {"priority": None}]})
    assert (one.urgency, one.priority, one.severity) == ("high", None, None)
    (one,) = rows(PagerDuty(), {"incidents": [TRIGGERED | {"urgency": "low", "priority": {"summary": "P1"}}]})
    assert (one.urgency, one.priority) == ("low", "P1")


def test_pitfall_11_a_v3_webhook_that_resolves_says_when_by_its_own_time() -> None:
    """The incident inside has no `resolved_at`; what earlier webhooks told stays."""
    (one,) = rows(
        PagerDuty(),
        webhook("incident.triggered", 0),
        webhook("incident.acknowledged", 4, status="acknowledged"),
        webhook("incident.resolved", 60, status="resolved"),
    )
    assert one.status == "resolved"
    assert one.acknowledged_at == TEN + timedelta(minutes=4)
    assert one.resolved_at == TEN + timedelta(minutes=60)


def test_an_incident_that_was_opened_again_has_no_end() -> None:
    """The later state decides."""
    (one,) = rows(PagerDuty(), webhook("incident.resolved", 60, status="resolved"), webhook("incident.reopened", 70))
    assert (one.status, one.resolved_at) == ("open", None)


def test_a_resolved_pagerduty_incident_ends_with_its_last_log_entry_where_nothing_better_is_said() -> None:
    """`resolved_at`, then the log, then the last change of status."""
    resolved = TRIGGERED | {"status": "resolved", "last_status_change_at": "2026-11-20T12:00:00Z"}
    entry = {"type": "resolve_log_entry", "created_at": "2026-11-20T11:30:00Z"}
    for more, hours in (({}, 2), ({"log_entries": [entry]}, 1.5), ({"resolved_at": "2026-11-20T11:00:00Z"}, 1)):
        (one,) = rows(PagerDuty(), {"incidents": [resolved | more]})
        assert one.resolved_at == TEN + timedelta(hours=hours)


def test_webhooks_about_other_things_are_passed_over_by_name() -> None:
    """A note on an incident is no incident, and no zero either."""
    parsed, found = read(PagerDuty(), webhook("incident.annotated", 1, type="incident_note"))
    assert (parsed.outcome, found) == (Outcome.NOT_MEASURED, [])
    assert "incident.annotated" in str(parsed.reason)


def test_an_old_pagerduty_webhook_is_read_too() -> None:
    """Version 2: several messages in one body."""
    (one,) = rows(PagerDuty(), {"messages": [{"event": "incident.acknowledge", "created_on": "2026-11-20T10:05:00Z",
                                              "incident": TRIGGERED | {"status": "acknowledged"}}]})  # fmt: skip
    assert one.acknowledged_at == TEN + timedelta(minutes=5)


def test_opsgenie_reports_its_times_in_milliseconds_after_the_creation() -> None:
    """An alert that is open has no end, whatever its report says."""
    alert = {"id": "a", "tinyId": "1", "message": "m", "createdAt": "2026-11-20T10:00:00Z", "isSeen": True,
             "acknowledged": True, "status": "closed", "report": {"ackTime": 90_000, "closeTime": 600_500}}  # fmt: skip
    (one,) = rows(Opsgenie(), {"data": [alert]})
    assert one.kind == "alert"
    assert one.acknowledged_at == TEN + timedelta(seconds=90)
    assert one.resolved_at == TEN + timedelta(milliseconds=600_500)
    (one,) = rows(Opsgenie(), {"values": [alert | {"status": "open"}]})
    assert (one.status, one.resolved_at) == ("acknowledged", None)


def test_an_opsgenie_webhook_has_times_as_numbers_of_different_units() -> None:
    """createdAt in ms, updatedAt in ns."""
    alert = {"alertId": "a", "tinyId": "1", "message": "m", "createdAt": 1_420_452_191_104,
             "updatedAt": 1_420_452_193_166_002_000}  # fmt: skip
    (one,) = rows(Opsgenie(), {"action": "Close", "alert": alert, "integrationName": "hook"})
    assert (one.status, one.started_at.year) == ("resolved", 2015)
    assert (one.resolved_at - one.started_at).total_seconds() == pytest.approx(2.062, abs=0.001)


def test_victorops_transitions_say_when() -> None:
    """The first acknowledgement, the last resolution, in either case; entities of HTML are read."""
    item = {"incidentNumber": "787", "currentPhase": "RESOLVED", "entityDisplayName": "Errors &gt; 5 %",
            "entityState": "OK", "startTime": "2026-11-20T10:00:00Z",
            "transitions": [{"name": "acked", "at": "2026-11-20T10:05:00Z"},
                            {"name": "RESOLVED", "at": "2026-11-20T10:30:00Z"}]}  # fmt: skip
    (one,) = rows(VictorOps(), {"incidents": [item]})
    assert (one.id, one.title, one.severity) == ("victorops-787", "Errors > 5 %", None)
    assert (one.acknowledged_at, one.resolved_at) == (TEN + timedelta(minutes=5), TEN + timedelta(minutes=30))


def test_a_datadog_severity_of_unknown_is_none() -> None:
    """And the beginning is when customers first felt it."""
    told = {"public_id": 3, "title": "t", "state": "stable", "severity": "UNKNOWN",
            "created": "2026-11-20T10:10:00Z", "detected": "2026-11-20T10:05:00Z",
            "customer_impact_start": "2026-11-20T10:00:00Z", "fields": {}}  # fmt: skip
    (one,) = rows(DatadogIncidents(), {"data": {"type": "incidents", "id": "x", "attributes": told}})
    assert (one.severity, one.status, one.started_at) == (None, "acknowledged", TEN)


def test_an_alert_that_fires_has_no_end_even_if_one_is_written() -> None:
    """Year 1 in a webhook, the time-out in the API: neither is an end."""
    labels = {"alertname": "A", "severity": "page", "job": "shop"}
    for end, state in (("0001-01-01T00:00:00Z", "firing"), ("2099-01-01T00:00:00Z", {"state": "active"})):
        alert = {"labels": labels, "startsAt": "2026-11-20T10:00:00Z", "endsAt": end, "status": state}
        (one,) = rows(Alertmanager(), {"alerts": [alert | {"fingerprint": "f"}]})
        assert (one.status, one.resolved_at, one.service) == ("open", None, "shop")
    assert one.id == "alertmanager-f-20261120T100000", "an alert that fires again is another one"


def test_no_alert_is_a_clean_bill() -> None:
    """The tool ran and found nothing; a monitor without data is no such bill."""
    assert read(Alertmanager(), {"status": "success", "data": {"alerts": []}})[0].outcome is Outcome.CLEAN
    monitor = {"id": 1, "query": "q", "options": {}, "overall_state": "OK"}
    assert read(DatadogMonitors(), [monitor])[0].outcome is Outcome.CLEAN
    assert read(DatadogMonitors(), [monitor | {"overall_state": "No Data"}])[0].outcome is Outcome.NOT_MEASURED


def test_an_annotation_is_a_moment_unless_it_ends_later() -> None:
    """timeEnd is 0 or the time itself for a moment; a deployment is told by its words, with the version in them."""
    base = {"id": 1, "time": 1_795_308_900_000, "tags": ["deploy"], "text": "Deployed shop v2.4.2"}
    found = rows(GrafanaAnnotations(), [base | {"timeEnd": end} for end in (0, 1_795_308_900_000, 1_795_308_960_000)])
    assert [row.ended_at and (row.ended_at - row.at).total_seconds() for row in found] == [None, None, 60]
    assert {(row.event, row.release) for row in found} == {("deployment", "v2.4.2")}


@pytest.mark.parametrize(
    ("importer", "answer"),
    [
        (PagerDuty(), {"error": {"message": "Not Found", "code": 2100}}),
        (Opsgenie(), {"message": "Could not authenticate", "took": 0.1, "requestId": "r"}),
        (VictorOps(), {"error": "unauthorized"}),
        (DatadogIncidents(), {"errors": ["Forbidden"]}),
        (Alertmanager(), {"status": "error", "error": "bad request"}),
        (GrafanaAnnotations(), {"message": "Unauthorized"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_pitfall_5_an_error_instead_of_an_answer_is_a_tool_that_failed(importer: Importer, answer: object) -> None:
    """Pitfall 5: never no incidents."""
    parsed, found = read(importer, answer)
    assert (parsed.outcome, found) == (Outcome.TOOL_FAILED, [])
    assert parsed.reason


def test_incidents_that_cannot_be_used_are_counted_and_a_file_of_them_is_refused() -> None:
    """One without a time among good ones is a note."""
    parsed, found = read(PagerDuty(), {"incidents": [TRIGGERED, TRIGGERED | {"id": "Q2", "created_at": "soon"}]})
    assert len(found) == 1
    assert "1 of 2 records could not be used" in notes(parsed)
    with pytest.raises(InputError, match="created_at"):
        read(PagerDuty(), {"incidents": [TRIGGERED | {"created_at": None}]})


HOPS: list[dict[str, Any]] = [
    {"service": "edge", "duration": 60},
    {"service": "login", "duration": 140},
    {"service": "orders", "duration": 20_700},
    {"service": "card-gate", "duration": 400, "timeout": True},
]


def an_object(*, incident: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
    told = {"id": "INC-42", "timestamp": "2026-03-01T14:00:00Z", "service": "orders", "duration": 240_000,
            "error": "OrderException: upstream timeout after 20s", "affectedUsers": 318}  # fmt: skip
    trace = {"traceId": "t1", "spanId": "s1", "duration": 21_300, "hops": HOPS}
    return {"incident": told | (incident or {}), "context": {"requestTrace": trace, **context}}


def objects(document: Any) -> tuple[list[Any], list[Any], str]:
    """Incidents, rows, notes in one line."""
    parsed = IncidentObject().parse(io.BytesIO(json.dumps(document).encode()))
    return list(parsed.records), list(parsed.rows or ()), "; ".join(parsed.notes)


def test_an_incident_object_is_an_incident_a_trace_and_points_of_metrics() -> None:
    """What was only said stays with the incident; what was said not to be is left out."""
    (one,), made, _ = objects(
        an_object(
            systemState={"cpu": 87.3, "queueDepth": 1893},
            environmentalFactors={"trafficSpike": True, "deploymentRecent": False, "externalServiceDegraded": "bank"},
            userContext={"userId": "u1", "sessionId": "v1"},
        )
    )
    assert (one.id, one.number, one.status, one.affected_users) == ("incident-INC-42", "INC-42", "resolved", 318)
    assert one.resolved_at - one.started_at == timedelta(minutes=4)
    assert one.reported == ("cpu: 87.3 percent", "queueDepth: 1893", "trafficSpike: true",
                            "externalServiceDegraded: bank")  # fmt: skip
    points, spans = [r for r in made if isinstance(r, MetricRow)], [r for r in made if isinstance(r, SpanRow)]
    assert [(p.name, p.value, p.unit) for p in points] == [("cpu", 87.3, "percent"), ("queueDepth", 1893.0, None)]
    assert {(s.user, s.session, s.trace_id) for s in spans} == {("u1", "v1", "t1")}


@pytest.mark.parametrize(
    "trace",
    [
        {"hops": HOPS, "duration": 21_300},
        {"hops": [HOPS[0] | {"duration": 21_300}, *HOPS[1:]], "duration": 21_300},
        {"hops": HOPS},
    ],
    ids=["each hop's own time", "the first hop holds the others", "no duration of the whole"],
)
def test_the_self_times_of_the_spans_are_what_the_hops_say(trace: dict[str, Any]) -> None:
    """The call that timed out lasted as long as the error says; its caller waited for it."""
    _, spans, notes = objects(an_object(requestTrace=trace))
    times = times_of(spans).services
    own = {name: round(sum(times[name].self_ms.values())) for name in times}
    assert own["login"] == 140 and own["orders"] == 20_700 and own["card-gate"] == 400
    assert own["edge"] == 60
    (call,) = [s for s in spans if s.kind == "client"]
    assert (call.peer, call.duration_ms, call.error_type) == ("card-gate", 20_000, "timeout")
    assert "those after orders are taken for its calls" in notes and "20 s of orders's time" in notes


def test_what_an_incident_object_says_wrongly_or_nobody_knows_is_one_line_each() -> None:
    """The rest is read."""
    (one,), made, notes = objects(
        an_object(
            incident={"affectedUsers": -3, "duration": "soon", "mood": "bad"},
            systemState={"cpu": "high", "memory": 4.2},
            requestTrace={"hops": [{"service": "a", "duration": -5}, {"duration": 5}, 7, HOPS[2]]},
            weather={},
        )
    )
    assert (one.affected_users, one.status, len(made)) == (None, "open", 2)
    refused, unknown = notes.split("; ")
    assert refused.startswith(
        'not readable, left out: incident.duration is "soon", expected milliseconds from 0 to 1e+11, '
        "incident.affectedUsers is -3, expected a whole number from 0, "
    )
    assert 'context.systemState.cpu is "high", expected a number, hops[0].duration is -5' in refused
    assert refused.endswith("hops[1] has no service or no duration, and 1 more")
    assert unknown == "nothing is made of: context.weather, incident.mood"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"incident": {"id": "INC-1", "timestamp": "yesterday"}}, 'incident.timestamp is "yesterday", expected a time'),
        ({"incident": {"timestamp": "2026-03-01T14:00:00Z"}}, "needs an id and a timestamp"),
        ({"incident": 3}, "incident is 3, expected an object"),
        ({"incident": {"id": "///", "timestamp": "2026-03-01T14:00:00Z"}}, "needs an id and a timestamp"),
        ([{"incident": {"id": "a"}}], "needs an id and a timestamp"),
    ],
)
def test_an_incident_object_without_id_or_time_is_refused_in_one_line(document: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        objects(document)
    assert words in caught.value.message and "\n" not in caught.value.message


def test_a_request_that_is_none_is_left_out_with_a_word() -> None:
    """A line end in a method would begin a header of its own."""
    trace = {"hops": HOPS, "method": "POST\r\nEvil: 1", "path": "https://shop.example/pay?x=1#a", "status": 99_999}
    _, spans, notes = objects(an_object(requestTrace=trace))
    (served,) = [s for s in spans if s.kind == "server" and s.service == "orders"]
    assert (served.request_method, served.request_path, served.status) == (None, "/pay?x=1", None)
    assert "expected a method such as POST" in notes and "expected an HTTP status" in notes


def test_hops_without_end_and_years_of_duration_are_refused_with_a_word() -> None:
    """Bounded: a trace of a million hops is no trace."""
    many = {"hops": [{"service": f"s{n}", "duration": 1} for n in range(1000)]}
    _, made, notes = objects(an_object(requestTrace=many, incident={"duration": 1e300}))
    assert len(made) < 500
    assert "hops has 1000 items, expected 200 at most" in notes and "incident.duration is 1e+300" in notes
