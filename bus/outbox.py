"""A producer's outbox: what must not be lost lies in a file until the bus has confirmed it.

An event is accepted once the file has it (SQLite, synced to the disk). It is then published with confirmation by
replicas and removed; what a crash, a fail-over or an outage keeps from being confirmed is sent again, with the same id,
so that it stays one entry. Unlike a plain publish this survives the producer and the server together.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from ..core.errors import AqeError, InputError, ServiceUnavailable
from ..core.log import Logger
from .bus import EventBus
from .events import Event
from .publisher import CONFIRM_TIMEOUT_MS, NotConfirmedError

BATCH = 200
REMEMBER_MS = 7 * 86_400_000
"""How long the server remembers the id of an event from here, at least (71 bytes each): a producer that crashed between
the confirmation and the removal may come back within a week and adds nothing twice. Streams are kept as long."""

log = Logger(__name__)


class _Row(NamedTuple):
    number: int
    event: Event


class Outbox:
    """Events on their way, kept in a file. Any number of tasks may use one; each process takes a file of its own.

    Args:
        path: the file, made when it is missing; on a disk that survives what the events must survive.
        bus: where they go.
        replicas: how many must confirm; 0 = the primary's own word, for a single server with an append-only file.
        timeout_ms: how long to wait for them at a time.

    Raises:
        ServiceUnavailable: the file cannot be used.
    """

    def __init__(self, path: Path, bus: EventBus, *, replicas: int = 1, timeout_ms: int = CONFIRM_TIMEOUT_MS) -> None:
        self._path = path
        self._bus = bus
        self._replicas = replicas
        self._timeout_ms = timeout_ms
        self._sending = asyncio.Lock()
        self._lock = threading.Lock()
        with self._errors():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS outbox"
                " (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, fields TEXT NOT NULL)"
            )

    async def publish(self, event: Event) -> bool:
        """Accept an event and send what waits, the oldest first.

        While the server is away this takes as long as a publish is retried (20 s). A producer that cannot wait calls
        `accept`, and `flush` in a task of its own.

        Returns:
            True = confirmed. False = it waits in the file, and goes with the next `publish` or `flush`.

        Raises:
            InputError: no event the bus takes; nothing was accepted.
            ServiceUnavailable: the file cannot be written; nothing was accepted.
        """
        await self.accept(event)
        await self.flush()
        return not await asyncio.to_thread(self._holds, event.id)

    async def accept(self, event: Event) -> None:
        """Put an event into the file, without sending it; from now on it is not lost. Raises like `publish`."""
        self._bus.prepare(event)  # refuses what could never be sent
        await asyncio.to_thread(self._insert, event)

    async def flush(self) -> int:
        """Send everything that waits, in order; to be called on start. Returns how many still wait."""
        async with self._sending:
            last = 0
            while rows := await asyncio.to_thread(self._rows, last):
                last = rows[-1].number
                if not await self._send(rows):
                    break
        return await self.waiting()

    async def waiting(self) -> int:
        """How many events are not confirmed yet."""
        return await asyncio.to_thread(self._count)

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._db.close()

    async def _send(self, rows: list[_Row]) -> bool:
        """False when there is no use in going on."""
        try:
            outcomes = await self._bus.publisher.publish_each(
                [row.event for row in rows],
                confirm="replicas" if self._replicas else "server",
                replicas=self._replicas or 1,
                timeout_ms=self._timeout_ms,
                window_ms=REMEMBER_MS,
            )
        except AqeError as error:
            log.warning("outbox waits for the server", waiting=rows[0].event.id, error=error.message)
            return False
        sent = [row.number for row, outcome in zip(rows, outcomes, strict=True) if isinstance(outcome, str)]
        await asyncio.to_thread(self._remove, sent)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if refused:
            log.warning("outbox keeps what was not confirmed", events=len(refused), error=str(refused[0]))
        return not any(isinstance(outcome, NotConfirmedError) for outcome in refused)

    # The file; in threads, because a sync to the disk takes milliseconds --------------------------------------------

    def _insert(self, event: Event) -> None:
        fields = [part.decode() if isinstance(part, bytes) else part for part in event.fields()]
        with self._lock, self._errors():
            self._db.execute(
                "INSERT OR IGNORE INTO outbox (id, fields) VALUES (?, ?)", (event.id, orjson.dumps(fields).decode())
            )

    def _rows(self, after: int) -> list[_Row]:
        with self._lock, self._errors():
            rows = self._db.execute(
                "SELECT number, fields FROM outbox WHERE number > ? ORDER BY number LIMIT ?", (after, BATCH)
            ).fetchall()
        return [_Row(number, _event(orjson.loads(fields))) for number, fields in rows]

    def _remove(self, numbers: list[int]) -> None:
        with self._lock, self._errors():
            self._db.execute(f"DELETE FROM outbox WHERE number IN ({','.join('?' * len(numbers))})", numbers)

    def _holds(self, event_id: str) -> bool:
        with self._lock, self._errors():
            return self._db.execute("SELECT 1 FROM outbox WHERE id = ?", (event_id,)).fetchone() is not None

    def _count(self) -> int:
        with self._lock, self._errors():
            return int(self._db.execute("SELECT count(*) FROM outbox").fetchone()[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ServiceUnavailable(f"outbox {self._path}: {error}", hint="is the disk full or read-only?") from error


def _event(parts: list[str]) -> Event:
    """The event as it was; its payload is not validated again, a newer aqe may have changed it."""
    fields = dict(zip(parts[::2], parts[1::2], strict=True))
    try:
        return Event(
            id=fields["id"],
            type=fields["type"],
            source=fields["source"],
            time=datetime.fromisoformat(fields["time"]),
            data=orjson.loads(fields["data"]),
            subject=fields.get("subject"),
            correlation_id=fields.get("correlationid"),
            causation_id=fields.get("causationid"),
            traceparent=fields.get("traceparent"),
        )
    except (KeyError, ValueError) as error:
        raise InputError(f"outbox: an event cannot be read: {error}") from error
