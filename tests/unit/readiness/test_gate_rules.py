"""Gates that take more than a limit: earlier releases, warning bands, scores, freezes, waivers; and their YAML."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.capabilities import Loaded, judge
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.config.policy import parse_policy
from aqe.core.errors import InputError
from aqe.core.evidence_ways import HOW_TO_MEASURE
from aqe.core.freezing import frozen_until
from aqe.core.records.decisions.history import DeploymentOutcome, Foresight
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import Decision, DecisionStatus, GateResult, GateStatus
from aqe.core.records.signals import MetricValue, SignalKind
from aqe.tests.builders import NOW, a_deployment, a_good_signal, a_release, good_inputs, some_inputs

PASSED, WARNING, WAIVED, FAILED, NO_EVIDENCE = (
    GateStatus.PASSED,
    GateStatus.WARNING,
    GateStatus.WAIVED,
    GateStatus.FAILED,
    GateStatus.NO_EVIDENCE,
)
LEFT_OUT = "not_applicable: [{metric: historicalStability, reason: not here}]\n"


def policy(gate: str, more: str = "", *, enforcement: str = "BLOCKING") -> Policy:
    lines = "".join(f"      {line}\n" for line in gate.splitlines())
    text = f"deployment_gates:\n  mandatory_gates:\n    g:\n      enforcement: {enforcement}\n{lines}{LEFT_OUT}{more}"
    return parse_policy(text.encode(), name="p", where="p.yaml")


def mistake(gate: str, more: str = "") -> str:
    with pytest.raises(InputError) as caught:
        policy(gate, more)
    return str(caught.value)


def slow(p95_latency_ms: float, *history: DeploymentOutcome) -> ReadinessInputs:
    """A good release with this latency; `history` are earlier deployments."""
    signal = a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=p95_latency_ms)
    inputs = good_inputs(signal)
    return ReadinessInputs(inputs.release, inputs.now, inputs.signals, history)


def before(version: str, p95_latency_ms: float | None, *, days_ago: float = 1, **changes: Any) -> DeploymentOutcome:
    """An earlier deployment with what was known of it."""
    metrics: dict[str, MetricValue] = {} if p95_latency_ms is None else {"p95_latency_ms": p95_latency_ms}
    foresight = Foresight(
        version=version, assessed_at=NOW - timedelta(days=days_ago), signals={SignalKind.PERFORMANCE: metrics}
    )
    return a_deployment(days_ago, version=version, before=foresight, **changes)


def gate_of(inputs: ReadinessInputs, policy: Policy) -> GateResult:
    return evaluate(inputs, policy)[0]


def status(inputs: ReadinessInputs, policy: Policy) -> GateStatus:
    return gate_of(inputs, policy).status


def decision(inputs: ReadinessInputs, policy: Policy) -> Decision:
    return judge(Loaded(inputs, policy)).decision


# Relative criteria ---------------------------------------------------------------------------------------------------

RELATIVE = policy("max_p95_latency_ms: '<=+10%'")


def test_a_relative_criterion_compares_with_earlier_releases() -> None:
    """Named with their versions; the limit is what it comes to."""
    history = (before("v0.9", 400, days_ago=1), before("v0.8", 200, days_ago=2))
    assert status(slow(330, *history), RELATIVE) is PASSED
    result = gate_of(slow(331, *history), RELATIVE)
    assert result.status is FAILED
    assert result.criteria[0].limit == 330
    assert result.criteria[0].detail == "p95 latency 331 ms, asked for <=+10%; avg of v0.9, v0.8 is 300 ms"


@pytest.mark.parametrize(
    ("compare_with", "limit"),
    [
        ("{releases: 1}", 110),
        ("{releases: 2}", 165),
        ("{aggregate: p50}", 220),
        ("{aggregate: p90}", 330),
        ("{releases: 4, outcomes: all}", 440),
    ],
)
def test_which_earlier_releases_and_how_they_become_one_number(compare_with: str, limit: float) -> None:
    """The latest of each version, of this environment; failed ones only where the policy says so."""
    history = (
        before("v4", 100, days_ago=1),
        before("v3", 200, days_ago=2),
        before("v2", 300, days_ago=4),
        before("bad", 1000, days_ago=3, outcome="rolled_back"),
        before("v4", 900, days_ago=9),
        before("v1", 900, days_ago=1, environment="staging"),
        before("unknown", None, days_ago=0.5),
    )
    asked = policy(f"max_p95_latency_ms: '<=+10%'\ncompare_with: {compare_with}")
    assert gate_of(slow(1, *history), asked).criteria[0].limit == pytest.approx(limit)


def test_a_release_is_not_compared_with_itself_nor_with_what_was_not_known_yet() -> None:
    version = a_release().version
    future = before("v0", 900, days_ago=1, known_at=NOW + timedelta(days=1))
    assert status(slow(10, before(version, 900), future), RELATIVE) is NO_EVIDENCE


@pytest.mark.parametrize(("word", "expected"), [("inconclusive", NO_EVIDENCE), ("fail", FAILED), ("pass", PASSED)])
def test_the_first_release_has_nothing_to_compare_with(word: str, expected: GateStatus) -> None:
    asked = policy(f"max_p95_latency_ms: '<=+10%'\ncompare_with: {{no_baseline: {word}}}")
    result = gate_of(slow(10), asked)
    assert result.status is expected
    assert result.criteria[0].detail.endswith("no earlier release whose value is known")


def test_what_cannot_be_compared_says_how_to_get_there() -> None:
    missing = decision(slow(10), RELATIVE).missing_evidence
    assert missing[0].startswith(
        "max_p95_latency_ms (BLOCKING gate g): p95 latency 10 ms, asked for <=+10%; no earlier"
    )
    assert missing[0].endswith(HOW_TO_MEASURE[None].format(version="v1"))


@pytest.mark.parametrize(
    ("latency", "expected"), [(400, PASSED), (440, PASSED), (441, WARNING), (500, WARNING), (501, FAILED)]
)
def test_sets_are_alternatives_and_a_set_holds_as_a_whole(latency: float, expected: GateStatus) -> None:
    """Under 600 and no tenth more than before, or under 200; up to 500 it only warns."""
    asked = policy("max_p95_latency_ms: {pass: [['<600', '<=+10%'], '<200'], warning: '<=500'}")
    assert status(slow(latency, before("v0", 400)), asked) is expected


def test_a_warning_band_warns_even_in_a_blocking_gate() -> None:
    asked = policy("max_p95_latency_ms: {pass: '<=300', warning: '<=500'}")
    said = decision(slow(400), asked)
    assert (said.decision, said.warnings) == (
        DecisionStatus.APPROVED_WITH_WARNINGS,
        ("g: p95 latency 400 ms, asked for <=300; no earlier release whose value is known",),
    )
    assert decision(slow(501), asked).decision is DecisionStatus.BLOCKED


# No data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "expected", "said"),
    [
        ("inconclusive", NO_EVIDENCE, DecisionStatus.INCONCLUSIVE),
        ("fail", FAILED, DecisionStatus.BLOCKED),
    ],
)
def test_each_gate_says_what_missing_evidence_is(word: str, expected: GateStatus, said: DecisionStatus) -> None:
    asked = policy(f"min_total_tests: 1\nno_data: {word}", "")
    inputs = good_inputs(a_good_signal(SignalKind.TEST_RESULTS, total_tests=None))
    assert status(inputs, asked) is expected
    assert decision(inputs, asked).decision is said


def test_no_data_cannot_be_let_pass() -> None:
    """Whoever deletes the report would be rewarded."""
    assert mistake("min_total_tests: 1\nno_data: warn") == (
        "p.yaml:6: no_data is 'warn', expected one of inconclusive, fail"
    )


def test_a_pending_ticket_is_pending_whatever_no_data_says() -> None:
    asked = policy("change_ticket_approved: true\nno_data: fail")
    said = decision(good_inputs(a_good_signal(SignalKind.APPROVALS, change_ticket="pending")), asked)
    assert said.decision is DecisionStatus.PENDING_APPROVAL
    rejected = decision(good_inputs(a_good_signal(SignalKind.APPROVALS, change_ticket="rejected")), asked)
    assert rejected.decision is DecisionStatus.BLOCKED


# Scores --------------------------------------------------------------------------------------------------------------

SCORED = policy(
    "max_p95_latency_ms: {pass: '<=300', warning: '<=500', weight: 2}\n"
    "max_critical_vulnerabilities: {pass: '<=0', key: true}\n"
    "min_line_coverage: 90\n"
    "total_score: {pass: 75%, warning: 50}"
)


def mixed(latency: float, coverage: float | None, critical: int = 0) -> ReadinessInputs:
    return good_inputs(
        a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=latency),
        a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=coverage),
        a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=critical),
    )


@pytest.mark.parametrize(
    ("inputs", "score", "expected"),
    [
        (mixed(300, 90), 100, PASSED),
        (mixed(300, 80), 75, PASSED),
        (mixed(400, 90), 75, PASSED),
        (mixed(400, 80), 50, WARNING),
        (mixed(501, 80), 25, FAILED),
        (mixed(300, 90, critical=1), 75, FAILED),
        # Not known: at its worst, unless that alone fails it.
        (mixed(300, None), 75, PASSED),
        (mixed(400, None), 50, WARNING),
        (mixed(501, None), 25, NO_EVIDENCE),
    ],
)
def test_a_scored_gate_is_judged_by_its_score_and_its_key_criteria(
    inputs: ReadinessInputs, score: float, expected: GateStatus
) -> None:
    result = gate_of(inputs, SCORED)
    assert (result.score, result.status) == (score, expected)


def test_a_scored_gate_speaks_as_a_whole() -> None:
    """What failed within it is no reason of its own."""
    said = decision(mixed(300, 80), SCORED)
    assert said.decision is DecisionStatus.APPROVED
    blocked = decision(mixed(300, 90, critical=1), SCORED)
    assert "g: score 75 of 100 (75 passes, 50 warns); max_critical_vulnerabilities is a key criterion" in blocked.rule


@settings(deadline=None, max_examples=60)
@given(st.floats(200, 600), st.floats(200, 600), st.integers(80, 95), st.integers(0, 1))
def test_worsening_or_deleting_within_a_score_never_improves_it(
    a: float, b: float, coverage: int, critical: int
) -> None:
    order = [PASSED, WARNING, NO_EVIDENCE, FAILED]
    good, bad = sorted((a, b))
    one, worse = (order.index(status(mixed(x, coverage, critical), SCORED)) for x in (good, bad))
    assert one <= worse
    deleted = order.index(status(mixed(good, None, critical), SCORED))
    assert deleted >= one or (one, deleted) == (order.index(FAILED), order.index(NO_EVIDENCE))


# Freeze windows ------------------------------------------------------------------------------------------------------

VIENNA = "Europe/Vienna"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "starts", "ends", "now", "until"),
    [
        ("once", "2026-12-20 18:00", "2027-01-03", "2026-12-20 16:59", None),
        ("once", "2026-12-20 18:00", "2027-01-03", "2026-12-20 17:00", "2027-01-02 23:00"),
        ("once", "2026-12-20 18:00", "2027-01-03", "2027-01-02 23:00", None),
        ("day", "22:00", "06:00", "2026-01-10 04:59", "2026-01-10 05:00"),
        ("day", "22:00", "06:00", "2026-01-10 05:00", None),
        ("day", "09:00", "17:00", "2026-01-10 12:00", "2026-01-10 16:00"),
        ("week", "Fri 16:00", "Mon 06:00", "2026-01-11 12:00", "2026-01-12 05:00"),
        ("week", "friday 16:00", "Mon 06:00", "2026-01-14 12:00", None),
        ("week", "Mon 08:00", "Tue 08:00", "2026-01-12 12:00", "2026-01-13 07:00"),
        ("year", "12-20", "01-03", "2026-12-31 12:00", "2027-01-02 23:00"),
        ("year", "12-20", "01-03", "2027-01-01 12:00", "2027-01-02 23:00"),
        ("year", "12-20", "01-03", "2027-01-05 12:00", None),
        ("year", "02-29", "03-02", "2026-02-28 12:00", "2026-03-01 23:00"),
        # Summer time begins in this night: the wall clock decides, not the hours that pass.
        ("day", "22:00", "06:00", "2026-03-29 03:59", "2026-03-29 04:00"),
        ("day", "22:00", "06:00", "2026-03-29 04:00", None),
        # And ends in this one.
        ("day", "22:00", "06:00", "2026-10-25 04:59", "2026-10-25 05:00"),
    ],
)
def test_a_freeze_is_on_by_the_wall_clock_of_its_time_zone(
    every: Any, starts: str, ends: str, now: str, until: str | None
) -> None:
    found = frozen_until(every, starts, ends, VIENNA, at(now))
    assert found == (None if until is None else at(until))


FREEZE = """
freeze_windows:
  - name: weekend
    every: week
    from: Fri 16:00
    to: Mon 06:00
    time_zone: Europe/Vienna
    environments: [production]
    except_versions: ["*-hotfix"]
    except_dates: [2026-01-11]
