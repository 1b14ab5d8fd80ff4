"""Coordinates a release in several regions: look at all rollouts, step, save, act; again until it has ended.

As a rollout's runner (rollout_runner.py) it saves first and repeats what is to be done at every look, so it may be
killed at any point. Whatever it orders is written together with the version of its own state: one who was overtaken
orders nothing.
The regions' rollouts are run here while this process lives, and by the gateway otherwise.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from redis.exceptions import RedisError

from ...agents.deployment_readiness.rollout.regions import Happening, reopen, step
from ...bus.envelope import Event
from ...bus.events import DeploymentRegionsChanged
from ...core.errors import AqeError, ConflictError, InputError
from ...core.log import Logger
from ...core.records.audit import AuditDraft
from ...core.records.rollouts.health import DEPLOYMENT_ALERTS_KEY, DeploymentAlert, alerts_of
from ...core.records.rollouts.regions import (
    MULTI_REGION_KEY,
    Regional,
    RegionalLook,
    RegionalPhase,
    RegionalState,
    RegionPhase,
    RegionState,
    RolloutSeen,
    regional_key,
)
from ...core.records.rollouts.rollout import GivenOrder, Order, Phase, Rollout, order_key, rollout_key
from ...core.writes import Write
from ...memory.audit import audited
from ..decisions.outcomes import Recorded, outcome_writes
from ..runtime import Runtime
from .desk import runner_of, start_in_region
from .parts import target, traffic
from .region_traffic import RegionTraffic
from .runner import TakenOverError, beating, waiting_order

LOOK_S = 0.5
"""Between two looks at the regions' states; their rollouts look at the traffic at their own pace."""

log = Logger("regions")


