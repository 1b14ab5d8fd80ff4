"""Agents that do little, a commander over them, and what is asked of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from aqe.agents.base import BaseAgent, TaskContext, task_key
from aqe.agents.commander.agent import FleetCommander
from aqe.agents.commander.routing import AgentProfile
from aqe.bus.events import Event, TaskSubmitted
from aqe.bus.reading import read_event
from aqe.core.errors import NoData, TaskVetoed
from aqe.core.records.tasks import TaskAssignment
from aqe.fleet.runtime import Runtime


class Fake(BaseAgent):
    """Does what its payload says and leaves a trace of the order."""

    async def on_pre_task(self, context: TaskContext) -> Any:
        trouble = context.task.payload.get(f"{context.task.type}-trouble")
        if trouble == "veto":
            raise TaskVetoed("not today")
        if trouble == "no data":
            raise NoData("no log records")
        if trouble == "bug":
            raise ValueError("broken")
        return None

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        return f"{task.type} of {task.payload.get('version')}"

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        context.append("aqe/trace", result)
        return result


class Miner(Fake):
    agent_type = "production-intelligence"
    task_types: ClassVar[Mapping[str, str]] = {"error-pattern-mining": "error-pattern-mining"}


class Judge(Fake):
    agent_type = "deployment-readiness"
    task_types: ClassVar[Mapping[str, str]] = {"deployment-assessment": "gates", "risk-score": "risk-scoring"}


PROFILES = tuple(AgentProfile(agent.agent_type, agent.task_types) for agent in (Miner, Judge))


def a_commander(parts: Runtime) -> FleetCommander:
    return FleetCommander(
        parts.memory, parts.bus, parts.keeper, parts.clock, parts.clients.commands, PROFILES
    )  # fmt: skip


@asynccontextmanager
async def running(*workers: FleetCommander | BaseAgent) -> AsyncIterator[None]:
    """They work inside the block and are stopped in good order after it; one that ends before is a failure."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
        for task in tasks:
            assert not task.done() or task.result(), "ended by itself"
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 15)


async def submit(parts: Runtime, task_id: str, task_type: str, **fields: Any) -> None:
    submitted = TaskSubmitted(type=task_type, task_id=task_id, **fields)
    await parts.bus.publish(Event.of(submitted, source="a-test", time=parts.clock.now(), subject=task_id))


async def record(parts: Runtime, task_id: str) -> TaskAssignment | None:
    raw = await parts.memory.retrieve(task_key(task_id))
    return None if raw is None else TaskAssignment.from_value(raw, where=task_id)


def until(parts: Runtime, task_id: str, status: str) -> Callable[[], Awaitable[TaskAssignment | None]]:
    async def reached() -> TaskAssignment | None:
        task = await record(parts, task_id)
        return task if task is not None and task.status == status else None

    return reached


def events(raw: Any, event_type: str) -> list[Event]:
    rows: Any = raw.xrange(f"aqe:events:{event_type}")
    return [read_event(fields) for _, fields in rows]
