"""A release in several regions in text: the plan, the assessment, where it stands."""

from collections import Counter
from typing import TYPE_CHECKING

from .text import duration_text, table, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.records.decisions.regional_assessment import RegionalAssessment
    from ..core.records.evidence import Reading
    from ..core.records.rollouts.regions import PlannedRegions, Region, RegionsStatus
    from ..core.records.rollouts.rollout import Rollout

LATEST = 12
"""Moments of the timeline that are shown; --json has them all."""


def planned_text(planned: "PlannedRegions") -> str:
    """Which region comes when."""
    plan = planned.plan
    expected = {one.region: one for one in planned.expected}
    rows = [
        (
            region.wave + 1,
            region.name,
            _share(region),
            _window(region),
            time_text(expected[region.name].begins_at),
            time_text(expected[region.name].held_at),
        )
        for region in plan.regions
    ]
    return "\n".join(
        [
            f"{plan.version} to {plan.environment}, {plan.order}, {plan.how.strategy} in each region: "
            f"about {duration_text(planned.lasts_s)} if it began now and all goes well",
            "",
            table(("WAVE", "REGION", "TRAFFIC", "MAY BEGIN", "BEGINS", "HAS ALL TRAFFIC"), rows),
            "",
            f"next wave: when {100 * plan.quorum:g} % of the regions begun are well, all have settled and "
            f"{duration_text(plan.bake_s)} have passed",
            f"a region that fails is taken back alone; more than {plan.max_failed}, and all are",
            f"to begin: aqe deploy execute-multi-region --version {plan.version}",
        ]
    )


def assessed_text(found: "RegionalAssessment") -> str:
    """The decision for each region."""
    rows = [
        (
            one.region,
            one.decision.verdict,
            one.decision.decision,
            *(_own(one.own[name]) for name in ("history", "signals")),
        )
        for one in found.regions
    ]
    return "\n".join(
        [
            f"{found.version} to {found.environment}: {found.decision.decision}: {found.decision.rule}",
            "",
            table(("REGION", "VERDICT", "DECISION", "OWN DEPLOYMENTS", "OWN SIGNALS"), rows),
            "",
            *(f"{one.region}: {one.decision.rule}" for one in found.regions),
            *dict.fromkeys(
                f"not measured: {reading.reason}"
                for one in found.regions
                for reading in one.own.values()
                if reading.reason
            ),
        ]
    )


def regions_text(status: "RegionsStatus") -> str:
    """Where all of it stands."""
    regional = status.regional
    plan, state = regional.plan, regional.state
    ended = state.ended_at or regional.updated_at
    lines = [
        f"{plan.version} to {plan.environment}: {state.phase}, after "
        f"{duration_text((ended - regional.started_at).total_seconds())}; {plan.order}; {regional.id}"
    ]
    if state.reason:
        lines.append(f"reason: {state.reason}")
    rows = []
    for region in plan.regions:
        known = state.regions[region.name]
        away = " (its traffic is elsewhere)" if known.away else ""
        with_all = known.phase in ("TAKING_BACK", "ROLLED_BACK")
        rollout = status.rollouts.get(region.name)
        said = "with all regions" if with_all else known.reason or _worst(rollout)
        name = region.name if region.traffic_percent is None else f"{region.name} ({region.traffic_percent:g} % of all)"
        row = (region.wave + 1, name, f"{known.phase}{away}", f"{known.percent:g} %")
        rows.append((*row, _failed([rollout] if rollout else []), said))
    lines += ["", table(("WAVE", "REGION", "STATE", "NEW VERSION", "FAILED", "LAST LOOK"), rows)]
    counted = Counter(str(region.phase) for region in state.regions.values())
    lines += ["", f"regions: {', '.join(f'{count} {phase}' for phase, count in counted.items())}"]
    failed = _failed(list(status.rollouts.values()))
    lines.append(f"failed requests of the new version, since each region's stage began: {failed}")
    lines += ["", *(f"[{moment.at:%H:%M:%S}] {moment.text}" for moment in state.timeline[-LATEST:])]
    return "\n".join(lines)


def _failed(rollouts: "Sequence[Rollout]") -> str:
    """`4 of 210 (1.9 %)` of the new version's requests, since each rollout's stage began."""
    canaries = [rollout.state.canary for rollout in rollouts]
    requests, errors = sum(one.requests for one in canaries), sum(one.errors for one in canaries)
    return f"{errors:.0f} of {requests:.0f} ({100 * errors / requests:.2g} %)" if requests else "-"


def _worst(rollout: "Rollout | None") -> str:
    """What the last look found that is not healthy, or that it found nothing."""
    if rollout is None or not rollout.state.verdicts:
        return ""
    odd = [one for one in rollout.state.verdicts if one.state not in ("HEALTHY", "WITHIN")]
    return "; ".join(f"{one.metric}: {one.state}" for one in odd) or "all metrics healthy"


def _share(region: "Region") -> str:
    return "-" if region.traffic_percent is None else f"{region.traffic_percent:g} %"


def _window(region: "Region") -> str:
    if region.window is None:
        return "at any hour"
    return f"{region.window.opens:%H:%M}-{region.window.closes:%H:%M} {region.timezone}"


def _own(reading: "Reading") -> str:
    return str(reading.status) if reading.value is None else str(reading.value)
