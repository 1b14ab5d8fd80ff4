"""One task, from its queue entry to its end; everything it does happens once.

The effects, the task's record, its `task:completed` event and the acknowledgement of its queue entry are one
transaction: a crash before it repeats the task, a crash after it does not.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..bus.deadletters import MAX_ERROR_CHARS, dead_letter
from ..bus.events import Event, TaskCompleted, TaskDeadLettered, TaskFailed, TaskStarted
from ..bus.group import SERVER_GONE, Entry
from ..bus.lanes import GROUP, LaneConsumer
from ..bus.names import OWN_LANE
from ..core.errors import AqeError, ConflictError, FencedOutError, NoData, TaskVetoed
from ..core.masking import mask_text
from ..core.records.audit import AuditDraft
from ..core.records.tasks import FINAL, AgentState, TaskAssignment, TaskStatus
from ..core.writes import Write
from ..memory.audit import audited
from .context import TaskContext, task_key

if TYPE_CHECKING:
    from .base import BaseAgent

MAX_ATTEMPTS = 5
"""Deliveries of one task, crashes of its agents included, before it is dead-lettered."""
RETRY_PAUSE_S = (0.2, 5.0)
"""First and longest pause before the next try."""
TASK_RECORD_TTL_S = 7 * 86_400
"""Finished tasks are listed for a week."""


class Work:
    """Takes the tasks of one agent to their ends.

    Args:
        agent: whose `on_pre_task`, `perform_task`, `on_post_task` and `on_task_error` are called.
        consumer: where the entries come from, and are acknowledged.
    """

    def __init__(self, agent: "BaseAgent", consumer: LaneConsumer) -> None:
        self._agent = agent
        self._consumer = consumer
        self._services = agent.services
        self._log = agent.log

    async def take(self, entry: Entry) -> str:
        """Bring the task of this entry to its end; returns the task's id.

        Raises:
            AqeError, SERVER_GONE: it could not be brought to its end now; the entry will be handed out again.
        """
        try:
            return await self._work(entry)
        except AqeError as error:
            if error.retryable:
                self._consumer.put_back(entry)
                raise
            # Its record cannot be read or written. It would take down one agent after the other.
            await self._bury(entry, None, _told(error))
            return _task_id(entry)
        except SERVER_GONE:
            self._consumer.put_back(entry)
            raise

    async def _work(self, entry: Entry) -> str:
        task_id = _task_id(entry)
        record = await self._services.memory.retrieve_record(task_key(task_id)) if task_id else None
        if record is None:
            await self._bury(entry, None, f"no task record for {task_id!r}")
            return task_id
        task = TaskAssignment.from_value(record.value, where=task_key(task_id))
        if task.status in FINAL:
            await self._finish(entry, [])
        elif entry.attempts > MAX_ATTEMPTS:
            await self._bury(entry, task, f"its agents died {entry.attempts - 1} times while working on it")
        else:
            try:
                version = await self._mark_running(task, entry.attempts, record.version)
            except ConflictError:  # cancelled at this very moment: look again
                return await self._work(entry)
            await self._attempt(entry, task, version)
            await self._agent.announce(AgentState.IDLE)
        return task_id

    async def _attempt(self, entry: Entry, task: TaskAssignment, version: int) -> None:
        pause_s = RETRY_PAUSE_S[0]
        while True:
            context = TaskContext(self._running(task, entry.attempts), self._services, self._agent.id)
            try:
                await self._complete(entry, context, await self._perform(context))
                return
            except AqeError as error:
                if not error.retryable or entry.attempts >= MAX_ATTEMPTS:
                    await self._fail(entry, context, error)
                    return
                self._log.warning("task will be tried again", task=task.id, error=error.message)
            except SERVER_GONE as error:
                self._log.warning("task will be tried again", task=task.id, error=str(error))
            except Exception as error:
                await self._fail(entry, context, error)
                return
            await self._services.clock.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_PAUSE_S[1])
            if not await self._consumer.again(entry):
                return
            version = await self._mark_running(task, entry.attempts, version)

    async def _perform(self, context: TaskContext) -> Any:
        task = context.task
        if task.deadline is not None and context.now > task.deadline:
            raise TaskVetoed(f"its deadline {task.deadline:%Y-%m-%d %H:%M:%S} UTC passed before it started")
        if task.type not in self._agent.task_types:
            raise TaskVetoed(
                f"{self._agent.agent_type} does not serve {task.type!r}",
                hint=f"it serves {list(self._agent.task_types)}",
            )
        await self._services.hooks.pre_task(task)
        inputs = await self._agent.on_pre_task(context)
        result = await asyncio.to_thread(self._decide, task, inputs)
        return await self._agent.on_post_task(context, result)

    def _decide(self, task: TaskAssignment, inputs: Any) -> Any:
        try:
            return self._agent.perform_task(task, inputs)
        except StopIteration as error:  # no future can carry it: the agent would wait for ever
            raise RuntimeError("StopIteration out of perform_task") from error

    def _running(self, task: TaskAssignment, attempt: int) -> TaskAssignment:
        now = self._services.clock.now()
        return task.model_copy(
            update={"status": TaskStatus.RUNNING, "agent": self._agent.id, "attempts": attempt, "started_at": now}
        )

    async def _mark_running(self, task: TaskAssignment, attempt: int, version: int) -> int:
        """Say that it runs; returns the record's new version.

        Raises:
            ConflictError: the record is no longer the one that was read.
        """
        running = self._running(task, attempt)
        started = TaskStarted(task_id=task.id, type=task.type, agent=self._agent.id, attempt=attempt)
        event = TaskContext(running, self._services, self._agent.id).event(started, mark=f":{attempt}")
        results = await self._services.memory.apply(
            [
                self._services.memory.prepare_store(
                    task_key(task.id), running, expected_version=version, ttl_s=_running_ttl_s(task), task=task.id
                ),
                self._services.bus.prepare(event),
            ]
        )
        await self._agent.announce(AgentState.BUSY, task=task.id)
        return int(results[0])

    async def _complete(self, entry: Entry, context: TaskContext, result: Any) -> None:
        task, now = context.task, self._services.clock.now()
        duration_ms = round((now - (task.started_at or now)).total_seconds() * 1000)
        done = task.model_copy(update={"status": TaskStatus.COMPLETED, "finished_at": now, "result": result})
        context.store(task_key(task.id), done, ttl_s=TASK_RECORD_TTL_S)
        context.emit(TaskCompleted(task_id=task.id, type=task.type, agent=self._agent.id, duration_ms=duration_ms))
        if await self._finish(entry, context.effects, context.audited):
            await self._services.hooks.post_task(task, result)

    async def _fail(self, entry: Entry, context: TaskContext, error: Exception) -> None:
        task, text = context.task, _told(error)
        vetoed = isinstance(error, TaskVetoed)
        if not isinstance(error, AqeError):
            self._log.exception("task failed", task=task.id)
        context.effects.clear()
        try:
            await self._agent.on_task_error(context, error)
        except Exception:
            self._log.exception("on_task_error failed", task=task.id)
            context.effects.clear()
        named = len(context.effects)
        failed = task.model_copy(
            update={
                "status": TaskStatus.FAILED,
                "finished_at": self._services.clock.now(),
                "error": text,
                "hint": _bounded(error.hint) if isinstance(error, AqeError) and error.hint else None,
                "no_data": isinstance(error, NoData),
            }
        )
        context.store(task_key(task.id), failed, ttl_s=TASK_RECORD_TTL_S)
        context.emit(TaskFailed(task_id=task.id, type=task.type, agent=self._agent.id, error=text, vetoed=vetoed))
        try:
            finished = await self._finish(entry, context.effects)
        except AqeError as refused:
            if refused.retryable or not named:
                raise
            self._log.error("effects of on_task_error were refused", task=task.id, error=refused.message)
            finished = await self._finish(entry, context.effects[named:])
        if finished:
            await self._services.hooks.task_error(task, error)

    async def _bury(self, entry: Entry, task: TaskAssignment | None, error: str) -> None:
        bus = self._services.bus
        now = self._services.clock.now()
        writes = [dead_letter(bus.names, entry, GROUP, error, now, cap=bus.dead_cap)]
        if task is not None:
            context = TaskContext(task, self._services, self._agent.id)
            failed = task.model_copy(update={"status": TaskStatus.FAILED, "finished_at": now, "error": error})
            context.store(task_key(task.id), failed, ttl_s=TASK_RECORD_TTL_S)
            context.emit(TaskDeadLettered(task_id=task.id, type=task.type, attempts=entry.attempts, error=error))
            context.emit(TaskFailed(task_id=task.id, type=task.type, agent=None, error=error))
            writes += context.effects
        elif task_id := _task_id(entry):  # whoever waits for it must hear of it all the same
            outcome = TaskFailed(task_id=task_id, type="unknown", agent=None, error=error)
            event = Event.of(outcome, id=f"{task_id}:task:failed", source=self._agent.id, time=now, subject=task_id)
            writes.append(bus.prepare(event))
        self._log.error("dead letter", entry=entry.id, error=error)
        await self._finish(entry, writes)

    async def _finish(self, entry: Entry, writes: list[Write], drafts: Sequence[AuditDraft] = ()) -> bool:
        try:
            await audited(
                self._services.memory,
                drafts,
                self._services.clock.now(),
                lambda chained: self._consumer.finish(entry, [*writes, *chained]),
                task=_task_id(entry),
            )
        except FencedOutError as error:
            self._log.warning("another agent took the task over; nothing of ours was applied", error=error.message)
            return False
        return True


def _task_id(entry: Entry) -> str:
    return entry.fields.get(b"taskId", b"").decode(errors="replace")


def _told(error: Exception) -> str:
    return _bounded(error.message if isinstance(error, AqeError) else f"{type(error).__name__}: {error}")


def _bounded(text: str) -> str:
    text = mask_text(text)
    return text[:MAX_ERROR_CHARS].encode(errors="replace").decode()  # half surrogates of file names are no JSON


def _running_ttl_s(task: TaskAssignment) -> float | None:
    # A task done in the process of who asked for it is nobody's when that process is killed: its record goes by itself.
    return TASK_RECORD_TTL_S if (task.lane or "").startswith(OWN_LANE) else None
