"""What is set for later rollouts: stages of a release, limits of an environment or a release."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ...config.monitoring_profile import PHASED, load_profile
from ...config.rollout_sections import TriggerSection
from ...core.errors import InputError
from ...core.records.release import check_environment, check_version
from ...core.records.rollouts.kayenta import KayentaJudging
from ...core.records.rollouts.rollback_rules import ROLLOUT_METRICS
from ...core.records.rollouts.rollout import CanarySetup, Trigger, TriggerSetup, canary_key, triggers_key
from ..decisions.policies import DEFAULT, SPECIFICATION, known_policies
from ..runtime import Runtime
from .parts import Wanted, check_stages


async def set_stages(
    runtime: Runtime,
    version: str,
    stages: Sequence[float],
    stage_s: float | None,
    kayenta: KayentaJudging | None = None,
) -> CanarySetup:
    """For the version's next rollout.

    Raises:
        InputError: stages that do not rise to 100.
    """
    check_stages(stages)
    setup = CanarySetup(stages=tuple(stages), stage_s=stage_s, kayenta=kayenta)
    await runtime.memory.store(canary_key(check_version(version)), setup)
    return setup


def asked_trigger(
    metric: str, limit: float, *, below: bool, for_s: float | None, counters: Mapping[str, float | None]
) -> Trigger:
    """A limit as the command line has it: checked by what aqe.yaml's are checked by.

    Args:
        metric: that is limited.
        limit: of it; `below` = lower is worse.
        for_s: seconds without a break; None = nobody said.
        counters: of Argo's, by name; those that are None were not given.

    Raises:
        InputError: a time and counters, or a success that is no success.
    """
    given = {name: value for name, value in counters.items() if value is not None}
    asked = {"below" if below else "above": limit, "for_s": for_s, "counters": given or None}
    try:
        return TriggerSection.model_validate(asked).planned(metric)
    except ValidationError as error:
        raise InputError(f"{metric}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from error


async def set_triggers(
    runtime: Runtime, triggers: Sequence[Trigger], *, environment: str, version: str | None
) -> TriggerSetup:
    """Set limits by metric; those of other metrics stay.

    Raises:
        InputError: no limit is given.
    """
    if not triggers:
        raise InputError("no limit is given", hint="--error-rate 2% --latency-p95 800ms")
    about = check_version(version) if version is not None else check_environment(environment)
    known = await _triggers(runtime, about)
    setup = TriggerSetup(triggers=tuple(({t.metric: t for t in known} | {t.metric: t for t in triggers}).values()))
    await runtime.memory.store(triggers_key(about), setup)
    return setup


async def with_setup(runtime: Runtime, wanted: Wanted, *, version: str, environment: str) -> Wanted:
    """What is asked for, completed by what was set: the command line first, then the version, the environment, aqe.yaml
    (in `plan`), and at last the project's own policy."""
    stored = await runtime.memory.retrieve(canary_key(version))
    setup = CanarySetup.from_value(stored, where=canary_key(version)) if stored else None
    of_environment = _of(await _triggers(runtime, environment), f"environment {environment}")
    of_version = _of(await _triggers(runtime, version), f"version {version}")
    wanted = replace(
        wanted,
        triggers=(*of_environment, *of_version, *wanted.triggers),
        defaults=await _policy_triggers(runtime),
    )
    if setup is None:
        return wanted
    stages = wanted.stages or setup.stages
    stage_s, kayenta = wanted.stage_s or setup.stage_s, wanted.kayenta or setup.kayenta
    return replace(wanted, stages=stages, stage_s=stage_s, kayenta=kayenta)


def with_profile(wanted: Wanted, monitoring: str) -> Wanted:
    """What is asked for, watched by a profile.

    Args:
        wanted: so far.
        monitoring: `phased`, or the path of a YAML file.

    Raises:
        InputError: the file cannot be used.
    """
    profile = load_profile(PHASED if monitoring == "phased" else Path(monitoring))
    return replace(wanted, watches=profile.watches, triggers=(*wanted.triggers, *_of(profile.triggers, "--monitoring")))


async def _triggers(runtime: Runtime, about: str) -> tuple[Trigger, ...]:
    stored = await runtime.memory.retrieve(triggers_key(about))
    return TriggerSetup.from_value(stored, where=triggers_key(about)).triggers if stored else ()


async def _policy_triggers(runtime: Runtime) -> tuple[Trigger, ...]:
    """Of the project's own policy.

    Those of the policy that comes with aqe are advice for people: absolute limits that nobody chose would take back
    releases of a service whose usual error rate is higher.
    """
    policies = await known_policies(runtime.memory, runtime.settings)
    own = policies[DEFAULT].rollback.triggers
    if own == policies[SPECIFICATION].rollback.triggers:
        return ()
    return tuple(
        Trigger(
            metric=ROLLOUT_METRICS.get(metric, metric),
            limit=limit,
            for_s=one.for_s,
            below=one.above is None,
            origin="policy",
        )
        for metric, one in own.items()
        if (limit := one.below if one.above is None else one.above) is not None
    )


def _of(triggers: Sequence[Trigger], origin: str) -> tuple[Trigger, ...]:
    return tuple(trigger.model_copy(update={"origin": origin}) for trigger in triggers)
