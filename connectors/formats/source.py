"""A stream that takes back what was read too far."""

from typing import IO


class Source:
    """A stream that takes back what was read too far.

    Args:
        stream: read forwards.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._back = b""
        self._at = 0
        """How much of `_back` was read again."""

    def line(self, limit: int) -> bytes:
        """Up to the next newline, `limit` bytes at most; b"" at the end."""
        if not self._back:
            return self._stream.readline(limit)
        newline = self._back.find(b"\n", self._at, self._at + limit)
        if newline >= 0:
            return self._again(newline + 1 - self._at)
        start = self._again(limit)
        return start if len(start) == limit else start + self._stream.readline(limit - len(start))

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        start = self._again(size)
        return start if len(start) == size else start + self._stream.read(size - len(start))

    def peek(self, size: int) -> bytes:
        """The next `size` bytes without taking them, fewer only at the end."""
        data = self.read(size)
        self.unread(data)
        return data

    def unread(self, tail: bytes) -> None:
        """Take back the bytes that were read last."""
        if self._at >= len(tail):
            self._at -= len(tail)
        else:
            self._back, self._at = tail + self._back[self._at :], 0

    def _again(self, size: int) -> bytes:
        data = self._back[self._at : self._at + size]
        self._at += len(data)
        if self._at == len(self._back) and len(data) < size:
            self._back, self._at = b"", 0
        return data
