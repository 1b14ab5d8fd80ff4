"""How a deployment is: what the last look saw, and what somebody should know of; for dashboards and other agents."""

from datetime import datetime

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record
from .rollout import ArmReading, MetricVerdict, Percent, Phase, Rollout

MONITORING_KEY = "aqe/deployment/monitoring"
DEPLOYMENT_ALERTS_KEY = "aqe/deployment/alerts"


class DeploymentHealth(Record):
    """The last look of the rollout that changed last; the value at `aqe/deployment/monitoring`."""

    rollout: str
    version: str
    environment: str
    region: str | None = None
    phase: Phase
    monitoring_phase: str | None = None
    """Name of the phase after the last stage."""
    percent: Percent
    measured_at: AwareDatetime | None = None
    canary: ArmReading = ArmReading()
    """Counters since its process began."""
    baseline: ArmReading = ArmReading()
    metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    verdicts: tuple[MetricVerdict, ...] = ()
    updated_at: AwareDatetime


class DeploymentAlert(Record):
    """What somebody should know of; the value at `aqe/deployment/alerts` is a list, empty when all is well."""

    rollout: str
    version: str
    environment: str
    region: str | None = None
    about: str
    """`paused`, `rollback`, or the metric whose limit is broken."""
    reason: str
    since: AwareDatetime


def health_of(rollout: Rollout) -> DeploymentHealth:
    """What stands at MONITORING_KEY."""
    plan, state = rollout.plan, rollout.state
    last = state.last
    watching = state.phase in (Phase.WATCHING, Phase.HELD) and state.watch < len(plan.watches)
    return DeploymentHealth(
        rollout=plan.id,
        version=plan.version,
        environment=plan.environment,
        region=plan.region,
        phase=state.phase,
        monitoring_phase=plan.watches[state.watch].name if watching else None,
        percent=state.percent,
        measured_at=last.at if last else None,
        canary=last.canary if last else ArmReading(),
        baseline=last.baseline if last else ArmReading(),
        metrics=last.metrics if last else {},
        verdicts=state.verdicts,
        updated_at=rollout.updated_at,
    )


def alerts_of(rollout: Rollout) -> tuple[DeploymentAlert, ...]:
    """What stands at DEPLOYMENT_ALERTS_KEY."""
    state = rollout.state
    wrong = {metric: (reason, state.alerting_since) for metric, reason in state.alerts.items()}
    if state.phase is Phase.PAUSED:
        wrong["paused"] = (state.reason, state.timeline[-1].at if state.timeline else None)
    if state.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK):
        wrong["rollback"] = (state.reason, state.decided_at)
    return tuple(
        alert_about(rollout, about, reason, since or rollout.updated_at) for about, (reason, since) in wrong.items()
    )


def alert_about(rollout: Rollout, about: str, reason: str, since: datetime) -> DeploymentAlert:
    """What somebody should know of a rollout."""
    plan = rollout.plan
    return DeploymentAlert(
        rollout=plan.id,
        version=plan.version,
        environment=plan.environment,
        region=plan.region,
        about=about,
        reason=reason,
        since=since,
    )
