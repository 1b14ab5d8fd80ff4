"""The fleet commander: queues tasks, moves workflows on, declares agents lost, keeps index and streams in order.

Several commanders may run: they share the group `commander`, and each of their writes is committed with the
acknowledgement of the event that caused it, so nothing happens twice.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from ...bus.bus import EventBus
from ...bus.events import (
    AgentLost,
    ApprovalExpired,
    Event,
    Payload,
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskSubmitted,
)
from ...bus.group import SERVER_TROUBLE
from ...bus.heartbeats import HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S, alive, heartbeat_key
from ...bus.lanes import enqueue
from ...bus.lease import LeaseKeeper, Pulse
from ...bus.names import OWN_LANE
from ...bus.retention import Retention
from ...bus.subscription import Delivery
from ...core.clock import Clock
from ...core.errors import ConflictError, InputError
from ...core.ids import worker_name
from ...core.log import Logger
from ...core.ports import CommandClient
from ...core.records.audit import AuditDraft
from ...core.records.base import Record
from ...core.records.decisions.approvals import Approval, ApprovalState
from ...core.records.tasks import FINAL, AgentRecord, AgentState, Priority, TaskAssignment, TaskStatus
from ...core.writes import Write
from ...memory.audit import audited
from ...memory.readable import readable
from ...memory.store import MemoryStore
from .liveness import lost_agents, orphaned_tasks
from .routing import AgentProfile, route
from .workflow import WORKFLOWS, parent_of, step_task

GROUP = "commander"
DURABLE = Delivery(durable=True)
WATCH_EVERY_S = 2.0
UPKEEP_EVERY_S = 60.0
FINISHED_TTL_S = 7 * 86_400

MAX_TASK_BYTES = 500_000
"""Of a task's record when it is queued: half of what memory takes, the other half is for its result."""

log = Logger("fleet-commander")
R = TypeVar("R", bound=Record)


