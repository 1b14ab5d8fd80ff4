"""Dead letters: entries that could not be handled, kept with the reason until somebody looks."""

import re
from datetime import UTC, datetime

from ..core.errors import InputError, NotFoundError
from ..core.masking import mask_text
from ..core.ports import CommandClient, Functions
from ..core.records.base import Record
from ..core.writes import Write
from .group import ANY_LEASE_MS, Entry, entry_order
from .names import StreamNames
from .publisher import DEDUPE_WINDOW_MS

MAX_ERROR_CHARS = 2000
DEAD_CAP_ENTRIES = 10_000
"""Dead letters kept of one event type or lane, about 10 MB of ordinary ones; beyond it the oldest go, counted."""
DEAD_CAP_BYTES = 64 * 2**20
"""Memory for those of one event type or lane, as the server estimates it; beyond it the oldest go, too."""
_ENTRY_ID = re.compile(r"\d{1,20}-\d{1,20}")


class DeadLetter(Record):
    """One dead letter as it is listed."""

    name: str
    """Event type or lane it came from."""
    stream: str
    """The stream itself, logical name."""
    id: str
    """Its id in the dead-letter stream."""
    original_id: str
    group: str
    error: str
    attempts: int
    at: datetime
    fields: dict[str, str]
    """The original entry; bytes that are no text are shown escaped."""


def dead_letter(names: StreamNames, entry: Entry, group: str, error: str, now: datetime, *, cap: int) -> Write:
    """The write that files an entry away; commit it with the entry's acknowledgement.

    Args:
        names: of the fleet.
        entry: what could not be handled.
        group: whose it was.
        error: why not.
        now: aware.
        cap: letters of this type or lane that are kept, from 1; beyond it, or DEAD_CAP_BYTES, the oldest go.
    """
    name = letter_name(names, entry.stream)
    own = ("aqe-stream", names.logical(entry.stream), "aqe-original-id", entry.id, "aqe-group", group,
           "aqe-error", mask_text(error)[:MAX_ERROR_CHARS],
           "aqe-attempts", str(entry.attempts), "aqe-at", now.isoformat())  # fmt: skip
    original = [part for pair in entry.fields.items() for part in pair]
    once = f"dead:{group}:{entry.stream}:{entry.id}:{now.timestamp()}"  # a replayed entry may die again
    caps = (str(cap), str(DEAD_CAP_BYTES))
    return Write("bury", names.dead(name), (once, str(DEDUPE_WINDOW_MS), *caps, *own, *original))


def letter_name(names: StreamNames, stream: str) -> str:
    """`deployment-readiness:assessed` of an event stream, `deployment-readiness:high` of a lane."""
    logical = names.logical(stream)
    for beginning in ("aqe:events:", "aqe:tasks:"):
        logical = logical.removeprefix(beginning)
    return logical


async def list_dead_letters(
    client: CommandClient, names: StreamNames, *, name: str | None = None, limit: int = 100
) -> list[DeadLetter]:
    """Newest first.

    Args:
        name: only of this event type or lane; None = all.
        limit: at most this many of each.
    """
    wanted = names.dead(name or "*")
    streams = [wanted]
    if name is None:
        streams = await _dead_streams(client, wanted)
    letters = []
    for stream in streams:
        for entry_id, fields in await client.execute_command("XREVRANGE", stream, "+", "-", "COUNT", limit):
            letters.append(_letter(stream[len(names.dead("")) :], entry_id.decode(), fields))
    return letters


async def dropped_letters(client: CommandClient, names: StreamNames) -> dict[str, int]:
    """Event type or lane -> letters dropped so far, where nobody has dealt with all that were kept."""
    found = {}
    for raw, dropped in (await client.execute_command("HGETALL", names.dropped)).items():
        stream = names.prefix + raw.decode()
        if await client.execute_command("XLEN", stream):
            found[stream.removeprefix(names.dead(""))] = int(dropped)
    return found


async def find_dead_letter(client: CommandClient, names: StreamNames, name: str, letter_id: str) -> DeadLetter:
    """One letter.

    Raises:
        InputError: that is no letter's id.
        NotFoundError: no such letter.
    """
    if not _ENTRY_ID.fullmatch(letter_id):
        raise InputError(f"{letter_id!r} is not the id of a dead letter", hint="ids look like 1767225600000-0")
    rows = await client.execute_command("XRANGE", names.dead(name), letter_id, letter_id)
    if not rows:
        raise NotFoundError(f"no dead letter {letter_id} of {name}", hint="`aqe events dead list` shows them")
    return _letter(name, letter_id, rows[0][1])


async def replay_dead_letter(
    client: CommandClient, functions: Functions, names: StreamNames, letter: DeadLetter
) -> str:
    """Give the entry back to the group that failed on it, its attempts at zero; the letter goes.

    Returns:
        "redelivered" to that group alone; or "added" as a new entry that every group sees, where the original has gone.
    """
    own_fields = 6
    answer = await functions.call(
        "aqe_dead_replay",
        [names.dead(letter.name)],
        [letter.id, names.prefix + letter.stream, letter.group, letter.original_id, ANY_LEASE_MS, own_fields],
    )
    if answer is None:
        raise NotFoundError(f"no dead letter {letter.id} of {letter.name}", hint="somebody else has dealt with it")
    return str(answer.decode())


async def drop_dead_letter(client: CommandClient, names: StreamNames, name: str, letter_id: str) -> bool:
    """Delete a letter; False when there was none."""
    return bool(await client.execute_command("XDEL", names.dead(name), letter_id))


async def _dead_streams(client: CommandClient, glob: str) -> list[str]:
    found: set[str] = set()
    cursor = 0
    while True:
        cursor, keys = await client.execute_command("SCAN", cursor, "MATCH", glob, "COUNT", 1000, "TYPE", "stream")
        found |= {key.decode() for key in keys}
        if int(cursor) == 0:
            return sorted(found)


def _letter(name: str, entry_id: str, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {_show(k): _show(v) for k, v in fields.items()}
    return DeadLetter(
        name=name,
        id=entry_id,
        stream=text.pop("aqe-stream", ""),
        original_id=text.pop("aqe-original-id", ""),
        group=text.pop("aqe-group", ""),
        error=text.pop("aqe-error", ""),
        attempts=_attempts(text.pop("aqe-attempts", "")),
        at=_at(text.pop("aqe-at", ""), entry_id),
        fields=text,
    )


# What somebody else wrote there must not hide the letters beside it.


def _attempts(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _at(text: str, entry_id: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(entry_order(entry_id)[0] / 1000, UTC)


def _show(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")
