"""An incident with what was recorded around it: the failing hop, what is hidden, what was different, and no more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.incidents.analysis import analyze_incidents
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.apm import MetricRow, SpanRow
from aqe.core.records.bulk.incidents import Incident
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.decisions.history import HISTORY_KEY
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.incident_analysis import FactorKind, IncidentAnalysis, IncidentFinding
from aqe.tests.unit.production.windows import loaded

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
START = datetime(2026, 3, 2, 14, 23, tzinfo=UTC)
END = START + timedelta(minutes=10)


def an_incident(**changes: Any) -> Incident:
    given = {
        "id": "pagerduty-Q1", "number": "INC-1", "source": "pagerduty", "kind": "incident", "status": "resolved",
        "title": "Payments fail", "error": "GatewayTimeout: gateway timeout after 30s", "service": "payment",
        "severity": "CRITICAL", "started_at": START, "resolved_at": END, "affected_users": 1247, **changes,
    }  # fmt: skip
    return Incident.model_validate(given)


def payment(at: datetime, trace: str, *, query_ms: float, bank_ms: float, fails: bool = False) -> Iterator[SpanRow]:
    """gateway -> payment -> query, then bank, which sends spans of its own."""
    ms = timedelta(milliseconds=1)
    whole = query_ms + bank_ms + 20
    yield SpanRow(at, whole + 10, trace, "g", None, "gateway", "POST /pay", "server", fails)
    yield SpanRow(at + 5 * ms, whole, trace, "p", "g", "payment", "pay", "server", fails)
    yield SpanRow(at + 10 * ms, query_ms, trace, "q", "p", "payment", "SELECT", "client", False, db_system="postgresql",
                  statement="SELECT * FROM orders WHERE user = ?")  # fmt: skip
    later = at + (15 + query_ms) * ms
    yield SpanRow(later, bank_ms, trace, "b", "p", "payment", "charge", "client", fails, peer="bank")
    yield SpanRow(later, bank_ms, trace, "s", "b", "bank", "charge", "server", fails)


def rows() -> Iterator[Row]:
    """An hour of quick payments, then ten minutes in which the bank takes 30 s and fails 45 %."""
    for n in range(60):
        yield from payment(START - timedelta(minutes=61 - n), f"before{n}", query_ms=10, bank_ms=200)
        at = START - timedelta(minutes=62 - n)
        yield MetricRow(at, "cache.hit_rate", 90 + n % 3, service="payment")
        yield MetricRow(at, "db.connections", 5 + n % 2, service="payment")
    for n in range(100):
        at = START + timedelta(seconds=5 * n)
        yield from payment(at, f"during{n}", query_ms=12_000, bank_ms=30_000, fails=n % 20 < 9)
        yield MetricRow(at, "cache.hit_rate", 23.1, service="payment")
        yield MetricRow(at, "db.connections", 7.0, service="payment")


def found(rows: Iterator[Row], *incidents: Incident, records: Any = None, **payload: Any) -> IncidentAnalysis:
    window = loaded(rows, now=NOW, **payload)
    known = {"aqe/production/incidents": [i.to_dict() for i in incidents], **(records or {})}
    answer = analyze_incidents(replace(window, records=known)).answer
    assert isinstance(answer, IncidentAnalysis)
    return answer


@pytest.fixture(scope="module")
def incident() -> IncidentFinding:
    deployed = {"version": "v2.4.2", "deployedAt": (START - timedelta(hours=2)).isoformat(), "outcome": "success"}
    older = {**deployed, "version": "v2.4.1", "deployedAt": (START - timedelta(days=9)).isoformat()}
    anomalies = [
        {"id": "a1", "beganAt": (START + timedelta(minutes=1)).isoformat(), "service": "payment"},
        {"id": "a2", "beganAt": (START + timedelta(minutes=1)).isoformat(), "service": "search"},
        {"id": "a3", "beganAt": "no time"},
    ]
    records = {HISTORY_KEY: [older, deployed], "aqe/production/anomalies": anomalies}
    return found(rows(), an_incident(), records=records).incidents[0]


def test_the_failing_hop_is_where_self_time_grew_not_where_the_longest_span_is(incident: IncidentFinding) -> None:
    """gateway and payment waited; the bank took the time."""
    assert not isinstance(incident.traces, NotMeasured)
    assert incident.traces.failing.service == "bank"
    assert incident.traces.failing.self_ms == pytest.approx(30_000, rel=0.01)
    assert incident.traces.failing.self_before_ms == pytest.approx(200, rel=0.05)
    assert {hop.service for hop in incident.traces.hops} == {"bank", "postgresql", "payment", "gateway"}


def test_a_time_out_as_long_as_the_latency_hides_the_failures_and_that_is_said(incident: IncidentFinding) -> None:
    """30 s against 30 s: the 45 % cannot be seen by who waits."""
    (masking,) = incident.masking
    assert (masking.service, masking.calls, masking.cut) == ("bank", 100, 100)
    assert masking.callee_failures_share == pytest.approx(0.45)
    assert "hide that bank itself failed 45 % of its requests" in masking.words


def test_a_time_out_that_no_incident_tells_is_seen_where_callers_gave_up_on_a_callee_at_work() -> None:
    """Alerts tell none: a call of a second that failed, beside an answer of 2.5 s, is one."""

    def given_up() -> Iterator[Row]:
        for n in range(20):
            at, trace = START + timedelta(seconds=5 * n), f"t{n}"
            yield SpanRow(at, 1000, trace, "c", None, "shop", "POST", "client", True, peer="payments")
            yield SpanRow(at, 2500, trace, "s", "c", "payments", "POST /charge", "server", n % 2 == 0)
            yield SpanRow(at, 40, f"q{n}", "c", None, "shop", "GET", "client", True, peer="stock")
            yield SpanRow(at, 39, f"q{n}", "s", "c", "stock", "GET /stock", "server", True)

    (finding,) = found(given_up(), an_incident(error=None, title="Checkout fails")).incidents
    (masking,) = finding.masking
    assert (masking.service, masking.timeout_ms, masking.cut, masking.calls) == ("payments", 1000, 20, 20)
    assert "hide that payments itself failed 50 % of its requests" in masking.words


def test_what_nobody_recorded_before_was_not_quiet() -> None:
    """Records that begin two minutes before it are compared with two minutes, not with an empty hour."""

    def recorded() -> Iterator[Row]:
        for n in range(120):
            yield from payment(START - timedelta(minutes=3) + timedelta(seconds=6 * n), f"t{n}", query_ms=9, bank_ms=90)
            at = START - timedelta(minutes=3) + timedelta(seconds=6 * n)
            yield LogRow(at, "ERROR", "no sku", service="catalog")
            yield MetricRow(at, "pool.size", 9.0 if at >= START else 3.0, service="payment")

    (finding,) = found(recorded(), an_incident()).incidents
    assert [factor.kind for factor in finding.factors] == [FactorKind.RESOURCE_USE]
    (factor,) = finding.factors
    assert factor.what == "pool.size of payment: 3 in the 2 min before, 9 while it lasted; its limit is not recorded"
    assert "catalog" not in [service.service for service in finding.root_services]


@pytest.mark.parametrize(
    ("name", "unit", "before", "during", "expected"),
    [
        ("memory_usage_percent", "percent", 40.0, 86.0, "SATURATION 40 % in the hour before, 86 % while it lasted"),
        ("cpu_utilization_ratio", "1", 0.1, 0.4, "RESOURCE_USE 10 % in the hour before, 40 % while it lasted"),
        ("db_pool_in_use", None, 12.0, 45.0, "SATURATION 12 in the hour before, 45 of 50 while it lasted (90 %)"),
        ("queue_length", None, 4.0, 380.0, "SATURATION 4 in the hour before, 380 while it lasted"),
        (
            "process_resident_memory_bytes", "By", 5.0e8, 12.5e8,
            "RESOURCE_USE 500 MB in the hour before, 1.25 GB while it lasted; its limit is not recorded",
        ),
        ("memory_allocations", None, 5e3, 12e3, None),
        ("go_memstats_mallocs", None, 1e6, 3e6, None),
        ("jvm_memory_max_bytes", "By", 1e9, 2e9, None),
    ],
)  # fmt: skip
def test_saturated_is_what_is_near_its_limit_or_waits_not_what_has_memory_in_its_name(
    name: str, unit: str | None, before: float, during: float, expected: str | None
) -> None:
    """A counter of allocations runs out of nothing; units are people's."""

    def recorded() -> Iterator[Row]:
        for n in range(82):
            at = START - timedelta(minutes=62 - n)
            noise = 1 + (n % 3 - 1) / 1000
            yield MetricRow(at, name, during if at >= START else before * noise, unit=unit, service="payment")
            yield MetricRow(at, "db_pool_max", 50.0, service="payment")

    (finding,) = found(recorded(), an_incident()).incidents
    told = [f"{factor.kind} {factor.what.partition(': ')[2]}" for factor in finding.factors]
    assert told == ([expected] if expected else [])


