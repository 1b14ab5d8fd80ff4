"""How a release would be taken back, from what is known: nothing of it is executed here.

What throws data away (a down migration, FLUSHDB) is never automatic, whoever asks for it. Time is that of recorded
rollbacks, or not measured.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from ...core.criteria import CRITERIA
from ...core.numbers import shown as number
from ...core.records.decisions.history import HISTORY_KEY, DeploymentOutcome
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.prediction import RollbackPrediction
from ...core.records.decisions.rollback_plan import (
    Migration,
    PlannedStep,
    PlannedTrigger,
    RollbackPlan,
    Strategy,
    Surroundings,
    Way,
)
from ...core.records.evidence import Evidence, Reading, measured, not_measured
from ...core.records.rollouts.rollback_rules import RollbackTrigger, RolloutTrigger
from .inputs import ReadinessInputs, Readings
from .words import unit_of

_DESTRUCTIVE = re.compile(
    r"\b(?:FLUSHDB|FLUSHALL|DROP|TRUNCATE|DELETE\s+FROM|downgrade|rm\s+-\w*[rf]|migrate\s+.*\bdown|db:rollback|"
    r"undo\w*|pg_restore|restore)\b",
    re.IGNORECASE,
)
"""Commands that throw data away, or put other data in its place."""
_SWITCH: Mapping[Strategy | None, str] = {
    Strategy.BLUE_GREEN: "Send all traffic back to the pool that runs {old}",
    Strategy.CANARY: "Set the weight of the canary to 0: all traffic goes to {old}",
    Strategy.ROLLING: "Replace the servers that run {new} by {old}, one after the other",
    None: "Send all traffic back to {old}",
}


def rollback_plan(
    inputs: ReadinessInputs, policy: Policy, around: Surroundings, prediction: RollbackPrediction | None = None
) -> RollbackPlan:
    """The plan for the release.

    Args:
        inputs, policy: as for an assessment.
        around: what only the project's folder knows.
        prediction: how likely the plan will be needed; None = nobody said.
    """
    release = inputs.release
    return_to = _return_to(inputs)
    return RollbackPlan(
        version=release.version,
        environment=release.environment,
        return_to=return_to,
        strategy=around.strategy,
        predicted_percent=prediction.probability_percent if prediction else None,
        predicted_level=prediction.level if prediction else None,
        predicted_by=f"{prediction.method} of {prediction.deployments} deployments" if prediction else None,
        rollout=around.rollout,
        watched=tuple(_triggers(around.rollout.triggers)) if around.rollout else (),
        triggers=tuple(_triggers(policy.rollback.triggers)),
        steps=tuple(_steps(inputs, policy, around, return_to)),
        migrations=around.migrations,
        migrations_known=measured(len(around.migrations), Evidence(tool="git", file=around.change))
        if around.change
        else not_measured(around.problem),
        migrations_tested=Readings(inputs, policy).read(CRITERIA["migrations_tested"]),
        notices=around.notices,
        estimated_s=_seconds(inputs, median, "median"),
        worst_s=_seconds(inputs, max, "longest"),
        policy=f"{policy.name} sha256:{policy.digest}",
        created_at=inputs.now,
    )


def _past(inputs: ReadinessInputs) -> list[DeploymentOutcome]:
    """Deployments to the release's environment and of its service, the latest first."""
    release = inputs.release
    past = [
        d
        for d in inputs.history
        if d.environment == release.environment and d.service in (None, release.service) and d.deployed_at <= inputs.now
    ]
    return sorted(past, key=lambda d: d.deployed_at, reverse=True)


def _return_to(inputs: ReadinessInputs) -> Reading:
    where = inputs.release.environment
    if inputs.history_problem:
        return not_measured(inputs.history_problem)
    for past in _past(inputs):
        if past.outcome == "success" and past.version != inputs.release.version:
            return measured(past.version, Evidence(key=HISTORY_KEY, commit=past.commit, measured_at=past.deployed_at))
    return not_measured(f"no other version is recorded as deployed to {where} with success")


