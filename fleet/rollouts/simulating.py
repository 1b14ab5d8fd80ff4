"""`simulate`: which plan, on which recorded metrics."""

from datetime import datetime, timedelta
from pathlib import Path

from ...agents.deployment_readiness.rollout.simulate import Recording, simulate
from ...config.rollout_sections import RolloutSection
from ...core.records.bulk.rows import METRICS
from ...core.records.rollouts.rollout import RolloutPlan
from ...core.records.rollouts.simulation import Simulation
from ..runtime import Runtime
from ..signals import stored_release
from .defaults import with_setup
from .desk import served_before
from .parts import Wanted, plan, recorder, target
from .recorded_metrics import of_file, of_looks, of_rows

IMPORTED = "imported"
"""Instead of a file: the points of `aqe import`."""
MAX_LOOKS = 10_000
"""Prometheus gives 11,000 points of a series at once."""


async def simulate_rollout(
    runtime: Runtime,
    version: str,
    wanted: Wanted,
    *,
    environment: str | None,
    region: str | None = None,
    metrics: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    errors_times: float = 1.0,
) -> Simulation:
    """What the rollout would have done; nothing is moved, stored or told.

    Args:
        runtime: the open parts.
        version: what would be deployed; it needs no GO.
        wanted: how.
        environment: None = the release's.
        region: one of the environment's; None = all of it.
        metrics: a file, IMPORTED, or None = the target's Prometheus is asked.
        since, until: of Prometheus and of imported metrics; None = as long as the rollout takes, until now.
        errors_times: the new version fails so many times as often as recorded.

    Raises:
        InputError: no target or no such region, or too little is recorded.
        ServiceUnavailable: Prometheus does not answer.
    """
    release = await stored_release(runtime, version)
    release = release.model_copy(update={"environment": environment or release.environment})
    section = target(runtime.settings, release.environment, region)
    wanted = await with_setup(runtime, wanted, version=version, environment=release.environment)
    before = await served_before(runtime, version, release.environment, region)
    planned = plan(section, release, before, wanted, runtime.clock.now())
    until = until or planned.started_at
    since = since or until - timedelta(seconds=_whole_s(planned))
    recording = await _recording(runtime, section, planned, metrics, since, until)
    begins = planned.model_copy(update={"started_at": recording.samples[0].at, "hooks": ()})
    return simulate(begins, recording, errors_times=errors_times)


async def _recording(
    runtime: Runtime, section: RolloutSection, planned: RolloutPlan, metrics: str | None, since: datetime,
    until: datetime,
) -> Recording:  # fmt: skip
    own = section.metrics
    if metrics == IMPORTED:
        arms = {own.canary: "canary", own.baseline: "baseline"}
        return of_rows(runtime.datasets.rows(METRICS, since=since, until=until), arms, since, until)
    if metrics is not None:
        return of_file(Path(metrics))
    step_s = max(1.0, planned.interval_s, (until - since).total_seconds() / MAX_LOOKS)
    looks = await recorder(section).recorded(since, until, step_s)
    return of_looks(looks, f"{own.url}, {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC")


def _whole_s(planned: RolloutPlan) -> float:
    """So long a rollout takes in which all is well, and a few looks more."""
    watched = sum(phase.duration_s for phase in planned.watches) or planned.watch_s
    return sum(stage.duration_s for stage in planned.stages) + watched + 10 * planned.interval_s
