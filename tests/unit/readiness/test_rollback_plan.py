"""How a release would be taken back."""

import pytest

from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.rollback_plan import rollback_plan
from aqe.config.policy import default_policy, parse_policy
from aqe.core.errors import InputError
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.rollback_plan import (
    Migration,
    Notice,
    PlannedRollout,
    RollbackPlan,
    Strategy,
    Surroundings,
    Way,
)
from aqe.core.records.evidence import Status
from aqe.core.records.rollouts.rollback_rules import RolloutTrigger
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import a_deployment, a_good_signal, some_inputs


def policy(text: str) -> Policy:
    return parse_policy(f"deployment_gates: {{}}\n{text}".encode(), name="mine", where="p.yaml")


def plan(
    *history: DeploymentOutcome, around: Surroundings | None = None, rules: Policy | None = None,
    inputs: ReadinessInputs | None = None,
) -> RollbackPlan:  # fmt: skip
    return rollback_plan(inputs or some_inputs(history=history), rules or default_policy(), around or Surroundings())


def test_it_returns_to_the_last_success_of_the_environment() -> None:
    made = plan(
        a_deployment(40, version="v0.7"),
        a_deployment(30, version="v0.8"),
        a_deployment(20, version="v0.9", outcome="rolled_back"),
        a_deployment(5, version="v1"),
        a_deployment(1, version="v0.9", environment="staging"),
    )
    assert made.return_to.value == "v0.8"
    assert "v0.8" in made.steps[1].action


def test_without_a_success_there_is_no_version_to_return_to() -> None:
    made = plan(a_deployment(outcome="failed"))
    assert made.return_to.reason == "no other version is recorded as deployed to production with success"
    assert "not recorded" in made.steps[1].action


def test_time_is_that_of_recorded_rollbacks() -> None:
    none = plan(a_deployment(outcome="rolled_back")).estimated_s
    assert none.reason == "no rollback with its duration is recorded at aqe/deployment/history"
    past = [a_deployment(d, outcome="rolled_back", rollback_s=s) for d, s in ((3, 40.0), (9, 90.0), (20, 60.0))]
    elsewhere = a_deployment(4, outcome="rolled_back", rollback_s=9000.0, environment="staging")
    made = plan(*past, elsewhere)
    assert (made.estimated_s.value, made.worst_s.value) == (60, 90)
    assert made.estimated_s.evidence and made.estimated_s.evidence.tool == "median of 3"


def test_the_triggers_are_the_policys() -> None:
    assert [trigger.words for trigger in plan().triggers] == [
        "error rate above 5 % for 2 min",
        "p95 latency above 1000 ms for 5 min",
        "availability below 99.5 % for 1 min",
    ]
    own = policy("rollback: {triggers: {checkout_conversion_percent: {below: 80, for: 90s}}}")
    assert [trigger.words for trigger in plan(rules=own).triggers] == ["checkout conversion below 80 % for 1.5 min"]


@pytest.mark.parametrize("way", Way)
def test_a_way_back_of_a_migration_is_destructive_and_never_automatic(way: Way) -> None:
    migration = Migration(path="migrations/1_a.sql", tool="sql", way_back=way, loses=("DROP TABLE a",))
    made = plan(around=Surroundings(migrations=(migration,), change="v0..v1"))
    (step,) = [step for step in made.steps if "migrations/1_a.sql" in step.action]
    assert (step.destructive, step.automated) == (True, False)
    assert step.why_destructive and step.why_destructive.endswith("DROP TABLE a")
    assert made.migrations_known.value == 1


def test_migrations_go_back_in_reverse_order() -> None:
    found = tuple(Migration(path=f"migrations/{n}.sql", tool="sql", way_back=Way.WRITTEN) for n in (1, 2))
    actions = [
        step.action for step in plan(around=Surroundings(migrations=found, change="x")).steps if step.destructive
    ]
    assert ["2.sql" in actions[0], "1.sql" in actions[1]] == [True, True]


