"""Records of many keys, without those that cannot be read: one that somebody wrote badly must not hide the others."""

from typing import TypeVar

from ..core.errors import InputError
from ..core.log import Logger
from ..core.records.base import Record
from .store import MemoryStore

R = TypeVar("R", bound=Record)

log = Logger(__name__)


async def readable(memory: MemoryStore, glob: str, model: type[R]) -> dict[str, R]:
    """Key -> record of all keys that match and hold what the model wants; the others are logged, each with its reason.

    Args:
        glob: see `MemoryStore.keys`.
        model: what is expected at each of them.
    """
    try:
        raw = await memory.retrieve_pattern(glob)
        return {key: model.from_value(value, where=key) for key, value in raw.items()}
    except InputError:  # rare: now one by one
        found = {}
    for key in await memory.keys(glob):
        try:
            value = await memory.retrieve(key)
            if value is not None:
                found[key] = model.from_value(value, where=key)
        except InputError as error:
            log.warning("record cannot be read", error=error.message)
    return found
