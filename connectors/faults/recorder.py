"""Exchanges into a HAR file that is whole at every moment.

New entries are gathered and the file is replaced by a longer one, twice a second at most: whoever kills the process
finds a complete archive that lacks the last second.
"""

import asyncio
import os
import secrets
import shutil
from pathlib import Path

from ...core.clock import Clock
from ...core.errors import InputError
from ...core.jsontext import dumps
from ...core.log import Logger
from .har import Exchange

log = Logger("fault-proxy")

FLUSH_S = 0.5
MAX_BYTES = 256_000_000
"""A recording ends here: every flush copies the file."""
_HEAD = '{"log": {"version": "1.2", "creator": {"name": "aqe fault-proxy", "version": "1"}, "entries": ['
_TAIL = "\n]}}\n"


class HarRecorder:
    """Writes one file, readable by its owner only: cookies and credentials in headers are masked, bodies are not.

    Args:
        path: of the file; replaced when it is there.
        clock: for the pauses.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self.full = False
        self._new = path.with_name(f".{path.name}.new")
        self._key = secrets.token_bytes(16)
        self._waiting: list[str] = []
        self._length = 0
        self._any = False
        try:
            self._replace(_HEAD)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from error

    def add(self, exchange: Exchange, origin: str) -> None:
        """One more."""
        if not self.full:
            self._waiting.append(dumps(exchange.entry(origin, self._key)))

    async def run(self) -> None:
        """Write what came, again and again, until cancelled; then a last time."""
        try:
            while True:
                await self.clock.sleep(FLUSH_S)
                await asyncio.to_thread(self.flush)
        finally:
            self.flush()

    def flush(self) -> None:
        """Write what came; when that cannot be, the recording ends, and the proxies go on."""
        if not self._waiting:
            return
        lines, self._waiting = self._waiting, []
        before = ",\n" if self._any else "\n"
        self._any = True
        try:
            self._replace(before + ",\n".join(lines))
        except OSError as error:
            self._end(error.strerror or str(error))
        if self._length > MAX_BYTES:
            self._end(f"it has {MAX_BYTES // 1_000_000} MB")

    def _end(self, reason: str) -> None:
        self.full = True
        self._new.unlink(missing_ok=True)
        log.warning("the recording ends here; the file has what came before", file=str(self.path), reason=reason)

    def _replace(self, more: str) -> None:
        """A file with what is there and more, in one step."""
        new = self._new
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            if self._length:
                with self.path.open("rb") as old:
                    shutil.copyfileobj(old, out, 1 << 20)
                out.seek(self._length)
                out.truncate()
            body = more.encode()
            out.write(body)
            out.write(_TAIL.encode())
        os.replace(new, self.path)
        self._length += len(body)
