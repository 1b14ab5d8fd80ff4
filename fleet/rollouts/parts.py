"""What a target of aqe.yaml names for its rollouts, made ready: executor, metric source, plan."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...agents.deployment_readiness.rollout.readiness import CLOSE
from ...config.region_sections import RegionSection, rollout_of
from ...config.rollout_sections import RolloutSection
from ...config.settings import Settings, environment
from ...connectors.executors.command import CommandExecutor
from ...connectors.executors.dry_run import DryRunExecutor
from ...connectors.executors.haproxy import HAProxyExecutor
from ...connectors.executors.kubernetes import KubernetesExecutor
from ...connectors.executors.nginx import NginxExecutor
from ...connectors.sources.probe import ProbeSource
from ...connectors.sources.prometheus import COUNTERS, PrometheusSource, is_per_arm
from ...core.clock import Clock
from ...core.errors import AqeError, InputError
from ...core.ids import dated_id
from ...core.log import Logger
from ...core.ports import Executor, MetricSource
from ...core.records.release import Release
from ...core.records.rollouts.hooks import StageHook
from ...core.records.rollouts.kayenta import KayentaJudging
from ...core.records.rollouts.regions import RegionalHow
from ...core.records.rollouts.rollout import Measured, RolloutPlan, Sample, Stage, Strategy, Trigger, WatchPhase
from ...core.registry import did_you_mean

log = Logger("rollout")

ROLLING_STAGES = (25.0, 50.0, 75.0, 100.0)
BLUE_GREEN_STAGES = (100.0,)
WITH_SERVERS = ("haproxy", "nginx")
"""Kinds of executors whose servers aqe.yaml names."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; None = as aqe.yaml has it.

    Args:
        strategy: how traffic moves.
        stages: percents, rising, the last is 100.
        stage_s, watch_s, interval_s: seconds.
        auto_rollback: False = pause instead.
        triggers: besides those of aqe.yaml, by metric.
        defaults: that hold where neither aqe.yaml nor anybody else says another limit of the metric.
        watches: phases after the last stage, instead of `watch_s`.
        kayenta: stages are judged so.
    """

    strategy: Strategy = Strategy.CANARY
    stages: Sequence[float] | None = None
    stage_s: float | None = None
    watch_s: float | None = None
    interval_s: float | None = None
    auto_rollback: bool = True
    triggers: Sequence[Trigger] = ()
    defaults: Sequence[Trigger] = ()
    watches: tuple[WatchPhase, ...] = ()
    kayenta: KayentaJudging | None = None


def wanted_of(how: RegionalHow) -> Wanted:
    """What a plan asks of each region's rollout."""
    return Wanted(how.strategy, how.stages, how.stage_s, how.watch_s)


def target(settings: Settings, name: str, region: str | None = None) -> RolloutSection:
    """How releases get to an environment, or to one of its regions.

    Raises:
        InputError: aqe.yaml does not say.
    """
    hint = "targets:\n       production:\n         rollout: {executor: {...}, metrics: {...}}   (docs/operations.md)"
    if name not in settings.targets:
        raise InputError(f"aqe.yaml has no target {name!r}{did_you_mean(name, settings.targets)}", hint=hint)
    section = settings.targets[name].rollout
    if section is None:
        raise InputError(f"target {name!r} of aqe.yaml has no `rollout`", hint=hint)
    return section if region is None else rollout_of(section, region, region_of(settings, name, region))


def region_of(settings: Settings, environment: str, name: str) -> RegionSection:
    """What aqe.yaml says of a region.

    Raises:
        InputError: it does not name it.
    """
    known = settings.targets[environment].regions if environment in settings.targets else {}
    if name not in known:
        raise InputError(
            f"target {environment!r} of aqe.yaml has no region {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(known)}" if known else "targets.NAME.regions (docs/operations.md#regions)",
        )
    return known[name]


def executor(section: RolloutSection, strategy: Strategy) -> Executor:
    """What moves the traffic."""
    own = section.executor
    rolling = strategy is Strategy.ROLLING
    if own.kind == "haproxy" and own.socket and own.backend:
        return HAProxyExecutor(own.socket, own.backend, own.canary, own.baseline, rolling=rolling)
    if own.kind == "nginx" and own.include and own.log:
        return NginxExecutor(
            own.include, own.log, own.canary, own.baseline, program=own.program or ("nginx",), rolling=rolling,
            timeout_s=own.timeout_s,
        )  # fmt: skip
    if own.kind == "kubernetes" and own.rollout:
        return KubernetesExecutor(
            own.rollout, namespace=own.namespace, context=own.context, program=own.program or ("kubectl",),
            timeout_s=own.timeout_s, environment=environment(),
        )  # fmt: skip
    if own.kind == "command" and own.set:
        return CommandExecutor(own.set, own.look, timeout_s=own.timeout_s, environment=environment())
    return DryRunExecutor()


