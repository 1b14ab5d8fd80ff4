"""FastStream on Redis streams. A subscriber that reads never claims, so a second one claims what has been idle."""

import contextlib
from typing import Any

from faststream import FastStream  # type: ignore[import-not-found,unused-ignore]
from faststream.redis import RedisBroker, StreamSub  # type: ignore[import-not-found,unused-ignore]
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ..job import Job, Work, ready

STREAM, GROUP, POLL_MS, AT_ONCE = "drill:events", "drill", 500, 10


async def produce(job: Job) -> None:
    """Publish, to a group that exists: it begins where it is made."""
    broker = RedisBroker(job.url)
    await broker.connect()
    async with Redis.from_url(job.url) as client:
        with contextlib.suppress(ResponseError):
            await client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    for number in job.numbers:
        await broker.publish({"n": number}, stream=STREAM)
    await broker.stop()


async def consume(job: Job, work: Work) -> None:
    """`app.run()`."""
    broker = RedisBroker(job.url)
    app = FastStream(broker, logger=None)

    async def handler(event: dict[str, Any]) -> None:
        await work.awaited(event["n"])

    async def claiming(event: dict[str, Any]) -> None:
        await work.awaited(event["n"])

    reads = StreamSub(STREAM, group=GROUP, consumer=job.name, polling_interval=POLL_MS, max_records=AT_ONCE)
    claims = StreamSub(
        STREAM,
        group=GROUP,
        consumer=f"{job.name}-claim",
        polling_interval=POLL_MS,
        min_idle_time=round(job.lease_s * 1000),
    )
    broker.subscriber(stream=reads)(handler)
    broker.subscriber(stream=claims)(claiming)
    app.after_startup(ready)
    await app.run()
