"""What an agent is given, and what a task of it may do: load through the services, name effects on the context.

Effects are values. They happen together with the acknowledgement of the task's queue entry, or not at all.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..bus.bus import EventBus
from ..bus.events import Event, Payload
from ..bus.lease import LeaseKeeper
from ..core.clock import Clock
from ..core.ports import DatasetReader
from ..core.records.audit import AuditDraft
from ..core.records.decisions.approvers import Approver
from ..core.records.tasks import TaskAssignment
from ..core.records.tasks import agent_key as agent_key
from ..core.records.tasks import task_key as task_key
from ..core.writes import Write
from ..hooks.manager import HookManager
from ..memory.store import MemoryStore
from .outcome import Outcome


async def _no_policies() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class AgentServices:
    """What the composition root hands to an agent."""

    memory: MemoryStore
    bus: EventBus
    keeper: LeaseKeeper
    hooks: HookManager
    clock: Clock
    datasets: DatasetReader
    checklist: Callable[[], Any] = lambda: None
    """Loads the checklist's definition, the project's or the default one."""
    policies: Callable[[], Awaitable[Mapping[str, Any]]] = _no_policies
    """Loads name -> policy; "default" is the one the project's aqe.yaml names. Asked for each task: files change."""
    approvers: Callable[[], Mapping[str, Approver]] = dict
    """Id -> approver, from aqe.yaml."""


class TaskContext:
    """A task under way, and the effects it will have if it succeeds.

    Args:
        task: the assignment.
        services: the agent's.
        agent_id: who works.
    """

    def __init__(self, task: TaskAssignment, services: AgentServices, agent_id: str) -> None:
        self.task = task
        self.now = services.clock.now()
        self.effects: list[Write] = []
        self.audited: list[AuditDraft] = []
        self._services = services
        self._agent_id = agent_id

    def store(
        self, key: str, value: object, *, ttl_s: float | None = None, expected_version: int | None = None
    ) -> None:
        """Write a value when the task succeeds.

        Args:
            expected_version: the value was read at this version (0 = there was none); if somebody wrote it meanwhile,
                the task is tried again. None = whatever is there.
        """
        write = self._services.memory.prepare_store(
            key, value, ttl_s=ttl_s, expected_version=expected_version, task=self.task.id
        )
        self.effects.append(write)

    def append(self, key: str, item: object, *, newest: int | None = None) -> None:
        """Add to a history when the task succeeds; see MemoryStore.prepare_append for `newest`."""
        self.effects.append(self._services.memory.prepare_append(key, item, task=self.task.id, newest=newest))

    def audit(self, action: str, subject: str, **details: Any) -> None:
        """Write into the audit log when the task succeeds; `details` are JSON, named in camelCase."""
        self.audited.append(AuditDraft(action=action, actor=self._agent_id, subject=subject, details=details))

    def conclude(self, outcome: Outcome) -> None:
        """Store and append what a capability concluded."""
        for name, value in outcome.stores.items():
            self.store(name, value)
        for name, items in outcome.appends.items():
            for item in items:
                self.append(name, item, newest=outcome.newest)

    def emit(self, payload: Payload, *, subject: str | None = None) -> None:
        """Publish an event when the task succeeds; its id follows from the task, so it exists once."""
        self.effects.append(self._services.bus.prepare(self.event(payload, subject=subject)))

    def event(self, payload: Payload, *, subject: str | None = None, mark: str = "") -> Event:
        """An event about this task."""
        return Event.of(
            payload,
            id=f"{self.task.id}:{payload.event_type}{mark}:{len(self.effects)}",
            source=self._agent_id,
            time=self._services.clock.now(),
            subject=subject or self.task.id,
            correlation_id=self.task.correlation_id or self.task.id,
        )
