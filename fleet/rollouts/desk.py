"""Rollouts as people ask for them: begun only with a GO, one at a time in an environment, ordered about, looked at."""

from collections.abc import Callable
from contextlib import suppress

from ...agents.deployment_readiness.rollout.orders import idle, idle_regional
from ...agents.deployment_readiness.rollout.settling import is_settling
from ...agents.deployment_readiness.rollout.step import begin
from ...bus.envelope import Event
from ...bus.events import DeploymentStarted
from ...config.rollout_sections import RolloutSection
from ...config.settings import Settings
from ...core.errors import ConflictError, InputError, NotFoundError, ServiceUnavailable, TaskVetoed
from ...core.log import Logger
from ...core.ports import Executor, MetricSource
from ...core.records.audit import AuditDraft
from ...core.records.decisions.history import HISTORY_KEY, read_history
from ...core.records.decisions.readiness import GO
from ...core.records.release import Release, check_version
from ...core.records.rollouts.regions import Regional, regional_key
from ...core.records.rollouts.rollout import (
    GivenOrder,
    Order,
    Phase,
    Rollout,
    RolloutPlan,
    order_key,
    place_of,
    rollout_key,
)
from ...core.registry import did_you_mean
from ...core.writes import Write
from ...memory.audit import audited
from ..decisions.situations import Assessed, last_assessed
from ..messages.notify import Channel, named_channel
from ..runtime import Runtime
from .defaults import with_setup
from .guard import heartbeat
from .parts import Wanted, executor, plan, source, target, unmeasured, wanted_of
from .runner import STATUS_KEY, RolloutRunner, TakenOverError, beating

ALL = rollout_key("*")

START_TRIES = 5
"""Rollouts of other environments change the status at each of their looks."""

log = Logger("rollout")


async def start_rollout(runtime: Runtime, version: str, wanted: Wanted, *, environment: str | None, by: str) -> Rollout:
    """Check that it may, and store it; nothing has moved yet.

    Args:
        runtime: the open parts.
        version: what is to be deployed.
        wanted: how.
        environment: None = that of the decision.
        by: who asks.

    Raises:
        TaskVetoed: the release has no GO for this environment.
        InputError: not assessed, no target, or another rollout runs there.
        ServiceUnavailable: executor or metrics do not answer.
    """
    assessed = await last_assessed(runtime, version)
    check_go(assessed, environment)
    for last in (*[False] * (START_TRIES - 1), True):
        # Of two that begin at once both see nobody else: the second finds the status changed, and looks again.
        status = await runtime.memory.retrieve_record(STATUS_KEY)
        planned = await _planned(runtime, assessed.decision.release, wanted)
        reason = f"{planned.strategy} by {by}, decision {assessed.decision.decision}"
        try:
            return await _stored(runtime, planned, reason, by, status_version=status.version if status else 0)
        except ConflictError:
            if last:
                raise
    raise AssertionError("the last try returns or raises")


async def start_in_region(runtime: Runtime, regional: Regional, region: str, *, owned: Write) -> Rollout:
    """Begin a region's rollout: checked and stored; nothing has moved yet.

    Args:
        runtime: the open parts.
        regional: the release in several regions.
        region: one of them.
        owned: fails when somebody else coordinates the release by now; then nothing is stored.

    Raises:
        TaskVetoed: the release has no GO any more.
        InputError: not assessed, no target, or another rollout runs there.
        ServiceUnavailable: executor or metrics do not answer.
        ConflictError: somebody else coordinates it, or it has begun already.
    """
    whole = regional.plan
    assessed = await last_assessed(runtime, whole.version)
    check_go(assessed, whole.environment)
    planned = await _planned(runtime, assessed.decision.release, wanted_of(whole.how), region)
    planned = planned.model_copy(update={"id": regional.rollout(region), "held": True})
    return await _stored(runtime, planned, f"wave of {regional.id}", runtime.bus.name, owned)


