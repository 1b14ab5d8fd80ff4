"""What must hold for every release and every policy, not only for the examples.

Order of decisions, best to worst: APPROVED, APPROVED_WITH_WARNINGS, PENDING_APPROVAL, INCONCLUSIVE, BLOCKED. Worsening
a value never moves up. Deleting a measurement may turn BLOCKED into INCONCLUSIVE, which is NO-GO too, and nothing else.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.decide import decide
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs, StoredSignal, signal_key
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import default_policy
from aqe.core.criteria import CRITERIA, limit_problem
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.policy import DIMENSIONS, GatePolicy, NoData, Policy, Rule, Scoring
from aqe.core.records.decisions.readiness import (
    Decision,
    DecisionStatus,
    Enforcement,
    GateStatus,
    NotApplicable,
    RiskAssessment,
    RiskLevel,
)
from aqe.core.records.signals import SIGNAL_METRICS, MetricValue, Signal, SignalKind
from aqe.tests.builders import GOOD, NOW, a_deployment, a_release, a_signal, good_inputs

Values = dict[SignalKind, dict[str, MetricValue]]
ORDER = list(DecisionStatus)
LEVELS = list(RiskLevel)
DEFAULT = default_policy()
EXAMPLES = settings(max_examples=80, deadline=None)
STALE = timedelta(days=400)


def fact(kind: SignalKind, name: str, key: str) -> Any:
    extra = SIGNAL_METRICS[kind].model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return extra[key]


def highest(kind: SignalKind, name: str) -> float | None:
    return next((m.le for m in SIGNAL_METRICS[kind].model_fields[name].metadata if hasattr(m, "le")), None)


def any_value(kind: SignalKind, name: str) -> st.SearchStrategy[MetricValue]:
    annotation = SIGNAL_METRICS[kind].model_fields[name].annotation
    types = get_args(annotation)
    if bool in types:
        return st.booleans()
    good = GOOD[kind][name]
    if int in types:
        return st.integers(0, 60) | st.just(good)
    if float in types:
        return st.floats(0, highest(kind, name) or 3000) | st.just(good)
    return st.sampled_from([word for literal in types for word in get_args(literal)])


# Good releases matter most: only there is something to lose. So each value is good as often as not.
def any_metrics(kind: SignalKind) -> st.SearchStrategy[dict[str, MetricValue]]:
    fields = {name: st.just(good) | any_value(kind, name) for name, good in GOOD[kind].items()}
    return st.fixed_dictionaries(fields) | st.fixed_dictionaries({}, optional=fields)


any_values = st.fixed_dictionaries({kind: st.just(GOOD[kind]) | any_metrics(kind) for kind in SignalKind})
any_history = st.lists(
    st.builds(
        lambda days, outcome, restored, incidents: a_deployment(
            days, outcome=outcome, restored_at=NOW if restored else None, incidents=incidents
        ),
        st.floats(0, 170),
        st.sampled_from(["success", "success", "success", "failed", "rolled_back"]),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=8,
).map(tuple)


@st.composite
def any_gate(draw: st.DrawFn, name: str) -> GatePolicy:
    criteria, rules = {}, {}
    for criterion in draw(st.lists(st.sampled_from(list(CRITERIA)), min_size=1, max_size=3, unique=True)):
        source = CRITERIA[criterion]
        assert source.signal is not None
        limit = draw(any_value(source.signal, source.field[0]))
        is_bound = criterion.startswith(("min_", "max_"))
        if is_bound and source.is_numeric and draw(st.booleans()):
            sign = ">=" if criterion.startswith("min_") else "<="
            warns = draw(any_value(source.signal, source.field[0]))
            rules[criterion] = Rule(
                passes=((f"{sign}{limit:f}",),),
                warns=((f"{sign}{warns:f}",),) if draw(st.booleans()) else (),
                weight=draw(st.sampled_from([0.5, 1.0, 3.0])),
                key=draw(st.booleans()),
            )
        else:
            criteria[criterion] = limit if is_bound else True
    assert all(limit_problem(*item) is None for item in criteria.items())
    return GatePolicy(
        gate=name,
        mandatory=draw(st.booleans()),
        enforcement=draw(st.sampled_from(Enforcement)),
        criteria=criteria,
        rules=rules,
        no_data=draw(st.sampled_from(NoData)),
        scoring=draw(st.none() | st.just(Scoring(pass_percent=70, warning_percent=40))),
    )


@st.composite
def any_policy(draw: st.DrawFn) -> Policy:
    """Other gates, weights and vetoes than the default's, and some things not applicable."""
    if draw(st.booleans()):
        return DEFAULT
    names = [*DIMENSIONS, *(m for d in DEFAULT.risk.values() for m in d.metrics), *CRITERIA]
    left_out = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    risk = {
        name: dimension.model_copy(
            update={
                "weight": draw(st.floats(0.01, 1)),
                "metrics": {
                    m: metric.model_copy(
                        update={"weight": draw(st.sampled_from([0.1, 1, 1, 5])), "veto": draw(st.booleans())}
                    )
                    for m, metric in dimension.metrics.items()
                },
            }
        )
        for name, dimension in DEFAULT.risk.items()
    }
    return DEFAULT.model_copy(
        update={
            "gates": tuple(draw(any_gate(f"g{n}")) for n in range(draw(st.integers(0, 3)))),
            "risk": risk,
            "not_applicable": tuple(NotApplicable(metric=name, reason="not here") for name in left_out),
        }
    )