class RegionalRunner:
    """One process's hold of a release in several regions.

    Args:
        runtime: the open parts.
        regional: its id.
        seen: told every state that was saved.
    """

    def __init__(
        self, runtime: Runtime, regional: str, *, seen: Callable[[Regional], None] = lambda regional: None
    ) -> None:
        self._runtime = runtime
        self._id, self._key = regional, regional_key(regional)
        self._seen = seen
        self._version = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._traffic: RegionTraffic | None = None
        self._alerts: tuple[DeploymentAlert, ...] | None = None

    async def run(self) -> Regional:
        """Until it has ended.

        Raises:
            TakenOverError: another process coordinates it by now.
        """
        with beating(self._runtime, self._id):
            try:
                return await self._run(await self._load())
            finally:
                if self._traffic is not None:
                    await self._traffic.stop()
                for task in self._tasks.values():
                    task.cancel()
                await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def take_back(self, given: GivenOrder) -> Regional:
        """Begin to take back what was promoted; `run` does it.

        Raises:
            InputError: it was not promoted.
            TakenOverError: another process does it already.
        """
        regional = await self._load()
        said = given.said("rollback")
        state, happened = reopen(regional.plan, regional.state, self._now(regional), said)
        return await self._save(regional, state, happened, given)

    async def _run(self, regional: Regional) -> Regional:
        environment = regional.plan.environment
        self._traffic = RegionTraffic(lambda name: traffic(target(self._runtime.settings, environment, name)))
        while not regional.state.phase.is_final:
            self._traffic.bring(regional.state.regions)
            rollouts = await self._rollouts(regional)
            problems = await self._act(regional, rollouts)
            await self._runtime.clock.sleep(LOOK_S)
            rollouts, order = await self._rollouts(regional), await waiting_order(self._runtime, self._id)
            look = RegionalLook(
                at=self._now(regional),
                rollouts={name: _seen(rollout) for name, rollout in rollouts.items()},
                problems=problems,
            )
            state, happened = step(regional.plan, regional.state, look, order)
            await self._tell_alerts(regional, rollouts)
            if state != regional.state or order is not None:
                regional = await self._save(regional, state, happened, order)
                self._seen(regional)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        return regional

    def _now(self, regional: Regional) -> datetime:
        """Never before what is written: a machine's clock may be set back, and regions' hours are the machine's."""
        return max(self._runtime.clock.now(), regional.updated_at)

    async def _load(self) -> Regional:
        record = await self._runtime.memory.retrieve_record(self._key)
        if record is None:
            raise InputError(f"there is no release in several regions {self._id}")
        self._version = record.version
        return Regional.from_value(record.value, where=self._key)

    async def _rollouts(self, regional: Regional) -> dict[str, Rollout]:
        """Of the regions that have begun."""
        found = {}
        for name in regional.plan.names:
            key = rollout_key(regional.rollout(name))
            if (value := await self._runtime.memory.retrieve(key)) is not None:
                found[name] = Rollout.from_value(value, where=key)
        return found

    # What is done -----------------------------------------------------------------------------------------------------

    async def _act(self, regional: Regional, rollouts: dict[str, Rollout]) -> dict[str, str]:
        """Do what the state says; returns region -> why it could not begin."""
        problems = {}
        for name, region in regional.state.regions.items():
            try:
                await self._act_on(regional, name, region, rollouts.get(name))
            except TakenOverError:
                raise
            except AqeError as error:
                log.warning("a region waits", regional=self._id, region=name, error=error.message)
                problems[name] = error.message
        return problems

    async def _act_on(self, regional: Regional, name: str, region: RegionState, rollout: Rollout | None) -> None:
        if region.phase is RegionPhase.STARTING and rollout is None:
            await self._start(regional, name)
        elif rollout is None:
            return
        elif region.phase is RegionPhase.TAKING_BACK and rollout.state.phase is Phase.PROMOTED:
            await self._reopen(regional, name, rollout)
        elif region.phase is RegionPhase.TAKING_BACK and rollout.state.phase not in (
            Phase.ROLLING_BACK,
            Phase.ROLLED_BACK,
        ):
            await self._tell(regional, rollout, Order.ABORT, regional.state.reason)
        elif region.phase is RegionPhase.PROMOTING and rollout.state.phase is Phase.HELD:
            await self._tell(regional, rollout, Order.PROMOTE, "all regions are well")

    async def _start(self, regional: Regional, name: str) -> None:
        try:
            rollout = await start_in_region(self._runtime, regional, name, owned=self._owned(regional))
        except ConflictError:
            await self._check_owner()
            return
        self._version += 1
        self._spawn(name, rollout)

    async def _reopen(self, regional: Regional, name: str, rollout: Rollout) -> None:
        given = GivenOrder(order=Order.ABORT, by=self._id, at=self._runtime.clock.now(), reason=regional.state.reason)
        await self._check_owner()
        try:
            self._spawn(name, await runner_of(self._runtime, rollout).take_back(given))
        except TakenOverError:
            log.info("is taken back already", regional=self._id, region=name)

    async def _tell(self, regional: Regional, rollout: Rollout, order: Order, why: str) -> None:
        """Order a region's rollout about, unless another order waits there."""
        key = order_key(rollout.plan.id)
        given = GivenOrder(order=order, by=self._id, at=self._runtime.clock.now(), reason=why)
        memory = self._runtime.memory
        try:
            await memory.apply([self._owned(regional), memory.prepare_store(key, given, expected_version=0)])
        except ConflictError:
            await self._check_owner()
            return
        self._version += 1

    def _owned(self, regional: Regional) -> Write:
        """Fails when another process saved a state meanwhile."""
        return self._runtime.memory.prepare_store(self._key, regional, expected_version=self._version)

    async def _check_owner(self) -> None:
        record = await self._runtime.memory.retrieve_record(self._key)
        if record is None or record.version != self._version:
            raise TakenOverError(f"{self._id} is coordinated by another process by now")

    def _spawn(self, name: str, rollout: Rollout) -> None:
        self._tasks[name] = asyncio.create_task(self._run_region(rollout))

    async def _run_region(self, rollout: Rollout) -> None:
        try:
            await runner_of(self._runtime, rollout).run()
        except (AqeError, RedisError) as error:  # the gateway takes it up
            log.warning("a region's rollout was let go", rollout=rollout.plan.id, error=str(error))

    # What is told -----------------------------------------------------------------------------------------------------

    async def _save(
        self, regional: Regional, state: RegionalState, happened: Sequence[Happening], order: GivenOrder | None
    ) -> Regional:
        """State, events, the end of the obeyed order, at last the outcome: one transaction with its audit entries."""
        now, memory = self._now(regional), self._runtime.memory
        after = regional.model_copy(update={"state": state, "runner": self._runtime.bus.name, "updated_at": now})
        writes = [
            self._owned(after),
            memory.prepare_store(MULTI_REGION_KEY, after),
            *([memory.prepare_delete(order_key(self._id))] if order else []),
            *(self._said(after, one) for one in happened),
            *(await self._outcome(after) if state.phase.is_final else []),
        ]
        drafts = [self._draft(after, one, order) for one in happened]
        try:
            await audited(memory, drafts, now, lambda chain: memory.apply([*writes, *chain]))
        except ConflictError as error:
            raise TakenOverError(f"{self._id} is coordinated by another process by now") from error
        self._version += 1
        return after

    def _said(self, regional: Regional, one: Happening) -> Write:
        plan = regional.plan
        payload = DeploymentRegionsChanged(
            version=plan.version,
            environment=plan.environment,
            region=one.region,
            rollout=regional.id,
            percent=_mean_percent(regional, one.region),
            reason=one.text,
            commit=plan.commit,
            phase=regional.state.phase,
            what=one.kind,
        )
        source = self._runtime.bus.name
        return self._runtime.bus.prepare(
            Event.of(payload, source=source, time=regional.updated_at, subject=plan.version, correlation_id=regional.id)
        )

    def _draft(self, regional: Regional, one: Happening, order: GivenOrder | None) -> AuditDraft:
        return AuditDraft(
            action=f"deployment:regions-{one.kind}",
            actor=order.by if order else self._runtime.bus.name,
            subject=regional.plan.version,
            details={"rollout": regional.id, "region": one.region, "reason": one.text},
        )

    async def _tell_alerts(self, regional: Regional, rollouts: dict[str, Rollout]) -> None:
        """What is wrong in any region, whenever that changes."""
        alerts = tuple(alert for rollout in rollouts.values() for alert in alerts_of(rollout))
        if regional.state.phase is RegionalPhase.PAUSED:
            plan = regional.plan
            paused = DeploymentAlert(
                rollout=regional.id,
                version=plan.version,
                environment=plan.environment,
                about="paused",
                reason=regional.state.reason,
                since=regional.updated_at,
            )
            alerts = (paused, *alerts)
        if alerts != self._alerts:
            await self._runtime.memory.store(DEPLOYMENT_ALERTS_KEY, alerts)
            self._alerts = alerts

    async def _outcome(self, regional: Regional) -> list[Write]:
        """One item of the whole: predictions were made of the release, not of a region of it."""
        plan, state = regional.plan, regional.state
        ended = state.ended_at or regional.updated_at
        everywhere = all(region.phase is RegionPhase.PROMOTED for region in state.regions.values())
        recorded = Recorded(
            version=plan.version,
            outcome="success" if everywhere else "rolled_back",
            environment=plan.environment,
            commit=plan.commit,
            deployed_at=regional.started_at,
            known_at=ended,
            restored_at=None if everywhere else ended,
            rollback_s=(ended - state.decided_at).total_seconds() if state.decided_at else None,
            correct=state.phase is RegionalPhase.ROLLED_BACK and state.promoted_at is not None,
        )
        return await outcome_writes(self._runtime, recorded, self._id)


def _seen(rollout: Rollout) -> RolloutSeen:
    state = rollout.state
    return RolloutSeen(phase=state.phase, percent=state.percent, reason=state.reason)


def _mean_percent(regional: Regional, region: str | None) -> float:
    regions = regional.state.regions
    percents = [regions[region].percent] if region else [one.percent for one in regions.values()]
    return sum(percents) / len(percents)
