"""Identifiers: unique over processes and machines, sortable by time where that helps a reader."""

import os
from datetime import datetime


def new_id() -> str:
    """128 random bits in hexadecimal, for events and one-off things."""
    return os.urandom(16).hex()


def task_id(now: datetime) -> str:
    """An id of a task, see `dated_id`."""
    return dated_id("task", now)


def dated_id(kind: str, now: datetime) -> str:
    """`<kind>-<yyyymmddThhmmss>-<8 hex>`: reads well in a list, unique by its random tail."""
    return f"{kind}-{now:%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
