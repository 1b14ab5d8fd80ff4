"""An incident as a replay: what its rows say of requests, dependencies and pool, and when a replay shows it."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.incidents.analysis import analyze_incidents
from aqe.agents.production_intelligence.incidents.replay_plan import plan_replay
from aqe.agents.production_intelligence.incidents.replay_verdict import compared, is_sure, report_of
from aqe.benchmarks.incidents.rows import FAILING, NUMBER, PAYMENTS, POOL, START, the_incident, the_rows
from aqe.connectors.formats.production.incident_object import IncidentObject
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.apm import MetricRow
from aqe.core.records.production.incident_analysis import IncidentAnalysis, Traces
from aqe.core.records.production.incident_replay import Figures, ReplayPlan, ReplayRun
from aqe.fleet.replays.incident import read_replay, replay_yaml
from aqe.fleet.replays.scale import error_share, unsound
from aqe.generators.replay_target import render_replay
from aqe.tests.unit.production.windows import loaded


def planned(*more: Any, incident: str = NUMBER) -> ReplayPlan:
    window = loaded([*the_rows(), *more], now=START + timedelta(hours=4), incident=incident)
    known = {"aqe/production/incidents": [the_incident().to_dict()]}
    answer = plan_replay(replace(window, records=known)).answer
    assert isinstance(answer, ReplayPlan)
    return answer


@pytest.fixture(scope="module")
def plan() -> ReplayPlan:
    return planned()


def test_every_request_comes_as_it_came(plan: ReplayPlan) -> None:
    """All of them, in the second in which they came, and all under way at once."""
    assert sum(arrival.count for arrival in plan.arrivals) == PAYMENTS == plan.figures.requests
    assert {(a.method, a.path) for a in plan.arrivals} == {("POST", "/payments")}
    assert (plan.arrivals[0].at_s, plan.arrivals[-1].at_s) == (0, 1)
    assert plan.conditions.concurrency == PAYMENTS


def test_a_slow_dependency_is_as_slow_and_a_cut_one_is_held_beyond_the_time_out(plan: ReplayPlan) -> None:
    """The bank's 45 % stay in the conditions, though no caller saw them."""
    faults = {(f.upstream, f.kind): (f.value, f.share) for f in plan.conditions.faults}
    assert faults["postgresql", "latency"] == (12_000, 1)
    assert faults["bank", "latency"] == (45_000, 1)
    assert faults["bank", "error"][1] == pytest.approx(FAILING, abs=0.01)
    assert plan.masking[0].service == "bank" and "hide that bank itself failed 45 %" in plan.masking[0].words


def test_the_pool_is_a_metric_or_what_never_ran_at_once(plan: ReplayPlan) -> None:
    assert plan.pool_size == POOL and "never more queries ran at once" in plan.reasons[-1]
    told = planned(MetricRow(START, "db.pool.max_size", 7.0, service="payment-service"))
    assert told.pool_size == 7


def written_down(**trace: Any) -> Any:
    """An incident object as a user imports it, and its plan."""
    hops = [{"service": "orders", "duration": 20_700}, {"service": "card-gate", "duration": 400, "timeout": True}]
    told = {"id": "INC-42", "timestamp": "2026-03-01T14:00:00Z", "service": "orders",
            "error": "OrderException: upstream timeout after 20s"}  # fmt: skip
    context = {"requestTrace": {"hops": hops, **trace}, "systemState": {"connections": 120},
               "environmentalFactors": {"externalServiceDegraded": "card-gate"}}  # fmt: skip
    parsed = IncidentObject().parse(io.BytesIO(json.dumps({"incident": told, "context": context}).encode()))
    window = loaded(parsed.rows or (), now=START + timedelta(days=900), incident="INC-42")
    return replace(window, records={"aqe/production/incidents": [one.to_dict() for one in parsed.records]})


def test_an_incident_that_was_written_down_is_replayed_from_its_one_request() -> None:
    """As often as connections were reported; each thing that was taken for granted is a reason."""
    plan = plan_replay(written_down()).answer
    assert isinstance(plan, ReplayPlan)
    assert [(a.count, a.method, a.path) for a in plan.arrivals] == [(120, "GET", "/")]
    assert plan.figures.outcomes == {"500 OrderException": 120}
    (fault,) = plan.conditions.faults
    assert (fault.upstream, fault.kind, fault.value) == ("card-gate", "latency", 30_000)
    for words in ("names no path", "names no HTTP status", "120 connections were reported"):
        assert any(words in reason for reason in plan.reasons), words


