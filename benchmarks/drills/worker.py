"""`python -m aqe.benchmarks.drills.worker JOB`: the process that does what a job says."""

import asyncio
import inspect
import sys
from importlib import import_module

from .job import Job, Work


def main() -> None:
    """Until it has produced, or until it is ended."""
    job = Job.from_json(sys.argv[1])
    library = import_module(f".libraries.{job.library}", __package__)
    if job.role == "produce":
        asyncio.run(library.produce(job))
    elif inspect.iscoroutinefunction(library.consume):
        asyncio.run(library.consume(job, Work(job)))
    else:
        library.consume(job, Work(job))


if __name__ == "__main__":
    main()
