"""Tasks and agents, as they stand in memory at `aqe/fleet/tasks/<id>` and `aqe/fleet/agents/<id>`."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from .base import Record


def task_key(task_id: str) -> str:
    """Memory key of a task."""
    return f"aqe/fleet/tasks/{task_id}"


def agent_key(agent_id: str) -> str:
    """Memory key of an agent."""
    return f"aqe/fleet/agents/{agent_id}"


class TaskStatus(StrEnum):
    """Where a task is; the last three are final."""

    CREATED = "created"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})


class Priority(StrEnum):
    """Lanes; read from critical down, without starving the lower ones."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class TaskAssignment(Record):
    """A unit of work for one agent."""

    id: str
    type: str
    """What to do; the commander routes by it (`deployment-assessment`, `error-pattern-mining`)."""
    payload: dict[str, Any] = Field(default_factory=dict)
    priority: Priority = Priority.MEDIUM
    requirements: tuple[str, ...] = ()
    """Capabilities the agent must have."""
    status: TaskStatus = TaskStatus.CREATED
    agent: str | None = None
    """Id of the agent that runs or ran it."""
    agent_type: str | None = None
    lane: str | None = None
    """Stream (logical name) its queue entry lies in."""
    correlation_id: str | None = None
    attempts: int = 0
    deadline: datetime | None = None
    """After it the task is failed instead of started."""
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Any = None
    error: str | None = None
    hint: str | None = None
    """What to do about the error, where that is known."""
    no_data: bool = False
    """It failed because there was nothing to look at."""


class AgentState(StrEnum):
    """What an agent says of itself, and what the commander says of it."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STOPPED = "stopped"
    LOST = "lost"


class AgentRecord(Record):
    """One agent process."""

    id: str
    type: str
    capabilities: tuple[str, ...]
    state: AgentState
    host: str
    pid: int
    started_at: datetime
    task: str | None = None
    stopped_at: datetime | None = None