async def _planned(runtime: Runtime, release: Release, wanted: Wanted, region: str | None = None) -> RolloutPlan:
    environment = release.environment
    section = target(runtime.settings, environment, region)
    _check_told(runtime.settings, section)
    await _check_alone(runtime, environment, region)
    await _check_parts(executor(section, wanted.strategy), source(section))
    wanted = await with_setup(runtime, wanted, version=release.version, environment=environment)
    baseline = await served_before(runtime, release.version, environment, region)
    made = plan(section, release, baseline, wanted, runtime.clock.now())
    for metric in unmeasured(section, made):
        log.warning("nothing measures it, so its limit takes nothing back: rollout.metrics in aqe.yaml", metric=metric)
    return made.model_copy(update={"region": region})


async def _stored(
    runtime: Runtime, planned: RolloutPlan, reason: str, by: str, *owned: Write, status_version: int | None = None
) -> Rollout:
    """With its event and its entry in the audit log, in one transaction."""
    now, version = planned.started_at, planned.version
    rollout = Rollout(plan=planned, state=begin(planned), runner=runtime.bus.name, updated_at=now)
    started = DeploymentStarted(
        version=version,
        environment=planned.environment,
        region=planned.region,
        rollout=planned.id,
        percent=rollout.state.percent,
        reason=reason,
        commit=planned.commit,
    )
    event = Event.of(started, source=runtime.bus.name, time=now, subject=version, correlation_id=planned.id)
    details = {"rollout": planned.id, "environment": place_of(planned), "commit": planned.commit}
    draft = AuditDraft(action=started.event_type, actor=by, subject=version, details=details)
    memory = runtime.memory
    writes = [
        *owned,
        memory.prepare_store(rollout_key(planned.id), rollout, expected_version=0),
        memory.prepare_store(STATUS_KEY, rollout, expected_version=status_version),
        runtime.bus.prepare(event),
    ]
    await audited(memory, [draft], now, lambda chain: memory.apply([*writes, *chain]))
    return rollout


async def served_before(runtime: Runtime, version: str, environment: str, region: str | None = None) -> str | None:
    """The last other version that was deployed there and stayed; None when none is recorded."""
    stayed = [
        item.version
        for item in read_history(await runtime.memory.retrieve(HISTORY_KEY) or ())
        if item.environment == environment and item.region in (None, region)
        if item.outcome == "success" and item.version != version
    ]
    return stayed[-1] if stayed else None


async def run_rollout(runtime: Runtime, rollout: Rollout, *, seen: Callable[[Rollout], None]) -> Rollout:
    """Run it to its end in this process.

    Raises:
        TakenOverError: another process took it over.
    """
    return await runner_of(runtime, rollout, seen=seen).run()


def runner_of(
    runtime: Runtime, rollout: Rollout, *, seen: Callable[[Rollout], None] = lambda rollout: None
) -> RolloutRunner:
    """A runner in this process; InputError when aqe.yaml does not know its target."""
    section = target(runtime.settings, rollout.plan.environment, rollout.plan.region)
    moves = executor(section, rollout.plan.strategy)
    return RolloutRunner(runtime, rollout.plan.id, moves, source(section), seen=seen)


async def give_order(
    runtime: Runtime, version: str, order: Order, *, by: str, reason: str, region: str | None = None
) -> str:
    """Ask whoever runs the version's rollout to do something; returns the id of the rollout.

    Args:
        runtime: the open parts.
        version: of the release.
        order: what is asked.
        by: who asks.
        reason: in words.
        region: None = the whole; of a release in several regions that is all of them.

    Raises:
        NotFoundError: no rollout of it runs.
        InputError: it would change nothing, unless it is to be taken back, which it may be twice.
        ConflictError: another order waits.
    """
    regional = await regional_of(runtime, version) if region is None else None
    if regional is not None and not regional.state.phase.is_final:
        _check_obeyed(version, order, regional.state.phase, idle_regional(regional.state.phase, order))
        return await _ordered(runtime, regional.id, order, by, reason)
    rollout = await latest_rollout(runtime, version, region)
    if rollout.state.phase.is_final:
        hint = f"aqe deploy rollback --version {version}" if rollout.state.phase is Phase.PROMOTED else None
        raise NotFoundError(f"no rollout of {version} runs: the last one ended {rollout.state.phase}", hint=hint)
    _check_obeyed(version, order, rollout.state.phase, idle(rollout.state, order))
    return await _ordered(runtime, rollout.plan.id, order, by, reason)


