"""Our bus: one subscription, ended in good order by SIGTERM."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aqe.bus.events import Event
from aqe.bus.subscription import Delivery
from aqe.config.settings import load_settings
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo

from ..job import Job, Work, ready

TYPE, GROUP, AT_ONCE = "drill:worked", "drill", 10


async def produce(job: Job) -> None:
    """Publish."""
    async with _runtime(job) as parts:
        now = parts.clock.now()
        await parts.bus.publish_many([Event(type=TYPE, data={"n": n}, source="drill", time=now) for n in job.numbers])


async def consume(job: Job, work: Work) -> None:
    """Subscribe."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def handler(event: Event) -> None:
        await work.awaited(event.data["n"])

    async with _runtime(job) as parts:
        delivery = Delivery(lease_s=job.lease_s, concurrency=AT_ONCE)
        await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=delivery)
        ready()
        await ended.wait()


@asynccontextmanager
async def _runtime(job: Job) -> AsyncIterator[Runtime]:
    settings = load_settings({"redis_url": job.url}, {}, Path(job.notes).parent)
    async with open_runtime(settings, name=job.name, server=ServerInfo(job.url, "url")) as parts:
        yield parts
