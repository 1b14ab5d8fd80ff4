"""Rollouts as people ask for them: begun only with a GO, one at a time in an environment, ordered about, looked at."""

from collections.abc import Callable

from ..agents.deployment_readiness.rollout.step import begin
from ..bus.envelope import Event
from ..bus.events import DeploymentStarted
from ..config.rollout_sections import RolloutSection
from ..config.settings import Settings
from ..core.errors import ConflictError, InputError, NotFoundError, ServiceUnavailable, TaskVetoed
from ..core.log import Logger
from ..core.ports import Executor, MetricSource
from ..core.records.audit import AuditDraft
from ..core.records.history import HISTORY_KEY, read_history
from ..core.records.notices import Level, Notice
from ..core.records.readiness import GO
from ..core.records.rollout import GivenOrder, Order, Rollout, order_key, rollout_key
from ..core.registry import did_you_mean
from ..memory.audit import audited
from .notify import Channel, named_channel
from .notifying import send
from .rollout_guard import heartbeat
from .rollout_parts import Wanted, executor, plan, source, target
from .rollout_runner import RolloutRunner
from .rollout_setup import with_setup
from .runtime import Runtime
from .situations import Assessed, last_assessed

ALL = rollout_key("*")

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
    _check_go(assessed, environment)
    release = assessed.decision.release
    section = target(runtime.settings, release.environment)
    _check_told(runtime.settings, section)
    await _check_alone(runtime, release.environment)
    await _check_parts(executor(section, wanted.strategy), source(section))
    now = runtime.clock.now()
    wanted = await with_setup(runtime, wanted, version=version, environment=release.environment)
    planned = plan(section, release, await served_before(runtime, version, release.environment), wanted, now)
    rollout = Rollout(plan=planned, state=begin(planned), runner=runtime.bus.name, updated_at=now)
    started = DeploymentStarted(
        version=version,
        environment=release.environment,
        rollout=planned.id,
        percent=rollout.state.percent,
        reason=f"{planned.strategy} by {by}, decision {assessed.decision.decision}",
        commit=release.commit,
    )
    event = Event.of(started, source=runtime.bus.name, time=now, subject=version, correlation_id=planned.id)
    draft = AuditDraft(
        action=started.event_type,
        actor=by,
        subject=version,
        details={"rollout": planned.id, "environment": release.environment, "commit": release.commit},
    )
    memory = runtime.memory
    writes = [
        memory.prepare_store(rollout_key(planned.id), rollout, expected_version=0),
        memory.prepare_store("aqe/deployment/status", rollout),
        runtime.bus.prepare(event),
    ]
    await audited(memory, [draft], now, lambda chain: memory.apply([*writes, *chain]))
    return rollout


async def served_before(runtime: Runtime, version: str, environment: str) -> str | None:
    """The last other version that was deployed to an environment and stayed; None when none is recorded."""
    stayed = [
        item.version
        for item in read_history(await runtime.memory.retrieve(HISTORY_KEY) or ())
        if item.environment == environment and item.outcome == "success" and item.version != version
    ]
    return stayed[-1] if stayed else None


async def run_rollout(runtime: Runtime, rollout: Rollout, *, seen: Callable[[Rollout], None]) -> Rollout:
    """Run it to its end in this process.

    Raises:
        InputError: another process took it over.
    """
    section = target(runtime.settings, rollout.plan.environment)
    moves = executor(section, rollout.plan.strategy)
    runner = RolloutRunner(runtime, rollout.plan.id, moves, source(section), seen=seen)
    return await runner.run()


async def give_order(runtime: Runtime, version: str, order: Order, *, by: str, reason: str) -> Rollout:
    """Ask the runner of the version's rollout to do something; returns the rollout as it is before that.

    Raises:
        NotFoundError: no rollout of it runs.
        ConflictError: another order waits.
    """
    rollout = await latest_rollout(runtime, version)
    if rollout.state.phase.is_final:
        raise NotFoundError(f"no rollout of {version} runs: the last one ended {rollout.state.phase}")
    given = GivenOrder(order=order, by=by, at=runtime.clock.now(), reason=reason)
    try:
        await runtime.memory.store(order_key(rollout.plan.id), given, expected_version=0)
    except ConflictError as error:
        raise ConflictError("another order waits to be obeyed", hint="look, then try again") from error
    return rollout


