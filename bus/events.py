"""Every event there is.

A new event is one payload class and one line in PAYLOADS; AsyncAPI document and JSON Schemas are generated from them.
What stands around a payload is in `envelope.py`; `reading.py` reads an event from a stream.
"""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from ..core.globs import compile_glob, is_glob
from .envelope import Event as Event
from .envelope import Payload as Payload
from .names import check_type


class ProductionAnalyzed(Payload):
    """production-intelligence finished an analysis."""

    event_type = "production-intelligence:analyzed"
    scenarios_generated: int
    anomalies_detected: int | None
    """None = this analysis did not look for any."""
    high_priority_insights: int
    patterns_found: int = 0
    release: str | None = None


class AnomalyDetected(Payload):
    """Something in production is not as usual, and was not known."""

    event_type = "anomaly:detected"
    anomaly: str
    """Its id; it stands at `aqe/anomalies/<yyyy-mm-dd>/<id>`, the day it began."""
    type: str
    """`ERROR_RATE_SPIKE`, `LATENCY_DEGRADATION`, ..."""
    severity: str
    """`CRITICAL`, `HIGH`, `MEDIUM`, `LOW`."""
    series: str
    """What is not as usual."""
    service: str | None
    """Of which service; null = all, or not said."""
    began_at: AwareDatetime
    """The first point that was not."""
    explanation: str
    """In words: observed, expected, since when, which deployment came before."""
    release: str | None = None
    """The release it was looked for in, if the task named one."""


class ReadinessAssessed(Payload):
    """deployment-readiness made a decision; the whole of it is at `aqe/deployment/decision`."""

    event_type = "deployment-readiness:assessed"
    version: str
    decision: str
    approved: bool
    risk_level: str
    risk: float
    confidence: float | None
    """0-100, or null: not measured."""
    commit: str | None = None
    environment: str | None = None


class SignalImported(Payload):
    """A quality signal was written for a release."""

    event_type = "signal:imported"
    kind: str
    version: str
    commit: str | None
    key: str
    tool: str
    outcome: str


class TaskSubmitted(Payload):
    """Somebody wants work done; any language may publish this. The commander queues it."""

    event_type = "task:submitted"
    type: str
    task_id: str | None = None
    """Chosen by the submitter, else the event's id."""
    payload: dict[str, Any] = Field(default_factory=dict)
    priority: Literal["low", "medium", "high", "critical"] = "medium"
    requirements: tuple[str, ...] = ()
    deadline: AwareDatetime | None = None


class _TaskEvent(Payload):
    task_id: str
    type: str


class TaskAssigned(_TaskEvent):
    """The commander put the task into a lane."""

    event_type = "task:assigned"
    agent_type: str
    priority: str


class TaskStarted(_TaskEvent):
    """An agent began."""

    event_type = "task:started"
    agent: str
    attempt: int


class TaskCompleted(_TaskEvent):
    """Done; the effects are in memory with this very event."""

    event_type = "task:completed"
    agent: str
    duration_ms: int


class TaskFailed(_TaskEvent):
    """Will not be tried again; says why. Vetoes end here too."""

    event_type = "task:failed"
    agent: str | None
    error: str
    vetoed: bool = False


class TaskCancelled(_TaskEvent):
    """Cancelled before it started."""

    event_type = "task:cancelled"


class TaskDeadLettered(_TaskEvent):
    """Took its workers down as often as is allowed."""

    event_type = "task:dead-lettered"
    attempts: int
    error: str


class _AgentEvent(Payload):
    agent: str
    agent_type: str


class AgentStarted(_AgentEvent):
    """An agent is ready for tasks."""

    event_type = "agent:started"
    capabilities: tuple[str, ...]


class AgentStopped(_AgentEvent):
    """An agent left in good order."""

    event_type = "agent:stopped"


class AgentLost(_AgentEvent):
    """No heartbeat for 15 s; its unfinished work goes to others."""

    event_type = "agent:lost"
    task: str | None = None


class GroupRecreated(Payload):
    """A consumer group had gone (flush, fail-over, deletion) and was made again."""

    event_type = "group:recreated"
    stream: str
    group: str
    start: str


class GroupExpired(Payload):
    """A group that is not durable had no consumer for too long and was removed."""

    event_type = "group:expired"
    stream: str
    group: str
    pending: int
    """Entries it had been given and not acknowledged."""
    lag: int | None
    """Entries it had not been given; None = the server cannot say."""


class GroupLagging(Payload):
    """A durable group keeps a stream from being trimmed; at its cap publishing will be refused."""

    event_type = "group:lagging"
    stream: str
    group: str
    length: int
    cap: int


class _ApprovalEvent(Payload):
    version: str
    approval: str
    """Id; it stands at `aqe/releases/<version>/approvals/<id>`, an emergency approval at `overrides/<id>`."""
    environment: str
    commit: str | None


class ApprovalRequested(_ApprovalEvent):
    """Somebody asks for a release to be approved."""

    event_type = "approval:requested"
    requested_by: str
    """Who asks, as the asking process says."""
    recipients: tuple[str, ...] = ()
    """Approvers who were told."""
    expires_at: AwareDatetime
    """When it will no longer wait."""