def inputs_of(values: Values, history: tuple[DeploymentOutcome, ...] = ()) -> ReadinessInputs:
    signals = {kind: a_signal(kind, metrics) for kind, metrics in values.items()}
    return ReadinessInputs(a_release(), NOW, {kind: stored(signal) for kind, signal in signals.items()}, history)


def stored(signal: Signal) -> tuple[StoredSignal, ...]:
    return (StoredSignal(signal_key("v1", signal.kind), signal),)


def assess(inputs: ReadinessInputs, policy: Policy) -> tuple[RiskAssessment, Decision]:
    risk = score(inputs, policy)
    return risk, decide(inputs, risk, evaluate(inputs, policy), policy)


def rank(decision: DecisionStatus, *, no_go_is_one: bool) -> int:
    order = ORDER.index(decision)
    return min(order, ORDER.index(DecisionStatus.INCONCLUSIVE)) if no_go_is_one else order


def assert_not_better(before: ReadinessInputs, after: ReadinessInputs, policy: Policy, *, deleted: bool) -> None:
    risk_before, decision_before = assess(before, policy)
    risk_after, decision_after = assess(after, policy)
    assert risk_after.risk >= risk_before.risk
    assert LEVELS.index(risk_after.level) >= LEVELS.index(risk_before.level)
    ranks = [rank(d.decision, no_go_is_one=deleted) for d in (decision_before, decision_after)]
    assert ranks[1] >= ranks[0], (decision_before.rule, decision_after.rule)
    if not deleted:
        assert (risk_after.risk_measured or 0) >= (risk_before.risk_measured or 0)


WORSE_WORD = {"A": "B", "B": "C", "C": "D", "D": "E", "E": "E", "approved": "pending", "pending": "rejected"}


def worse(kind: SignalKind, name: str, value: MetricValue, by: float) -> MetricValue:
    """The value, worse by some amount in the direction the metrics table gives; the same where it gives none."""
    if isinstance(value, str):
        return WORSE_WORD.get(value, value)
    if isinstance(value, bool):
        return False
    step = round(by) if isinstance(value, int) else by
    match fact(kind, name, "better"):
        case "lower":
            return min(value + step, highest(kind, name) or float("inf"))
        case "higher":
            return max(value - step, 0)
    return value


METRICS = [(kind, name) for kind in SignalKind for name in SIGNAL_METRICS[kind].model_fields]


def with_metrics(values: Values, kind: SignalKind, metrics: dict[str, MetricValue]) -> Values:
    return {**values, kind: metrics}


def without(values: Values, kind: SignalKind, name: str) -> Values:
    return with_metrics(values, kind, {n: v for n, v in values[kind].items() if n != name})


