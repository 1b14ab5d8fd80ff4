"""The database: connections, transactions, schema.

SQL is written with named parameters (`:name`) and rows are read by column name, which is what every database here can
do; what differs between databases stands in this module and in the schema.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

SCHEMA = Path(__file__).with_name("schema.sql")

# How long a writer waits for another one, in seconds. Writes here take about a millisecond, so whoever waits longer
# has met a stuck process, and an error is better than a request that hangs.
BUSY_TIMEOUT_S = 5.0

Row = Mapping[str, Any]


class Rows(Protocol):
    """The answer to a query."""

    def fetchone(self) -> Any:
        """The next row, None after the last."""

    def __iter__(self) -> Iterator[Any]:
        """One row after the other."""


class Connection(Protocol):
    """What the shop uses of a database connection."""

    def execute(self, sql: str, parameters: Mapping[str, Any] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]], /) -> object:
        """Run one statement for each set of parameters."""

    def close(self) -> None:
        """Hang up."""


def connect(database: Path) -> sqlite3.Connection:
    """A connection for one request; close it in the thread that opened it.

    It is in autocommit mode: the sqlite3 module's own implicit BEGIN is deferred, so that two writers which both
    read first fail at once with "database is locked" instead of waiting. Writers use `transaction`.
    """
    connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL may lose the last commits at a power cut, but never corrupts.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All or nothing; the write lock is taken at the start, so what was read inside still holds at the commit."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def create_schema(database: Path) -> None:
    """Create the tables that are missing; safe to run at every start."""
    with closing(connect(database)) as connection:
        # Kept in the file: later connections find it switched on. Readers do not wait for the writer.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
