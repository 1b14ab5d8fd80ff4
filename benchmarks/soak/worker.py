"""`python -m aqe.benchmarks.soak.worker ROLE URL FOLDER`: a commander, an agent or a subscriber, until it is killed.

A fleet keeps finished tasks and events for a week; here for half a minute, so that what is kept is soon as much as it
will ever be, and a server that goes on growing stands out.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from aqe.agents import base
from aqe.agents import work as tasks
from aqe.agents.base import BaseAgent, TaskContext
from aqe.agents.commander import agent as commander
from aqe.agents.commander.agent import FleetCommander
from aqe.agents.commander.routing import AgentProfile
from aqe.bus import deadletters, lanes, publisher
from aqe.bus.events import Event, SignalImported
from aqe.bus.retention import Retention
from aqe.bus.subscription import Delivery
from aqe.config.settings import load_settings
from aqe.core.records.tasks import TaskAssignment
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers import library
from aqe.fleet.servers.server import ServerInfo

KEEP_S = 30.0
LEASE_S = 2.0
TICK = "soak:ticked"
GROUP = "soak"
TASKS_DONE, EVENTS_DONE = "aqe/soak/tasks-done", "aqe/soak/events-done"
INPUTS = "aqe/soak/inputs"
POISON = -1


class Soaking(BaseAgent):
    """Reads some values, works a little, and has an effect of every kind."""

    agent_type = "soak"
    task_types: ClassVar[Mapping[str, str]] = {"soak": "soaking"}

    async def on_pre_task(self, context: TaskContext) -> Any:
        """Load."""
        return await self.memory.retrieve_pattern(f"{INPUTS}/*")

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        """Think."""
        return {"read": len(inputs), "sum": sum(n * n for n in range(20_000)), "pad": "x" * 500}

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        """Name the effects."""
        task_id = context.task.id
        context.append(TASKS_DONE, task_id)
        context.store(f"aqe/soak/results/{task_id}", result, ttl_s=KEEP_S)
        told = SignalImported(kind="soak", version="v1", commit=None, key=task_id, tool="soak", outcome="value")
        context.emit(told, subject=task_id)
        return result


def shorten() -> None:
    """Half a minute for what a fleet keeps for a week or for ten minutes."""
    base.TASK_LEASE_S = LEASE_S
    tasks.TASK_RECORD_TTL_S = round(KEEP_S)
    commander.FINISHED_TTL_S = round(KEEP_S)
    commander.UPKEEP_EVERY_S = 5.0
    ordinary = f'ORDINARY_MS = "{publisher.DEDUPE_WINDOW_MS}"'
    assert ordinary in library.source()
    text = library.source().replace(ordinary, f'ORDINARY_MS = "{round(1000 * KEEP_S)}"')
    vars(library)["source"] = lambda: text
    for module in (lanes, publisher, deadletters):
        vars(module)["DEDUPE_WINDOW_MS"] = round(1000 * KEEP_S)


async def command(parts: Runtime) -> None:
    """A commander, and retention beside it."""
    profile = AgentProfile(Soaking.agent_type, Soaking.task_types)
    boss = FleetCommander(parts.memory, parts.bus, parts.keeper, parts.clock, parts.clients.commands, [profile])
    retention = Retention(parts.clients.commands, parts.bus, parts.clock, source="soak", keep_s=KEEP_S)

    async def trim() -> None:
        while True:
            await asyncio.sleep(5.0)
            try:
                await retention.run()
            except Exception as error:  # the server is away: next time
                print(f"retention: {error!r}", file=sys.stderr)

    trimming = asyncio.create_task(trim())
    await boss.run()
    trimming.cancel()


async def work(parts: Runtime) -> None:
    """An agent."""
    await Soaking(parts.services()).run()


async def subscribe(parts: Runtime) -> None:
    """A subscriber whose effects are counted; what it cannot handle, on purpose, becomes a dead letter."""

    async def handler(event: Event) -> list[Write]:
        number = event.data["n"]
        if number == POISON:
            raise ValueError("poison")
        return [
            parts.memory.prepare_append(EVENTS_DONE, number),
            parts.memory.prepare_store(f"aqe/soak/seen/{number}", number, ttl_s=KEEP_S),
        ]

    delivery = Delivery(lease_s=LEASE_S, max_attempts=2, backoff_s=0.1, durable=True)
    await parts.bus.subscribe(TICK, handler, group=GROUP, delivery=delivery)
    await asyncio.Event().wait()


ROLES = {"commander": command, "agent": work, "subscriber": subscribe}


async def _main(role: str, url: str, folder: str) -> None:
    shorten()
    settings = load_settings({"redis_url": url}, {}, Path(folder))
    async with open_runtime(settings, name=role, server=ServerInfo(url, "url")) as parts:
        await ROLES[role](parts)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
