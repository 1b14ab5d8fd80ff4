"""Our bus as a fleet wires it: typed payload validated on both sides, ids, leases, hooks around each handler."""

import logging
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import ConfigDict

from aqe.bus.events import EVENT_TYPES, Event, Payload
from aqe.config.settings import load_settings
from aqe.core.records.base import Record
from aqe.core.records.tasks import TaskAssignment
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.hooks.base import LifecycleHook
from aqe.hooks.manager import HookManager

from ..load import Job, Recorder, say, send


class Part(Record):
    """Of a payload: unknown fields are ignored in it, too, so that a newer writer does not stop an older reader."""

    model_config = ConfigDict(extra="ignore")


class Release(Part):
    """See load.event."""

    version: str
    commit: str
    environment: str


class Suite(Part):
    """See load.event."""

    name: str
    total: int
    failed: int
    skipped: int


class MeasuredSignal(Part):
    """See load.event."""

    kind: str
    value: float
    threshold: float
    passed: bool
    suite: Suite
    tags: tuple[str, ...]


class SignalMeasured(Payload):
    """The event of load.event with a type for every part of it."""

    event_type = "benchmark:measured"
    seq: int
    sent_ns: int
    release: Release
    key: str
    signal: MeasuredSignal
    measured_by: str
    branch: str


EVENT_TYPES[SignalMeasured.event_type] = SignalMeasured


class Observer(LifecycleHook):
    """A hook before and after each handler."""

    async def on_pre_task(self, task: TaskAssignment) -> None:
        """Looks."""

    async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
        """Looks."""


TASK = TaskAssignment(id="bench", type="bench", submitted_at=datetime(2026, 1, 1, tzinfo=UTC))


async def produce(job: Job) -> None:
    """`bus.publish` or `bus.publish_many`."""
    async with _runtime(job) as runtime:

        def typed(event: dict[str, Any]) -> Event:
            return Event.of(SignalMeasured.model_validate(event), source="bench", time=runtime.clock.now())

        def publish(event: dict[str, Any]) -> Awaitable[str]:
            return runtime.bus.publish(typed(event))

        def publish_many(events: list[dict[str, Any]]) -> Awaitable[list[str]]:
            return runtime.bus.publish_many(typed(event) for event in events)

        await runtime.memory.keys("nothing")  # the function library is there before the clock runs
        await send(job, publish, publish_many)


async def consume(job: Job, recorder: Recorder) -> None:
    """`bus.subscribe` with the delivery every fleet has."""
    hooks = HookManager([Observer()])

    async def handler(event: Event) -> None:
        await hooks.pre_task(TASK)
        recorder.hit(event.data.seq, event.data.sent_ns)
        await hooks.post_task(TASK, None)

    async with _runtime(job) as runtime:
        await runtime.bus.subscribe(SignalMeasured.event_type, handler, group="bench")
        say("ready")
        await recorder.wait()


@asynccontextmanager
async def _runtime(job: Job) -> AsyncIterator[Runtime]:
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    settings = load_settings(env={"AQE_REDIS_URL": job.url}, cwd=Path.cwd())
    async with open_runtime(settings, name="bench") as runtime:
        yield runtime
