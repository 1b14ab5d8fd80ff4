"""Prepared effects: memory and bus hand them out, one transaction carries them all.

A task's memory writes, the events it emits and the acknowledgement of its queue entry happen together or not at all
(`bus/commit.py`), so a write is a value first and a command later.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of the server-side function library (memory/memory.lua, bus/bus.lua).

    Args:
        op: the operation's name there: store, delete, append, publish, enqueue, ...
        key: the key it works on, with the fleet's prefix.
        args: its arguments, in the order the operation documents.
    """

    op: str
    key: str
    args: tuple[str | bytes, ...] = ()


def encode(writes: Sequence[Write]) -> list[str | bytes | int]:
    """The writes as the flat argument list `aqe_commit` reads: op, key, number of arguments, arguments."""
    flat: list[str | bytes | int] = []
    for write in writes:
        flat += [write.op, write.key, len(write.args), *write.args]
    return flat
