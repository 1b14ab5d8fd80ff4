"""redis-py's asyncio client and nothing else: the yardstick. JSON by the standard library, no validation."""

import contextlib
import json
from typing import Any

import redis.asyncio as aredis
from redis.exceptions import ResponseError

from ..load import Job, Recorder, say, send

STREAM, GROUP, CONSUMER = "bench:events", "bench", "one"


async def produce(job: Job) -> None:
    """XADD each, or pipelined."""
    async with await _open(job) as client:

        async def publish(event: dict[str, Any]) -> None:
            await client.xadd(STREAM, {"data": _dumps(event)})

        async def publish_many(events: list[dict[str, Any]]) -> None:
            pipeline = client.pipeline(transaction=False)
            for event in events:
                pipeline.xadd(STREAM, {"data": _dumps(event)})
            await pipeline.execute()

        await send(job, publish, publish_many)


async def consume(job: Job, recorder: Recorder) -> None:
    """XREADGROUP and XACK in batches of `job.batch`."""

    async def handler(event: dict[str, Any]) -> None:
        recorder.hit(event["seq"], event["sentNs"])

    async with await _open(job) as client:
        say("ready")
        while not recorder.finished:
            answer: Any = await client.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=job.batch, block=1000)
            for _, rows in answer or ():
                for _, fields in rows:
                    await handler(json.loads(fields[b"data"]))
                await client.xack(STREAM, GROUP, *(entry_id for entry_id, _ in rows))


async def _open(job: Job) -> aredis.Redis:
    client = aredis.Redis.from_url(job.url, protocol=2)
    with contextlib.suppress(ResponseError):  # the other process made it
        await client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    return client


def _dumps(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()
