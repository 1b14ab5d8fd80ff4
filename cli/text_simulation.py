"""A simulated rollout in text."""

from typing import TYPE_CHECKING

from .text import duration_text, table

if TYPE_CHECKING:
    from ..core.records.rollouts.simulation import Simulation

LATEST = 12


def simulation_text(found: "Simulation") -> str:
    """All of it."""
    lines = [
        f"{found.version} to {found.environment}, {found.strategy}: {found.outcome} (simulated, nothing was moved)",
        f"metrics: {found.source}, {found.looks} looks every {duration_text(found.looks_every_s)}",
    ]
    if not found.canary_recorded:
        lines.append("no canary is recorded: the version that is served stands in for it")
    if found.errors_times != 1:
        lines.append(f"the new version fails {found.errors_times:g} times as often as recorded")
    if found.reason:
        lines.append(f"reason: {found.reason}")
    if found.detected_after_s is not None:
        lines.append(f"detected {duration_text(found.detected_after_s)} after the beginning of the stage")
    rows = [
        (
            f"{stage.percent:g} %",
            duration_text(stage.lasted_s),
            f"{stage.requests:.0f}",
            f"{stage.failed:.1f}",
            stage.outcome,
            stage.words,
        )
        for stage in found.stages
    ]
    if rows:
        lines += ["", table(("STAGE", "LASTED", "REQUESTS", "FAILED", "OUTCOME", "IT COULD SEE"), rows)]
    latest = found.timeline[-LATEST:]
    return "\n".join([*lines, "", *(f"[{moment.at:%H:%M:%S}] {moment.text}" for moment in latest)])
