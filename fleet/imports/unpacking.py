"""The contents of a file as streams, unpacked as they pass: gzip, zstd, zip, and one inside of the other. UTF-16, as
PowerShell's `>` writes it, is one more layer (what comes out is UTF-8), and so are messages that OpenTelemetry's
collector packed one by one.

Nothing is extracted, so a name in an archive never becomes a path. What a small file may unpack to is limited. Each
content is read forwards once; hash and size are taken on the way.
"""

import codecs
import gzip
import hashlib
import io
import lzma
import re
import shutil
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from ...connectors.formats.documents import clean
from ...core.errors import InputError
from .packed_messages import LENGTH_BYTES, MAGIC, PackedMessages

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

MAX_RATIO = 300
"""Unpacked bytes for a packed one. Logs reach 100 with zstd; what a bomb is made of reaches 1,030 with gzip."""
FREE_BYTES = 64 * 1024 * 1024
"""Unpacked before the ratio is looked at: small files of zeros are harmless."""
MAX_UNPACKED_BYTES = 256 * 1024**3
"""Of one file, with everything in it."""
MAX_LAYERS = 4
"""How often a file may be packed: a gzip in a zip is two layers."""
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
"""Of a zip's list of names, which is held in memory; some 400,000 names."""
_BUFFER_BYTES = 256 * 1024
_BLOCK_BYTES = 16 * 1024
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ZstdError, zipfile.BadZipFile, NotImplementedError)
_BROKEN_ZIP = (*_BROKEN, ValueError, LookupError, RuntimeError, OverflowError, struct.error)
"""What the libraries raise for packed bytes that are damaged or use what they do not know."""
_LITTER = ("__MACOSX", ".DS_Store")

Progress = Callable[[int], None]
"""Told how many bytes of the file itself have been read so far."""


class Content(io.BufferedReader):
    """One content as it passes: hashed, counted, its packing's faults told as InputError.

    Args:
        source: read forwards.
        name: for the error line.
        packing: `gzip`, `zstd`, `zip`; None = the file itself.
        count: told the number of bytes after every block; may refuse by raising InputError.
    """

    def __init__(self, source: IO[bytes], name: str, packing: str | None, count: Progress) -> None:
        self._passing = _Passing(source, name, packing, count)
        super().__init__(self._passing, _BUFFER_BYTES)

    def head(self, size: int) -> bytes:
        """The first bytes, before anything is read; at most a buffer full."""
        return self.peek(size)[:size]

    def sha256(self) -> str:
        """Of the whole content: what was not read yet is read now."""
        while self.read(_BUFFER_BYTES):
            pass
        return self._passing.hash.hexdigest()


