"""One process of a measurement: the producer or the consumer of a peer, as the job on the command line says."""

import asyncio
import inspect
import sys
from importlib import import_module

from .load import Job, Recorder


def main() -> None:
    """Run the job; `say` lines on standard output are for the driver."""
    job = Job.from_json(sys.argv[1])
    peer = import_module(f".peers.{job.peer}", __package__)
    work = peer.produce if job.role == "produce" else peer.consume
    arguments = (job,) if job.role == "produce" else (job, Recorder(job.count))
    if not inspect.iscoroutinefunction(work):
        work(*arguments)
    elif job.uvloop:
        import uvloop  # type: ignore[import-not-found,unused-ignore]

        uvloop.run(work(*arguments))
    else:
        asyncio.run(work(*arguments))


if __name__ == "__main__":
    main()
