"""What is set for later rollouts: stages of a release, limits of an environment or a release."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..config.monitoring_profile import PHASED, load_profile
from ..core.errors import InputError
from ..core.records.release import check_environment, check_version
from ..core.records.rollout import CanarySetup, Trigger, TriggerSetup, canary_key, triggers_key
from .rollout_parts import Wanted, check_stages
from .runtime import Runtime


async def set_stages(runtime: Runtime, version: str, stages: Sequence[float], stage_s: float | None) -> CanarySetup:
    """For the version's next rollout.

    Raises:
        InputError: stages that do not rise to 100.
    """
    check_stages(stages)
    setup = CanarySetup(stages=tuple(stages), stage_s=stage_s)
    await runtime.memory.store(canary_key(check_version(version)), setup)
    return setup


async def set_triggers(
    runtime: Runtime, triggers: Sequence[Trigger], *, environment: str, version: str | None
) -> TriggerSetup:
    """Set limits by metric; those of other metrics stay.

    Raises:
        InputError: no limit is given.
    """
    if not triggers:
        raise InputError("no limit is given", hint="--error-rate 2% --latency-p95 800ms")
    about = check_version(version) if version else check_environment(environment)
    known = await _triggers(runtime, about)
    setup = TriggerSetup(triggers=tuple(({t.metric: t for t in known} | {t.metric: t for t in triggers}).values()))
    await runtime.memory.store(triggers_key(about), setup)
    return setup


async def with_setup(runtime: Runtime, wanted: Wanted, *, version: str, environment: str) -> Wanted:
    """What is asked for, completed by what was set: the command line first, then the version, then the environment."""
    stored = await runtime.memory.retrieve(canary_key(version))
    setup = CanarySetup.from_value(stored, where=canary_key(version)) if stored else None
    triggers = (*await _triggers(runtime, environment), *await _triggers(runtime, version), *wanted.triggers)
    if setup is None:
        return replace(wanted, triggers=triggers)
    stages = wanted.stages or setup.stages
    return replace(wanted, triggers=triggers, stages=stages, stage_s=wanted.stage_s or setup.stage_s)


def with_profile(wanted: Wanted, monitoring: str) -> Wanted:
    """What is asked for, watched by a profile.

    Args:
        wanted: so far.
        monitoring: `phased`, or the path of a YAML file.

    Raises:
        InputError: the file cannot be used.
    """
    profile = load_profile(PHASED if monitoring == "phased" else Path(monitoring))
    return replace(wanted, watches=profile.watches, triggers=(*wanted.triggers, *profile.triggers))


async def _triggers(runtime: Runtime, about: str) -> tuple[Trigger, ...]:
    stored = await runtime.memory.retrieve(triggers_key(about))
    return TriggerSetup.from_value(stored, where=triggers_key(about)).triggers if stored else ()
