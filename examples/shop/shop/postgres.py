"""PostgreSQL behind the shop's own idea of a connection. Needs the extra `postgres` (psycopg)."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from .db import BUSY_TIMEOUT_S, Rows
from .errors import StartError

try:
    import psycopg
    from psycopg.rows import dict_row
except ImportError as error:
    raise StartError("PostgreSQL needs psycopg: pip install '.[postgres]'") from error

# The number of the lock that writers take, one after the other, as SQLite's writers do.
WRITERS = 1


@cache
def _placeholders(sql: str) -> str:
    return re.sub(r"(?<![:\w]):([a-z_]+\d*)", r"%(\1)s", sql)


def _storable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    # A null byte is the one character that PostgreSQL can neither store nor ask for.
    return {
        name: value.replace("\x00", "\ufffd") if isinstance(value, str) else value for name, value in parameters.items()
    }


class Postgres:
    """A connection to the database at `url`, in autocommit mode.

    Raises:
        psycopg.OperationalError: it can not be reached.
    """

    def __init__(self, url: str) -> None:
        # Parameters are put in by the driver: the server can not tell the type of some that are null.
        self._connection = psycopg.connect(
            url,
            autocommit=True,
            cursor_factory=psycopg.ClientCursor,
            row_factory=dict_row,
            options=f"-c lock_timeout={int(BUSY_TIMEOUT_S * 1000)} -c client_min_messages=warning",
        )

    def execute(self, sql: str, parameters: Mapping[str, Any] = {}, /) -> Rows:
        """See `db.Connection`."""
        return self._connection.execute(_placeholders(sql), _storable(parameters))

    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]], /) -> object:
        """See `db.Connection`."""
        for each in parameters:
            self.execute(sql, each)
        return None

    def executescript(self, sql: str, /) -> object:
        """See `db.Connection`; two starts at once wait for each other."""
        with self._connection.transaction():
            self._lock_writers()
            return self._connection.execute(sql)

    def begin(self) -> None:
        """See `db.Connection`."""
        self._connection.execute("BEGIN")
        self._lock_writers()

    def close(self) -> None:
        """See `db.Connection`."""
        self._connection.close()

    def _lock_writers(self) -> None:
        # Released by the end of the transaction.
        self._connection.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": WRITERS})
