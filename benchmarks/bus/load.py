"""What every peer sends, how it is paced, and how arrivals are counted; runs in the workers' processes.

Times are `time.monotonic_ns`, which processes of one machine share on Linux.
"""

import asyncio
import dataclasses
import json
import os
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal, Self

EVENT_BYTES = 461
"""Of the event's compact JSON; a peer's own envelope comes on top."""
BATCH = 100
IN_FLIGHT = 64
POLL_S = 0.02

How = Literal["one", "64", "many", "paced"]
"""One publish awaited at a time, 64 at a time, batches of BATCH, or `rate` a second."""


@dataclasses.dataclass(frozen=True)
class Job:
    """What one worker process does.

    Args:
        peer: module in peers/.
        batch: what the peer's variant reads, acknowledges or hands over at once.
        rate: messages a second when paced.
    """

    peer: str
    role: Literal["produce", "consume"]
    url: str
    count: int
    batch: int = 1
    how: How = "one"
    rate: float = 0.0
    uvloop: bool = True

    def to_json(self) -> str:
        """For the command line of the worker."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The other way."""
        return cls(**json.loads(text))


def event(seq: int) -> dict[str, Any]:
    """A nested event such as fleets send; its compact JSON has EVENT_BYTES bytes."""
    return {
        "seq": seq + 1_000_000_000,
        "sentNs": 10**15 + time.monotonic_ns(),
        "release": {
            "version": "checkout-service@2026.11.22",
            "commit": "a3f5c1e09b7d24686e0f1a2b3c4d5e6f70819203",
            "environment": "production",
        },
        "key": "aqe/releases/checkout-service@2026.11.22/signals/test-coverage",
        "signal": {
            "kind": "test-coverage",
            "value": 87.31,
            "threshold": 85.0,
            "passed": True,
            "suite": {"name": "unit", "total": 1843, "failed": 2, "skipped": 11},
            "tags": ["release", "gate", "canary"],
        },
        "measuredBy": "coverage",
        "branch": "main",
    }


def say(what: str, **fields: Any) -> None:
    """One line to the driver, in one write: huey's worker is a thread, and `print` writes the newline separately."""
    os.write(1, json.dumps({"say": what, **fields}).encode() + b"\n")


def cpu_s() -> float:
    """CPU seconds of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Recorder:
    """Counts arrivals; the consumer calls `hit` first thing in its handler.

    Args:
        count: arrivals to wait for.
    """

    def __init__(self, count: int) -> None:
        self.finished = False
        self._count = count
        self._arrived: list[tuple[int, int, int]] = []
        self._cpu_s = 0.0

    def hit(self, seq: int, sent_ns: int) -> None:
        """One arrival; at the last one the result goes to the driver."""
        arrived = self._arrived
        arrived.append((seq, sent_ns, time.monotonic_ns()))
        if len(arrived) == 1:
            self._cpu_s = cpu_s()
        elif len(arrived) == self._count:
            self._report()
            self.finished = True

    async def wait(self) -> None:
        """Until the last one has arrived."""
        while not self.finished:
            await asyncio.sleep(POLL_S)

    def _report(self) -> None:
        used_s = cpu_s() - self._cpu_s
        first_ns, last_ns = self._arrived[0][2], self._arrived[-1][2]
        late_ms = sorted((arrived - (sent - 10**15)) / 1e6 for _, sent, arrived in self._arrived)
        n = len(late_ms)
        say(
            "done",
            distinct=len({seq for seq, _, _ in self._arrived}),
            per_s=(n - 1) / (last_ns - first_ns) * 1e9,
            to_ns=last_ns,
            cpu_us=used_s * 1e6 / n,
            latency_ms={name: late_ms[min(n - 1, int(n * q))] for name, q in QUANTILES.items()},
        )


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


class _Sending:
    """Measures a producer from its first publish to its last answer."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._cpu_s = cpu_s()
        self._from_ns = time.monotonic_ns()

    def report(self) -> None:
        spent_ns = time.monotonic_ns() - self._from_ns
        say(
            "done",
            per_s=self._count / spent_ns * 1e9,
            from_ns=self._from_ns,
            cpu_us=(cpu_s() - self._cpu_s) * 1e6 / self._count,
        )


async def send(
    job: Job,
    publish: Callable[[dict[str, Any]], Awaitable[object]],
    publish_many: Callable[[list[dict[str, Any]]], Awaitable[object]] | None = None,
) -> None:
    """Publish `job.count` events as the job says, and report."""
    numbers = iter(range(job.count))
    sending = _Sending(job.count)

    async def one_after_the_other() -> None:
        for seq in numbers:
            await publish(event(seq))

    match job.how:
        case "one":
            await one_after_the_other()
        case "64":
            await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))
        case "many":
            assert publish_many is not None
            for start in range(0, job.count, BATCH):
                await publish_many([event(seq) for seq in range(start, min(start + BATCH, job.count))])
        case "paced":
            for wait_s in _beats(job):
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                await publish(event(next(numbers)))
    sending.report()


def send_blocking(job: Job, publish: Callable[[dict[str, Any]], object]) -> None:
    """The same for a library without asyncio: one at a time, or paced."""
    sending = _Sending(job.count)
    if job.how == "paced":
        for seq, wait_s in enumerate(_beats(job)):
            time.sleep(max(0.0, wait_s))
            publish(event(seq))
    else:
        for seq in range(job.count):
            publish(event(seq))
    sending.report()


def _beats(job: Job) -> Iterator[float]:
    """Seconds to wait before each message, so that a late one does not delay those behind it."""
    start_ns = time.monotonic_ns()
    for seq in range(job.count):
        yield (start_ns + seq / job.rate * 1e9 - time.monotonic_ns()) / 1e9
