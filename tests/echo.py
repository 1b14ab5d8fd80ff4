"""The smallest agent there can be, its commander, and a task that goes through both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from aqe.agents.base import BaseAgent, TaskContext, task_key
from aqe.agents.commander.agent import FleetCommander
from aqe.agents.commander.routing import AgentProfile
from aqe.bus.events import Event, SignalImported, TaskSubmitted
from aqe.core.records.tasks import TaskAssignment
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import eventually


class EchoAgent(BaseAgent):
    """Reads `aqe/echo/in`, stores it at `aqe/echo/out`, appends to a history, emits an event."""

    agent_type = "echo"
    task_types: ClassVar[Mapping[str, str]] = {"echo": "echo"}

    async def on_pre_task(self, context: TaskContext) -> Any:
        return {**await self.memory.retrieve_pattern("aqe/echo/i*"), "asked": context.task.payload}

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        return inputs

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        context.store("aqe/echo/out", result)
        context.append("aqe/echo/history", context.task.id)
        context.emit(
            SignalImported(kind="echo", version="v1", commit=None, key="aqe/echo/out", tool="echo", outcome="measured")
        )
        return result


@contextlib.asynccontextmanager
async def a_fleet(commander: Runtime, agent: Runtime) -> AsyncIterator[None]:
    """A commander and an echo agent, each with the parts of its own process, running until the block ends."""
    boss = FleetCommander(
        commander.memory,
        commander.bus,
        commander.keeper,
        commander.clock,
        commander.clients.commands,
        [AgentProfile(EchoAgent.agent_type, EchoAgent.task_types)],
    )
    worker = EchoAgent(agent.services())
    tasks = [asyncio.create_task(boss.run()), asyncio.create_task(worker.run())]
    try:
        yield
    finally:
        boss.stop()
        worker.stop()
        await asyncio.gather(*tasks)


async def a_task_done(parts: Runtime, task_id: str, *, within_s: float = 10.0) -> TaskAssignment:
    """Submit an echo task and wait until its record says that it is over."""
    submitted = TaskSubmitted(type="echo", task_id=task_id, payload={"n": task_id})
    await parts.bus.publish(
        Event.of(submitted, id=f"{task_id}:submitted", source="a-test", time=parts.clock.now(), subject=task_id)
    )

    async def over() -> TaskAssignment | None:
        raw = await parts.memory.retrieve(task_key(task_id))
        task = TaskAssignment.from_value(raw, where=task_key(task_id)) if raw else None
        return task if task and task.status in ("completed", "failed") else None

    done = await eventually(over, within_s=within_s, what=f"task {task_id}")
    assert isinstance(done, TaskAssignment)
    return done
