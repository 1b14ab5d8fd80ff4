"""The commit: a task's memory writes, its events and its acknowledgement in one step, or none of them.

The server-side function checks first that the worker still owns the entry (the fence), then every write, and only then
applies them; so a worker that stalled past its lease changes nothing, and a crash leaves all or nothing.
"""

from collections.abc import Sequence

from ..core.ports import Functions
from ..core.writes import Write, encode


async def commit(functions: Functions, slot_key: str, writes: Sequence[Write]) -> list[object]:
    """A transaction without a fence.

    Args:
        slot_key: any key of the fleet: names the Cluster slot.
        writes: from memory and bus, in order.

    Returns:
        Each write's result.
    """
    results: list[object] = await functions.call("aqe_commit", [slot_key], ["", "", "", "0", *encode(writes)])
    return results


async def commit_entry(
    functions: Functions,
    stream: str,
    group: str,
    consumer: str,
    entry_id: str,
    writes: Sequence[Write],
    *,
    delete: bool,
) -> list[object]:
    """Writes and the acknowledgement of a stream entry.

    Args:
        delete: also remove the entry (task lanes: nobody else reads it).

    Returns:
        Each write's result.

    Raises:
        FencedOutError: the consumer does not own the entry (any more); nothing was applied.
    """
    results: list[object] = await functions.call(
        "aqe_commit", [stream], [group, consumer, entry_id, "1" if delete else "0", *encode(writes)]
    )
    return results
