"""The servers on which memory keeps its promises."""

from dataclasses import dataclass
from typing import Any

from aqe.core.records.base import Record
from aqe.fleet.servers.library import Library
from aqe.memory.store import MemoryStore

KEY = "aqe/quality-signals/security"
LET_THROUGH_BY_FAKEREDIS = ("NaN", '{"a": Infinity}')


class AFinding(Record):
    rule_name: str
    line: int


@dataclass
class Place:
    """A server and the stores on it."""

    name: str
    client: Any

    def store(self, prefix: str = "", writer: str = "a-writer") -> MemoryStore:
        return MemoryStore(self.client, Library(self.client), prefix=prefix, writer=writer)


async def gone(client: Any, key: str) -> None:
    while await client.exists(key):
        pass
