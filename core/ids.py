"""Identifiers: unique over processes and machines, sortable by time where that helps a reader."""

import os
import uuid
from datetime import datetime


def new_id() -> str:
    """A random UUID (version 4) as text, for events and one-off things."""
    return str(uuid.uuid4())


def task_id(now: datetime) -> str:
    """`task-<yyyymmddThhmmss>-<8 hex>`: reads well in a list, unique by its random tail."""
    return f"task-{now:%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"