def _check_obeyed(version: str, order: Order, phase: str, why_not: str | None) -> None:
    if why_not is not None and order is not Order.ABORT:
        raise InputError(f"{version} is at {phase}: {order} changes nothing, {why_not}")


async def _ordered(runtime: Runtime, id: str, order: Order, by: str, reason: str) -> str:
    given = GivenOrder(order=order, by=by, at=runtime.clock.now(), reason=reason)
    try:
        await runtime.memory.store(order_key(id), given, expected_version=0)
    except ConflictError as error:
        raise ConflictError("another order waits to be obeyed", hint="look, then try again") from error
    return id


async def roll_back(
    runtime: Runtime, version: str, *, by: str, reason: str, seen: Callable[[Rollout], None], region: str | None = None
) -> Rollout:
    """Take a version back that was promoted, in this process; one that is still rolled out is ordered to be aborted.

    Returns:
        The rollout; not at its end where another process takes it back.

    Raises:
        NotFoundError: no rollout of it.
        InputError: it was taken back already, or another version was deployed there since.
    """
    rollout = await latest_rollout(runtime, version, region)
    if not rollout.state.phase.is_final:
        await give_order(runtime, version, Order.ABORT, by=by, reason=reason, region=region)
        return rollout
    place, newest = place_of(rollout.plan), await latest_at(runtime, rollout)
    if newest.plan.id != rollout.plan.id:
        raise InputError(f"{newest.plan.version} was rolled out to {place} since: that is what can be taken back")
    runner = runner_of(runtime, rollout, seen=seen)
    with beating(runtime, rollout.plan.id), suppress(TakenOverError):
        seen(await runner.take_back(GivenOrder(order=Order.ABORT, by=by, at=runtime.clock.now(), reason=reason)))
        return await runner.run()
    return await latest_rollout(runtime, version, region)


async def latest_rollout(runtime: Runtime, version: str, region: str | None = None) -> Rollout:
    """The last one of a version, or of it in a region; NotFoundError when there is none."""
    check_version(version)
    for rollout in await all_rollouts(runtime):
        if rollout.plan.version == version and region in (None, rollout.plan.region):
            return rollout
    where = f" in {region}" if region else ""
    raise NotFoundError(f"no rollout of {version}{where}", hint=f"aqe deploy execute --version {version}")


async def watched_rollout(runtime: Runtime, version: str, region: str | None) -> Rollout:
    """The last one of a version, for whoever watches it: one region's must not stand for all of them.

    Raises:
        NotFoundError: there is none.
        InputError: it went to several regions and none is named.
    """
    rollout = await latest_rollout(runtime, version, region)
    if region is None and (known := rollout.plan.region):
        hint = f"all of them: aqe deploy multi-region --version {version} --watch; one: --region {known}"
        raise InputError(f"{version} went to several regions", hint=hint)
    return rollout


async def latest_at(runtime: Runtime, rollout: Rollout) -> Rollout:
    """The last one, of whatever version, to the place of this one."""
    place = place_of(rollout.plan)
    return next(one for one in await all_rollouts(runtime) if place_of(one.plan) == place)


async def regional_of(runtime: Runtime, version: str) -> Regional | None:
    """The latest release of the version to several regions."""
    return next((one for one in await all_regional(runtime) if one.plan.version == version), None)


async def all_regional(runtime: Runtime) -> list[Regional]:
    """All releases to several regions, the latest first."""
    found = await runtime.memory.retrieve_pattern(regional_key("*"))
    read = [Regional.from_value(value, where=key) for key, value in found.items()]
    return sorted(read, key=lambda regional: regional.started_at, reverse=True)


