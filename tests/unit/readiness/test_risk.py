"""Levels, curves, weights, vetoes and what is missing."""

import pytest

from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import level_of, score, shown, unseen
from aqe.config.policy import default_policy, parse_policy
from aqe.core.records.decisions.policy import DIMENSIONS, MetricPolicy, Policy
from aqe.core.records.decisions.readiness import MetricRisk, RiskAssessment, RiskLevel
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import a_deployment, a_good_signal, a_signal, good_inputs, some_inputs

DEFAULT = default_policy()


def policy(text: str) -> Policy:
    return parse_policy(f"deployment_gates: {{}}\n{text}".encode(), name="p", where="p.yaml")


def leaving(*names: str) -> Policy:
    return policy("not_applicable:\n" + "\n".join(f"  - {{metric: {name}, reason: no tool}}" for name in names))


ONLY_CVSS = leaving(*(d for d in DIMENSIONS if d != "security"), "vulnerability_count", "compliance_status")


def with_cvss(max_cvss: float) -> ReadinessInputs:
    return some_inputs(a_signal(SignalKind.SECURITY, max_cvss=max_cvss))


def metric(risk: RiskAssessment, name: str) -> MetricRisk:
    return next(m for d in risk.dimensions for m in d.metrics if m.metric == name)


@pytest.mark.parametrize(
    ("risk", "level"),
    [
        (0, RiskLevel.LOW),
        (18, RiskLevel.LOW),
        (20, RiskLevel.LOW),
        (20.01, RiskLevel.MEDIUM),
        (40, RiskLevel.MEDIUM),
        (40.01, RiskLevel.HIGH),
        (42, RiskLevel.HIGH),
        (60, RiskLevel.HIGH),
        (60.01, RiskLevel.CRITICAL),
        (78, RiskLevel.CRITICAL),
        (100, RiskLevel.CRITICAL),
    ],
)
def test_levels_are_of_the_real_number(risk: float, level: RiskLevel) -> None:
    assert level_of(risk) is level


@pytest.mark.parametrize(
    ("risk", "text"), [(20, "20"), (20.01, "20.1"), (20.4, "20.4"), (60.000001, "60.1"), (99.99, "100"), (0, "0")]
)
def test_a_printed_risk_never_looks_like_a_lower_level(risk: float, text: str) -> None:
    assert shown(risk) == text


@pytest.mark.parametrize(
    ("value", "risk"), [(-1, 0), (0, 0), (2, 10), (4, 20), (5.5, 40), (7, 60), (8, 80), (9, 100), (10, 100)]
)
def test_a_curve_is_linear_between_its_points_and_flat_outside(value: float, risk: float) -> None:
    assert DEFAULT.risk["security"].metrics["severity_score"].risk_at(value) == pytest.approx(risk)


def test_a_falling_curve() -> None:
    curve = DEFAULT.risk["testCoverage"].metrics["line_coverage"]
    assert [curve.risk_at(v) for v in (0, 50, 60, 70, 85, 90, 95, 100)] == [100, 100, 80, 60, 20, 10, 0, 0]


@pytest.mark.parametrize(
    ("cvss", "level", "vetoed"),
    [
        (4, RiskLevel.LOW, False),
        (4.001, RiskLevel.MEDIUM, False),
        (5.5, RiskLevel.MEDIUM, False),
        (5.501, RiskLevel.HIGH, False),
        (7, RiskLevel.HIGH, False),
        (7.001, RiskLevel.CRITICAL, False),
        (7.999, RiskLevel.CRITICAL, False),
        (8, RiskLevel.CRITICAL, True),
    ],
)
def test_the_levels_edges_through_a_signal(cvss: float, level: RiskLevel, vetoed: bool) -> None:
    risk = score(with_cvss(cvss), ONLY_CVSS)
    assert (risk.level, bool(risk.vetoes)) == (level, vetoed)


def test_an_empty_store_is_the_worst_and_nothing_is_measured() -> None:
    risk = score(some_inputs(), DEFAULT)
    assert (risk.risk, risk.risk_measured, risk.measured_share) == (100, None, 0)
    assert risk.level is RiskLevel.CRITICAL
    assert risk.vetoes == ()
    assert all(m.reading.reason for d in risk.dimensions for m in d.metrics)