def test_the_builders_know_every_metric() -> None:
    assert {kind: set(metrics) for kind, metrics in GOOD.items()} == {
        kind: set(model.model_fields) for kind, model in SIGNAL_METRICS.items()
    }


@pytest.mark.parametrize(("kind", "name"), METRICS)
@pytest.mark.parametrize("by", [0.001, 1, 50, 1e6])
def test_worsening_any_metric_of_a_good_release_never_improves(kind: SignalKind, name: str, by: float) -> None:
    before = good_inputs()
    metrics = {**GOOD[kind], name: worse(kind, name, GOOD[kind][name], by)}
    assert_not_better(before, good_inputs(a_signal(kind, metrics)), DEFAULT, deleted=False)


@pytest.mark.parametrize(("kind", "name"), METRICS)
def test_deleting_any_metric_of_a_good_release_never_improves(kind: SignalKind, name: str) -> None:
    metrics = {n: value for n, value in GOOD[kind].items() if n != name}
    assert_not_better(good_inputs(), good_inputs(a_signal(kind, metrics)), DEFAULT, deleted=True)


@EXAMPLES
@given(
    values=any_values,
    history=any_history,
    policy=any_policy(),
    metric=st.sampled_from(METRICS),
    by=st.floats(0, 100) | st.floats(0, 10_000),
)
def test_worsening_any_metric_never_improves(
    values: Values,
    history: tuple[DeploymentOutcome, ...],
    policy: Policy,
    metric: tuple[SignalKind, str],
    by: float,
) -> None:
    kind, name = metric
    assume(name in values[kind])
    after = with_metrics(values, kind, {**values[kind], name: worse(kind, name, values[kind][name], by)})
    assert_not_better(inputs_of(values, history), inputs_of(after, history), policy, deleted=False)


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy(), data=st.data())
def test_deleting_any_metrics_never_improves(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy, data: st.DataObject
) -> None:
    present = [(kind, name) for kind, metrics in values.items() for name in metrics]
    assume(present)
    after = values
    for kind, name in data.draw(st.lists(st.sampled_from(present), min_size=1, max_size=6, unique=True)):
        after = without(after, kind, name)
    assert_not_better(inputs_of(values, history), inputs_of(after, history), policy, deleted=True)


@EXAMPLES
@given(
    values=any_values,
    history=any_history,
    policy=any_policy(),
    kinds=st.sets(st.sampled_from(SignalKind), min_size=1),
    stale=st.booleans(),
)
def test_deleting_any_signals_or_letting_them_go_stale_never_improves(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy, kinds: set[SignalKind], stale: bool
) -> None:
    before = inputs_of(values, history)
    left: dict[SignalKind, tuple[StoredSignal, ...]] = {}
    for kind, signals in before.signals.items():
        signal = signals[0].signal
        assert signal is not None
        old = stored(signal.model_copy(update={"measured_at": NOW - STALE}))
        left[kind] = signals if kind not in kinds else old if stale else ()
    assert_not_better(before, replace(before, signals=left), policy, deleted=True)


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_deleting_the_history_never_improves(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy
) -> None:
    assert_not_better(inputs_of(values, history), inputs_of(values), policy, deleted=True)


@EXAMPLES
@given(values=any_values, clean=st.integers(1, 9), policy=any_policy(), minutes=st.floats(0, 10_000) | st.none())
def test_a_first_failed_deployment_never_improves(
    values: Values, clean: int, policy: Policy, minutes: float | None
) -> None:
    history = tuple(a_deployment(10 + days) for days in range(clean))
    restored = None if minutes is None else NOW - timedelta(days=10) + timedelta(minutes=minutes)
    failed = (*history[1:], a_deployment(10, outcome="failed", restored_at=restored))
    before, after = inputs_of(values, history), inputs_of(values, failed)
    assert_not_better(before, after, policy, deleted=minutes is None)


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_nothing_is_approved_with_a_blocking_gate_failed_missing_or_stale(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy
) -> None:
    _, decision = assess(inputs_of(values, history), policy)
    blocking = [g for g in decision.gates if g.enforcement is Enforcement.BLOCKING]
    if any(g.status in (GateStatus.FAILED, GateStatus.NO_EVIDENCE) for g in blocking):
        assert not decision.approved
    if any(g.status is GateStatus.FAILED for g in blocking):
        assert decision.decision is DecisionStatus.BLOCKED