def _triggers(triggers: Mapping[str, RollbackTrigger]) -> Iterator[PlannedTrigger]:
    return (_trigger(metric, one) for metric, one in triggers.items())


def _trigger(metric: str, one: RollbackTrigger) -> PlannedTrigger:
    side, limit = ("above", one.above) if one.above is not None else ("below", one.below or 0.0)
    unit = unit_of(metric)
    name = metric.removesuffix("_percent").removesuffix("_ms").removesuffix("_rps").replace("_", " ")
    minutes = f"{number(one.for_s / 60)} min" if one.for_s >= 60 else f"{number(one.for_s)} s"
    counters = one.counters if isinstance(one, RolloutTrigger) else None
    how_long = counters.words if counters else f"for {minutes}" if one.for_s else "once"
    words = f"{name} {side} {number(limit)}{unit} {how_long}"
    return PlannedTrigger(metric=metric, above=one.above, below=one.below, for_s=one.for_s, words=words)


def _steps(inputs: ReadinessInputs, policy: Policy, around: Surroundings, return_to: Reading) -> Iterator[PlannedStep]:
    old = str(return_to.value or "the version that ran before (not recorded)")
    new = inputs.release.version
    # A rollout of ours does these by itself.
    runs = around.rollout is not None and around.rollout.executor != "dry-run"
    drafts = [
        PlannedStep(number=0, action=action, automated=runs, destructive=False)
        for action in (
            f"Stop the rollout of {new}; let no other deployment begin",
            _SWITCH[around.strategy].format(old=old, new=new),
            f"Verify at the load balancer that {old} gets all requests and {new} none",
        )
    ]
    drafts += [_migration_step(migration) for migration in reversed(around.migrations)]
    drafts += [_own_step(step.action, step.command, automatic=step.automatic) for step in policy.rollback.steps]
    drafts += [
        PlannedStep(number=0, action=action, automated=False, destructive=False)
        for action in (
            "Watch what triggered the rollback until it is well again",
            "Tell the people named below",
            f"aqe deploy record-outcome --version {new} --outcome rolled_back",
        )
    ]
    for place, draft in enumerate(drafts, 1):
        yield draft.model_copy(update={"number": place})


def _migration_step(migration: Migration) -> PlannedStep:
    action, why = {
        Way.WRITTEN: ("Run the way back of", "a way back takes out what was written since"),
        Way.EMPTY: ("No way back (it is empty) from", "only a backup has the old state"),
        Way.MISSING: ("No way back is written for", "only a backup has the old state"),
        Way.UNKNOWN: ("Find out whether there is a way back from", "nobody could read the file"),
    }[migration.way_back]
    loses = f": {'; '.join(migration.loses)}" if migration.loses else ""
    return PlannedStep(
        number=0,
        action=f"{action} {migration.path} ({migration.tool}), if {migration.tool} has run it",
        automated=False,
        destructive=True,
        why_destructive=f"{why}{loses}",
    )


def _own_step(action: str, command: str | None, *, automatic: bool) -> PlannedStep:
    found = _DESTRUCTIVE.search(f"{command or ''} {action}")
    return PlannedStep(
        number=0,
        action=action,
        command=command,
        automated=automatic and not found,
        destructive=found is not None,
        why_destructive=f"{found[0]}: data may be lost" if found else None,
    )


def _seconds(inputs: ReadinessInputs, which: Callable[[Sequence[float]], float], name: str) -> Reading:
    took = [past.rollback_s for past in _past(inputs) if past.rollback_s is not None]
    if not took:
        return not_measured(f"no rollback with its duration is recorded at {HISTORY_KEY}")
    return measured(which(took), Evidence(key=HISTORY_KEY, tool=f"{name} of {len(took)}"))