def test_a_healthy_release_is_low_and_its_points_add_up() -> None:
    risk = score(good_inputs(), DEFAULT)
    assert (risk.level, risk.measured_share, risk.risk) == (RiskLevel.LOW, 1, risk.risk_measured)
    assert sum(m.contribution for d in risk.dimensions for m in d.metrics) == pytest.approx(risk.risk)
    assert sum(d.weight for d in risk.dimensions) == pytest.approx(1)
    assert [d.dimension for d in risk.dimensions] == list(DIMENSIONS)


def test_the_specifications_release_is_low() -> None:
    """v2.5.0: line 87.2 %, branch 82.4 %, 3 medium, p95 487 ms, 142 files, +3421 -1287."""
    risk = score(
        good_inputs(
            a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=87.2, branch_coverage_percent=82.4),
            a_good_signal(SignalKind.SECURITY, medium_vulnerabilities=3, low_vulnerabilities=8),
            a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=487.0),
            a_good_signal(SignalKind.CHANGE_RISK, files_changed=142, lines_added=3421, lines_deleted=1287),
        ),
        DEFAULT,
    )
    assert risk.level is RiskLevel.LOW


def test_a_release_at_every_gates_limit_is_low() -> None:
    risk = score(
        good_inputs(
            a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=85.0, branch_coverage_percent=80.0),
            a_good_signal(SignalKind.MUTATION, mutation_score_percent=75.0),
            a_good_signal(SignalKind.SECURITY, medium_vulnerabilities=10),
            a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=500.0, throughput_rps=1000.0),
        ),
        DEFAULT,
    )
    for name in ("line_coverage", "branch_coverage", "mutation_score", "vulnerability_count", "response_time"):
        assert metric(risk, name).risk == 20
    assert risk.level is RiskLevel.LOW


def test_what_is_missing_counts_at_its_worst_and_is_named() -> None:
    whole, without = score(good_inputs(), DEFAULT), score(good_inputs(without=(SignalKind.MUTATION,)), DEFAULT)
    mutation = metric(without, "mutation_score")
    assert (mutation.risk, mutation.reading.value) == (100, None)
    assert mutation.reading.reason == "no mutation signal for v1"
    assert without.risk == pytest.approx(whole.risk + mutation.weight * (100 - metric(whole, "mutation_score").risk))
    assert without.measured_share == pytest.approx(0.95)


def test_not_applicable_leaves_the_weights_and_is_named() -> None:
    risk = score(good_inputs(without=(SignalKind.MUTATION,)), leaving("mutation_score", "changeRisk"))
    names = [m.metric for d in risk.dimensions for m in d.metrics]
    assert "mutation_score" not in names
    assert "changeRisk" not in [d.dimension for d in risk.dimensions]
    assert [risk.measured_share, sum(d.weight for d in risk.dimensions)] == pytest.approx([1, 1])
    assert metric(risk, "line_coverage").weight == pytest.approx(0.25 / 0.9 / 4)
    assert [entry.metric for entry in risk.not_applicable] == ["mutation_score", "changeRisk"]


def test_weights_inside_a_dimension_are_equal_unless_given() -> None:
    weighted = policy("risk: {security: {metrics: {severity_score: {weight: 2}}}}")
    weights = {m: metric(score(good_inputs(), weighted), m).weight for m in DEFAULT.risk["security"].metrics}
    assert weights == pytest.approx({"vulnerability_count": 0.05, "severity_score": 0.1, "compliance_status": 0.05})


WORST_PERFORMANCE = a_signal(
    SignalKind.PERFORMANCE,
    p95_latency_ms=30_000.0,
    throughput_rps=1.0,
    cpu_percent=100.0,
    memory_percent=100.0,
    scalability_percent=10.0,
)


def test_no_average_hides_a_catastrophic_dimension() -> None:
    risk = score(good_inputs(WORST_PERFORMANCE), DEFAULT)
    assert level_of(risk.risk) is RiskLevel.LOW
    assert (risk.level, risk.vetoes) == (RiskLevel.HIGH, ("performance: measured risk 100 of 100",))