def catastrophe(dimension: str) -> tuple[Values, tuple[DeploymentOutcome, ...]]:
    """Every metric of a dimension as bad as its curve knows."""
    values: Values = {}
    history: tuple[DeploymentOutcome, ...] = ()
    for metric in DEFAULT.risk[dimension].metrics.values():
        if metric.signal is None:
            history = (a_deployment(20, outcome="rolled_back", restored_at=NOW, incidents=3),)
            continue
        for name in metric.field:
            worst = worse(metric.signal, name, GOOD[metric.signal][name], 1_000_000)
            values.setdefault(metric.signal, {})[name] = worst
    return values, history


@pytest.mark.parametrize("dimension", DIMENSIONS)
@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_one_catastrophic_dimension_is_never_approved(
    dimension: str, values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy
) -> None:
    named = {dimension, *DEFAULT.risk[dimension].metrics}
    policy = policy.model_copy(
        update={"not_applicable": tuple(entry for entry in policy.not_applicable if entry.metric not in named)}
    )
    bad, bad_history = catastrophe(dimension)
    for kind, metrics in bad.items():
        values = with_metrics(values, kind, {**values[kind], **metrics})
    risk, decision = assess(inputs_of(values, bad_history or history), policy)
    assert not decision.approved
    assert LEVELS.index(risk.level) >= LEVELS.index(RiskLevel.HIGH)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_catastrophic_dimension_in_a_good_release_is_blocked_without_any_gate(dimension: str) -> None:
    bad, bad_history = catastrophe(dimension)
    inputs = inputs_of(
        {kind: {**GOOD[kind], **bad.get(kind, {})} for kind in SignalKind}, bad_history or (a_deployment(),)
    )
    _, decision = assess(inputs, DEFAULT.model_copy(update={"gates": ()}))
    assert decision.decision is DecisionStatus.BLOCKED
    assert decision.rule.startswith("A catastrophic measurement vetoes")


@EXAMPLES
@given(data=st.data(), dimension=st.sampled_from(DIMENSIONS))
def test_each_curve_is_monotone(data: st.DataObject, dimension: str) -> None:
    metric = DEFAULT.risk[dimension].metrics[data.draw(st.sampled_from(sorted(DEFAULT.risk[dimension].metrics)))]
    low, high = sorted(data.draw(st.tuples(st.floats(-10, 1e5), st.floats(-10, 1e5) | st.floats(0, 100))))
    risks = [metric.risk_at(low), metric.risk_at(high)]
    assert all(0 <= risk <= 100 for risk in risks)
    assert risks == sorted(risks, reverse=metric.better == "higher")


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy(), order=st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_does_not_matter(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy, order: Any
) -> None:
    def shuffled(mapping: dict[Any, Any]) -> dict[Any, Any]:
        return dict(order.sample(list(mapping.items()), len(mapping)))

    mixed = {kind: shuffled(metrics) for kind, metrics in shuffled(values).items()}
    backwards = tuple(sorted(history, key=lambda d: d.deployed_at))
    assert assess(inputs_of(values, history), policy) == assess(inputs_of(mixed, backwards), policy)


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_the_numbers_hang_together(values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy) -> None:
    risk, decision = assess(inputs_of(values, history), policy)
    assert 0 <= risk.risk <= 100
    assert risk.risk_measured is None or 0 <= risk.risk_measured <= risk.risk
    assert sum(m.contribution for d in risk.dimensions for m in d.metrics) == pytest.approx(risk.risk)
    assert sum(d.weight for d in risk.dimensions) == pytest.approx(1)
    assert 0 <= risk.measured_share <= 1
    assert decision.approved == (decision.verdict == "GO")
    assert (decision.decision is DecisionStatus.BLOCKED) == bool(decision.blockers)
