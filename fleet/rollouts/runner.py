"""Runs a rollout: look, step, save, act; again until it has ended.

The state is saved with the version it had: of two runners one is refused and ends. What is done afterwards (the share
that the executor is to have) is repeated at every look, so a runner may be killed at any point; the next one takes up
the saved state. Its heartbeat is written from a thread and goes HEARTBEAT_TTL_S after its death.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from redis.exceptions import RedisError

from ...agents.deployment_readiness.rollout.look import interval_s
from ...agents.deployment_readiness.rollout.moves import Happening, Kind
from ...agents.deployment_readiness.rollout.readiness import is_there
from ...agents.deployment_readiness.rollout.settling import is_settling, settle
from ...agents.deployment_readiness.rollout.step import reopen, step
from ...bus.envelope import Event
from ...bus.events import (
    DeploymentAlertRaised,
    DeploymentFinished,
    DeploymentPaused,
    DeploymentPromoted,
    DeploymentResumed,
    DeploymentRollbackStarted,
    DeploymentRolledBack,
    DeploymentStageAdvanced,
    Payload,
)
from ...bus.lease import Pulse
from ...core.clock import Clock, SteadyClock
from ...core.errors import AqeError, ConflictError, InputError
from ...core.log import Logger
from ...core.ports import Executor, MetricSource
from ...core.records.audit import AuditDraft
from ...core.records.release import DeploymentResult
from ...core.records.rollouts.health import DEPLOYMENT_ALERTS_KEY, MONITORING_KEY, alerts_of, health_of
from ...core.records.rollouts.hooks import EndedHook
from ...core.records.rollouts.rollout import GivenOrder, Order, Phase, Rollout, RolloutState, order_key, rollout_key
from ...core.writes import Write
from ...memory.audit import audited
from ..decisions.outcomes import Recorded, outcome_writes
from ..runtime import Runtime
from .guard import Presence, heartbeat, taken_back
from .parts import look, problem_of
from .stage_programs import HookRunner

STATUS_KEY = "aqe/deployment/status"
HEARTBEAT_EVERY_S = 1.0
HEARTBEAT_TTL_S = 4.0
ORDER_EVERY_S = 1.0
"""Between two questions for an order, where looks are further apart."""
CONFIRM_S = 0.1
"""Between two looks while it is rolled back: how fast it is done should be seen."""
_EVENTS: dict[Kind, Callable[..., Payload]] = {
    Kind.STAGE_ADVANCED: lambda **said: DeploymentStageAdvanced(**said),
    Kind.PAUSED: lambda **said: DeploymentPaused(**said),
    Kind.RESUMED: lambda **said: DeploymentResumed(**said),
    Kind.ALERT: lambda **said: DeploymentAlertRaised(**said),
    Kind.ROLLBACK_STARTED: lambda **said: DeploymentRollbackStarted(**said),
    Kind.ROLLED_BACK: lambda **said: DeploymentRolledBack(**said),
    Kind.PROMOTED: lambda **said: DeploymentPromoted(**said),
}

log = Logger("rollout")


def _outcome_of(rollout: Rollout) -> DeploymentResult:
    return "success" if rollout.state.phase is Phase.PROMOTED else "rolled_back"


class TakenOverError(InputError):
    """Another runner has it."""


async def waiting_order(runtime: Runtime, rollout: str) -> GivenOrder | None:
    """What a person or a coordinator ordered; None = nothing that can be read."""
    value = await runtime.memory.retrieve(order_key(rollout))
    with suppress(InputError):
        return GivenOrder.from_value(value, where=order_key(rollout)) if value else None
    return None


@contextmanager
def beating(runtime: Runtime, rollout: str) -> Iterator[None]:
    """Be known as the one who runs it, and no longer when that ends, however it does."""
    pulse = Pulse(heartbeat(runtime.settings.prefix, rollout), runtime.bus.name, HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S)
    runtime.keeper.pulse(pulse)
    try:
        yield
    finally:
        runtime.keeper.end_pulse(pulse)


class RolloutRunner:
    """One process's hold of a rollout.

    Args:
        runtime: the open parts.
        rollout: its id.
        executor: moves traffic.
        source: measures.
        seen: told every state that was saved.
    """

    def __init__(
        self,
        runtime: Runtime,
        rollout: str,
        executor: Executor,
        source: MetricSource,
        *,
        seen: Callable[[Rollout], None] = lambda rollout: None,
    ) -> None:
        self._runtime = runtime
        self._key = rollout_key(rollout)
        self._id = rollout
        self._executor = executor
        self._source = source
        self._seen = seen
        self._name = runtime.bus.name
        self._version = 0
        self._clock: Clock = runtime.clock

    async def run(self) -> Rollout:
        """Until it has ended.

        Raises:
            TakenOverError: another runner saved a state meanwhile.
        """
        rollout = await self._load()
        # A machine's clock may be set while a stage lasts; the rollout's goes on from where it was.
        self._clock = SteadyClock(self._runtime.clock, not_before=rollout.updated_at)
        if not rollout.state.phase.is_final:
            # Whoever cannot save it must not hold it: on a full disk the guard would wait for him for ever.
            rollout = await self._save(rollout, rollout.state, (), None)
        presence = Presence(self._runtime.settings, rollout)
        with beating(self._runtime, self._id):
            with presence.held():
                rollout = await self._honour_guard(rollout)
                hooks, placed = HookRunner(rollout.plan), None
                try:
                    while not rollout.state.phase.is_final:
                        presence.keep_guard()
                        problem = await self._act(rollout.state, placed)
                        await hooks.begin(rollout.state.hook)
                        await self._wait(rollout)
                        rollout, placed = await self._look(
                            rollout, problem, await waiting_order(self._runtime, self._id), hooks.ended()
                        )
                finally:
                    await hooks.stop()
                presence.over()
            return await self._settled(rollout)

    async def _settled(self, rollout: Rollout) -> Rollout:
        """Looked at until its metrics are as usual; whatever comes of that, the rollout has ended."""
        while is_settling(rollout.state):
            await self._runtime.clock.sleep(rollout.plan.interval_s)
            sample = await look(self._executor, self._source, self._clock)
            state = settle(rollout.plan, rollout.state, sample)
            rollout = rollout.model_copy(update={"state": state, "updated_at": self._clock.now()})
            memory = self._runtime.memory
            writes = [memory.prepare_store(self._key, rollout, expected_version=self._version)]
            status = await memory.retrieve(STATUS_KEY)
            if isinstance(status, dict) and status.get("plan", {}).get("id") == self._id:
                writes.append(memory.prepare_store(STATUS_KEY, rollout))
            try:
                await memory.apply(writes)
            except ConflictError as error:
                raise TakenOverError(f"rollout {self._id} is run by another process by now") from error
            self._version += 1
            self._seen(rollout)
        return rollout

    async def _honour_guard(self, rollout: Rollout) -> Rollout:
        """What a guard took back while nobody ran it stays so: that comes before anything is moved."""
        why = taken_back(self._runtime.settings, self._id)
        if why is None or rollout.state.phase.is_final or rollout.state.phase is Phase.ROLLING_BACK:
            return rollout
        by_guard = GivenOrder(order=Order.ABORT, by="the guard", at=self._runtime.clock.now(), reason=why)
        return (await self._look(rollout, None, by_guard))[0]

    async def _look(
        self, rollout: Rollout, problem: str | None, order: GivenOrder | None, ended: EndedHook | None = None
    ) -> tuple[Rollout, float | None]:
        """One look and what follows from it, saved; and the share that the executor has."""
        # Metrics that do not answer must hold up neither an order to take it back nor the end of that.
        urgent = rollout.state.phase is Phase.ROLLING_BACK or (order is not None and order.order is Order.ABORT)
        sample = await look(self._executor, None if urgent else self._source, self._clock, problem)
        state, happened = step(rollout.plan, rollout.state, sample, order, ended)
        after = await self._save(rollout, state, happened, order)
        self._seen(after)
        return after, sample.percent

    async def take_back(self, given: GivenOrder) -> Rollout:
        """Begin to take back what was promoted; `run` does it.

        Raises:
            InputError: it was not promoted.
            TakenOverError: another process does it already.
        """
        rollout = await self._load()
        self._clock = SteadyClock(self._runtime.clock, not_before=rollout.updated_at)
        said = given.said("rollback")
        state, happened = reopen(rollout.plan, rollout.state, self._clock.now(), said)
        return await self._save(rollout, state, happened, given)

    async def _load(self) -> Rollout:
        record = await self._runtime.memory.retrieve_record(self._key)
        if record is None:
            raise InputError(f"there is no rollout {self._id}")
        self._version = record.version
        return Rollout.from_value(record.value, where=self._key)

    async def _act(self, state: RolloutState, placed: float | None) -> str | None:
        """Bring the executor to the share that is saved, unless the last look saw it there; returns why not."""
        if is_there(placed, state.percent):
            return None
        try:
            await self._executor.set_percent(state.percent)
        except Exception as error:
            log.warning("the executor was not reached", rollout=self._id, error=problem_of(error))
            return problem_of(error)
        return None

    async def _wait(self, rollout: Rollout) -> None:
        """Until the next look is due or somebody orders something: who aborts does not wait for a minute."""
        urgent = rollout.state.phase is Phase.ROLLING_BACK and not rollout.state.alerts
        left_s = CONFIRM_S if urgent else interval_s(rollout.plan, rollout.state)
        while left_s > ORDER_EVERY_S:
            await self._runtime.clock.sleep(ORDER_EVERY_S)
            left_s -= ORDER_EVERY_S
            with suppress(AqeError, RedisError):  # the look itself says it, where the server is away for longer
                if await waiting_order(self._runtime, self._id) is not None:
                    return
        await self._runtime.clock.sleep(left_s)

    async def _save(
        self, rollout: Rollout, state: RolloutState, happened: Sequence[Happening], order: GivenOrder | None
    ) -> Rollout:
        """State, events, the end of the obeyed order, at last the outcome: one transaction with its audit entries."""
        now = self._clock.now()
        after = Rollout(plan=rollout.plan, state=state, runner=self._name, updated_at=now)
        memory = self._runtime.memory
        writes = [
            memory.prepare_store(self._key, after, expected_version=self._version),
            memory.prepare_store(STATUS_KEY, after),
            memory.prepare_store(MONITORING_KEY, health_of(after)),
            # Of several regions whoever coordinates them tells: one that is well must not hide another's alert.
            *([] if after.plan.region else [memory.prepare_store(DEPLOYMENT_ALERTS_KEY, alerts_of(after))]),
            *([memory.prepare_delete(order_key(self._id))] if order else []),
            *(self._said(after, _EVENTS[one.kind], one.text) for one in happened),
            *(await self._ended(after) if state.phase.is_final else []),
        ]
        drafts = [self._draft(after, one, order) for one in happened]
        try:
            await audited(memory, drafts, now, lambda chain: memory.apply([*writes, *chain]))
        except ConflictError as error:
            raise TakenOverError(f"rollout {self._id} is run by another process by now") from error
        self._version += 1
        return after

    def _said(self, rollout: Rollout, payload_of: Callable[..., Payload], reason: str) -> Write:
        plan = rollout.plan
        payload = payload_of(
            version=plan.version,
            environment=plan.environment,
            region=plan.region,
            rollout=plan.id,
            percent=rollout.state.percent,
            reason=reason,
            commit=plan.commit,
        )
        event = Event.of(
            payload, source=self._name, time=rollout.updated_at, subject=plan.version, correlation_id=plan.id
        )
        return self._runtime.bus.prepare(event)

    def _draft(self, rollout: Rollout, one: Happening, order: GivenOrder | None) -> AuditDraft:
        details = {"rollout": rollout.plan.id, "percent": rollout.state.percent, "reason": one.text}
        return AuditDraft(
            action=f"deployment:{one.kind}",
            actor=order.by if order else self._name,
            subject=rollout.plan.version,
            details=details,
        )

    async def _ended(self, rollout: Rollout) -> list[Write]:
        def finished(**said: Any) -> Payload:
            return DeploymentFinished(outcome=_outcome_of(rollout), **said)

        return [self._said(rollout, finished, rollout.state.reason or "promoted"), *await self._outcome(rollout)]

    async def _outcome(self, rollout: Rollout) -> list[Write]:
        plan, state = rollout.plan, rollout.state
        ended = state.ended_at or rollout.updated_at
        took_s = (ended - state.decided_at).total_seconds() if state.decided_at else None
        recorded = Recorded(
            version=plan.version,
            outcome=_outcome_of(rollout),
            environment=plan.environment,
            region=plan.region,
            service=plan.service,
            commit=plan.commit,
            deployed_at=plan.started_at,
            known_at=ended,
            restored_at=ended if state.decided_at else None,
            rollback_s=took_s,
            correct=state.phase is Phase.ROLLED_BACK and state.promoted_at is not None,
        )
        return await outcome_writes(self._runtime, recorded, plan.id)