@pytest.mark.parametrize(("failed", "vetoed"), [(0, False), (1, True), (287, True)])
def test_one_failed_test_vetoes_whatever_the_coverage(failed: int, vetoed: bool) -> None:
    risk = score(good_inputs(a_good_signal(SignalKind.TEST_RESULTS, failed_tests=failed)), DEFAULT)
    assert bool(risk.vetoes) is vetoed
    if vetoed:
        assert risk.vetoes[0].startswith(f"testCoverage: test_results {failed} is risk")


def test_fifty_vulnerabilities_veto() -> None:
    risk = score(good_inputs(a_good_signal(SignalKind.SECURITY, unknown_vulnerabilities=49)), DEFAULT)
    assert risk.vetoes == ("security: vulnerability_count 50 is risk 100 of 100",)


def test_a_dimension_vetoes_over_what_is_measured_of_it() -> None:
    slow = a_signal(SignalKind.PERFORMANCE, p95_latency_ms=30_000.0)
    assert score(good_inputs(slow), DEFAULT).vetoes == ("performance: measured risk 100 of 100",)


def test_what_could_hide_a_catastrophe_lifts_the_level_like_a_veto() -> None:
    fine = a_signal(SignalKind.PERFORMANCE, p95_latency_ms=100.0)
    half = a_signal(SignalKind.PERFORMANCE, p95_latency_ms=100.0, throughput_rps=2000.0)
    bad = a_signal(SignalKind.PERFORMANCE, p95_latency_ms=800.0)
    for signal, level, words in (
        (fine, RiskLevel.LOW, ()),
        (half, RiskLevel.LOW, ()),
        (bad, RiskLevel.HIGH, ("performance could be 86 of 100",)),
    ):
        risk = score(good_inputs(signal), DEFAULT)
        assert (risk.level, risk.vetoes, tuple(a.words for a in unseen(risk.dimensions, DEFAULT))) == (level, (), words)
    risk = score(good_inputs(without=(SignalKind.TEST_RESULTS,)), DEFAULT)
    assert [a.words for a in unseen(risk.dimensions, DEFAULT)] == ["testCoverage: test_results is not measured"]
    assert risk.level is RiskLevel.HIGH


@pytest.mark.parametrize(
    ("cpu", "memory", "value"), [(60.0, 80.0, 80.0), (80.0, 60.0, 80.0), (80.0, None, None), (None, 80.0, None)]
)
def test_resources_are_as_scarce_as_the_scarcest(cpu: float | None, memory: float | None, value: float | None) -> None:
    signal = a_good_signal(SignalKind.PERFORMANCE, cpu_percent=cpu, memory_percent=memory)
    assert metric(score(good_inputs(signal), DEFAULT), "resource_usage").reading.value == value


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("line_coverage", "line_coverage_percent"),
        ("change_size", "lines_added + lines_deleted"),
        ("resource_usage", "max(cpu_percent, memory_percent)"),
        ("test_results", "failed_tests"),
    ],
)
def test_a_metric_says_what_it_was_read_from(name: str, formula: str) -> None:
    assert metric(score(good_inputs(), DEFAULT), name).field == formula


def test_history_feeds_stability() -> None:
    inputs = some_inputs(history=(a_deployment(), a_deployment(outcome="rolled_back", incidents=1)))
    risk = score(inputs, DEFAULT)
    values = {m.metric: m.reading.value for m in risk.dimensions[-1].metrics}
    assert values == {
        "failure_rate": 50,
        "mttr": None,
        "rollback_frequency": 50,
        "incident_count": 0.5,
        "production_alerts": None,
    }
    assert metric(risk, "mttr").reading.reason == "aqe/deployment/history does not give mttr_minutes"


def test_every_default_curve_reaches_from_good_to_unshippable() -> None:
    curves: list[MetricPolicy] = [m for d in DEFAULT.risk.values() for m in d.metrics.values()]
    assert all({0, 100} <= {point.risk for point in curve.curve} for curve in curves)