def test_a_callee_that_stops_answering_is_where_the_time_went() -> None:
    """Before, its own spans took the time of the calls; now nothing but the caller's waiting tells of it."""

    def silent() -> Iterator[Row]:
        for n in range(60):
            yield from payment(START - timedelta(minutes=61 - n), f"before{n}", query_ms=10, bank_ms=20)
            at, trace = START + timedelta(seconds=5 * n), f"during{n}"
            yield SpanRow(at, 6010, trace, "p", None, "payment", "pay", "server", True)
            yield SpanRow(at, 6000, trace, "c", "p", "payment", "GET", "client", True, peer="127.0.0.1:8003")

    (finding,) = found(silent(), an_incident()).incidents
    assert not isinstance(finding.traces, NotMeasured)
    assert finding.traces.failing.service == "127.0.0.1:8003"
    assert finding.traces.because == "its self time grew from 0 to 6000 ms a trace"


def test_connections_are_held_against_rate_times_latency(incident: IncidentFinding) -> None:
    """Seven connections cannot be what a tenth of a request a second at 42 s needs... it fits within two."""
    assert not isinstance(incident.little, NotMeasured)
    assert incident.little.expected == pytest.approx(100 / 660 * 42.02, rel=0.01)
    assert (incident.little.reported, incident.little.fits) == (7, True)


