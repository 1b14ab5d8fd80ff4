"""An agent that misbehaves as its payload says, its tasks and what became of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar

from redis.exceptions import RedisError

from aqe.agents import base
from aqe.agents.base import BaseAgent, TaskContext, task_key
from aqe.bus.events import Event, ReadinessAssessed, TaskCancelled
from aqe.bus.lanes import into_lane
from aqe.bus.reading import read_event
from aqe.core.errors import AqeError
from aqe.core.records.tasks import Priority, TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import eventually

COMPLETED, FAILED = "aqe:events:task:completed", "aqe:events:task:failed"


class Doubler(BaseAgent):
    """Doubles a number; its payload says how it is to misbehave."""

    agent_type = "doubler"
    task_types: ClassVar[Mapping[str, str]] = {"double": "doubling", "describe": "describing"}
    misbehave: ClassVar[dict[str, Callable[["Doubler", TaskContext], Any]]] = {}

    def __init__(self, services: base.AgentServices) -> None:
        super().__init__(services)
        self.performed: list[str] = []
        self.errors: list[Exception] = []
        self.effects_on_error: Callable[[TaskContext], None] = lambda context: None

    async def on_pre_task(self, context: TaskContext) -> Any:
        inputs = await self.memory.retrieve("aqe/input")
        trouble = str(context.task.payload.get("trouble"))
        if trouble in self.misbehave:
            await _maybe(self.misbehave[trouble](self, context))
        return inputs

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        self.performed.append(task.id)
        trouble = task.payload.get("trouble")
        if trouble == "bug":
            raise ZeroDivisionError("division by zero")
        if trouble == "stop iteration":
            return next(iter([]))
        if trouble == "long message":
            raise ValueError("x" * 2_000_000)
        if trouble == "half a surrogate":
            raise OSError("no such file: \ud800.txt")
        if trouble == "a secret":
            raise ConnectionError("GET https://bob:geheim@host/?token=geheim was refused")
        return (inputs or task.payload.get("n", 1)) * 2

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        trouble = context.task.payload.get("trouble")
        if trouble == "after effects":
            context.store("aqe/result", result)
            raise ValueError("after naming effects")
        context.store("aqe/result", result)
        context.append("aqe/history", {"task": context.task.id, "result": result})
        context.emit(a_decision(), subject="v1")
        odd = {"no json": object(), "too large": "x" * 1_100_000, "wrong kind": None}
        if trouble == "wrong kind":
            context.append("aqe/a-value", 1)
        return odd.get(trouble or "", {"doubled": result})

    async def on_task_error(self, context: TaskContext, error: Exception) -> None:
        self.errors.append(error)
        self.effects_on_error(context)


async def _maybe(value: Any) -> None:
    if isinstance(value, Awaitable):
        await value


def a_decision() -> ReadinessAssessed:
    return ReadinessAssessed(
        version="v1", decision="APPROVED", approved=True, risk_level="LOW", risk=1.0, confidence=None
    )  # fmt: skip


async def queue(parts: Runtime, task_id: str = "task-1", **fields: Any) -> TaskAssignment:
    """As the commander does it: the record and its entry in the lane."""
    defaults = {"type": "double", "priority": Priority.MEDIUM, "submitted_at": parts.clock.now(), "payload": {}}
    task = TaskAssignment.model_validate({"id": task_id, "status": TaskStatus.QUEUED, **defaults, **fields})
    lane = parts.bus.names.lane("doubler", task.priority)
    await parts.memory.apply([parts.memory.prepare_store(task_key(task_id), task), into_lane(lane, task_id)])
    return task


async def record(parts: Runtime, task_id: str = "task-1") -> TaskAssignment:
    return TaskAssignment.from_value(await parts.memory.retrieve(task_key(task_id)), where=task_id)


async def ended(parts: Runtime, task_id: str = "task-1") -> TaskAssignment:
    async def final() -> TaskAssignment | None:
        task = await record(parts, task_id)
        return task if task.finished_at else None

    return await eventually(final)  # type: ignore[no-any-return]


def events(raw: Any, event_type: str) -> list[Event]:
    rows: Any = raw.xrange(f"aqe:events:{event_type}")
    return [read_event(fields) for _, fields in rows]


@asynccontextmanager
async def working(agent: BaseAgent) -> AsyncIterator[asyncio.Task[None]]:
    """The agent runs inside the block and is stopped in good order after it."""
    task = asyncio.create_task(agent.run())
    try:
        yield task
    finally:
        agent.stop()
        await asyncio.wait_for(task, 10)


async def ended_meanwhile(parts: Runtime) -> TaskAssignment:
    while True:
        with suppress(RedisError, AqeError):
            return await ended(parts)


async def cancel(parts: Runtime, task_id: str = "task-1") -> None:
    """As `aqe task cancel` does it."""
    current = await parts.memory.retrieve_record(task_key(task_id))
    assert current is not None
    task = TaskAssignment.from_value(current.value, where=task_id)
    cancelled = task.model_copy(update={"status": TaskStatus.CANCELLED, "finished_at": parts.clock.now()})
    told = Event.of(TaskCancelled(task_id=task_id, type=task.type), source="cli", time=parts.clock.now())
    await parts.memory.apply(
        [
            parts.memory.prepare_store(task_key(task_id), cancelled, expected_version=current.version),
            parts.bus.prepare(told),
        ]
    )