def traffic(section: RolloutSection) -> Executor | None:
    """What sends a region its users; None where nothing does."""
    own = section.traffic
    return None if own is None else executor(section.model_copy(update={"executor": own}), Strategy.CANARY)


def source(section: RolloutSection) -> MetricSource:
    """What measures both arms."""
    own = section.metrics
    if own.kind == "probe":
        return ProbeSource(
            own.canary, own.baseline, paths=own.paths, requests=own.requests, slow_ms=own.slow_ms,
            timeout_s=own.timeout_s,
        )  # fmt: skip
    return recorder(section)


def recorder(section: RolloutSection) -> PrometheusSource:
    """What also knows how both arms were.

    Raises:
        InputError: what measures them keeps nothing.
    """
    own = section.metrics
    if own.url is None:
        raise InputError(f"metrics of kind {own.kind} record nothing", hint="--metrics FILE, or --metrics imported")
    return PrometheusSource(own.url, own.queries, canary=own.canary, baseline=own.baseline, timeout_s=own.timeout_s)


def problem_of(error: Exception) -> str:
    """What went wrong, in words. Whatever it is: a runner that died of it would leave the traffic where it is."""
    if isinstance(error, AqeError):
        return error.message
    log.error("executor or metrics failed in an unknown way", error=repr(error))
    return f"{type(error).__name__}: {error}"[:300]


async def look(moves: Executor, measures: MetricSource | None, clock: Clock, problem: str | None = None) -> Sample:
    """What both say now; what one of them does not is missing, and `problem` tells why.

    Args:
        moves: the executor.
        measures: None = nothing is to be measured, the executor alone is asked.
        clock: of the sample.
        problem: that there was before.
    """
    asked = measures.read() if measures else _nothing()
    measured, placed = await asyncio.gather(asked, moves.look(), return_exceptions=True)
    problems = [problem] if problem else []
    for answer in (measured, placed):
        if isinstance(answer, Exception):
            problems.append(problem_of(answer))
        elif isinstance(answer, BaseException):
            raise answer
    seen: dict[str, Any] = {"at": clock.now(), "problem": "; ".join(dict.fromkeys(problems)) or None}
    if not isinstance(measured, BaseException):
        seen |= {"canary": measured.canary, "baseline": measured.baseline, "metrics": measured.metrics}
        seen["baseline_metrics"] = measured.baseline_metrics
    sample = Sample(**seen)
    if isinstance(placed, BaseException):
        return sample
    # The executor sees a server die before a scrape does.
    up = sample.canary.up if placed.canary_up is not False and sample.canary.up is not None else placed.canary_up
    canary = sample.canary.model_copy(update={"up": up})
    return sample.model_copy(
        update={
            "percent": placed.percent,
            "ready_percent": placed.ready_percent,
            "canary_routed": placed.canary_requests,
            "baseline_routed": placed.baseline_requests,
            "canary": canary,
        }
    )


async def _nothing() -> Measured:
    return Measured()


def plan(section: RolloutSection, release: Release, baseline: str | None, wanted: Wanted, now: datetime) -> RolloutPlan:
    """What is to happen.

    Raises:
        InputError: stages that do not rise to 100.
    """
    percents = wanted.stages or _stages(section, wanted.strategy)
    check_stages(percents)
    if wanted.strategy is Strategy.ROLLING:
        check_batches(section, percents)
    triggers = {
        t.metric: t
        for t in (
            *wanted.defaults,
            *(own.planned(metric) for metric, own in section.triggers.items()),
            *wanted.triggers,
        )
    }
    return RolloutPlan(
        id=dated_id("rollout", now),
        version=release.version,
        commit=release.commit,
        environment=release.environment,
        service=release.service,
        baseline=baseline,
        strategy=wanted.strategy,
        stages=tuple(Stage(percent=p, duration_s=wanted.stage_s or section.stage_s) for p in percents),
        watch_s=section.watch_s if wanted.watch_s is None else wanted.watch_s,
        watches=wanted.watches,
        interval_s=wanted.interval_s or section.interval_s,
        triggers=tuple(triggers.values()),
        kayenta=_kayenta(section, percents, wanted.kayenta),
        auto_rollback=wanted.auto_rollback,
        min_requests=section.min_requests,
        no_data_pause_s=section.no_data_pause_s,
        no_data_rollback_s=section.no_data_rollback_s,
        progress_s=section.progress_s,
        settle_looks=section.settle_looks,
        settle_s=section.settle_s,
        hooks=_hooks(section, percents),
        started_at=now,
    )