@pytest.mark.parametrize(
    ("step", "destructive", "automated"),
    [
        ("{action: Empty the cache, command: redis-cli FLUSHDB, automatic: true}", True, False),
        ("{action: Flush, command: redis-cli flushall, automatic: true}", True, False),
        ("{action: Old schema, command: alembic downgrade -1, automatic: true}", True, False),
        ("{action: Clean, command: rm -rf cache, automatic: true}", True, False),
        ("{action: Warm the cache, command: ./warm.sh, automatic: true}", False, True),
        ("{action: Warm the cache, command: ./warm.sh}", False, False),
    ],
)
def test_an_own_step_is_automatic_only_when_nothing_is_lost(step: str, destructive: bool, automated: bool) -> None:
    made = plan(rules=policy(f"rollback: {{steps: [{step}]}}"))
    own = made.steps[3]
    assert (own.destructive, own.automated, own.why_destructive is not None) == (destructive, automated, destructive)
    assert [s.number for s in made.steps] == list(range(1, len(made.steps) + 1))


def test_nobody_looked_is_not_no_migration() -> None:
    made = plan(around=Surroundings(problem="v0 is no tag here"))
    assert (made.migrations_known.status, made.migrations_known.reason) == (Status.NOT_MEASURED, "v0 is no tag here")


def test_whether_migrations_were_tested_is_evidence() -> None:
    made = plan(inputs=some_inputs(a_good_signal(SignalKind.OPERATIONS)))
    assert made.migrations_tested.value is True
    assert plan().migrations_tested.status is Status.NOT_MEASURED


@pytest.mark.parametrize("strategy", [None, *Strategy])
def test_traffic_goes_back_as_it_came(strategy: Strategy | None) -> None:
    notice = Notice(who="on-call", channel="pager", when="a rollback begins")
    made = plan(around=Surroundings(strategy=strategy, notices=(notice,)))
    assert made.strategy is strategy
    assert made.notices == (notice,)
    assert not any(step.automated for step in made.steps), "nothing here carries it out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rollback: {triggers: {error_rate_percent: {above: 5}}}", "for of error_rate_percent: None is not a duration"),
        ("rollback: {triggers: {a: {above: 5, below: 3, for: 1m}}}", "a trigger has `above` or `below`"),
        ("rollback: {triggers: {a: {abov: 5, for: 1m}}}", "unknown key 'abov', did you mean 'above'?"),
        ("rollback: {triggers: {a: {above: .nan, for: 1m}}}", "finite"),
        ("rollback: {steps: {action: x}}", "rollback.steps is a list"),
        ("rollback: {steps: [{command: x}]}", "rollback.steps.0.action is missing"),
        ("rollback: {step: []}", "unknown key 'step', did you mean 'steps'?"),
    ],
)
def test_a_mistake_in_the_policy_is_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        policy(text)
    assert caught.value.message.startswith("p.yaml:2: ") and said in caught.value.message


@pytest.mark.parametrize(("executor", "automated"), [("haproxy", True), ("dry-run", False), (None, False)])
def test_what_a_rollout_of_ours_does_by_itself_is_automatic(executor: str | None, automated: bool) -> None:
    """Never what throws data away; and its own limits are told apart from the policy's."""
    limits = {"latency_p95_ms": RolloutTrigger(above=800, for_s=120)}
    rollout = (
        PlannedRollout(executor=executor, stages=(5, 100), stage_s=300, watch_s=0, triggers=limits)
        if executor
        else None
    )
    migration = Migration(path="m/1.sql", tool="sql", way_back=Way.MISSING)
    made = plan(around=Surroundings(rollout=rollout, migrations=(migration,), change="v0..v1"))
    assert [step.automated for step in made.steps[:4]] == [automated] * 3 + [False]
    assert [one.metric for one in made.watched] == (["latency_p95_ms"] if executor else [])
    assert "error_rate_percent" in {one.metric for one in made.triggers}