def test_every_factor_has_a_record_and_only_those_that_moved_are_named(incident: IncidentFinding) -> None:
    """The deployment of nine days ago and the connections that grew a little are none."""
    kinds = [factor.kind for factor in incident.factors]
    assert {
        FactorKind.DEPLOYMENT,
        FactorKind.DEGRADED_DEPENDENCY,
        FactorKind.SLOW_QUERY,
        FactorKind.CACHE_HIT_DROP,
    } <= {*kinds}
    assert kinds.count(FactorKind.DEPLOYMENT) == 1
    assert all(factor.evidence for factor in incident.factors)
    deployment = incident.factors[0]
    assert "v2.4.2" in deployment.what and deployment.evidence[0] == HISTORY_KEY


def test_the_services_it_may_have_begun_in_are_at_most_three(incident: IncidentFinding) -> None:
    """The bank and the database moved; the gateway did nothing itself."""
    assert incident.root_services[0].service in ("bank", "postgresql", "payment")
    assert len(incident.root_services) <= 3
    assert "gateway" not in [s.service for s in incident.root_services]


def test_anomalies_of_the_service_at_the_time_are_linked(incident: IncidentFinding) -> None:
    """Those of other services and those that nobody can read are not."""
    assert incident.anomalies == ("a1",)


def test_where_nothing_was_recorded_nothing_is_claimed() -> None:
    """No rows at all."""
    (finding,) = found(iter(()), an_incident()).incidents
    assert isinstance(finding.traces, NotMeasured) and isinstance(finding.little, NotMeasured)
    assert (finding.factors, finding.masking, finding.root_services) == ((), (), ())


def test_alerts_are_left_out_and_counted_unless_asked_for() -> None:
    """So are incidents of another time, but one that still lasts is of now."""
    others = (an_incident(id="alert-1", kind="alert"), an_incident(id="old", started_at=START - timedelta(days=60),
              resolved_at=END - timedelta(days=60)), an_incident(id="lasting", started_at=START - timedelta(days=30),
              resolved_at=None))  # fmt: skip
    few = found(iter(()), an_incident(), *others)
    assert ([f.incident for f in few.incidents], few.alerts_left_out) == (["pagerduty-Q1", "lasting"], 1)
    assert len(found(iter(()), an_incident(), *others, alerts=True).incidents) == 3


def test_one_incident_is_found_by_its_number_whenever_it_was() -> None:
    """A wrong one names those that are known."""
    assert found(iter(()), an_incident(), days=0.01, incident="INC-1").incidents[0].incident == "pagerduty-Q1"
    with pytest.raises(TaskVetoed, match="no incident 'INC-9'; the newest known: INC-1"):
        found(iter(()), an_incident(), incident="INC-9")


def test_severity_is_the_sources_own_and_else_says_why() -> None:
    """Never made up."""
    bare = an_incident(severity=None, affected_users=None)
    (finding,) = found(iter(()), bare).incidents
    assert (finding.severity, "does not rate it" in finding.severity_because) == ("UNKNOWN", True)


@pytest.mark.parametrize(
    ("error", "ms"),
    [("Gateway timeout after 30s", 30_000), ("timed out after 1500 ms", 1500), ("Time-out (2 min)", 120_000),
     ("time out of 5 seconds", 5000), ("timeout", None), ("30 s later all was well", None)],
)  # fmt: skip
def test_the_time_out_is_read_from_the_error_text(error: str, ms: float | None) -> None:
    """Only where the words say that it is one."""
    assert an_incident(error=error, title="x").timeout_ms == ms
