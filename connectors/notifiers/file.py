"""Appends messages to a file, one JSON object a line: for what no network reaches, and for tests."""

import asyncio
import os
from pathlib import Path

from ...core.errors import ServiceUnavailable
from ...core.records.notices import Notice


class FileNotifier:
    """A core/ports.Notifier.

    Args:
        path: made when it is not there, readable by its owner alone; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def notify(self, notice: Notice) -> None:
        """Append it.

        Raises:
            ServiceUnavailable: the file cannot be written.
        """
        try:
            await asyncio.to_thread(self._append, f"{notice.to_json()}\n".encode())
        except OSError as error:
            raise ServiceUnavailable(f"{self._path}: {error.strerror or error}") from error

    def _append(self, line: bytes) -> None:
        # One write to a file opened for appending: lines of two processes do not mix.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
