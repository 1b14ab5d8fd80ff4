"""A rollout in text: where it stands, what the last look said, what happened."""

from typing import TYPE_CHECKING

from .text import duration_text, table

if TYPE_CHECKING:
    from ..core.records.rollouts.rollout import Rollout
    from ..fleet.rollouts.monitoring import Monitored
    from ..fleet.rollouts.validating import Validation

LATEST = 12
"""Moments of the timeline that are shown; --json has them all."""
PAUSED = "PAUSED"
"""Of a rollout and of a release in several regions."""


def rollout_text(rollout: "Rollout") -> str:
    """All of it."""
    plan, state = rollout.plan, rollout.state
    ended = state.ended_at or rollout.updated_at
    running = duration_text((ended - plan.started_at).total_seconds())
    stages = " -> ".join(f"{stage.percent:g}%" for stage in plan.stages)
    lines = [
        f"{plan.version} to {plan.environment}: {state.phase}, {state.percent:g} % of the traffic, after {running}",
        f"{plan.strategy} {stages}; before: {plan.baseline or 'not known'}; {plan.id}",
    ]
    if plan.kayenta:
        often = f"every {plan.kayenta.every_s:g} s and " if plan.kayenta.every_s else ""
        lines.append(f"judged as Kayenta does, {often}at each stage's end; with all traffic by counts")
    for trigger in plan.triggers:
        if not trigger.alert_only:
            lines.append(f"taken back when {trigger.words}" + (f" ({trigger.origin})" if trigger.origin else ""))
    if state.traffic:
        lines.append(f"traffic: {state.traffic.reason}")
    if state.settling:
        lines.append(f"afterwards: {state.settling.reason}")
    if state.reason:
        lines.append(f"reason: {state.reason}")
    if state.phase == PAUSED:
        lines.append(way_on(plan.version))
    lines += arms_lines(rollout)
    if state.verdicts:
        rows = [(verdict.metric, verdict.state, verdict.reason) for verdict in state.verdicts]
        lines += ["", table(("METRIC", "STATE", "LAST LOOK"), rows)]
    lines += ["", *(f"[{moment.at:%H:%M:%S}] {moment.text}" for moment in state.timeline[-LATEST:])]
    return "\n".join(lines)


def way_on(version: str) -> str:
    """What a person can do about a pause."""
    return f"to go on: aqe deploy resume --version {version}; to take it back: aqe deploy abort --version {version}"


def arms_lines(rollout: "Rollout") -> list[str]:
    """How far the stage is, and what both arms have counted since it began; nothing before the first look."""
    plan, state = rollout.plan, rollout.state
    if state.last is None or state.moved_at is None or not state.canary.requests:
        return []
    gone_s = max((state.last.at - state.moved_at).total_seconds(), 0.0)
    head = (
        f"stage {state.stage + 1} of {len(plan.stages)} began {duration_text(gone_s)} before the last look; since then:"
    )
    arms = (("new", state.canary, state.last.canary), ("before", state.baseline, state.last.baseline))
    rows = [
        (
            name,
            f"{totals.requests:.0f}",
            f"{totals.requests / gone_s:.3g}/s" if gone_s else "-",
            _counted(totals.errors, totals.requests, reading.errors),
            _counted(totals.slow, totals.requests, reading.slow),
            "-" if reading.latency_p95_ms is None else f"{reading.latency_p95_ms:.0f} ms",
        )
        for name, totals, reading in arms
    ]
    own = [f"{name}: {value:.4g}" for name, value in sorted(state.last.metrics.items())]
    return ["", head, table(("VERSION", "REQUESTS", "RATE", "FAILED", "SLOW", "P95"), rows), *own]


def _counted(count: float, of: float, measured: float | None) -> str:
    """`4 (1.9 %)`; `-` of what nobody measures."""
    return "-" if measured is None or not of else f"{count:.0f} ({100 * count / of:.2g} %)"


def validation_text(found: "Validation") -> str:
    """How what is deployed is."""
    where = f"{found.environment}, {found.region}" if found.region else found.environment
    lines = [f"{found.version} in {where}: {found.verdict}, {found.requests:.0f} requests seen"]
    if found.problem:
        lines.append(f"not all was measured: {found.problem}")
    rows = [(verdict.metric, verdict.state, verdict.reason) for verdict in found.verdicts]
    return "\n".join([*lines, *(["", table(("METRIC", "STATE", "LAST LOOK"), rows)] if rows else [])])


def monitored_text(found: "Monitored") -> str:
    """A rollout, how what it brought is since, and what somebody should know of."""
    parts = [rollout_text(found), *([f"since its end: {validation_text(found.since)}"] if found.since else [])]
    if found.alerts:
        parts.append("\n".join(f"alert: {one.about}: {one.reason}" for one in found.alerts))
    return "\n\n".join(parts)
