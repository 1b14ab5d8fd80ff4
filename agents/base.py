"""BaseAgent: takes tasks, loads, thinks, stores; everything a task does happens once.

A task goes through `on_pre_task` (load every input), `perform_task` (a pure function, run in a thread so that the
agent stays responsive) and `on_post_task` (name the effects). The effects, the task's record, its `task:completed`
event and the acknowledgement of its queue entry are one transaction: a crash before it repeats the task, a crash after
it does not.
"""

import asyncio
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog

from ..bus.bus import EventBus
from ..bus.deadletters import MAX_ERROR_CHARS, dead_letter
from ..bus.events import (
    AgentStarted,
    AgentStopped,
    Event,
    Payload,
    TaskCompleted,
    TaskDeadLettered,
    TaskFailed,
    TaskStarted,
)
from ..bus.group import SERVER_GONE, SERVER_TROUBLE, Entry
from ..bus.heartbeats import HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S, heartbeat_key
from ..bus.lanes import GROUP, LaneConsumer
from ..bus.lease import LeaseKeeper, Pulse
from ..bus.names import OWN_LANE
from ..core.clock import Clock
from ..core.errors import AqeError, ConflictError, FencedOutError, TaskVetoed
from ..core.masking import mask_text
from ..core.ports import DatasetReader
from ..core.records.approvers import Approver
from ..core.records.audit import AuditDraft
from ..core.records.tasks import FINAL, AgentRecord, AgentState, Priority, TaskAssignment, TaskStatus
from ..core.writes import Write
from ..hooks.manager import HookManager
from ..memory.audit import audited
from ..memory.store import MemoryStore
from .outcome import Outcome

TASK_LEASE_S = 10.0
"""A dead agent's task is taken over after this long; renewed three times in it while the agent lives."""
MAX_ATTEMPTS = 5
"""Deliveries of one task, crashes of its agents included, before it is dead-lettered."""
RETRY_PAUSE_S = (0.2, 5.0)
TASK_RECORD_TTL_S = 7 * 86_400
"""Finished tasks are listed for a week."""

log = structlog.get_logger(__name__)


def task_key(task_id: str) -> str:
    """Memory key of a task."""
    return f"aqe/fleet/tasks/{task_id}"


def agent_key(agent_id: str) -> str:
    """Memory key of an agent."""
    return f"aqe/fleet/agents/{agent_id}"


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

    def store(self, key: str, value: object, *, ttl_s: float | None = None) -> None:
        """Write a value when the task succeeds."""
        self.effects.append(self._services.memory.prepare_store(key, value, ttl_s=ttl_s, task=self.task.id))

    def append(self, key: str, item: object) -> None:
        """Add to a history when the task succeeds."""
        self.effects.append(self._services.memory.prepare_append(key, item, task=self.task.id))

    def audit(self, action: str, subject: str, **details: Any) -> None:
        """Write into the audit log when the task succeeds; `details` are JSON, named in camelCase."""
        self.audited.append(AuditDraft(action=action, actor=self._agent_id, subject=subject, details=details))

    def conclude(self, outcome: Outcome) -> None:
        """Store and append what a capability concluded."""
        for name, value in outcome.stores.items():
            self.store(name, value)
        for name, items in outcome.appends.items():
            for item in items:
                self.append(name, item)

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