async def roll_back(
    runtime: Runtime, version: str, *, by: str, reason: str, seen: Callable[[Rollout], None]
) -> Rollout:
    """Take a version back that was promoted, in this process; one that is still rolled out is ordered to be aborted.

    Raises:
        NotFoundError: no rollout of it.
        InputError: it was taken back already, or another version was deployed there since.
    """
    rollout = await latest_rollout(runtime, version)
    if not rollout.state.phase.is_final:
        return await give_order(runtime, version, Order.ABORT, by=by, reason=reason)
    environment = rollout.plan.environment
    newest = next(one for one in await all_rollouts(runtime) if one.plan.environment == environment)
    if newest.plan.id != rollout.plan.id:
        raise InputError(f"{newest.plan.version} was rolled out to {environment} since: that is what can be taken back")
    section = target(runtime.settings, environment)
    runner = RolloutRunner(
        runtime, rollout.plan.id, executor(section, rollout.plan.strategy), source(section), seen=seen
    )
    seen(await runner.take_back(GivenOrder(order=Order.ABORT, by=by, at=runtime.clock.now(), reason=reason)))
    return await runner.run()


async def latest_rollout(runtime: Runtime, version: str) -> Rollout:
    """The last one of a version; NotFoundError when there is none."""
    for rollout in await all_rollouts(runtime):
        if rollout.plan.version == version:
            return rollout
    raise NotFoundError(f"no rollout of {version}", hint=f"aqe deploy execute --version {version}")


async def all_rollouts(runtime: Runtime) -> list[Rollout]:
    """All that are known, the latest first."""
    found = await runtime.memory.retrieve_pattern(ALL)
    rollouts = [Rollout.from_value(value, where=key) for key, value in found.items()]
    return sorted(rollouts, key=lambda rollout: rollout.plan.started_at, reverse=True)


async def is_run(runtime: Runtime, rollout: Rollout) -> bool:
    """True while a runner's heartbeat is there."""
    key = heartbeat(runtime.settings.prefix, rollout.plan.id)
    return bool(await runtime.clients.commands.execute_command("EXISTS", key))  # type: ignore[no-untyped-call]


async def orphaned(runtime: Runtime) -> list[Rollout]:
    """Rollouts that are not at their end and that nobody runs."""
    return [
        rollout
        for rollout in await all_rollouts(runtime)
        if not rollout.state.phase.is_final and not await is_run(runtime, rollout)
    ]


def alert_channel(settings: Settings, name: str, say: Callable[[str], None]) -> Channel:
    """A channel of aqe.yaml by its name, else the first of this kind; InputError when there is none."""
    if name not in settings.notify:
        name = next((known for known, section in settings.notify.items() if section.kind == name), name)
    return named_channel(settings, name, say)


async def alert(channel: Channel, rollout: Rollout) -> None:
    """Tell a channel where a rollout stands; that it is not told does not stop the watching."""
    plan, state = rollout.plan, rollout.state
    notice = Notice(
        event="deployment:alert-raised",
        subject=f"{plan.version} to {plan.environment}: {state.phase}",
        lines=(state.reason or "no reason is given", f"to look: aqe deploy monitor --version {plan.version}"),
        level=Level.FAILURE,
        at=rollout.updated_at,
    )
    try:
        await send(channel, notice)
    except ServiceUnavailable as error:
        log.warning("message was not taken", channel=channel.name, error=error.message)


def has_target(settings: Settings, rollout: Rollout) -> bool:
    """True when this process's aqe.yaml knows how to run it."""
    named = settings.targets.get(rollout.plan.environment)
    return named is not None and named.rollout is not None


def _check_go(assessed: Assessed, environment: str | None) -> None:
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


async def _check_alone(runtime: Runtime, environment: str) -> None:
    for rollout in await all_rollouts(runtime):
        if rollout.plan.environment == environment and not rollout.state.phase.is_final:
            raise InputError(
                f"rollout {rollout.plan.id} of {rollout.plan.version} to {environment} is at {rollout.state.phase}",
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
