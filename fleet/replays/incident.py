"""Makes an incident happen again: proxies with its faults, its requests in its rhythm, and what came of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from ...agents.production_intelligence.incidents.replay_plan import figures
from ...agents.production_intelligence.incidents.replay_verdict import report_of
from ...config.yamlfile import load_yaml
from ...connectors.faults.proxy import FaultProxy
from ...core.clock import SystemClock
from ...core.errors import InputError, ServiceUnavailable
from ...core.numbers import percent
from ...core.records.faults import FaultPlan, ProxyPlan, rule_of
from ...core.records.production.incident_replay import Hidden, ReplayPlan, ReplayReport, ReplayRun
from ...generators.replay_target import render_replay, replay_name
from ..suites.generated_tests import write_generated
from .client import LEAD_S, Client, Met
from .fault_proxy import proxies
from .scale import error_share, faster, measured, sound_scale, unsound
from .target import service, variable_of

CLOCK = SystemClock()
SLOWER = 2
"""A run that turns out unsound is repeated at so much less of the scale, this many times at most."""
GIVE_UP_S = 60.0
"""A request may last so long beyond three times the incident's longest, in seconds of production."""
CLOSING_S = LEAD_S / 2
"""So long the service may take to close what it gave up on; before the probe's request, which is not the incident's."""


@dataclass(frozen=True)
class How:
    """How to replay.

    Args:
        scale: production seconds a second, 1 and above.
        seed: of the faults.
        tolerance: of the symptoms, 0 to 1.
        runs: how often.
        upstreams: dependency -> `http://host:port` or `host:port`; the others are stubs that answer 200.
        listen: dependency -> `host:port` of its proxy, for a service that runs already.
        own_s: what a call through a proxy takes by itself: it is measured, and taken off each delay.
    """

    scale: float = 100.0
    seed: int = 0
    tolerance: float = 0.05
    runs: int = 1
    upstreams: dict[str, str] | None = None
    listen: dict[str, str] | None = None
    own_s: float = 0.0


def read_replay(path: Path) -> ReplayPlan:
    """A plan from its YAML file.

    Raises:
        InputError: it cannot be read, with line and key.
    """
    try:
        document = load_yaml(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or 'is no text in UTF-8'}") from error
    return document.read(ReplayPlan, document.value)


def replay_yaml(plan: ReplayPlan) -> str:
    """The plan as a file that people read and change."""
    value = plan.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    head = "# An incident to be replayed: `aqe production replay-incident --conditions THIS --target COMMAND`.\n"
    return head + yaml.safe_dump(value, sort_keys=False, width=100, allow_unicode=False)


async def replay(
    plan: ReplayPlan, target: str, how: How, say: Callable[[str], None], *, baseline: str | None = None
) -> ReplayReport:
    """Replay it, first against the baseline where there is one.

    Raises:
        InputError: the target cannot be started, or a proxy's address is taken.
        ServiceUnavailable: the target does not listen, or the machine is too busy for any scale that was tried.
    """
    _check_names(plan, target, how)
    notes: list[str] = []
    machine = await measured()
    how = replace(how, scale=sound_scale(plan, how.scale, machine, notes), own_s=machine.median_s)
    before = await _sound_run(plan, baseline, how, notes) if baseline else None
    if before:
        say(f"replayed against the service as it was in {before.wall_s:.1f} s")
    runs = []
    for number in range(how.runs):
        runs.append(await _sound_run(plan, target, how, notes))
        say(f"replay {number + 1} of {how.runs}: {runs[-1].wall_s:.1f} s, {told(runs[-1].figures.outcomes)}")
    return report_of(plan, runs, baseline=before, tolerance=how.tolerance, notes=notes)


def told(outcomes: dict[str, int]) -> str:
    """`332 x 503 POOL_TIMEOUT, 10 x 504 GATEWAY_TIMEOUT`."""
    return ", ".join(f"{count} x {outcome}" for outcome, count in sorted(outcomes.items(), key=lambda o: -o[1]))


