"""One verdict on what is deployed: looks for a while, moves nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace

from pydantic import AwareDatetime

from ...agents.deployment_readiness.judging.sequential import State
from ...agents.deployment_readiness.rollout.look import is_worse
from ...agents.deployment_readiness.rollout.step import take_in
from ...core.clock import SteadyClock
from ...core.records.base import Record
from ...core.records.release import Release
from ...core.records.rollouts.rollout import ArmTotals, MetricVerdict, Rollout, RolloutState
from ..runtime import Runtime
from ..signals import stored_release
from .defaults import with_setup
from .desk import all_rollouts
from .parts import Wanted, executor, look, plan, source, target


class Validation(Record):
    """What was seen of a release that is deployed."""

    version: str
    environment: str
    region: str | None = None
    verdict: str
    """HEALTHY, WORSE or NO_DATA."""
    requests: float
    verdicts: tuple[MetricVerdict, ...]
    problem: str | None = None
    at: AwareDatetime
    """Of the last look."""


async def validate(
    runtime: Runtime, version: str, *, within_s: float, environment: str | None, region: str | None = None
) -> Validation:
    """Look at the release for so long and say how it is.

    It is held against the baseline of its rollout, the limits of the last phase of that, and the triggers.

    Args:
        runtime: the open parts.
        version: what is deployed.
        within_s: how long, seconds.
        environment: None = the release's.
        region: one of the environment's; None = all of it.

    Raises:
        InputError: no target, or it has no such region.
    """
    seen = looks(runtime, version, within_s=within_s, environment=environment, region=region)
    found = await anext(seen)
    async for later in seen:
        found = later
    return found


async def looks(
    runtime: Runtime, version: str, *, within_s: float, environment: str | None, region: str | None
) -> AsyncIterator[Validation]:
    """What `validate` says after each of its looks; at least one."""
    release = await stored_release(runtime, version)
    release = release.model_copy(update={"environment": environment or release.environment})
    section, now = target(runtime.settings, release.environment, region), runtime.clock.now()
    # A machine's clock that is set meanwhile must not make a limit broken for an hour of what it was for a second.
    clock = SteadyClock(runtime.clock, not_before=now)
    past = await _past(runtime, release, region)
    ongoing = past.plan.watches[-1].triggers if past and past.plan.watches else ()
    asked = Wanted(triggers=ongoing)
    wanted = await with_setup(runtime, asked, version=version, environment=release.environment)
    planned = plan(section, release, None, replace(wanted, stages=(100.0,), stage_s=within_s, kayenta=None), now)
    state = RolloutState(percent=100, reached_at=now, reference=past.state.reference if past else ArmTotals())
    moves, measures = executor(section, planned.strategy), source(section)
    deadline, problem = clock.monotonic_s() + within_s, None
    while True:
        sample = await look(moves, measures, clock)
        if sample.problem:
            # Half a look would take back what an earlier one found.
            problem = sample.problem
        else:
            state = take_in(planned, state, sample)
        yield Validation(
            version=version,
            environment=release.environment,
            region=region,
            verdict=_verdict(state),
            requests=state.canary.requests,
            verdicts=state.verdicts,
            problem=problem,
            at=sample.at,
        )
        if (left_s := deadline - clock.monotonic_s()) <= 0:
            return
        await clock.sleep(min(planned.interval_s, left_s))


async def _past(runtime: Runtime, release: Release, region: str | None) -> Rollout | None:
    """The release's last rollout there."""
    for rollout in await all_rollouts(runtime):
        past = rollout.plan
        if (past.version, past.environment, past.region) == (release.version, release.environment, region):
            return rollout
    return None


def _verdict(state: RolloutState) -> str:
    if any(map(is_worse, state.verdicts)):
        return State.WORSE
    return State.HEALTHY if state.canary.requests else State.NO_DATA
