"""taskiq on taskiq-redis's stream broker, received in this process with the defaults of its `worker` command."""

import asyncio
import os
from typing import Any

from taskiq.api import run_receiver_task  # type: ignore[import-not-found,unused-ignore]
from taskiq_redis import RedisStreamBroker  # type: ignore[import-not-found,unused-ignore]

from ..load import Job, Recorder, say, send

TASK = "bench"


async def produce(job: Job) -> None:
    """`kiq` each."""
    broker = RedisStreamBroker(job.url, consumer_id="0")

    async def body(event: dict[str, Any]) -> None:
        """Runs in the consumer."""

    task = broker.register_task(body, task_name=TASK)
    await broker.startup()
    await send(job, task.kiq)
    await broker.shutdown()


async def consume(job: Job, recorder: Recorder) -> None:
    """Until all have arrived."""
    broker = RedisStreamBroker(job.url, consumer_id="0")

    async def body(event: dict[str, Any]) -> None:
        recorder.hit(event["seq"], event["sentNs"])

    broker.register_task(body, task_name=TASK)
    broker.is_worker_process = True
    await broker.startup()
    receiver = asyncio.create_task(run_receiver_task(broker))
    say("ready")
    await recorder.wait()
    # Under load some receivers do not end when they are cancelled; all has been reported by now.
    os._exit(0 if not receiver.done() else 1)