async def _sound_run(plan: ReplayPlan, target: str, how: How, notes: list[str]) -> ReplayRun:
    scale, run = how.scale, None
    for _ in range(SLOWER + 1):
        faster_run, run = run, await _run(plan, target, replace(how, scale=scale))
        problem = unsound(plan, run, how.tolerance, faster_run)
        if problem is None or scale == 1:
            return run
        notes.append(f"a run at 1:{scale:g} is left out: {problem}; repeated slower")
        scale = max(1.0, scale // SLOWER)
    raise ServiceUnavailable("this machine is too busy for a replay: its timers are late at every scale tried")


async def _run(plan: ReplayPlan, target: str, how: How) -> ReplayRun:
    began_s = CLOCK.monotonic_s()
    async with proxies(_fault_plan(plan, how), steady=True) as running:
        async with service(target, _environment(plan, how, running), CLOCK) as under_test:
            give_up_s = (3 * plan.figures.max_ms / 1000 + GIVE_UP_S) / how.scale
            client = Client(under_test.host, under_test.port, CLOCK, give_up_s=give_up_s)
            met = await client.replay(plan.arrivals, how.scale)
            after = [plan.arrivals[0].model_copy(update={"at_s": 0, "count": 1})]
            probe, hidden = await asyncio.gather(client.replay(after, how.scale), _hidden(running))
        late = [late for proxy in running for late in proxy.pace.stats.late_s]
    return ReplayRun(
        target=target,
        scale=how.scale,
        figures=figures(_scaled(met, how.scale)),
        probe=figures(_scaled(probe, how.scale)),
        hidden=hidden,
        late_ms=_p95_ms(late),
        arrivals_late_ms=_p95_ms([one.late_s for one in met]),
        error_share=error_share(plan, late, how.scale),
        wall_s=CLOCK.monotonic_s() - began_s,
    )


def _environment(plan: ReplayPlan, how: How, running: Sequence[FaultProxy]) -> dict[str, str]:
    """What the service is told: its dependencies, its pool, the scale of its own time-outs."""
    pool = {} if plan.pool_size is None else {"AQE_POOL_SIZE": str(plan.pool_size)}
    return {**{variable_of(p.plan.name): p.url for p in running}, **pool, "AQE_TIME_SCALE": f"{how.scale:g}"}


def _p95_ms(seconds: Sequence[float]) -> float:
    return 1000 * sorted(seconds)[int(0.95 * (len(seconds) - 1))] if seconds else 0.0


def _scaled(met: Sequence[Met], scale: float) -> list[tuple[str, float]]:
    return [(one.outcome, 1000 * one.took_s * scale) for one in met]


async def _hidden(running: Sequence[FaultProxy]) -> tuple[Hidden, ...]:
    failing = [proxy for proxy in running if proxy.pace.stats.faults["error"]]
    await asyncio.gather(*(proxy.pace.settled(CLOSING_S) for proxy in failing))
    return tuple(map(_hidden_by, failing))


def _hidden_by(proxy: FaultProxy) -> Hidden:
    stats = proxy.pace.stats
    name, calls, fails, unseen = proxy.plan.name, stats.requests, stats.faults["error"], proxy.pace.left()["error"]
    words = f"{name}: {fails} of {calls} calls ({percent(fails / calls)}) would have failed;"
    words += f" the service had given up on {unseen} of them and never saw it" if unseen else " the service saw them"
    return Hidden(dependency=name, calls=calls, would_fail=fails, unseen=unseen, words=words)


def _fault_plan(plan: ReplayPlan, how: How) -> FaultPlan:
    return FaultPlan(
        seed=how.seed,
        proxies=tuple(
            ProxyPlan(
                name=name,
                listen=(how.listen or {}).get(name, "127.0.0.1:0"),
                target=(how.upstreams or {}).get(name),
                faults=tuple(
                    faster(rule_of(fault), how.scale, how.own_s)
                    for fault in plan.conditions.faults
                    if fault.upstream == name
                ),
            )
            for name in plan.dependencies
        ),
    )


def _check_names(plan: ReplayPlan, target: str, how: How) -> None:
    for name in {**(how.upstreams or {}), **(how.listen or {})}:
        if name not in plan.dependencies:
            raise InputError(f"{name!r} is no dependency of this incident: {', '.join(plan.dependencies) or 'none'}")
    if target.startswith("http://") and set(plan.dependencies) - set(how.listen or {}):
        missing = sorted(set(plan.dependencies) - set(how.listen or {}))[0]
        raise InputError(
            f"a running service must know its dependencies' proxies: --proxy {missing}=127.0.0.1:PORT is missing",
            hint="point the service there and set AQE_TIME_SCALE for it, or give a command as --target",
        )


def write_replay(plan: ReplayPlan, folder: Path) -> list[Path]:
    """The pytest file and its conditions, scanned for secrets like every generated file.

    Raises:
        InputError: a secret is in one, or it is there and differs.
    """
    name = replay_name(plan)
    written = [folder / f"{name}.py", folder / f"{name}.yaml"]
    for path, text in zip(written, (render_replay(plan), replay_yaml(plan)), strict=True):
        write_generated(path, text)
    return written