def test_what_an_incident_that_was_written_down_does_name_is_not_taken_for_granted() -> None:
    plan = plan_replay(written_down(method="POST", path="/orders", status=504)).answer
    assert isinstance(plan, ReplayPlan)
    assert [(a.count, a.method, a.path) for a in plan.arrivals] == [(120, "POST", "/orders")]
    assert plan.figures.outcomes == {"504 OrderException": 120}
    assert not any("names no" in reason for reason in plan.reasons)


def test_a_request_whose_method_is_none_is_not_sent() -> None:
    """A line end in it would begin a header of its own."""
    bad = next(row for row in the_rows() if row.request_path and row.kind == "server")
    smuggled = bad._replace(trace_id="t-evil", request_method="GET / HTTP/1.1\r\nEvil: 1\r\n")
    assert planned(smuggled) == planned()


def test_what_an_incident_only_says_is_told_as_said() -> None:
    """No record here shows it, so it is no finding of ours."""
    answer = analyze_incidents(written_down()).answer
    assert isinstance(answer, IncidentAnalysis)
    (finding,) = answer.incidents
    (factor,) = finding.factors
    assert factor.what == "the incident reports externalServiceDegraded: card-gate; no record here shows it"
    assert finding.reported == ("connections: 120", "externalServiceDegraded: card-gate")
    assert isinstance(finding.traces, Traces)
    assert finding.traces.failing.service == "orders" and "nothing to compare with" in finding.traces.because


def test_an_unknown_incident_is_a_veto_and_so_is_one_without_requests() -> None:
    with pytest.raises(TaskVetoed, match="no incident 'INC-0'"):
        planned(incident="INC-0")
    window = loaded([], now=START, incident=NUMBER)
    known = {"aqe/production/incidents": [the_incident().to_dict()]}
    with pytest.raises(TaskVetoed, match="nothing to replay"):
        plan_replay(replace(window, records=known))


def test_a_plan_in_a_file_is_the_same_plan(plan: ReplayPlan, tmp_path: Any) -> None:
    file = tmp_path / "replay.yaml"
    file.write_text(replay_yaml(plan))
    assert read_replay(file) == plan


def test_hostile_words_of_an_incident_stay_words(plan: ReplayPlan) -> None:
    """Title and reasons come from production."""
    evil = plan.model_copy(update={"title": 'x"""\nimport os\nos.abort()\n"""', "reasons": ('"""\nraise SystemExit',)})
    text = render_replay(evil)
    calm = render_replay(plan.model_copy(update={"title": "x", "reasons": ("y",)}))
    assert text.isascii()
    assert compile(text, "replay", "exec").co_names == compile(calm, "replay", "exec").co_names


def test_an_escape_is_not_cut_in_two_at_the_end_of_a_line(plan: ReplayPlan) -> None:
    """Half of one is no Python."""
    compile(render_replay(plan.model_copy(update={"reasons": ("\xe9" * 80,), "title": "\xe9" * 80})), "replay", "exec")


def test_a_path_that_no_request_line_can_hold_is_sent_encoded() -> None:
    """Traces may hold it decoded."""
    rows = [s._replace(request_path="/caf\xe9 x?a=%20") if s.request_path else s for s in the_rows(4, 2)]
    window = loaded(rows, now=START + timedelta(hours=4), incident=NUMBER)
    known = {"aqe/production/incidents": [the_incident().to_dict()]}
    answer = plan_replay(replace(window, records=known)).answer
    assert isinstance(answer, ReplayPlan) and {a.path for a in answer.arrivals} == {"/caf%C3%A9%20x?a=%20"}


def test_a_path_whose_ids_nobody_recorded_is_told() -> None:
    """Asked for literally, the service would answer something else than it did in production."""
    rows = [s._replace(request_path="/payments/{id}") if s.request_path else s for s in the_rows(4, 2)]
    window = loaded(rows, now=START + timedelta(hours=4), incident=NUMBER)
    answer = plan_replay(replace(window, records={"aqe/production/incidents": [the_incident().to_dict()]})).answer
    assert isinstance(answer, ReplayPlan)
    assert [reason for reason in answer.reasons if reason.startswith("/payments/{id}: the traces name no ids")]


