"""A release in several regions as people ask for it: planned, begun only with a GO for each region, looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ...agents.deployment_readiness.regional import regional_assessment_key
from ...agents.deployment_readiness.rollout.region_plan import in_waves, schedule
from ...agents.deployment_readiness.rollout.regions import begin
from ...bus.envelope import Event
from ...bus.events import DeploymentRegionsChanged
from ...config.region_sections import window_of
from ...core.errors import InputError, NotFoundError, TaskVetoed
from ...core.ids import dated_id
from ...core.records.audit import AuditDraft
from ...core.records.decisions.readiness import GO
from ...core.records.decisions.regional_assessment import RegionalAssessment
from ...core.records.release import Release, check_version, same_commit
from ...core.records.rollouts.regions import (
    MULTI_REGION_KEY,
    ExpectedRegion,
    PlannedRegions,
    Region,
    Regional,
    RegionalHow,
    RegionalPlan,
    RegionOrder,
    RegionsStatus,
    regional_key,
    regional_plan_key,
)
from ...core.records.rollouts.rollout import GivenOrder, Order, Rollout, place_of, rollout_key
from ...memory.audit import audited
from ..decisions.situations import last_assessed
from ..runtime import Runtime
from ..signals import stored_release
from .defaults import with_setup
from .desk import all_regional, all_rollouts, check_go, regional_of
from .parts import executor, plan, region_of, source, target, wanted_of
from .regional_runner import RegionalRunner


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Args:
        order: which region comes when.
        regions: None = those that were assessed, else all of the target.
        wave_size: regions that may begin together.
        quorum: share of the regions begun that must be well, 0-1.
        bake_s: seconds between a wave being well and the next.
        max_failed: more failed regions, and all are taken back.
        how: each region's rollout goes.
    """

    order: RegionOrder = RegionOrder.STAGGERED
    regions: Sequence[str] | None = None
    wave_size: int = 1
    quorum: float = 0.5
    bake_s: float = 0.0
    max_failed: int = 2
    how: RegionalHow = field(default_factory=RegionalHow)


async def plan_regions(runtime: Runtime, version: str, asked: Asked, *, environment: str | None) -> PlannedRegions:
    """Plan the version's way through the regions of an environment, and store that.

    Args:
        runtime: the open parts.
        version: of the release.
        asked: how.
        environment: None = the release's.

    Raises:
        InputError: no such target or region, stages that do not rise to 100, or a region without hours.
    """
    release = await stored_release(runtime, version)
    release = release.model_copy(update={"environment": environment or release.environment})
    names = asked.regions or await _assessed_regions(runtime, release) or known_regions(runtime, release.environment)
    now = runtime.clock.now()
    regions = [_region(runtime, release.environment, name) for name in check_names(runtime, release.environment, names)]
    made = RegionalPlan(
        version=version,
        commit=release.commit,
        environment=release.environment,
        order=asked.order,
        regions=in_waves(regions, asked.order, now, wave_size=asked.wave_size),
        quorum=asked.quorum,
        bake_s=asked.bake_s,
        max_failed=asked.max_failed,
        how=asked.how,
        planned_at=now,
    )
    planned = await _expected(runtime, release, made)
    await runtime.memory.store(regional_plan_key(version), made)
    return planned


async def start_regional(runtime: Runtime, version: str, *, environment: str | None, by: str) -> Regional:
    """Check that the plan may be carried out, and store that it begins; nothing has moved yet.

    Raises:
        TaskVetoed: the release, or a region of the plan, has no GO.
        NotFoundError: there is no plan.
        InputError: not assessed, no target, or another rollout runs there.
        ServiceUnavailable: a region's executor or metrics do not answer.
    """
    made = await stored_plan(runtime, version)
    assessed = await last_assessed(runtime, version)
    check_go(assessed, environment or made.environment)
    release = assessed.decision.release
    await _check_regions_go(runtime, made, release)
    await _check_alone(runtime, made.environment)
    for name in made.names:
        section = target(runtime.settings, made.environment, name)
        await executor(section, made.how.strategy).look()
        await source(section).read()
    now = runtime.clock.now()
    made = made.model_copy(update={"commit": release.commit})
    regional = Regional(
        id=dated_id("regions", now),
        plan=made,
        state=begin(made, now),
        runner=runtime.bus.name,
        started_at=now,
        updated_at=now,
    )
    await _store_begun(runtime, regional, by)
    return regional


