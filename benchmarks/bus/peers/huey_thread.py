"""huey with one worker thread and no results. It takes a message off its list before it runs: at most once, no ack."""

import time
from typing import Any

from huey import RedisHuey  # type: ignore[import-not-found,import-untyped,unused-ignore]
from huey.consumer import Consumer  # type: ignore[import-not-found,import-untyped,unused-ignore]

from ..load import POLL_S, Job, Recorder, say, send_blocking


def produce(job: Job) -> None:
    """Call the task, which queues it."""

    def body(event: dict[str, Any]) -> None:
        """Runs in the consumer."""

    send_blocking(job, _queue(job).task(name="bench")(body))


def consume(job: Job, recorder: Recorder) -> None:
    """Until all have arrived."""

    def body(event: dict[str, Any]) -> None:
        recorder.hit(event["seq"], event["sentNs"])

    queue = _queue(job)
    queue.task(name="bench")(body)
    consumer = Consumer(queue, workers=1, periodic=False)
    consumer.start()
    say("ready")
    while not recorder.finished:
        time.sleep(POLL_S)
    consumer.stop(graceful=False)


def _queue(job: Job) -> Any:
    return RedisHuey("bench", url=job.url, results=False)