def met(plan: ReplayPlan, **changes: Any) -> ReplayRun:
    figures = plan.figures.model_copy(update=changes)
    quick = Figures(requests=1, outcomes={"503": 1}, p50_ms=1, p95_ms=1, max_ms=1)
    return ReplayRun(
        target="x", scale=100, figures=figures, probe=quick, late_ms=1, arrivals_late_ms=1, error_share=0.01, wall_s=5
    )  # fmt: skip


def test_the_same_figures_are_the_incident(plan: ReplayPlan) -> None:
    """A little off, too; beyond the tolerance it fails in another way."""
    for share, verdict in ((1.0, "REPRODUCED"), (1.04, "REPRODUCED"), (1.06, "FAILS_OTHERWISE")):
        run = met(plan, p50_ms=plan.figures.p50_ms * share)
        assert report_of(plan, [run], baseline=None, tolerance=0.05).verdict == verdict


def test_a_service_that_answers_in_time_is_fixed_if_the_one_before_it_showed_the_incident(plan: ReplayPlan) -> None:
    """Else the replay proves nothing."""
    good = met(plan, outcomes={"503 POOL_TIMEOUT": PAYMENTS}, p50_ms=2000, p95_ms=2000, max_ms=17_000)
    assert report_of(plan, [good], baseline=None, tolerance=0.05).verdict == "FIXED"
    assert report_of(plan, [good], baseline=met(plan), tolerance=0.05).verdict == "FIXED"
    assert report_of(plan, [good], baseline=good, tolerance=0.05).verdict == "INCONCLUSIVE"


def test_a_verdict_near_an_edge_is_sure_only_of_times_that_are_exact(plan: ReplayPlan) -> None:
    """4 % off of 5 % allowed: a machine that may be 2 % wrong cannot tell."""
    near = met(plan, p50_ms=plan.figures.p50_ms * 1.04)
    assert [is_sure(plan, near.model_copy(update={"error_share": e}), 0.05) for e in (0.002, 0.02)] == [True, False]
    assert is_sure(plan, met(plan, p50_ms=plan.figures.p50_ms).model_copy(update={"error_share": 0.02}), 0.05)


def test_times_that_are_too_long_are_believed_when_a_slower_run_takes_as_long(plan: ReplayPlan) -> None:
    """A busy machine's own delays are shorter in production's time on a slower scale; a service's are not."""
    fast, busy = (met(plan, p95_ms=plan.figures.p95_ms * by, max_ms=1e6) for by in (1.3, 1.15))
    assert "which a busy machine makes" in str(unsound(plan, fast, 0.05))
    assert "which a busy machine makes" in str(unsound(plan, busy, 0.05, fast))
    assert unsound(plan, fast, 0.05, fast) is None
    other = {"504 GATEWAY_TIMEOUT": PAYMENTS // 2, "502": PAYMENTS - PAYMENTS // 2}
    assert unsound(plan, met(plan, p95_ms=1e6, outcomes=other), 0.05) is None, "its outcomes are others, too"
    assert unsound(plan, met(plan, p95_ms=plan.figures.p95_ms * 0.5), 0.05) is None, "no machine is too fast"


def test_runs_that_fail_alike_are_identical_whatever_their_longest_request_took(plan: ReplayPlan) -> None:
    """The reason of the verdict tells that one in seconds."""
    runs = [met(plan, p50_ms=1e6, max_ms=longest) for longest in (1e6, 1.1e6)]
    report = report_of(plan, runs, baseline=None, tolerance=0.05)
    assert (report.verdict, report.identical_runs) == ("FAILS_OTHERWISE", 2)


def test_an_error_of_the_machine_adds_up_from_answer_to_answer(plan: ReplayPlan) -> None:
    """6 ms at 1:100 are 5 % of a query of 12 s, early or late."""
    assert error_share(plan, [0.006, -0.006], 100) == pytest.approx(0.05)
    assert error_share(plan, [], 100) == 0


def test_runs_that_differ_are_counted(plan: ReplayPlan) -> None:
    other = met(plan, outcomes={"504 GATEWAY_TIMEOUT": PAYMENTS - 1, "no answer": 1})
    report = report_of(plan, [met(plan), other, met(plan)], baseline=None, tolerance=0.05)
    assert (report.identical_runs, report.runs) == (2, 3)


def test_outcomes_are_compared_as_finely_as_the_incident_tells_them(plan: ReplayPlan) -> None:
    """Without error names by status alone."""
    bare = plan.figures.model_copy(update={"outcomes": {"504": PAYMENTS}})
    assert all(comparison.within for comparison in compared(bare, plan.figures, 0.05))
