"""BaseAgent: its life, from the first heartbeat to the last task, and what a subclass writes.

A task goes through `on_pre_task` (load every input), `perform_task` (a pure function, run in a thread so that the
agent stays responsive) and `on_post_task` (name the effects); `work.py` takes it there and sees to it that everything
it does happens once.
"""

import asyncio
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ..bus.events import AgentStarted, AgentStopped, Event, Payload
from ..bus.group import SERVER_GONE, SERVER_TROUBLE
from ..bus.heartbeats import HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S, heartbeat_key
from ..bus.lanes import GROUP, LaneConsumer
from ..bus.lease import Pulse
from ..core.errors import AqeError
from ..core.ids import worker_name
from ..core.log import Logger
from ..core.records.tasks import AgentRecord, AgentState, Priority, TaskAssignment
from .context import AgentServices, TaskContext, agent_key, task_key
from .work import RETRY_PAUSE_S, TASK_RECORD_TTL_S, Work

__all__ = ["AgentServices", "BaseAgent", "TaskContext", "agent_key", "task_key"]

TASK_LEASE_S = 10.0
"""A dead agent's task is taken over after this long; renewed three times in it while the agent lives."""


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
        self.id = agent_id or worker_name(self.agent_type)
        self.log = Logger(self.agent_type)
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
        await self.announce(AgentState.STARTING)
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
        await self.announce(AgentState.IDLE, AgentStarted(**self._names(), capabilities=self.capabilities()))
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
        work = Work(self, consumer)
        pause_s = RETRY_PAUSE_S[0]
        while not self._stopping.is_set():
            try:
                entry = await consumer.next(wait_s=1.0)
                done = await work.take(entry) if entry is not None else None
                if done is not None and done == until:
                    return
                pause_s = RETRY_PAUSE_S[0]
            except SERVER_GONE as error:
                self.log.warning("agent waits for the server", error=str(error))
                await self.services.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_PAUSE_S[1])
            except AqeError as error:  # a retryable one: see Work.take
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
            await self.announce(AgentState.STOPPED, AgentStopped(**self._names()))
        except SERVER_TROUBLE as error:
            self.log.warning("left without a word", error=str(error))

    def _beat(self) -> None:
        key = heartbeat_key(self.services.bus.names, self.id)
        self.services.keeper.pulse(Pulse(key, self.agent_type, HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S))

    def _names(self) -> dict[str, str]:
        return {"agent": self.id, "agent_type": self.agent_type}

    async def announce(self, state: AgentState, payload: Payload | None = None, task: str | None = None) -> None:
        """Write down what it does, where others look; silent in the process of who asked for one task.

        Args:
            state: from now on.
            payload: an event to publish with it.
            task: id of the task it works on.
        """
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
