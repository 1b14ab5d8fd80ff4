"""Names of streams and groups; physical = with the fleet's prefix."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..core.errors import InputError

TYPE_NAME = re.compile(r"[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)+")
"""`deployment-readiness:assessed`."""
OWN_LANE = "aqe:tasks:own:"


@dataclass(frozen=True, slots=True)
class StreamNames:
    """The stream names of one fleet.

    Args:
        prefix: "" or "{name}".
    """

    prefix: str = ""

    @property
    def types(self) -> str:
        """Set of all event types that have a stream."""
        return f"{self.prefix}aqe:events"

    def events(self, event_type: str) -> str:
        """Stream of an event type."""
        return f"{self.prefix}aqe:events:{event_type}"

    def dead(self, name: str) -> str:
        """Dead letters of an event type or lane."""
        return f"{self.prefix}aqe:dead:{name}"

    def durable(self, stream: str) -> str:
        """Set of the groups that are durable on a stream (physical name)."""
        return f"{self.prefix}aqe:durable:{self.logical(stream)}"

    @property
    def refused(self) -> str:
        """Hash stream (logical name) -> publishes refused because it was full."""
        return f"{self.prefix}aqe:refused"

    @property
    def dropped(self) -> str:
        """Hash dead-letter stream (logical name) -> letters dropped because there were too many."""
        return f"{self.prefix}aqe:dropped"

    def lane(self, agent_type: str, priority: str) -> str:
        """Task lane."""
        return f"{self.prefix}aqe:tasks:{agent_type}:{priority}"

    def own_lane(self, task_id: str) -> str:
        """Lane of one task that is done in the process of who asked for it."""
        return f"{self.prefix}{OWN_LANE}{task_id}"

    def logical(self, stream: str) -> str:
        """The name without the fleet's prefix."""
        return stream[len(self.prefix) :]


def valid_types(members: Iterable[bytes]) -> list[str]:
    """Those of a set's members that are event types, sorted: anybody may have written into it."""
    names = (member.decode(errors="replace") for member in members)
    return sorted(name for name in names if TYPE_NAME.fullmatch(name))


@lru_cache(maxsize=1024)
def check_type(event_type: str) -> str:
    """The type, when it can be one.

    Raises:
        InputError: not of the form `agent:participle`.
    """
    if not TYPE_NAME.fullmatch(event_type):
        raise InputError(f"{event_type!r} is not an event type", hint="types look like deployment-readiness:assessed")
    return event_type