async def all_rollouts(runtime: Runtime) -> list[Rollout]:
    """All that are known, the latest first."""
    found = await runtime.memory.retrieve_pattern(ALL)
    rollouts = []
    for key, value in found.items():
        try:
            rollouts.append(Rollout.from_value(value, where=key))
        except InputError as error:  # one that nobody can read must not keep the others from being run
            log.warning("no rollout", key=key, error=error.message)
    return sorted(rollouts, key=lambda rollout: rollout.plan.started_at, reverse=True)


async def is_run(runtime: Runtime, rollout: str) -> bool:
    """True while the heartbeat of a runner of the rollout, by its id, is there."""
    key = heartbeat(runtime.settings.prefix, rollout)
    return bool(await runtime.clients.commands.execute_command("EXISTS", key))  # type: ignore[no-untyped-call]


async def orphaned(runtime: Runtime) -> list[Rollout]:
    """Rollouts that are not at their end, or whose metrics were still looked at after it, and that nobody runs."""
    return [
        rollout
        for rollout in await all_rollouts(runtime)
        if (not rollout.state.phase.is_final or is_settling(rollout.state))
        and not await is_run(runtime, rollout.plan.id)
    ]


async def orphaned_regional(runtime: Runtime) -> list[Regional]:
    """Releases to several regions that are not at their end and that nobody coordinates."""
    return [
        one for one in await all_regional(runtime) if not one.state.phase.is_final and not await is_run(runtime, one.id)
    ]


def alert_channel(settings: Settings, name: str, say: Callable[[str], None]) -> Channel:
    """A channel of aqe.yaml by its name, else the first of this kind; InputError when there is none."""
    if name not in settings.notify:
        name = next((known for known, section in settings.notify.items() if section.kind == name), name)
    return named_channel(settings, name, say)


def has_target(settings: Settings, environment: str, region: str | None) -> bool:
    """True when this process's aqe.yaml knows how releases get there."""
    named = settings.targets.get(environment)
    return named is not None and named.rollout is not None and (region is None or region in named.regions)


def check_go(assessed: Assessed, environment: str | None) -> None:
    """Raises TaskVetoed unless the release has a GO, for this environment where one is given."""
    decision = assessed.decision
    at = decision.release.environment
    if environment is not None and environment != at:
        raise TaskVetoed(
            f"{decision.version} was assessed for {at}, not for {environment}",
            hint=f"aqe deploy assess --version {decision.version} --env {environment}",
        )
    if decision.decision not in GO:
        raise TaskVetoed(
            f"{decision.version} has no GO for {at}: {decision.decision}: {decision.rule}",
            hint=f"aqe deploy explain --version {decision.version}",
        )


def _check_told(settings: Settings, section: RolloutSection) -> None:
    """A plan that tells nobody because of a misspelt name would be noticed when it is needed."""
    for name in section.tell:
        if name not in settings.notify:
            raise InputError(
                f"`tell` names {name!r}, which is no channel of `notify`{did_you_mean(name, settings.notify)}"
            )


async def _check_alone(runtime: Runtime, environment: str, region: str | None) -> None:
    """Regions of one release run beside each other; whatever else is rolled out to the environment does not."""
    for rollout in await all_rollouts(runtime):
        meets = region is None or rollout.plan.region in (None, region)
        if rollout.plan.environment == environment and meets and not rollout.state.phase.is_final:
            place = place_of(rollout.plan)
            raise InputError(
                f"rollout {rollout.plan.id} of {rollout.plan.version} to {place} is at {rollout.state.phase}",
                hint=f"aqe deploy abort --version {rollout.plan.version}",
            )


async def _check_parts(moves: Executor, measures: MetricSource) -> None:
    """Before anything moves: what is misspelt in aqe.yaml must not look like health later."""
    await moves.look()
    measured = await measures.read()
    if measured.baseline.requests is None or measured.baseline.errors is None:
        lacking = [name for name in ("requests", "errors") if getattr(measured.baseline, name) is None]
        raise ServiceUnavailable(
            f"the metrics have no value for {' and '.join(lacking)} of the baseline, which has all the traffic",
            hint="rollout.metrics.queries in aqe.yaml; `or vector(0)` where a counter begins with its first event",
        )
