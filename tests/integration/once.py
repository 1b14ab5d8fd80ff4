"""Work whose effects can be counted: each piece appends to a history, stores a value, emits an event, is acknowledged.

Shared by the drills and the property test of effects-once; the processes that do it are started from here, too.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from aqe.agents.base import BaseAgent, TaskContext
from aqe.bus import commit
from aqe.bus.events import Event, SignalImported
from aqe.bus.group import Entry, GroupConsumer
from aqe.bus.subscription import Delivery
from aqe.core.records.tasks import Priority, TaskAssignment
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import settings_for

HISTORY, DONE = "aqe/drill/history", "aqe/drill/done"
WORK = "weather:changed"
GROUP = "books"


def told(name: str) -> SignalImported:
    """The event that a piece of work emits."""
    return SignalImported(kind="drill", version="v1", commit=None, key=name, tool="drill", outcome="value")


class Bookkeeper(BaseAgent):
    """One piece of work a task, named by the task's id."""

    agent_type = "drill"
    task_types: ClassVar[Mapping[str, str]] = {"work": "working"}

    async def on_pre_task(self, context: TaskContext) -> Any:
        return context.task.payload

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        return None

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        name = context.task.id
        context.append(HISTORY, name)
        context.store(f"{DONE}/{name}", context.task.attempts)
        context.emit(told(name), subject=name)
        return name


class QuietBookkeeper(Bookkeeper):
    """With one lane, so that few commands lie between two pieces of work."""

    def lanes(self) -> list[str]:
        return [self.services.bus.names.lane(self.agent_type, Priority.MEDIUM)]


def work(kind: str, url: str, log: Path, planted: str | None) -> None:
    """A process that works until it is killed.

    Args:
        kind: "agent" or "subscription".
        log: where its standard error goes.
        planted: one of PLANTED, a fault that a test must find.
    """
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
        os.dup2(file.fileno(), sys.stdout.fileno())
    if planted:
        PLANTED[planted]()
    asyncio.run(_work(kind, url, log.parent))


async def _work(kind: str, url: str, folder: Path) -> None:
    async with open_runtime(settings_for(url, folder), name=kind, server=ServerInfo(url, "url")) as parts:
        if kind == "agent":
            await QuietBookkeeper(parts.services()).run()
        else:
            await parts.bus.subscribe(WORK, _books(parts), group=GROUP, delivery=Delivery(batch=2, backoff_s=0.01))
            await asyncio.Event().wait()


def _books(parts: Runtime) -> Any:
    async def handler(event: Event) -> list[Write]:
        name = str(event.data["name"])
        emitted = Event.of(told(name), id=f"{name}:told", source="books", time=parts.clock.now())
        return [
            parts.memory.prepare_append(HISTORY, name),
            parts.memory.prepare_store(f"{DONE}/{name}", 1),
            parts.bus.prepare(emitted),
        ]

    return handler


# Faults to be found --------------------------------------------------------------------------------------------------


def _ack_apart() -> None:
    async def commit_then_ack(
        self: GroupConsumer, entry: Entry, writes: list[Write], *, delete: bool = False
    ) -> list[object]:
        results = await commit.commit(self.functions, entry.stream, writes)
        await self.acknowledge({entry.stream: [entry.id]})
        if delete:
            await self.client.execute_command("XDEL", entry.stream, entry.id)
        return results

    GroupConsumer.commit = commit_then_ack  # type: ignore[assignment, method-assign]


def _ack_first() -> None:
    async def ack_then_commit(
        self: GroupConsumer, entry: Entry, writes: list[Write], *, delete: bool = False
    ) -> list[object]:
        await self.acknowledge({entry.stream: [entry.id]})
        if delete:
            await self.client.execute_command("XDEL", entry.stream, entry.id)
        return await commit.commit(self.functions, entry.stream, writes)

    GroupConsumer.commit = ack_then_commit  # type: ignore[assignment, method-assign]


def _events_apart() -> None:
    whole = GroupConsumer.commit

    async def commit_then_publish(
        self: GroupConsumer, entry: Entry, writes: list[Write], *, delete: bool = False
    ) -> list[object]:
        events = [write for write in writes if write.op == "publish"]
        results = await whole(self, entry, [write for write in writes if write.op != "publish"], delete=delete)
        return [*results, *await commit.commit(self.functions, entry.stream, events)]

    GroupConsumer.commit = commit_then_publish  # type: ignore[assignment, method-assign]


PLANTED = {"ack after the writes": _ack_apart, "ack before the writes": _ack_first, "events apart": _events_apart}