def unmeasured(section: RolloutSection, planned: RolloutPlan) -> list[str]:
    """Metrics of limits that nothing measures: these limits cannot take the release back."""
    triggers = [*planned.triggers, *(trigger for phase in planned.watches for trigger in phase.triggers)]
    return sorted({trigger.metric for trigger in triggers} - set(_measured(section)))


def _measured(section: RolloutSection) -> dict[str, bool]:
    """Metric that the target measures -> True when it does of each arm."""
    own = section.metrics
    known = {"error_rate_percent": True, "availability_percent": True}
    known |= {name: is_per_arm(name, query) for name, query in own.queries.items() if name not in (*COUNTERS, "up")}
    if own.kind == "probe" or "slow" in own.queries:
        known["slow_percent"] = True
    return known | ({"latency_p95_ms": True} if own.kind == "probe" else {})


def _kayenta(
    section: RolloutSection, percents: Sequence[float], wanted: KayentaJudging | None
) -> KayentaJudging | None:
    """Checked here: nobody wants to read of a misspelt metric when the first stage is to be judged."""
    # Here, for the guard has no use for them: with all of scipy it came a second too late, and took 60 MB.
    from ...agents.deployment_readiness.rollout.kayenta_stage import check_judging
    from .judging import load_kayenta

    own = section.kayenta
    if min(percents) >= 100:
        if wanted:
            raise InputError("Kayenta's judge needs traffic on both versions: give it stages below 100 %")
        return None
    judging = wanted or (load_kayenta(own.config, own.every_s) if own else None)
    if judging is None:
        return None
    check_judging(judging, _measured(section))
    return judging


def check_stages(percents: Sequence[float]) -> None:
    """Raises InputError for stages that do not rise to 100."""
    if not percents or list(percents) != sorted(set(percents)) or percents[0] <= 0 or percents[-1] != 100:
        raise InputError(f"stages {', '.join(f'{p:g}' for p in percents)}: expected rising percents that end with 100")


def check_batches(section: RolloutSection, percents: Sequence[float]) -> None:
    """Raises InputError for stages that are no whole number of the executor's servers, where it names them."""
    own = section.executor
    if own.kind not in WITH_SERVERS:
        return
    servers = len(own.canary)
    if len(own.baseline) != servers:
        counts = f"{servers} of the new version and {len(own.baseline)} of the old one"
        raise InputError(f"rolling swaps server for server: aqe.yaml names {counts}, expected as many of each")
    if broken := [p for p in percents if abs(p * servers / 100 - round(p * servers / 100)) > CLOSE * servers / 100]:
        able = ", ".join(f"{100 * n / servers:.4g}" for n in range(1, servers + 1))
        raise InputError(f"{broken[0]:g} % is no whole number of {servers} servers: rolling can have {able} %")


def _stages(section: RolloutSection, strategy: Strategy) -> Sequence[float]:
    if strategy is Strategy.ROLLING and section.executor.kind in WITH_SERVERS:
        servers = len(section.executor.canary)
        return [100 * min(n, servers) / servers for n in range(section.batch, servers + section.batch, section.batch)]
    return {Strategy.BLUE_GREEN: BLUE_GREEN_STAGES, Strategy.ROLLING: ROLLING_STAGES}.get(strategy, section.stages)


def _hooks(section: RolloutSection, percents: Sequence[float]) -> tuple[StageHook, ...]:
    """Of aqe.yaml; one of a stage that this rollout does not have would never be run, and nobody would know."""
    for name, own in section.hooks.items():
        if unknown := [percent for percent in own.stages if percent not in percents]:
            stages = ", ".join(f"{percent:g}" for percent in percents)
            raise InputError(f"hook {name!r} is of the stage {unknown[0]:g} %, this rollout has {stages} %")
    return tuple(StageHook(name=name, **own.model_dump()) for name, own in section.hooks.items())
