"""Contents of packed files: read as they pass, limited, never extracted."""

import gzip
import hashlib
import io
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.fleet.imports import packed_messages, unpacking
from aqe.fleet.imports.unpacking import MAX_LAYERS, Content, contents

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"one line\nand another\n" * 1000


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name if "/" in name else name.replace("__", "/"), data)
    return out.getvalue()


def by_message(*messages: bytes) -> bytes:
    """As OpenTelemetry's collector packs them."""
    packed = [zstd.compress(message) for message in messages]
    return b"".join(len(one).to_bytes(4, "big") + one for one in packed)


class Pipe(io.RawIOBase):
    """Comes forwards only, a little at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._data.read(min(len(buffer), 1000))
        buffer[: len(data)] = data
        return len(data)


def read(stream: Any, name: str = "f") -> dict[str, bytes | str]:
    """Name -> bytes, or the error's line."""
    found: dict[str, bytes | str] = {}
    for one in contents(stream, name):
        try:
            if isinstance(one.content, InputError):
                raise one.content
            found[one.name] = one.content.read()
        except InputError as error:
            found[one.name] = error.message
    return found


@pytest.mark.parametrize("open_", [io.BytesIO, Pipe], ids=["file", "pipe"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (TEXT, {"f": TEXT}),
        (b"", {"f": b""}),
        (gzip.compress(TEXT), {"f": TEXT}),
        (gzip.compress(TEXT) + gzip.compress(b"more"), {"f": TEXT + b"more"}),
        (zstd.compress(TEXT), {"f": TEXT}),
        (gzip.compress(zstd.compress(TEXT)), {"f": TEXT}),
        (by_message(b'{"a":1}', b'{"b":2}'), {"f": b'{"a":1}\n{"b":2}\n'}),
        (by_message(b"\nab", b"\n" + TEXT), {"f": b"\0\0\0\3\nab\0\0\x52\x09\n" + TEXT}),
        (gzip.compress(by_message(b"{}")), {"f": b"{}\n"}),
        (zipped(a=TEXT, deep__b=b"b"), {"f/a": TEXT, "f/deep/b": b"b"}),
        (zipped(**{"events.json.gz": gzip.compress(TEXT)}), {"f/events.json.gz": TEXT}),
        (zipped(**{"inner.zip": zipped(a=TEXT)}), {"f/inner.zip/a": TEXT}),
        (gzip.compress(zipped(a=TEXT)), {"f/a": TEXT}),
        (zipped(**{"b/__MACOSX/a": b"x", "b__.DS_Store": b"x", "a": b"a"}), {"f/a": b"a"}),
        (zipped(), {}),
    ],
    ids=["plain", "empty", "gzip", "two gzips", "zstd", "zstd in gzip", "packed lines",
         "packed messages", "packed lines in gzip", "zip", "gzip in zip", "zip in zip",
         "zip in gzip", "litter", "empty zip"],
)  # fmt: skip
def test_what_is_packed_is_read_as_if_it_were_not(
    open_: Callable[[bytes], Any], data: bytes, expected: dict[str, bytes]
) -> None:
    """From a file and from a pipe."""
    assert read(open_(data)) == expected


def test_the_hash_is_that_of_the_content_however_it_is_packed() -> None:
    """So a log that is imported packed and again unpacked is known as the same; what was not read is counted too."""
    for data in (TEXT, gzip.compress(TEXT), zipped(a=TEXT)):
        for one in contents(io.BytesIO(data), "f"):
            assert isinstance(one.content, Content)
            assert one.content.head(8) == TEXT[:8]
            assert one.content.readline() == b"one line\n"
            assert one.content.sha256() == hashlib.sha256(TEXT).hexdigest()


def test_names_in_an_archive_never_lead_out_of_it() -> None:
    """They are names only, and nothing is written."""
    data = zipped(**{"../../etc/passwd": b"a", "/srv/.ssh/key": b"b", "..\\up\\c": b"c", "C:/d": b"d"})
    assert list(read(io.BytesIO(data))) == ["f/etc/passwd", "f/srv/.ssh/key", "f/up/c", "f/C:/d"]


