"""What changed since the last release, from git's own output.

Read are `git log --numstat` (default, `--oneline`, or a format of one's own whose first line is the full hash, with or
without `commit ` before it), `git diff --numstat`, and both with `-z`. A log counts every commit's lines, so a line
changed twice counts twice; a diff counts the net change. A merge shows no lines of its own; with `-m` git repeats its
lines once a parent, marked `(from ...)`: they are left out, the merged commits have them already.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind, SignalPart
from ..change_size import METRICS, ChangeSize
from ..documents import clean, no_value

_KIND = SignalKind.CHANGE_RISK
_TOOL = "git"

_ENTRY = re.compile(r"(\d{1,12}|-)\t(\d{1,12}|-)\t(.*)", re.DOTALL)
_HASH = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
# How the first line looks decides which lines begin a commit.
_COMMIT_STYLES = (
    re.compile(rf"commit ({_HASH})(?!\w)(.*)"),
    re.compile(rf"({_HASH})(?!\w)(.*)"),
    re.compile(r"([0-9a-f]{7,39})(?= )(.*)"),
)
_BRACES = re.compile(r"(.*?)\{(.*?) => (.*?)\}(.*)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f"}
_CHUNK_BYTES = 65_536
# A path is never longer; a file with such a line is no git output.
_MAX_LINE_BYTES = 1 << 20


class GitNumstat:
    """git log / git diff with --numstat -> change-risk."""

    name = "git-numstat"
    produces: tuple[str, ...] = (_KIND.value,)
    about = About(
        title="Changes from git log or git diff (--numstat)",
        producers="git",
        versions="git log with any first line that names the commit, git diff; both with or without -z",
        recognised_by="a first line that names a commit or is an entry of --numstat",
        fields="commits; added and deleted lines and path of each entry, renames and binary files told apart",
        metrics=("commits", *METRICS),
        sample=Sample.REAL,
        how_to_export="git log --numstat PREVIOUS_TAG..HEAD > changes.txt",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line: a commit, or an entry of numstat."""
        line = head.text.split("\0", 1)[0].split("\n", 1)[0].rstrip("\r")
        if _ENTRY.fullmatch(line) or _COMMIT_STYLES[0].fullmatch(line):
            return True
        # A bare hash begins many things: an entry must follow.
        return _style_of(line) is not None and re.search(r"[\n\0](?:\d+|-)\t(?:\d+|-)\t", head.text) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Add up the entries."""
        change = _Change()
        lines = _lines(stream)
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            if change.style is None and not change.size.entries:
                if line.startswith(("fatal: ", "error: ", "usage: git")):
                    return no_value(Outcome.TOOL_FAILED, f"git says: {clean(line)}", _KIND, tool=_TOOL)
                change.style = _style_of(line)
            if not change.add(line, lines):
                raise InputError(
                    f"git numstat: line {number} is {clean(line, 80)!r}, expected a commit or an entry of --numstat",
                    hint="export with: git log --numstat PREVIOUS_TAG..HEAD",
                )
        return change.parsed()


def diff_size(text: str) -> ChangeSize:
    """What a `git diff --numstat` adds up to."""
    change, lines = _Change(), iter(text.splitlines())
    for line in lines:
        change.add(line, lines)
    return change.size


class _Change:
    def __init__(self) -> None:
        self.style: re.Pattern[str] | None = None
        """What begins a commit; None in a diff."""
        self.commits: set[str] = set()
        self.size = ChangeSize()
        self._skipping = False

    def add(self, line: str, following: Iterator[str]) -> bool:
        """One line; False when it does not belong here. `following` gives the paths of a rename under -z."""
        commit = self.style.match(line) if self.style else None
        if commit is not None:
            self.commits.add(commit[1])
            self._skipping = commit[2].startswith(" (from ")
            return True
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            # Between a commit's first line and its entries stand author, date and subject.
            return self.style is not None
        added, deleted, path = entry.groups()
        old, new = (next(following, ""), next(following, "")) if not path else _renamed(path)
        if not self._skipping:
            is_binary = "-" in (added, deleted)
            self.size.add(new, None if is_binary else int(added), None if is_binary else int(deleted), old=old)
        return True

    def parsed(self) -> Parsed:
        if not self.size.entries:
            reason = "the file is empty: no change in it"
            if self.commits:
                reason = f"{len(self.commits)} commits without a line of numstat: was --numstat given?"
            return no_value(Outcome.NOT_MEASURED, reason, _KIND, tool=_TOOL)
        metrics = self.size.metrics()
        if self.style is not None:
            metrics["commits"] = len(self.commits)
        notes = (f"entries of binary files, without lines: {self.size.binary}",) if self.size.binary else ()
        part = SignalPart(tool=_TOOL, outcome=Outcome.VALUE, metrics=metrics)
        return Parsed(Outcome.VALUE, signals=((_KIND, part),), notes=notes)


def _style_of(line: str) -> re.Pattern[str] | None:
    return next((style for style in _COMMIT_STYLES if style.match(line)), None)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines and, with -z, what NUL ends: a log with -z has both."""
    rest = stream.read(len(BOM_UTF8)).removeprefix(BOM_UTF8).replace(b"\0", b"\n")
    while chunk := stream.read(_CHUNK_BYTES):
        *lines, rest = (rest + chunk.replace(b"\0", b"\n")).split(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            raise InputError("git numstat: a line is longer than 1 MiB, expected git's output")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    yield rest.decode("utf-8", "replace").rstrip("\r")


def _renamed(path: str) -> tuple[str, str]:
    """Old and new path of `a/{b => c}/d`, `a => b`, or of a path that was not renamed."""
    braces = _BRACES.fullmatch(path)
    if braces is not None:
        before, *sides, after = braces.groups()
        # `a/{ => b}/c`: the empty side leaves two slashes.
        old, new = (f"{before}{side}{after}".replace("//", "/").lstrip("/") for side in sides)
        return old, new
    old, arrow, new = path.partition(" => ")
    return _unquoted(old), _unquoted(new if arrow else old)


def _unquoted(path: str) -> str:
    r"""git writes a path with unusual characters as `"caf\303\251.txt"`."""
    if not (len(path) > 1 and path.startswith('"') and path.endswith('"')):
        return path
    return _ESCAPE.sub(_byte, path[1:-1].encode()).decode("utf-8", "replace")


def _byte(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    return bytes((int(escape, 8) & 0xFF,)) if len(escape) == 3 else _LETTERS.get(escape, escape)