class BaseAgent(ABC):
    """An agent.

    Args:
        services: memory, bus, hooks, clock.
        agent_id: unique name of this process; None = made from type, host and process id.
    """

    agent_type: ClassVar[str]
    """`deployment-readiness`."""
    task_types: ClassVar[Mapping[str, str]]
    """Task type -> capability that serves it."""

    def __init__(self, services: AgentServices, *, agent_id: str | None = None) -> None:
        self.services = services
        self.memory = services.memory
        self.id = agent_id or f"{self.agent_type}-{socket.gethostname()}-{os.getpid()}-{os.urandom(2).hex()}"
        self.log = structlog.get_logger(self.agent_type)
        self._started_at = services.clock.now()
        self._stopping = asyncio.Event()
        self._announced = True

    # What a subclass writes ------------------------------------------------------------------------------------------

    async def initialize(self) -> None:  # noqa: B027 - optional on purpose
        """Once, before the first task."""

    @abstractmethod
    async def on_pre_task(self, context: TaskContext) -> Any:
        """Load every input; what it returns is handed to `perform_task`."""

    @abstractmethod
    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        """Decide: values in, value out. No I/O, no clock; runs in a thread."""

    @abstractmethod
    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        """Name the effects on `context`; returns the result for the task's record, JSON under 1 MB."""

    async def on_task_error(self, context: TaskContext, error: Exception) -> None:  # noqa: B027 - optional
        """After a failure, before the task is marked failed; may name effects (they happen with the failure)."""

    async def shutdown(self) -> None:  # noqa: B027 - optional
        """Once, after the last task."""

    # Life ------------------------------------------------------------------------------------------------------------

    def lanes(self) -> list[str]:
        """Physical names of this agent's lanes, highest priority first."""
        return [self.services.bus.names.lane(self.agent_type, priority) for priority in Priority]

    async def run(self) -> None:
        """Take tasks until `stop`; says so when it comes and goes."""
        await self._say(AgentState.STARTING)
        try:
            await self._run(self.lanes(), until=None)
        finally:
            await self._say_goodbye()

    async def run_one(self, lane: str, task_id: str) -> None:
        """Do one task from a lane of its own, in the caller's process, and end.

        Args:
            lane: physical name.
            task_id: end after this one.
        """
        self._announced = False
        await self._run([lane], until=task_id)

    async def _run(self, lanes: list[str], *, until: str | None) -> None:
        consumer = LaneConsumer(self.services.bus.consumer(GROUP, lease_s=TASK_LEASE_S), lanes, self.services.clock)
        self._beat()
        await self.initialize()
        self.services.keeper.add(consumer)
        await self._say(AgentState.IDLE, AgentStarted(**self._names(), capabilities=self.capabilities()))
        await self.services.hooks.agent_start(self.id)
        try:
            await self._serve(consumer, until)
        finally:
            self.services.keeper.remove(consumer)
            await self._end(consumer)

    def stop(self) -> None:
        """Finish the task at hand, then end."""
        self._stopping.set()

    def capabilities(self) -> tuple[str, ...]:
        """What it can do, for dispatch by requirement."""
        return tuple(sorted({*self.task_types, *self.task_types.values()}))

    async def _serve(self, consumer: LaneConsumer, until: str | None) -> None:
        pause_s = RETRY_PAUSE_S[0]
        while not self._stopping.is_set():
            try:
                entry = await consumer.next(wait_s=1.0)
                done = await self._take(consumer, entry) if entry is not None else None
                if done is not None and done == until:
                    return
                pause_s = RETRY_PAUSE_S[0]
            except SERVER_GONE as error:
                self.log.warning("agent waits for the server", error=str(error))
                await self.services.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_PAUSE_S[1])
            except AqeError as error:  # a retryable one: see _take
                self.log.warning("agent waits", error=error.message)
                await self.services.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_PAUSE_S[1])

    async def _end(self, consumer: LaneConsumer) -> None:
        try:
            await consumer.leave()
        except SERVER_TROUBLE as error:
            self.log.warning("left without handing back; others take over after the lease", error=str(error))
        try:
            await self.shutdown()
        except Exception:
            self.log.exception("shutdown failed, leaving goes on")
        await self.services.hooks.agent_stop(self.id)

    async def _say_goodbye(self) -> None:
        try:
            await self._say(AgentState.STOPPED, AgentStopped(**self._names()))
        except SERVER_TROUBLE as error:
            self.log.warning("left without a word", error=str(error))

    def _beat(self) -> None:
        key = heartbeat_key(self.services.bus.names, self.id)
        self.services.keeper.pulse(Pulse(key, self.agent_type, HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S))

    def _names(self) -> dict[str, str]:
        return {"agent": self.id, "agent_type": self.agent_type}

    async def _say(self, state: AgentState, payload: Payload | None = None, task: str | None = None) -> None:
        if not self._announced:
            return
        now = self.services.clock.now()
        record = AgentRecord(
            id=self.id,
            type=self.agent_type,
            capabilities=self.capabilities(),
            state=state,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            task=task,
            stopped_at=now if state is AgentState.STOPPED else None,
        )
        ttl_s = TASK_RECORD_TTL_S if state is AgentState.STOPPED else None
        writes = [self.memory.prepare_store(agent_key(self.id), record, ttl_s=ttl_s)]
        if payload is not None:
            writes.append(self.services.bus.prepare(Event.of(payload, source=self.id, time=now, subject=self.id)))
        await self.memory.apply(writes)

    # One task --------------------------------------------------------------------------------------------------------

    async def _take(self, consumer: LaneConsumer, entry: Entry) -> str:
        try:
            return await self._work(consumer, entry)
        except AqeError as error:
            if error.retryable:
                consumer.put_back(entry)
                raise
            # Its record cannot be read or written. It would take down one agent after the other.
            await self._bury(consumer, entry, None, _told(error))
            return _task_id(entry)
        except SERVER_GONE:
            consumer.put_back(entry)
            raise

    async def _work(self, consumer: LaneConsumer, entry: Entry) -> str:
        task_id = _task_id(entry)
        record = await self.memory.retrieve_record(task_key(task_id)) if task_id else None
        if record is None:
            await self._bury(consumer, entry, None, f"no task record for {task_id!r}")
            return task_id
        task = TaskAssignment.from_value(record.value, where=task_key(task_id))
        if task.status in FINAL:
            await self._finish(consumer, entry, [])
        elif entry.attempts > MAX_ATTEMPTS:
            await self._bury(consumer, entry, task, f"its agents died {entry.attempts - 1} times while working on it")
        else:
            try:
                version = await self._mark_running(task, entry.attempts, record.version)
            except ConflictError:  # cancelled at this very moment: look again
                return await self._work(consumer, entry)
            await self._attempt(consumer, entry, task, version)
            await self._say(AgentState.IDLE)
        return task_id

    async def _attempt(self, consumer: LaneConsumer, entry: Entry, task: TaskAssignment, version: int) -> None:
        pause_s = RETRY_PAUSE_S[0]
        while True:
            context = TaskContext(self._running(task, entry.attempts), self.services, self.id)
            try:
                await self._complete(consumer, entry, context, await self._perform(context))
                return
            except AqeError as error:
                if not error.retryable or entry.attempts >= MAX_ATTEMPTS:
                    await self._fail(consumer, entry, context, error)
                    return
                self.log.warning("task will be tried again", task=task.id, error=error.message)
            except SERVER_GONE as error:
                self.log.warning("task will be tried again", task=task.id, error=str(error))
            except Exception as error:
                await self._fail(consumer, entry, context, error)
                return
            await self.services.clock.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_PAUSE_S[1])
            if not await consumer.again(entry):
                return
            version = await self._mark_running(task, entry.attempts, version)

    async def _perform(self, context: TaskContext) -> Any:
        task = context.task
        if task.deadline is not None and context.now > task.deadline:
            raise TaskVetoed(f"its deadline {task.deadline:%Y-%m-%d %H:%M:%S} UTC passed before it started")
        if task.type not in self.task_types:
            raise TaskVetoed(
                f"{self.agent_type} does not serve {task.type!r}", hint=f"it serves {list(self.task_types)}"
            )
        await self.services.hooks.pre_task(task)
        inputs = await self.on_pre_task(context)
        result = await asyncio.to_thread(self._decide, task, inputs)
        return await self.on_post_task(context, result)

    def _decide(self, task: TaskAssignment, inputs: Any) -> Any:
        try:
            return self.perform_task(task, inputs)
        except StopIteration as error:  # no future can carry it: the agent would wait for ever
            raise RuntimeError("StopIteration out of perform_task") from error

    def _running(self, task: TaskAssignment, attempt: int) -> TaskAssignment:
        now = self.services.clock.now()
        return task.model_copy(
            update={"status": TaskStatus.RUNNING, "agent": self.id, "attempts": attempt, "started_at": now}
        )

    async def _mark_running(self, task: TaskAssignment, attempt: int, version: int) -> int:
        """Say that it runs; returns the record's new version.

        Raises:
            ConflictError: the record is no longer the one that was read.
        """
        running = self._running(task, attempt)
        started = TaskStarted(task_id=task.id, type=task.type, agent=self.id, attempt=attempt)
        event = TaskContext(running, self.services, self.id).event(started, mark=f":{attempt}")
        results = await self.memory.apply(
            [
                self.memory.prepare_store(
                    task_key(task.id), running, expected_version=version, ttl_s=_running_ttl_s(task), task=task.id
                ),
                self.services.bus.prepare(event),
            ]
        )
        await self._say(AgentState.BUSY, task=task.id)
        return int(results[0])

    async def _complete(self, consumer: LaneConsumer, entry: Entry, context: TaskContext, result: Any) -> None:
        task, now = context.task, self.services.clock.now()
        duration_ms = round((now - (task.started_at or now)).total_seconds() * 1000)
        done = task.model_copy(update={"status": TaskStatus.COMPLETED, "finished_at": now, "result": result})
        context.store(task_key(task.id), done, ttl_s=TASK_RECORD_TTL_S)
        context.emit(TaskCompleted(task_id=task.id, type=task.type, agent=self.id, duration_ms=duration_ms))
        if await self._finish(consumer, entry, context.effects, context.audited):
            await self.services.hooks.post_task(task, result)

    async def _fail(self, consumer: LaneConsumer, entry: Entry, context: TaskContext, error: Exception) -> None:
        task, text = context.task, _told(error)
        vetoed = isinstance(error, TaskVetoed)
        if not isinstance(error, AqeError):
            self.log.exception("task failed", task=task.id)
        context.effects.clear()
        try:
            await self.on_task_error(context, error)
        except Exception:
            self.log.exception("on_task_error failed", task=task.id)
            context.effects.clear()
        named = len(context.effects)
        failed = task.model_copy(
            update={"status": TaskStatus.FAILED, "finished_at": self.services.clock.now(), "error": text}
        )
        context.store(task_key(task.id), failed, ttl_s=TASK_RECORD_TTL_S)
        context.emit(TaskFailed(task_id=task.id, type=task.type, agent=self.id, error=text, vetoed=vetoed))
        try:
            finished = await self._finish(consumer, entry, context.effects)
        except AqeError as refused:
            if refused.retryable or not named:
                raise
            self.log.error("effects of on_task_error were refused", task=task.id, error=refused.message)
            finished = await self._finish(consumer, entry, context.effects[named:])
        if finished:
            await self.services.hooks.task_error(task, error)

    async def _bury(self, consumer: LaneConsumer, entry: Entry, task: TaskAssignment | None, error: str) -> None:
        now = self.services.clock.now()
        writes = [dead_letter(self.services.bus.names, entry, GROUP, error, now)]
        if task is not None:
            context = TaskContext(task, self.services, self.id)
            failed = task.model_copy(update={"status": TaskStatus.FAILED, "finished_at": now, "error": error})
            context.store(task_key(task.id), failed, ttl_s=TASK_RECORD_TTL_S)
            context.emit(TaskDeadLettered(task_id=task.id, type=task.type, attempts=entry.attempts, error=error))
            context.emit(TaskFailed(task_id=task.id, type=task.type, agent=None, error=error))
            writes += context.effects
        elif task_id := _task_id(entry):  # whoever waits for it must hear of it all the same
            outcome = TaskFailed(task_id=task_id, type="unknown", agent=None, error=error)
            event = Event.of(outcome, id=f"{task_id}:task:failed", source=self.id, time=now, subject=task_id)
            writes.append(self.services.bus.prepare(event))
        self.log.error("dead letter", entry=entry.id, error=error)
        await self._finish(consumer, entry, writes)

    async def _finish(
        self, consumer: LaneConsumer, entry: Entry, writes: list[Write], drafts: Sequence[AuditDraft] = ()
    ) -> bool:
        try:
            await audited(
                self.memory,
                drafts,
                self.services.clock.now(),
                lambda chained: consumer.finish(entry, [*writes, *chained]),
                task=_task_id(entry),
            )
        except FencedOutError as error:
            self.log.warning("another agent took the task over; nothing of ours was applied", error=error.message)
            return False
        return True


def _task_id(entry: Entry) -> str:
    return entry.fields.get(b"taskId", b"").decode(errors="replace")


def _told(error: Exception) -> str:
    text = mask_text(error.message if isinstance(error, AqeError) else f"{type(error).__name__}: {error}")
    return text[:MAX_ERROR_CHARS].encode(errors="replace").decode()  # half surrogates of file names are no JSON


def _running_ttl_s(task: TaskAssignment) -> float | None:
    # A task done in the process of who asked for it is nobody's when that process is killed: its record goes by itself.
    return TASK_RECORD_TTL_S if (task.lane or "").startswith(OWN_LANE) else None
