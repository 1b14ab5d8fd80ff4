"""huey with one worker thread. It takes a message off its list before it runs: at most once, no lease."""

import time
from typing import Any

from huey import RedisHuey  # type: ignore[import-not-found,import-untyped,unused-ignore]
from huey.consumer import Consumer  # type: ignore[import-not-found,import-untyped,unused-ignore]

from ..job import Job, Work, ready


async def produce(job: Job) -> None:
    """Call the task, which queues it."""

    def body(number: int) -> None:
        """Runs in the consumer."""

    task = _queue(job).task(name="drill")(body)
    for number in job.numbers:
        task(number)


def consume(job: Job, work: Work) -> None:
    """Until it is ended."""

    def body(number: int) -> None:
        work.blocking(number)

    queue = _queue(job)
    queue.task(name="drill")(body)
    Consumer(queue, workers=1, periodic=False).start()
    ready()
    while True:
        time.sleep(1.0)


def _queue(job: Job) -> Any:
    return RedisHuey("drill", url=job.url, results=False)
