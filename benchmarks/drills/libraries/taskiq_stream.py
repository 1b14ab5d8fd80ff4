"""taskiq on taskiq-redis's stream broker; the default of `unacknowledged_lock_timeout` would be to wait for ever."""

import asyncio
from typing import Any

from taskiq.api import run_receiver_task  # type: ignore[import-not-found,unused-ignore]
from taskiq_redis import RedisStreamBroker  # type: ignore[import-not-found,unused-ignore]

from ..job import Job, Work, ready

TASK, AT_ONCE = "drill", 5


async def produce(job: Job) -> None:
    """`kiq` each."""

    async def body(event: dict[str, Any]) -> None:
        """Runs in the consumer."""

    broker = _broker(job)
    task = broker.register_task(body, task_name=TASK)
    await broker.startup()
    for number in job.numbers:
        await task.kiq({"n": number})
    await broker.shutdown()


async def consume(job: Job, work: Work) -> None:
    """In this process."""

    async def body(event: dict[str, Any]) -> None:
        await work.awaited(event["n"])

    broker = _broker(job)
    broker.register_task(body, task_name=TASK)
    broker.is_worker_process = True
    await broker.startup()
    ready()
    await run_receiver_task(broker, max_async_tasks=AT_ONCE, max_prefetch=AT_ONCE)
    await asyncio.Event().wait()


def _broker(job: Job) -> Any:
    return RedisStreamBroker(
        job.url,
        consumer_id="0",
        idle_timeout=round(job.lease_s * 1000),
        xread_block=500,
        xread_count=10,
        unacknowledged_lock_timeout=job.lease_s,
    )