class FleetCommander:
    """The commander.

    Args:
        memory, bus, keeper, clock: the fleet's.
        client: asyncio client, to ask for heartbeats.
        profiles: every agent type and what it can do.
        prune: deletes bulk data that is too old; called every UPKEEP_EVERY_S.
    """

    agent_type = "fleet-commander"

    def __init__(
        self,
        memory: MemoryStore,
        bus: EventBus,
        keeper: LeaseKeeper,
        clock: Clock,
        client: CommandClient,
        profiles: Sequence[AgentProfile],
        prune: Callable[[datetime], None] = lambda now: None,
    ) -> None:
        self._memory = memory
        self._bus = bus
        self._keeper = keeper
        self._clock = clock
        self._client = client
        self._profiles = profiles
        self._prune = prune
        self._retention = Retention(client, bus, clock, source=self.agent_type)
        self._stopping = asyncio.Event()
        self._started_at = clock.now()
        self.id = worker_name(self.agent_type)

    async def run(self) -> None:
        """Command until `stop`."""
        await self._register(AgentState.IDLE)
        key = heartbeat_key(self._bus.names, self.id)
        self._keeper.pulse(Pulse(key, self.agent_type, HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S))
        await self._bus.subscribe("task:submitted", self.on_submitted, group=GROUP, delivery=DURABLE)
        await self._bus.subscribe("task:completed", self.on_step_completed, group=GROUP, delivery=DURABLE)
        await self._bus.subscribe("task:failed", self.on_step_failed, group=GROUP, delivery=DURABLE)
        await self._bus.subscribe("task:cancelled", self.on_step_cancelled, group=GROUP, delivery=DURABLE)
        upkeep_at = 0.0
        while not self._stopping.is_set():
            try:
                await self.watch()
                if self._clock.monotonic_s() >= upkeep_at:
                    await self._memory.reindex()
                    await self._retention.run()
                    await self._fail_orphans()
                    await self._expire_approvals()
                    self._prune(self._clock.now())
                    upkeep_at = self._clock.monotonic_s() + UPKEEP_EVERY_S
            except SERVER_TROUBLE as error:
                log.warning("commander waits for the server", error=str(error))
            try:
                await asyncio.wait_for(self._stopping.wait(), WATCH_EVERY_S)
            except TimeoutError:
                continue
        await self._bus.close()
        await self._register(AgentState.STOPPED)

    def stop(self) -> None:
        """End after the event at hand."""
        self._stopping.set()

    # Events ----------------------------------------------------------------------------------------------------------

    async def on_submitted(self, event: Event) -> list[Write]:
        """Queue a task, or start a workflow; says so with `task:assigned`, or why not with `task:failed`."""
        wanted: TaskSubmitted = event.data
        task_id = wanted.task_id or event.id
        try:
            if await self._memory.retrieve(_key(task_id)) is not None:
                return []
        except InputError as error:  # an id that cannot be a key, or a record that nobody can read
            failed = TaskFailed(task_id=task_id, type=wanted.type, agent=None, error=error.message)
            return [self._say(failed, event.correlation_id or task_id, event)]
        task = TaskAssignment(
            id=task_id,
            type=wanted.type,
            payload=wanted.payload,
            priority=Priority(wanted.priority),
            requirements=wanted.requirements,
            correlation_id=event.correlation_id or task_id,
            deadline=wanted.deadline,
            submitted_at=event.time,
        )
        size = len(task.to_json().encode())
        if size > MAX_TASK_BYTES:
            error_text = f"the task has {size} bytes, at most {MAX_TASK_BYTES}: bulk data belongs in a dataset"
            return self._refuse(task.model_copy(update={"payload": {}}), error_text, event)
        if task.type in WORKFLOWS:
            running = task.model_copy(update={"status": TaskStatus.RUNNING, "agent_type": self.agent_type})
            return [self._new(running), *await self._step(running, 0, event)]
        return await self._queue(task, event)

    async def on_step_completed(self, event: Event) -> list[Write]:
        """Start the next step of a workflow, or finish it."""
        done: TaskCompleted = event.data
        workflow, number = await self._workflow_of(done.task_id)
        if workflow is None:
            return []
        following = step_task(workflow, number + 1)
        if following is not None:
            return await self._queue(following, event)
        step = await self._memory.retrieve(_key(done.task_id))
        finished = workflow.model_copy(
            update={"status": TaskStatus.COMPLETED, "finished_at": event.time, "result": (step or {}).get("result")}
        )
        started = workflow.started_at or workflow.submitted_at
        completed = TaskCompleted(
            task_id=workflow.id,
            type=workflow.type,
            agent=self.id,
            duration_ms=round((event.time - started).total_seconds() * 1000),
        )
        return [self._final(finished), self._say(completed, workflow.correlation_id, event)]

    async def on_step_failed(self, event: Event) -> list[Write]:
        """A workflow fails with its step; one that had nothing to look at is gone on after, unless it is the last."""
        failed: TaskFailed = event.data
        workflow, number = await self._workflow_of(failed.task_id)
        if workflow is None:
            return []
        following = step_task(workflow, number + 1)
        if following is not None:
            step = await self._memory.retrieve(_key(failed.task_id))
            if (step or {}).get("noData"):
                return await self._queue(following, event)
        return self._fail(workflow, event, f"failed: {failed.error}", vetoed=failed.vetoed)

    async def on_step_cancelled(self, event: Event) -> list[Write]:
        """A workflow fails when one of its steps is cancelled: nobody would ever go on with it."""
        workflow, _ = await self._workflow_of(event.data.task_id)
        return [] if workflow is None else self._fail(workflow, event, "was cancelled", vetoed=False)

    def _fail(self, workflow: TaskAssignment, event: Event, what: str, *, vetoed: bool) -> list[Write]:
        error = f"step {event.data.type} {what}"
        ended = workflow.model_copy(update={"status": TaskStatus.FAILED, "finished_at": event.time, "error": error})
        outcome = TaskFailed(task_id=workflow.id, type=workflow.type, agent=self.id, error=error, vetoed=vetoed)
        return [self._final(ended), self._say(outcome, workflow.correlation_id, event)]

    async def _step(self, workflow: TaskAssignment, number: int, event: Event) -> list[Write]:
        task = step_task(workflow, number)
        return await self._queue(task, event) if task is not None else []

    async def _queue(self, task: TaskAssignment, event: Event) -> list[Write]:
        if await self._memory.retrieve(_key(task.id)) is not None:
            return []  # the event was seen before: its group was lost and made again
        try:
            agent_type = route(task.type, task.requirements, self._profiles)
        except InputError as error:
            return self._refuse(task, error.message, event)
        lane = self._bus.names.lane(agent_type, task.priority)
        queued = task.model_copy(
            update={
                "status": TaskStatus.QUEUED,
                "agent_type": agent_type,
                "agent": None,
                "lane": self._bus.names.logical(lane),
            }
        )
        assigned = TaskAssigned(task_id=task.id, type=task.type, agent_type=agent_type, priority=task.priority)
        return [
            self._new(queued),
            enqueue(self._bus.names, agent_type, task.priority, task.id),
            self._say(assigned, task.correlation_id, event),
        ]

    def _refuse(self, task: TaskAssignment, error: str, event: Event) -> list[Write]:
        failed = task.model_copy(update={"status": TaskStatus.FAILED, "error": error, "finished_at": self._clock.now()})
        outcome = TaskFailed(task_id=task.id, type=task.type, agent=None, error=error)
        return [self._new(failed, ttl_s=FINISHED_TTL_S), self._say(outcome, task.correlation_id, event)]

    def _new(self, task: TaskAssignment, *, ttl_s: float | None = None) -> Write:
        # Version 0: two events may name one task, and two commanders may hold one each.
        return self._memory.prepare_store(_key(task.id), task, ttl_s=ttl_s, expected_version=0)

    async def _workflow_of(self, task_id: str) -> tuple[TaskAssignment | None, int]:
        parent = parent_of(task_id)
        raw = await self._memory.retrieve(_key(parent[0])) if parent else None
        if parent is None or raw is None or raw.get("type") not in WORKFLOWS:
            return None, 0
        workflow = TaskAssignment.from_value(raw, where=_key(parent[0]))
        return (None, 0) if workflow.status in FINAL else (workflow, parent[1])

    def _final(self, task: TaskAssignment) -> Write:
        return self._memory.prepare_store(_key(task.id), task, ttl_s=FINISHED_TTL_S)

    def _say(
        self, payload: TaskAssigned | TaskCompleted | TaskFailed, correlation_id: str | None, cause: Event
    ) -> Write:
        event = Event.of(
            payload,
            id=f"{payload.task_id}:{payload.event_type}",  # follows from the task, so that saying it twice adds nothing
            source=self.id,
            time=self._clock.now(),
            subject=payload.task_id,
            correlation_id=correlation_id,
            caused_by=cause,
        )
        return self._bus.prepare(event)

    # Agents ----------------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Declare agents without a heartbeat lost; their tasks go to others by lease, this is for people."""
        agents = [*(await readable(self._memory, "aqe/fleet/agents/*", AgentRecord)).values()]
        living = await alive(self._client, self._bus.names, [agent.id for agent in agents])
        for agent in lost_agents(agents, living, self._clock.now()):
            payload = AgentLost(agent=agent.id, agent_type=agent.type, task=agent.task)
            record = agent.model_copy(update={"state": AgentState.LOST, "stopped_at": self._clock.now()})
            if await self._declare(f"aqe/fleet/agents/{agent.id}", agent, record, payload, agent.id):
                log.warning("agent lost", agent=agent.id, task=agent.task)

    async def _fail_orphans(self) -> None:
        tasks = [*(await readable(self._memory, "aqe/fleet/tasks/*", TaskAssignment)).values()]
        living = await alive(self._client, self._bus.names, [task.agent for task in tasks if task.agent])
        for task in orphaned_tasks(tasks, OWN_LANE, living, self._clock.now()):
            error = "the command that asked for it was killed"
            failed = task.model_copy(
                update={"status": TaskStatus.FAILED, "error": error, "finished_at": self._clock.now()}
            )
            payload = TaskFailed(task_id=task.id, type=task.type, agent=task.agent, error=error)
            await self._declare(_key(task.id), task, failed, payload, task.id)

    async def _expire_approvals(self) -> None:
        """Announce what waited in vain; a decision sees it by itself."""
        now = self._clock.now()
        for seen in (await readable(self._memory, "aqe/releases/*/approvals/*", Approval)).values():
            request, release = seen.request, seen.request.situation.release
            if seen.settled is not ApprovalState.PENDING or now < request.expires_at:
                continue
            key = f"aqe/releases/{release.version}/approvals/{request.id}"
            payload = ApprovalExpired(
                version=release.version, approval=request.id, environment=release.environment, commit=release.commit
            )
            draft = AuditDraft(
                action=payload.event_type, actor=self.id, subject=release.version, details={"id": request.id}
            )
            expired = seen.model_copy(update={"settled": ApprovalState.EXPIRED})
            await self._declare(key, seen, expired, payload, release.version, drafts=[draft], ttl_s=None)

    async def _declare(
        self,
        key: str,
        seen: R,
        ended: R,
        payload: Payload,
        subject: str,
        *,
        drafts: Sequence[AuditDraft] = (),
        ttl_s: float | None = FINISHED_TTL_S,
    ) -> bool:
        """Replace a record by its end and say so; False when it has changed since it was seen, or another was first."""
        current = await self._memory.retrieve_record(key)
        if current is None or type(seen).from_value(current.value, where=key) != seen:
            return False
        event_id = f"{subject}:{payload.event_type}:{current.version}"
        event = Event.of(payload, id=event_id, source=self.id, time=self._clock.now(), subject=subject)
        store = self._memory.prepare_store(key, ended, ttl_s=ttl_s, expected_version=current.version)
        writes = [store, self._bus.prepare(event)]
        try:
            await audited(self._memory, drafts, event.time, lambda chain: self._memory.apply([*writes, *chain]))
        except ConflictError:
            return False
        return True

    async def _register(self, state: AgentState) -> None:
        now = self._clock.now()
        record = AgentRecord(
            id=self.id,
            type=self.agent_type,
            capabilities=tuple(WORKFLOWS),
            state=state,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            stopped_at=now if state is AgentState.STOPPED else None,
        )
        ttl_s = FINISHED_TTL_S if state is AgentState.STOPPED else None
        await self._memory.store(f"aqe/fleet/agents/{self.id}", record, ttl_s=ttl_s)


def _key(task_id: str) -> str:
    return f"aqe/fleet/tasks/{task_id}"