"""


def on(now: str, version: str = "v1", environment: str = "production") -> ReadinessInputs:
    good = good_inputs()
    release = a_release(version, environment=environment)
    return (
        some_inputs(release=release, now=at(now))
        if version != "v1"
        else ReadinessInputs(release, at(now), good.signals, good.history)
    )


def test_a_freeze_is_a_gate_that_blocks_while_it_is_on() -> None:
    asked = policy("min_total_tests: 1", FREEZE)
    said = decision(on("2026-01-10 12:00"), asked)
    assert said.decision is DecisionStatus.BLOCKED
    assert said.rule == "A BLOCKING gate failed: weekend: frozen until 2026-01-12 06:00 Europe/Vienna"
    assert evaluate(on("2026-01-09 14:00"), asked)[1].status is PASSED


def test_a_freeze_has_exceptions_by_version_day_and_environment() -> None:
    asked = policy("min_total_tests: 1", FREEZE)
    assert evaluate(on("2026-01-10 12:00", "v1-hotfix"), asked)[1].criteria[0].detail == (
        "frozen until 2026-01-12 06:00 Europe/Vienna, but v1-hotfix is excepted by *-hotfix"
    )
    assert evaluate(on("2026-01-11 12:00"), asked)[1].status is PASSED
    assert len(evaluate(on("2026-01-10 12:00", environment="staging"), asked)) == 1


# Waivers -------------------------------------------------------------------------------------------------------------


def waiver(more: str = "", *, expires: str = "2026-01-31") -> str:
    return f"waivers:\n  - {{gate: g, reason: legacy, owner: team-a, expires: {expires}{more}}}\n"


def test_a_waiver_lets_a_failed_criterion_be_and_is_tallied_apart() -> None:
    said = decision(slow(900), policy("max_p95_latency_ms: 500", waiver()))
    assert said.decision is DecisionStatus.APPROVED_WITH_WARNINGS
    assert said.gates[0].status is WAIVED
    assert [(one.kind, one.names, one.by, one.reason) for one in said.lifted] == [
        ("waiver", ("g.max_p95_latency_ms",), "team-a", "legacy")
    ]
    assert "waived until 2026-02-01 00:00 UTC by team-a: legacy" in said.warnings[0]


def test_a_waiver_ends_with_its_day_and_then_says_so() -> None:
    asked = policy("max_p95_latency_ms: 500", waiver(expires="2026-01-09"))
    said = decision(slow(900), asked)
    assert said.decision is DecisionStatus.BLOCKED
    assert said.remarks == ("the waiver of g expired 2026-01-10 00:00 UTC; ask team-a",)
    today = policy("max_p95_latency_ms: 500", waiver(expires="2026-01-10"))
    assert decision(slow(900), today).decision is DecisionStatus.APPROVED_WITH_WARNINGS
    hour = policy("max_p95_latency_ms: 500", waiver(expires="2026-01-10T13:00:00+01:00"))
    assert decision(slow(900), hour).decision is DecisionStatus.BLOCKED


def test_a_bounded_waiver_reaches_so_far_and_needs_the_value() -> None:
    asked = policy("max_p95_latency_ms: 500", waiver(", criterion: max_p95_latency_ms, up_to: 700"))
    assert status(slow(700), asked) is WAIVED
    assert status(slow(701), asked) is FAILED
    assert status(good_inputs(a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=None)), asked) is NO_EVIDENCE


def test_a_waiver_is_for_what_it_names() -> None:
    two = policy("max_p95_latency_ms: 100\nmax_p50_latency_ms: 10", waiver(", criterion: max_p50_latency_ms"))
    assert [c.status for c in gate_of(slow(900), two).criteria] == [FAILED, WAIVED]
    assert status(slow(50), policy("max_p95_latency_ms: 500", waiver())) is PASSED


# YAML ----------------------------------------------------------------------------------------------------------------

FREEZING = "freeze_windows: [{name: f, from: '18:00', to: '20:00', every: day, time_zone: UTC%s}]\n"


@pytest.mark.parametrize(
    ("gate", "more", "said"),
    [
        ("max_p95_latency_ms: '>=5'", "", "p.yaml:5: max_p95_latency_ms: '>=5' should begin with < or <=, as its name"),
        ("min_line_coverage: '<=5'", "", "p.yaml:5: min_line_coverage: '<=5' should begin with > or >=, as its name"),
        ("max_p95_latency_ms: '<=+10 %%'", "", "p.yaml:5: max_p95_latency_ms is '<=+10 %%': expected < <= = >= or >"),
        ("min_line_coverage: '>=850'", "", "p.yaml:5: min_line_coverage is '>=850': Input should be less than or"),
        ("min_grade: {pass: '>=B'}", "", "p.yaml:5: min_grade is no number: it takes a plain limit"),
        ("changelog_updated: {pass: '>=1'}", "", "p.yaml:5: changelog_updated is no number: it takes a plain limit"),
        ("max_p95_latency_ms: {warning: '<=1'}", "", "p.yaml:5: max_p95_latency_ms has no pass: it would never pass"),
        ("max_p95_latency_ms: {pass: []}", "", "p.yaml:5: max_p95_latency_ms: an empty list of criteria would never"),
        (
            "max_p95_latency_ms: {pass: [[]]}",
            "",
            "p.yaml:5: max_p95_latency_ms: an empty list of criteria would",
        ),
        ("max_p95_latency_ms: {pas: '<1'}", "", "p.yaml:5: unknown key 'pas', did you mean 'pass'?"),
        ("max_p95_latency_ms: {pass: '<1', weight: -1}", "", "p.yaml:5: deployment_gates.mandatory_gates.g.max_p95"),
        (
            "max_cvss: 5\ncompare_with: {aggregate: p99}",
            "",
            "p.yaml:6: deployment_gates.mandatory_gates.g.compare",
        ),
        ("max_cvss: 5\ncompare_with: {release: 3}", "", "p.yaml:6: unknown key 'release', did you mean 'releases'?"),
        ("max_cvss: 5\ntotal_score: {pass: 90}", "", "p.yaml:6: total_score.warning is None, expected a percentage"),
        ("max_cvss: 5\ntotal_score: {pass: 50, warning: 90}", "", "p.yaml:6: deployment_gates.mandatory_gates.g.total"),
        ("max_cvss: 5\nno_dat: fail", "", "p.yaml:6: unknown key 'no_dat', did you mean 'no_data'?"),
        ("max_cvss: 5", "freeze_windows: 5\n", "p.yaml:7: freeze_windows is a list"),
        ("max_cvss: 5", FREEZING % ", tz: UTC", "p.yaml:7: unknown key 'tz'"),
        (
            "max_cvss: 5",
            FREEZING.replace("UTC", "Europe/Wien") % "",
            "p.yaml:7: freeze_windows.0 cannot be used: 'Eu",
        ),
        (
            "max_cvss: 5",
            FREEZING.replace("'18:00'", "noon") % "",
            "p.yaml:7: freeze_windows.0 cannot be used: 'noon",
        ),
        (
            "max_cvss: 5",
            FREEZING.replace(", time_zone: UTC", "") % "",
            "p.yaml:7: freeze_windows.0.time_zone is missing",
        ),
        ("max_cvss: 5", FREEZING.replace("name: f", "name: g") % "", "p.yaml:7: 'g' is the name of a gate already"),
        ("max_cvss: 5", FREEZING.replace("name: f", "name: 'a: b'") % "", "p.yaml:7: 'a: b' cannot be a gate's name"),
        ("max_cvss: 5", waiver(", up_to: 3"), "p.yaml:8: waivers.0 cannot be used: up_to needs the criterion"),
        (
            "max_cvss: 5",
            waiver(", criterion: max_cvs"),
            "p.yaml:8: no criterion 'max_cvs' in this policy, did you",
        ),
        ("max_cvss: 5", waiver(expires="soon"), "p.yaml:8: expires is 'soon', expected a day"),
        ("max_cvss: 5", waiver(expires="2026-01-10T12:00:00"), "p.yaml:8: expires is datetime"),
        ("max_cvss: 5", waiver().replace("reason: legacy, ", ""), "p.yaml:8: waivers.0.reason is missing"),
        ("max_cvss: 5", "approvals: {people: 0}\n", "p.yaml:7: approvals.people is 0"),
        ("max_cvss: 5", "approvals: {valid: 8}\n", "p.yaml:7: approvals.valid: 8 is not a duration"),
        ("max_cvss: 5", "approvals: {role: [CTO]}\n", "p.yaml:7: unknown key 'role', did you mean 'roles'?"),
        (
            "max_cvss: 5",
            "gate_overrides: {enabled: true}\n",
            "p.yaml:7: gate_overrides cannot be used: requires_app",
        ),
        ("max_cvss: 5", "gate_overrides: {audit_log: false}\n", "p.yaml:7: gate_overrides.audit_log is False"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_line_and_the_nearest_word(gate: str, more: str, said: str) -> None:
    found = mistake(gate, more)
    assert found.startswith(said), found
    assert "\n" not in found


def test_times_that_yaml_takes_for_numbers_and_dates_are_read() -> None:
    """18:00 without quotes is 1080 to YAML, and 2026-12-20 a date."""
    window = policy("max_cvss: 5", FREEZING.replace("'", "") % "").freeze_windows[0]
    assert (window.starts, window.ends) == ("18:00", "20:00")
    once = "freeze_windows: [{name: f, from: 2026-12-20, to: 2027-01-03 06:00:00, time_zone: UTC}]\n"
    window = policy("max_cvss: 5", once).freeze_windows[0]
    assert (window.starts, window.ends) == ("2026-12-20", "2027-01-03 06:00")
