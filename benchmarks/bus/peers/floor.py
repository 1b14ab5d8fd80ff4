"""What publishing costs at least over redis-py: our fields, packed beforehand; no validation, no JSON, no idempotence.

Batches are formed as ours are. What our bus takes beyond this is ours; what this takes beyond a quarter of raw-b1 puts
four times raw-b1 out of reach.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import hiredis
import redis.asyncio as aredis

from aqe.bus.events import Event

from ..load import BATCH, Job, event, send
from .aqe_bus import SignalMeasured

STREAM = "aqe:events:benchmark:measured"


async def produce(job: Job) -> None:
    """XADD in one write and one read per batch."""
    payload = SignalMeasured.model_validate(event(0))
    fields = Event.of(payload, source="bench", time=datetime.now(UTC)).fields()
    command = hiredis.pack_command(("XADD", STREAM, "*", *fields))  # type: ignore[arg-type]
    client = aredis.Redis.from_url(job.url, protocol=2)
    pool: Any = client.connection_pool
    connection = await pool.get_connection()
    waiting: list[asyncio.Future[Any]] = []
    flushing: set[asyncio.Task[None]] = set()

    async def publish_many(events: list[dict[str, Any]]) -> None:
        await connection.send_packed_command([command] * len(events), check_health=False)
        for _ in events:
            await connection.read_response(disable_decoding=True)

    async def flush() -> None:
        while waiting:
            batch = waiting[:BATCH]
            del waiting[: len(batch)]
            await publish_many([{}] * len(batch))
            for future in batch:
                future.set_result(None)
            await asyncio.sleep(0)
        flushing.clear()

    def publish(event: dict[str, Any]) -> asyncio.Future[Any]:
        waiting.append(asyncio.get_running_loop().create_future())
        if not flushing:
            flushing.add(asyncio.create_task(flush()))
        return waiting[-1]

    connection.socket_timeout = None  # as our bus, which watches over it with one timer
    await send(job, publish, publish_many)
    await client.aclose()