async def run_regional(runtime: Runtime, regional: Regional, *, seen: Callable[[Regional], None]) -> Regional:
    """Coordinate it to its end in this process.

    Raises:
        InputError: another process took it over.
    """
    return await RegionalRunner(runtime, regional.id, seen=seen).run()


async def roll_back_regions(
    runtime: Runtime, regional: Regional, *, by: str, reason: str, seen: Callable[[Regional], None]
) -> Regional:
    """Take all regions of a release back that were promoted, in this process.

    Raises:
        InputError: they were taken back already, or another version was deployed to one of them since.
    """
    rollouts = await all_rollouts(runtime)
    for rollout in (await regions_status(runtime, regional)).rollouts.values():
        place = place_of(rollout.plan)
        newest = next(one for one in rollouts if place_of(one.plan) == place)
        if newest.plan.id != rollout.plan.id:
            raise InputError(f"{newest.plan.version} was rolled out to {place} since: that is what can be taken back")
    runner = RegionalRunner(runtime, regional.id, seen=seen)
    seen(await runner.take_back(GivenOrder(order=Order.ABORT, by=by, at=runtime.clock.now(), reason=reason)))
    return await runner.run()


async def latest_regional(runtime: Runtime, version: str) -> Regional:
    """The last release of the version to several regions; NotFoundError when there is none."""
    found = await regional_of(runtime, version)
    if found is None:
        raise NotFoundError(
            f"{version} was not rolled out to several regions",
            hint=f"aqe deploy execute-multi-region --version {version}",
        )
    return found


async def regions_status(runtime: Runtime, regional: Regional) -> RegionsStatus:
    """The whole with its rollouts."""
    rollouts = {}
    for name in regional.plan.names:
        key = rollout_key(regional.rollout(name))
        if (value := await runtime.memory.retrieve(key)) is not None:
            rollouts[name] = Rollout.from_value(value, where=key)
    return RegionsStatus(regional=regional, rollouts=rollouts)


async def stored_plan(runtime: Runtime, version: str) -> RegionalPlan:
    """The plan for the version's regions; NotFoundError when there is none."""
    value = await runtime.memory.retrieve(regional_plan_key(check_version(version)))
    if value is None:
        raise NotFoundError(
            f"there is no plan for the regions of {version}", hint=f"aqe deploy plan-regions --version {version}"
        )
    return RegionalPlan.from_value(value, where=f"the plan for the regions of {version}")


def known_regions(runtime: Runtime, environment: str) -> tuple[str, ...]:
    """All regions of a target, in the order of aqe.yaml; InputError when there are none."""
    target(runtime.settings, environment)
    names = tuple(runtime.settings.targets[environment].regions)
    if not names:
        raise InputError(
            f"target {environment!r} of aqe.yaml has no regions",
            hint="targets.NAME.regions (docs/operations.md#regions)",
        )
    return names


def check_names(runtime: Runtime, environment: str, names: Sequence[str]) -> Sequence[str]:
    """The regions, when aqe.yaml knows all of them and each is named once."""
    target(runtime.settings, environment)
    for name in names:
        region_of(runtime.settings, environment, name)
    if twice := next((name for name in names if list(names).count(name) > 1), None):
        raise InputError(f"region {twice} is named twice")
    return names


def _region(runtime: Runtime, environment: str, name: str) -> Region:
    own = region_of(runtime.settings, environment, name)
    return Region(
        name=name,
        timezone=own.timezone,
        window=window_of(own.window) if own.window else None,
        traffic_percent=own.traffic_percent,
        can_shift=target(runtime.settings, environment, name).traffic is not None,
        wave=0,
    )


