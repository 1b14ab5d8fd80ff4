"""Identifiers: unique over processes and machines, sortable by time where that helps a reader."""

import os
import socket
from datetime import datetime

_BYTES = 16
_AT_ONCE = 256
_ready: list[str] = []
"""Asking the kernel for one at a time would take a third of the time that goes into an event's envelope."""
os.register_at_fork(after_in_child=_ready.clear)  # or both processes would hand out the same


def new_id() -> str:
    """128 random bits in hexadecimal, for events and one-off things."""
    try:
        return _ready.pop()
    except IndexError:
        drawn = os.urandom(_BYTES * _AT_ONCE).hex()
        _ready.extend(drawn[start : start + 2 * _BYTES] for start in range(0, len(drawn), 2 * _BYTES))
        return new_id()


def worker_name(kind: str) -> str:
    """`<kind>-<host>-<process>-<8 hex>`: who works here; in a container each process may have the same number."""
    return f"{kind}-{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"


def task_id(now: datetime) -> str:
    """An id of a task, see `dated_id`."""
    return dated_id("task", now)


def dated_id(kind: str, now: datetime) -> str:
    """`<kind>-<yyyymmddThhmmss>-<8 hex>`: reads well in a list, unique by its random tail."""
    return f"{kind}-{now:%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
