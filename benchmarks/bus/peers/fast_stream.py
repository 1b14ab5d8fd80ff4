"""FastStream on Redis streams with a consumer group: a handler per message, or `list[dict]` by 100.

Both read 100 at once; the first acknowledges each message in a round trip of its own, the second all or nothing.
"""

import contextlib
from typing import Any

from faststream import FastStream  # type: ignore[import-not-found,unused-ignore]
from faststream.redis import RedisBroker, StreamSub  # type: ignore[import-not-found,unused-ignore]
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ..load import BATCH, Job, Recorder, say, send

STREAM, GROUP = "bench:events", "bench"


async def produce(job: Job) -> None:
    """`broker.publish`; batches through a pipeline, as its documentation shows."""
    broker = RedisBroker(job.url)
    await broker.connect()
    async with Redis.from_url(job.url) as client:
        with contextlib.suppress(ResponseError):  # the consumer made it
            await client.xgroup_create(STREAM, GROUP, "0", mkstream=True)

        async def publish(event: dict[str, Any]) -> None:
            await broker.publish(event, stream=STREAM)

        async def publish_many(events: list[dict[str, Any]]) -> None:
            pipeline = client.pipeline(transaction=False)
            for event in events:
                await broker.publish(event, stream=STREAM, pipeline=pipeline)
            await pipeline.execute()

        await send(job, publish, publish_many)
    await broker.stop()


async def consume(job: Job, recorder: Recorder) -> None:
    """`app.run()` until all have arrived."""
    broker = RedisBroker(job.url)
    app = FastStream(broker, logger=None)

    def count(event: dict[str, Any]) -> None:
        recorder.hit(event["seq"], event["sentNs"])
        if recorder.finished:
            app.exit()

    async def one(event: dict[str, Any]) -> None:
        count(event)

    async def many(events: list[dict[str, Any]]) -> None:
        for event in events:
            count(event)

    in_batches = job.batch > 1
    stream = StreamSub(
        STREAM, batch=in_batches, max_records=BATCH, group=GROUP, consumer="one", last_id=">", polling_interval=1000
    )
    broker.subscriber(stream=stream)(many if in_batches else one)
    app.after_startup(lambda: say("ready"))
    await app.run()