class ApprovalGranted(_ApprovalEvent):
    """An authenticated approver granted it."""

    event_type = "approval:granted"
    approver: str
    """Id in aqe.yaml."""
    remaining: int
    """So many more people must grant it; 0 = it is granted."""
    emergency: bool = False
    """True = by `emergency-approve`, with the gates and vetoes it overrides."""
    expires_at: AwareDatetime
    """When it will no longer count."""


class ApprovalRejected(_ApprovalEvent):
    """An authenticated approver refused it, or took a grant back."""

    event_type = "approval:rejected"
    approver: str
    """Id in aqe.yaml."""


class ApprovalExpired(_ApprovalEvent):
    """Its time passed before enough people granted it."""

    event_type = "approval:expired"


class _VerdictEvent(Payload):
    version: str
    environment: str
    decision: str
    rule: str
    """The rule that decided, in one sentence."""
    commit: str | None = None


class DeploymentApproved(_VerdictEvent):
    """The release may be deployed."""

    event_type = "deployment:approved"


class DeploymentBlocked(_VerdictEvent):
    """The release may not be deployed: a gate failed, or a veto."""

    event_type = "deployment:blocked"


class _DeploymentEvent(Payload):
    version: str
    environment: str
    region: str | None = None
    """Part of the environment; null = the whole."""
    rollout: str
    """Id; it stands at `aqe/deployment/rollouts/<id>`."""
    percent: float
    """Share of the traffic that the new version is to have now."""
    reason: str
    """In words."""
    commit: str | None = None


class DeploymentStarted(_DeploymentEvent):
    """A rollout begins."""

    event_type = "deployment:started"


class DeploymentStageAdvanced(_DeploymentEvent):
    """A stage succeeded, or a person ordered the next one."""

    event_type = "deployment:stage-advanced"


class DeploymentPaused(_DeploymentEvent):
    """It does not go on by itself."""

    event_type = "deployment:paused"


class DeploymentResumed(_DeploymentEvent):
    """It goes on."""

    event_type = "deployment:resumed"


class DeploymentAlertRaised(_DeploymentEvent):
    """Something is wrong that takes nothing back: a person decides."""

    event_type = "deployment:alert-raised"


class DeploymentRollbackStarted(_DeploymentEvent):
    """It was decided to take the release back."""

    event_type = "deployment:rollback-started"


class DeploymentRolledBack(_DeploymentEvent):
    """The new version has no traffic any more."""

    event_type = "deployment:rolled-back"


class DeploymentPromoted(_DeploymentEvent):
    """The new version has all traffic, and was watched with it."""

    event_type = "deployment:promoted"


class DeploymentFinished(_DeploymentEvent):
    """A rollout has ended, the one way or the other."""

    event_type = "deployment:finished"
    outcome: str
    """`success` or `rolled_back`, as in the deployment history."""


class DeploymentRegionsChanged(_DeploymentEvent):
    """A release to several regions: what became of one of them, or of the whole (`region` null)."""

    event_type = "deployment:regions-changed"
    phase: str
    """Of the whole now: RUNNING, PAUSED, PROMOTING, ROLLING_BACK, PROMOTED, ROLLED_BACK."""
    what: str
    """region-changed, paused, resumed, rollback-started, rolled-back, promoted."""


PAYLOADS: tuple[type[Payload], ...] = (
    ProductionAnalyzed,
    AnomalyDetected,
    ReadinessAssessed,
    SignalImported,
    TaskSubmitted,
    TaskAssigned,
    TaskStarted,
    TaskCompleted,
    TaskFailed,
    TaskCancelled,
    TaskDeadLettered,
    AgentStarted,
    AgentStopped,
    AgentLost,
    GroupRecreated,
    GroupExpired,
    GroupLagging,
    ApprovalRequested,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalExpired,
    DeploymentApproved,
    DeploymentBlocked,
    DeploymentStarted,
    DeploymentStageAdvanced,
    DeploymentPaused,
    DeploymentResumed,
    DeploymentAlertRaised,
    DeploymentRollbackStarted,
    DeploymentRolledBack,
    DeploymentPromoted,
    DeploymentFinished,
    DeploymentRegionsChanged,
)
EVENT_TYPES: dict[str, type[Payload]] = {payload.event_type: payload for payload in PAYLOADS}
"""Every event of ours: type -> payload."""


def matching_types(glob: str, known: Iterable[str]) -> list[str]:
    """Event types a glob stands for, among those with a stream and those of our own table; a plain name is itself.

    Args:
        glob: `deployment-readiness:*`, or an event type.
        known: types that have a stream.

    Raises:
        InputError: neither a glob nor an event type.
    """
    if not is_glob(glob):
        return [check_type(glob)]
    pattern = compile_glob(glob)
    return [event_type for event_type in sorted({*known, *EVENT_TYPES}) if pattern.fullmatch(event_type)]
