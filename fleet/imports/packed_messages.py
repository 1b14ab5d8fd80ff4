"""Messages that were packed one by one, as OpenTelemetry's collector does it (file exporter, `compression: zstd`): each
is zstd behind 4 bytes, big end first, that tell its length.
"""

import io
import sys
from typing import IO

from ...connectors.formats.json_stream import MAX_ITEM_BYTES

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

MAGIC = b"\x28\xb5\x2f\xfd"
LENGTH_BYTES = 4


class PackedMessages(io.RawIOBase):
    """What is in them, as the collector writes it unpacked: messages of JSON as lines, others behind their lengths.

    Args:
        source: read forwards, one message at a time.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill from the message at hand, or the next one.

        Raises:
            EOFError: the last message is cut short.
            ZstdError: one is damaged, or larger than MAX_ITEM_BYTES.
        """
        self._held = self._held or memoryview(self._next())
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size

    def _next(self) -> bytes:
        """Empty only at the end."""
        start = self._source.read(LENGTH_BYTES)
        if not start:
            return b""
        length = int.from_bytes(start, "big")
        if length > MAX_ITEM_BYTES:
            raise ZstdError(f"a message says it has {length >> 20} MiB; at most {MAX_ITEM_BYTES >> 20} MiB are read")
        packed = self._source.read(length)
        if len(start) < LENGTH_BYTES or len(packed) < length:
            raise EOFError("the last message is cut short")
        unpacking = ZstdDecompressor()
        message = unpacking.decompress(packed, MAX_ITEM_BYTES)
        if not unpacking.eof:
            raise ZstdError(f"a message is cut short, or unpacks to more than {MAX_ITEM_BYTES >> 20} MiB")
        return message + b"\n" if message.startswith(b"{") else len(message).to_bytes(LENGTH_BYTES, "big") + message