async def _expected(runtime: Runtime, release: Release, made: RegionalPlan) -> PlannedRegions:
    now = runtime.clock.now()
    wanted = await with_setup(runtime, wanted_of(made.how), version=release.version, environment=release.environment)
    lasts = {}
    for name in made.names:
        section = target(runtime.settings, release.environment, name)
        planned = plan(section, release, None, wanted, now)
        lasts[name] = sum(stage.duration_s for stage in planned.stages) + planned.watch_s
    expected = schedule(made, lasts, now)
    last = max(one.is_held for one in expected.values()) + timedelta(seconds=made.bake_s)
    return PlannedRegions(
        plan=made,
        expected=tuple(
            ExpectedRegion(region=name, begins_at=one.begins, held_at=one.is_held) for name, one in expected.items()
        ),
        lasts_s=(last - now).total_seconds(),
    )


async def _assessed_regions(runtime: Runtime, release: Release) -> Sequence[str]:
    found = await _assessment(runtime, release.version)
    return found.names if found and found.environment == release.environment else ()


async def _assessment(runtime: Runtime, version: str) -> RegionalAssessment | None:
    value = await runtime.memory.retrieve(regional_assessment_key(version))
    where = f"the decisions about the regions of {version}"
    return None if value is None else RegionalAssessment.from_value(value, where=where)


async def _check_regions_go(runtime: Runtime, made: RegionalPlan, release: Release) -> None:
    names = ",".join(made.names)
    hint = f"aqe deploy assess-multi-region --version {made.version} --regions {names}"
    found = await _assessment(runtime, made.version)
    if found is None or found.environment != made.environment or set(made.names) - set(found.names):
        lacking = sorted(set(made.names) - set(found.names if found and found.environment == made.environment else ()))
        raise TaskVetoed(f"{made.version} was not assessed for {', '.join(lacking)}", hint=hint)
    if release.commit and not same_commit(found.commit, release.commit):
        raise TaskVetoed(f"the regions were assessed for commit {found.commit}, not for {release.commit}", hint=hint)
    for one in found.regions:
        if one.region in made.names and one.decision.decision not in GO:
            rule = one.decision.rule
            raise TaskVetoed(
                f"{made.version} has no GO for {one.region}: {one.decision.decision}: {rule}",
                hint=f"{hint}; where that is a gate that somebody may override: aqe deploy override",
            )


async def _check_alone(runtime: Runtime, environment: str) -> None:
    """Raises InputError when anything is rolled out there."""
    whole = [one.plan.version for one in await all_regional(runtime) if _runs_at(environment, one)]
    single = [one.plan.version for one in await all_rollouts(runtime) if _runs_at(environment, one)]
    for version in (*whole, *single):
        raise InputError(
            f"{version} is being rolled out to {environment}", hint=f"aqe deploy abort --version {version}"
        )


def _runs_at(environment: str, one: Regional | Rollout) -> bool:
    return one.plan.environment == environment and not one.state.phase.is_final


async def _store_begun(runtime: Runtime, regional: Regional, by: str) -> None:
    made, memory, now = regional.plan, runtime.memory, regional.started_at
    began = DeploymentRegionsChanged(
        version=made.version,
        environment=made.environment,
        rollout=regional.id,
        percent=0.0,
        reason=f"{made.order} by {by}: {', '.join(made.names)}",
        commit=made.commit,
        phase=regional.state.phase,
        what="started",
    )
    event = Event.of(began, source=runtime.bus.name, time=now, subject=made.version, correlation_id=regional.id)
    details = {"rollout": regional.id, "environment": made.environment, "regions": list(made.names)}
    draft = AuditDraft(action="deployment:regions-started", actor=by, subject=made.version, details=details)
    writes = [
        memory.prepare_store(regional_key(regional.id), regional, expected_version=0),
        memory.prepare_store(MULTI_REGION_KEY, regional),
        runtime.bus.prepare(event),
    ]
    await audited(memory, [draft], now, lambda chain: memory.apply([*writes, *chain]))