def test_a_damaged_content_fails_alone() -> None:
    """The others of the archive are read."""
    data = bytearray(zipped(a=b"first" * 100, b=b"second" * 100))
    at = 30 + len("a") + 4  # within the first member's compressed bytes: a local header has 30 and the name
    data[at : at + 4] = b"\xff\xff\xff\xff"
    found = read(io.BytesIO(bytes(data)))
    assert str(found["f/a"]).startswith("f/a: the zip data is damaged")
    assert found["f/b"] == b"second" * 100


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_cut_file_is_told(pack: Callable[[bytes], bytes]) -> None:
    """Half a log must not be taken for the whole."""
    data = pack(os.urandom(50_000))
    assert re.match(r"f: the (gzip|zstd) data is damaged", str(read(io.BytesIO(data[: len(data) // 2]))["f"]))


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 and no archive", zipped(a=b"1")[:-10], b"PK\x05\x06" + bytes(10)], ids=["magic", "cut", "end"]
)
def test_what_is_no_zip_behind_its_first_bytes_is_told(data: bytes) -> None:
    """One line."""
    assert read(io.BytesIO(data))["f"] in {
        "f: the zip archive is damaged: File is not a zip file",
        "f: the zip archive is damaged: Truncated central directory",
    }


def test_an_encrypted_content_is_told() -> None:
    """Nobody asks for passwords."""
    data = bytearray(zipped(a=b"secret"))
    for magic, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + flags_at] |= 1
    assert read(io.BytesIO(bytes(data))) == {"f/a": "f/a: it is encrypted"}


def zeros(size: int) -> bytes:
    return gzip.compress(bytes(size), compresslevel=9)


@pytest.mark.parametrize(
    "bomb",
    [
        lambda size: zeros(size),
        lambda size: zstd.compress(bytes(size)),
        lambda size: zipped(a=bytes(size)),
        lambda size: zipped(**{f"{n}": bytes(size // 20) for n in range(40)}),
        lambda size: zipped(**{"inner.zip": zipped(a=bytes(size))}),
        lambda size: gzip.compress(zeros(size)),
    ],
    ids=["gzip", "zstd", "zip", "many in one zip", "zip in zip", "gzip in gzip"],
)
@pytest.mark.parametrize("open_", [io.BytesIO, Pipe], ids=["file", "pipe"])
def test_a_bomb_is_refused(
    bomb: Callable[[int], bytes], open_: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a little more than what is free, with one line, whatever it would unpack to."""
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1_000_000)
    found = read(open_(bomb(6_000_000)))
    refused = [text for text in found.values() if isinstance(text, str)]
    assert refused == ["f: it unpacks to more than 300 times its size, as a bomb does"]
    assert sum(len(data) for data in found.values()) < 5_000_000


def test_all_contents_of_a_file_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even of what packs badly."""
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 300_000)
    found = read(io.BytesIO(zipped(**{f"{n}": os.urandom(40_000) for n in range(20)})))
    assert "f: it unpacks to more than 0 GiB" in found.values()
    assert len(found) < 10


def test_a_file_packed_in_itself_over_and_over_is_refused() -> None:
    """Some archives hold themselves."""
    data = TEXT
    for _ in range(MAX_LAYERS + 1):
        data = gzip.compress(data)
    assert read(io.BytesIO(data)) == {"f": "f: it is packed more than 4 times, one inside of the other"}


def test_a_zip_of_too_many_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of names is held in memory."""
    monkeypatch.setattr(unpacking, "MAX_DIRECTORY_BYTES", 100)
    data = zipped(**{f"file-{n}": b"" for n in range(50)})
    assert read(io.BytesIO(data)) == {"f": "f: the zip's list of names is larger than 0 MiB"}


def test_progress_counts_the_bytes_of_the_file_itself(tmp_path: Path) -> None:
    """Not those it unpacks to."""
    path = tmp_path / "f.gz"
    path.write_bytes(zeros(3_000_000))
    sizes: list[int] = []
    with path.open("rb", buffering=0) as stream:
        for one in contents(stream, "f", sizes.append):
            assert isinstance(one.content, Content)
            one.content.read()
    assert max(sizes) == path.stat().st_size


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_becomes_utf_8_as_it_passes(encoding: str) -> None:
    """PowerShell's `>` writes it; characters of four bytes may lie across two blocks. An XML declaration of the
    encoding would be wrong afterwards.
    """
    text = '<?xml version="1.0" encoding="utf-16"?>\r\n<a>' + "\U0001f600é" * 20_000 + "</a>"
    data = "\ufeff".encode(encoding) + text.encode(encoding)
    expected = text.replace(' encoding="utf-16"', "").encode()
    assert read(io.BytesIO(data)) == {"f": expected}
    assert read(Pipe(gzip.compress(data))) == {"f": expected}


def test_what_only_begins_like_utf_16_is_no_error_of_ours() -> None:
    """Whoever reads it says that it knows no such format."""
    assert read(io.BytesIO(b"\xff\xfe\x00\xd8a")) == {"f": "\ufffd".encode()}
    assert read(io.BytesIO(b"\xff\xfe")) == {"f": b""}


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        (lambda data: data[:-3], "the last message is cut short"),
        (lambda data: data + b"\0\0", "the last message is cut short"),
        (lambda data: data + b"\xff\0\0\0" + data, "a message says it has 4080 MiB; at most 64 MiB are read"),
        (lambda data: data + b"\0\0\0\4nope", "Unknown frame descriptor"),
        (lambda data: data + b"\0\0\0\5" + data[4:9], "a message is cut short, or unpacks to more than 64 MiB"),
    ],
)
def test_messages_packed_one_by_one_that_are_damaged_are_told(damaged: Callable[[bytes], bytes], why: str) -> None:
    """Whatever came before."""
    found = read(io.BytesIO(damaged(by_message(b'{"a":1}', b'{"b":2}'))))["f"]
    assert isinstance(found, str)
    assert found.startswith("f: the collector's zstd data is damaged: ")
    assert why in found


def test_a_message_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes no more memory than one may have."""
    monkeypatch.setattr(packed_messages, "MAX_ITEM_BYTES", 10_000)
    found = read(io.BytesIO(by_message(b"{}", b" " * 20_000)))["f"]
    assert found == "f: the collector's zstd data is damaged: a message is cut short, or unpacks to more than 0 MiB"
