r"""lcov trace files.

    TN:test name        SF:source file        DA:line,hits[,checksum]        end_of_record
    BRDA:line,block,branch,taken    FNDA:hits,name    and since lcov 2 FNL:index,...  FNA:index,hits,name

Lines are counted, not taken from LF and LH: these may be missing, and one source file may stand in several records (one
a test), whose lines are the same lines. `taken` is `-` where the block never ran; hits may be beyond 2^31, negative, or
`=====`, which is gcov's word for a line that never ran.

A million lines are a matter of a second because a record is searched as a whole: the keys of all lines and the keys of
those that were hit are two sets, made by one search each.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..coverage import BRANCH, FUNCTION, LINE, NOTHING, Share, coverage
from ..documents import EMPTY_FILE, clean

_CHUNK_BYTES = 1 << 20
_MAX_RECORD_BYTES = 64 << 20
"""One source file; a larger record is none."""
_END = b"end_of_record"
_SOURCE = re.compile(rb"^SF:(.*?)\s*$", re.MULTILINE)
_HEADER = re.compile(rb"^L([FH]):(\d{1,12})\s*$", re.MULTILINE)
_NO_RECORD = re.compile(rb"(?:\s*(?:TN:|VER:|#)[^\n]*)*\s*")


class _Search:
    """The lines of one tag; `pattern` has its key as a group and HITS where the number of hits stands."""

    def __init__(self, tag: str, pattern: str) -> None:
        self.tag = f"\n{tag}:".encode()
        self.all, self.hit = (
            re.compile(f"^{tag}:{pattern.replace('HITS', hits)}".encode(), re.MULTILINE)
            for hits in (r"(?:-|=|#|\d)[^,\s]*", r"0*[1-9][^,\s]*")
        )


_SEARCHES = {
    LINE: (_Search("DA", r"(\d+),HITS"),),
    # The branch may be an expression with commas.
    BRANCH: (_Search("BRDA", r"([^\n]*),HITS\s*$"),),
    FUNCTION: (_Search("FNDA", r"HITS,([^\n]*)"), _Search("FNA", r"(\d+),HITS,")),
}

_Keys = tuple[set[bytes], set[bytes]]
"""Keys that were found, keys that were hit."""


class Lcov:
    """lcov trace file -> test-coverage."""

    name = "lcov"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="lcov trace file",
        producers="lcov, c8, nyc, Jest, coverage.py, grcov, cargo-llvm-cov, gcovr, Dart, Bazel, ...",
        versions="lcov 1 and 2",
        recognised_by="a first line `TN:` or `SF:`, and an `SF:`",
        fields="`SF`, `DA`, `BRDA`, `FNDA`, `FNA`; `LF` and `LH` only where there is no `DA`",
        metrics=(LINE, BRANCH, FUNCTION),
        sample=Sample.REAL,
        how_to_export="lcov --capture -o lcov.info, coverage lcov, c8 --reporter=lcov, cargo llvm-cov --lcov",
    )

    def recognises(self, head: Head) -> bool:
        """By what stands before the first source file."""
        return re.match(r"(?:\s*(?:TN:|VER:|#)[^\n]*\n)*\s*SF:", head.text) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count what the records have."""
        report = _Report()
        for record, is_whole in _records(stream):
            if not is_whole:
                if _NO_RECORD.fullmatch(record):
                    break
                report.check(record)
                reason = f"the file ends within a record, without {_END.decode()}: the tool was killed or the file cut"
                return Parsed(Outcome.TOOL_FAILED, reason=reason)
            report.add(record)
        if not report.files:
            return EMPTY_FILE
        shares = {kind: report.share(kind) for kind in _SEARCHES}
        return coverage("lcov", shares, files=dict(report.lines_by_file()))


class _Report:
    def __init__(self) -> None:
        self.files: dict[bytes, dict[str, tuple[bytes, bytes]]] = {}
        """Source file -> what was found and hit, joined: 6 bytes a line instead of 80 as objects."""
        self.from_headers = NOTHING

    def check(self, record: bytes) -> bytes:
        """The record's source file."""
        source = _SOURCE.search(record)
        if source is None:
            begin = clean(record[:80].decode("utf-8", "replace"), 60)
            raise InputError(
                f"lcov: a record begins with {begin!r} and has no SF:",
                hint="expected TN:, SF:, DA:, ... and end_of_record",
            )
        return source[1]

    def add(self, record: bytes) -> None:
        source = self.check(record)
        known = self.files.setdefault(source, {})
        for kind, searches in _SEARCHES.items():
            found, hit = _keys(record, searches, source)
            if kind in known:
                found.update(known[kind][0].split(b"\n"))
                hit.update(filter(None, known[kind][1].split(b"\n")))
            if found:
                known[kind] = b"\n".join(found), b"\n".join(hit)
        if LINE not in known:
            header = {tag: int(number) for tag, number in _HEADER.findall(record)}
            self.from_headers += Share(header.get(b"H", 0), header.get(b"F", 0))

    def lines_by_file(self) -> Iterator[tuple[str, Share]]:
        for name, file in self.files.items():
            if LINE in file:
                found, hit = file[LINE]
                yield name.decode("utf-8", "replace"), Share(_size(hit), _size(found))

    def share(self, kind: str) -> Share:
        counted = [Share(_size(file[kind][1]), _size(file[kind][0])) for file in self.files.values() if kind in file]
        return sum(counted, self.from_headers if kind == LINE else NOTHING)


def _keys(record: bytes, searches: tuple[_Search, ...], source: bytes) -> _Keys:
    found: list[bytes] = []
    hit: list[bytes] = []
    for search in searches:
        count = record.count(search.tag)
        if not count:
            continue
        lines = search.all.findall(record)
        if len(lines) != count:
            tag = search.tag.decode().strip()
            raise InputError(
                f"lcov: {clean(source.decode('utf-8', 'replace'), 80)}: a line with {tag} is not as lcov writes it"
            )
        found += lines
        hit += search.hit.findall(record)
    return set(found), set(hit)


def _size(joined: bytes) -> int:
    return joined.count(b"\n") + 1 if joined else 0


def _records(stream: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """What stands before each end of a record, and last what stands after the last end (not whole)."""
    rest = stream.read(len(BOM_UTF8)).removeprefix(BOM_UTF8)
    while chunk := stream.read(_CHUNK_BYTES):
        *records, rest = (rest + chunk).split(_END)
        for record in records:
            yield record, True
        if len(rest) > _MAX_RECORD_BYTES:
            raise InputError(f"lcov: a record is larger than {_MAX_RECORD_BYTES >> 20} MiB, expected one source file")
    yield rest, False
