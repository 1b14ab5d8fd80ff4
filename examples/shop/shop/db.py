"""The database: connections, transactions, schema. SQLite, or PostgreSQL (postgres.py).

SQL is written with named parameters (`:name`) and rows are read by column name, which is what both can do; what differs
between them stands here, in postgres.py and in the schema of the offers.
"""

import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent

# How long a writer waits for another one, in seconds. Writes here take about a millisecond, so whoever waits longer
# has met a stuck process, and an error is better than a request that hangs.
BUSY_TIMEOUT_S = 5.0

# A file of SQLite, or the URL of a PostgreSQL database.
Database = Path | str


class Rows(Protocol):
    """The answer to a query."""

    def fetchone(self) -> Any:
        """The next row, None after the last."""

    def __iter__(self) -> Iterator[Any]:
        """One row after the other."""


class Connection(Protocol):
    """What the shop uses of a database connection, which is in autocommit mode."""

    def execute(self, sql: str, parameters: Mapping[str, Any] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]], /) -> object:
        """Run one statement for each set of parameters."""

    def executescript(self, sql: str, /) -> object:
        """Run several statements."""

    def begin(self) -> None:
        """Begin a transaction, as the only one that writes."""

    def close(self) -> None:
        """Hang up."""


class _Sqlite(sqlite3.Connection):
    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")


def connect(database: Database) -> Connection:
    """A connection for one request; close it in the thread that opened it.

    It is in autocommit mode: the sqlite3 module's own implicit BEGIN is deferred, so that two writers which both
    read first fail at once with "database is locked" instead of waiting. Writers use `transaction`.
    """
    if isinstance(database, str):
        # Imported here: only whoever uses PostgreSQL needs its driver.
        from .postgres import Postgres

        return Postgres(database)
    connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S, isolation_level=None, factory=_Sqlite)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL may lose the last commits at a power cut, but never corrupts.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All or nothing; the write lock is taken at the start, so what was read inside still holds at the commit."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def create_schema(database: Database) -> None:
    """Create the tables that are missing; safe to run at every start."""
    kind = "postgres" if isinstance(database, str) else "sqlite"
    with closing(connect(database)) as connection:
        if kind == "sqlite":
            # Kept in the file: later connections find it switched on. Readers do not wait for the writer.
            connection.execute("PRAGMA journal_mode = WAL")
        for name in ("schema.sql", f"offers.{kind}.sql"):
            connection.executescript((HERE / name).read_text(encoding="utf-8"))


def errors() -> tuple[type[Exception], ...]:
    """What a database raises when it can not be used."""
    driver = sys.modules.get("psycopg")
    return (sqlite3.Error,) if driver is None else (sqlite3.Error, driver.Error)