class _Passing(io.RawIOBase):
    def __init__(self, source: IO[bytes], name: str, packing: str | None, count: Progress) -> None:
        self._source, self._name, self._packing, self._count = source, name, packing, count
        self._size = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills the buffer where the source gives less at a time, so that a peek sees a whole head."""
        filled = 0
        try:
            while filled < len(buffer) and (data := self._source.read(len(buffer) - filled)):
                buffer[filled : filled + len(data)] = data
                filled += len(data)
        except _BROKEN as error:
            if self._packing is None:
                raise
            raise InputError(f"{self._name}: the {self._packing} data is damaged: {clean(str(error), 120)}") from error
        self.hash.update(buffer[:filled])
        self._size += filled
        self._count(self._size)
        return filled


class _Utf8(io.RawIOBase):
    """UTF-16 with a byte order mark as UTF-8; what is no UTF-16 becomes U+FFFD.

    Args:
        source: read forwards.
    """

    # An XML declaration of the encoding that was is wrong now; without one it is UTF-8.
    _DECLARED = re.compile(rb"^(<\?xml[^>]{0,200}?)\s+encoding\s*=\s*[\"'][\w-]{1,40}[\"']")

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._held = self._DECLARED.sub(rb"\1", self._next())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._held = self._held or self._next()
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size

    def _next(self) -> bytes:
        """The next block; empty only at the end."""
        while data := self._source.read(_BLOCK_BYTES):
            if text := self._decoder.decode(data):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", final=True).encode("utf-8", "replace")


@dataclass
class _Budget:
    """What one file may unpack to, all its contents together.

    Args:
        name: of the file.
        packed: its size as far as it is known.
    """

    name: str
    packed: int = 0
    unpacked: int = 0
    refused: bool = False
    """What else is in the file is not looked at."""

    def counter(self) -> Progress:
        """Counts one more content."""
        seen = 0

        def count(size: int) -> None:
            nonlocal seen
            self.unpacked += size - seen
            seen = size
            self._check()

        return count

    def _check(self) -> None:
        if self.unpacked > max(FREE_BYTES, MAX_RATIO * self.packed):
            self.refused = True
            raise InputError(
                f"{self.name}: it unpacks to more than {MAX_RATIO} times its size, as a bomb does",
                hint="if it is none, unpack it first",
            )
        if self.unpacked > MAX_UNPACKED_BYTES:
            self.refused = True
            raise InputError(f"{self.name}: it unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB")


@dataclass(frozen=True)
class Unpacked:
    """One content of a file, or why it cannot be read.

    Args:
        name: that of the file, and behind a slash the name inside of an archive.
        content: valid until the next one is asked for.
        archived: it was found inside of an archive.
    """

    name: str
    content: Content | InputError
    archived: bool = False


def contents(stream: IO[bytes], name: str, progress: Progress = lambda size: None) -> Iterator[Unpacked]:
    """What is in a file: itself, or what it packs.

    Args:
        stream: at its beginning, unbuffered or not; a zip is read in place where it can seek.
        name: for errors and as the contents' name.
        progress: of the file itself.

    Yields:
        Contents one by one; of a damaged one its error, the others go on.
    """
    budget = _Budget(name)

    def count(size: int) -> None:
        budget.packed = size
        progress(size)

    first = Content(stream, name, None, count)
    try:
        yield from _unpacked(first, name, budget, MAX_LAYERS, stream if stream.seekable() else None)
    except InputError as error:
        yield Unpacked(name, error)


def _unpacked(
    content: Content, name: str, budget: _Budget, layers: int, seekable: IO[bytes] | None, *, archived: bool = False
) -> Iterator[Unpacked]:
    packing = _packing_of(content.head(8))
    if packing is None:
        yield Unpacked(name, content, archived)
        return
    if not layers:
        raise InputError(f"{name}: it is packed more than {MAX_LAYERS} times, one inside of the other")
    if packing == "zip":
        with _in_place(content, seekable, budget) as file:
            yield from _members(file, name, budget, layers)
        return
    with _OPENERS[packing](content) as inner:
        yield from _unpacked(
            Content(inner, name, packing, budget.counter()), name, budget, layers - 1, None, archived=archived
        )


def _packing_of(head: bytes) -> str | None:
    if head.startswith(MAGIC, LENGTH_BYTES):
        return "collector's zstd"
    return next((packing for start, packing in _PACKINGS.items() if head.startswith(start)), None)


def _members(file: IO[bytes], name: str, budget: _Budget, layers: int) -> Iterator[Unpacked]:
    try:
        archive = zipfile.ZipFile(_SmallReads(file, name))
    except _BROKEN_ZIP as error:
        raise InputError(f"{name}: the zip archive is damaged: {clean(str(error), 120)}") from error
    for member in archive.infolist():
        if budget.refused:
            return
        parts = [part for part in PurePosixPath(member.filename.replace("\\", "/")).parts if part.strip("./")]
        if not parts or member.is_dir() or not {*parts}.isdisjoint(_LITTER):
            continue
        inside = "/".join((name, *parts))
        try:
            if member.flag_bits & 1:
                raise InputError(f"{inside}: it is encrypted", hint="unpack it first")
            with archive.open(member) as stream:
                content = Content(stream, inside, "zip", budget.counter())
                yield from _unpacked(content, inside, budget, layers - 1, None, archived=True)
        except InputError as error:
            yield Unpacked(inside, error, archived=True)
        except _BROKEN_ZIP as error:
            yield Unpacked(
                inside, InputError(f"{inside}: the zip archive is damaged: {clean(str(error), 120)}"), archived=True
            )


def _in_place(content: Content, seekable: IO[bytes] | None, budget: _Budget) -> AbstractContextManager[IO[bytes]]:
    """A zip's list of names stands at its end: one that comes forwards goes to an unnamed file first."""
    if seekable is not None:
        budget.packed = seekable.seek(0, io.SEEK_END)
        return nullcontext(seekable)
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryFile())
        shutil.copyfileobj(content, spool)
        stack.pop_all()
    return spool


class _SmallReads:
    """The file as zipfile sees it: its list of names, which it reads at once, must not fill the memory."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise InputError(f"{self._name}: the zip's list of names is larger than {MAX_DIRECTORY_BYTES >> 20} MiB")
        return self._file.read(size)

    def seekable(self) -> bool:
        return True


_PACKINGS = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip",
    b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16",
}  # fmt: skip
"""First bytes; the last of the zips are those of an empty archive."""
_OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),  # type: ignore[dict-item,return-value]
    "zstd": lambda stream: ZstdFile(stream),  # type: ignore[dict-item,return-value]
    "collector's zstd": lambda stream: PackedMessages(stream),  # type: ignore[dict-item,return-value]
    "UTF-16": lambda stream: _Utf8(stream),  # type: ignore[dict-item,return-value]
}
