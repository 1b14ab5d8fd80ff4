"""How fast an incident can be replayed here: as fast as this machine keeps the incident's shortest delay."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ...agents.production_intelligence.incidents.replay_verdict import is_sure, only_longer, same_times
from ...core.clock import SystemClock
from ...core.records.faults import FaultPlan, FaultRule, ProxyPlan
from ...core.records.production.incident_replay import Arrival, ReplayPlan, ReplayRun
from .client import Client
from .fault_proxy import proxies

CLOCK = SystemClock()
SOUND = 0.05
"""Of the shortest delay: so late may proxies answer; beyond, the scale is too fast for this machine."""
SOUND_ARRIVALS = 0.25
"""Of the shortest delay: so late may requests be sent; hundreds due in one moment take a while."""
TRIED = 40
"""Requests through a proxy to see how late this machine is."""
TRY_DELAY_S = 0.02


@dataclass(frozen=True)
class Lateness:
    """What a call through a proxy takes beyond the delay that was asked for, seconds."""

    median_s: float
    """Every call takes as much: delays are made shorter by it."""
    p95_s: float


async def measured() -> Lateness:
    """Of calls one after the other, on this machine, now."""
    rule = FaultRule(kind="latency", value=1000 * TRY_DELAY_S)
    plan = FaultPlan(proxies=(ProxyPlan(name="probe", faults=(rule,)),))
    async with proxies(plan, steady=True) as running:
        client = Client(running[0].host, running[0].port, CLOCK, give_up_s=5.0)
        met = [await client.one(Arrival(at_s=0, method="GET", path="/"), CLOCK.monotonic_s()) for _ in range(TRIED)]
    late = sorted(max(1e-6, one.took_s - TRY_DELAY_S) for one in met)
    return Lateness(median(late), late[int(0.95 * (TRIED - 1))])


def sound_scale(plan: ReplayPlan, asked: float, machine: Lateness, notes: list[str]) -> float:
    """The asked scale, or the fastest at which this machine's timers are good enough for the shortest delay."""
    shortest_s = _shortest_ms(plan) / 1000
    if not shortest_s:
        return asked
    most = max(1, int(SOUND * shortest_s / machine.p95_s))
    if asked <= most:
        return asked
    notes.append(
        f"1:{asked:g} is too fast here: an answer through a proxy is {1000 * machine.p95_s:.1f} ms late, expected below"
        f" {100 * SOUND:g} % of the shortest delay ({shortest_s:g} s); replayed at 1:{most}"
    )
    return float(most)


def unsound(plan: ReplayPlan, run: ReplayRun, tolerance: float, faster_run: ReplayRun | None = None) -> str | None:
    """Why a run says more of this machine than of the service; None = it does not.

    Args:
        faster_run: of the same service, and unsound.
    """
    shortest_ms = _shortest_ms(plan)
    if not shortest_ms:
        return None
    if run.late_ms * run.scale > SOUND * shortest_ms or run.arrivals_late_ms * run.scale > SOUND_ARRIVALS * shortest_ms:
        return f"answers were {run.late_ms:.1f} ms late, requests {run.arrivals_late_ms:.1f} ms"
    if not is_sure(plan, run, tolerance):
        return f"with all times {100 * run.error_share:.1f} % shorter or longer, which they may be, the verdict differs"
    if only_longer(plan, run, tolerance) and not (faster_run and same_times(run, faster_run, tolerance)):
        return "only its times are longer than the incident's, which a busy machine makes them as well"
    return None


def error_share(plan: ReplayPlan, late_s: Sequence[float], scale: float) -> float:
    """The mean miss of an answer as a share of the shortest delay: who waits again and again is so far off in the end.

    Args:
        late_s: of each answer, on this machine; below 0 = too early.
    """
    shortest_ms = _shortest_ms(plan)
    return 1000 * fmean(map(abs, late_s)) * scale / shortest_ms if shortest_ms and late_s else 0.0


def faster(rule: FaultRule, scale: float, own_s: float) -> FaultRule:
    """All times of the rule on the replay's scale.

    Args:
        own_s: what a call takes by itself, taken off a latency.
    """
    changed: dict[str, Any] = {"jitter_ms": rule.jitter_ms / scale, "from_s": rule.from_s / scale}
    if rule.to_s is not None:
        changed["to_s"] = rule.to_s / scale
    if rule.value is not None and rule.kind in ("latency", "timeout", "slow-close"):
        changed["value"] = rule.value / scale
    if rule.value is not None and rule.kind == "latency":
        changed["value"] = max(0.0, rule.value / scale - 1000 * own_s)
    if rule.value is not None and rule.kind == "bandwidth":
        changed["value"] = rule.value * scale
    return rule.model_copy(update=changed)


def _shortest_ms(plan: ReplayPlan) -> float:
    return min((f.value for f in plan.conditions.faults if f.kind == "latency" and f.value), default=0.0)
