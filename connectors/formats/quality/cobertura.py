"""Cobertura XML, the coverage format that most languages' tools can write.

The rates in its header are rounded text, so lines and branches are counted from the `line` elements: one file may
stand in several classes (inner classes, templates), then its lines are merged by number with the most hits. A class
lists all its lines; those under its methods repeat them and count only where the class has none of its own. The
header is used only when there is no line at all.
"""

import re
from collections.abc import Iterable

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, LINE, NOTHING, Share, coverage
from ..documents import XmlFormat, XmlReader, clean
from ..times import utc_moment

_CONDITIONS = re.compile(r"\((\d{1,9})/(\d{1,9})\)")


class _File:
    """Lines of one source file (or of one class of it)."""

    def __init__(self) -> None:
        self.lines: dict[int, bool] = {}
        """Line number -> was it hit."""
        self.conditions: dict[int, tuple[int, int]] = {}
        """Line number -> covered and all conditions."""

    def add(self, number: int, hit: bool) -> None:
        self.lines[number] = hit or self.lines.get(number, False)

    def add_conditions(self, number: int, covered: int, total: int) -> None:
        old_covered, old_total = self.conditions.get(number, (0, 0))
        self.conditions[number] = (max(covered, old_covered), max(total, old_total))

    def merge(self, other: "_File") -> None:
        for number, hit in other.lines.items():
            self.add(number, hit)
        for number, pair in other.conditions.items():
            self.add_conditions(number, *pair)


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("Cobertura XML", ("coverage",))
        self.header: dict[str, str] = {}
        self.files: dict[str, _File] = {}
        self._filename = ""
        self._of_class = _File()
        self._of_methods = _File()
        self._in_method = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            if not {"line-rate", "lines-valid"} & attributes.keys():
                raise InputError("Cobertura XML: the root element has no line-rate, expected <coverage line-rate=...>")
            self.header = attributes
        elif name == "class":
            self._filename = attributes.get("filename") or attributes.get("name", "")
            self._of_class, self._of_methods = _File(), _File()
        elif name == "method":
            self._in_method = True
        elif name == "line":
            self._add_line(self._of_methods if self._in_method else self._of_class, attributes)

    def closed(self, name: str) -> None:
        if name == "method":
            self._in_method = False
        elif name == "class":
            lines = self._of_class if self._of_class.lines else self._of_methods
            self.files.setdefault(self._filename, _File()).merge(lines)

    def parsed(self) -> Parsed:
        lines: Share | None
        branches: Share | None
        lines, branches = _counted(self.files.values())
        if lines != NOTHING:
            notes = _differences(self.header, lines)
        else:
            lines, branches = _from_header(self.header, "line"), _from_header(self.header, "branch")
            notes = ("the file lists no lines: taken from its header",)
        return coverage(
            "cobertura",
            {LINE: lines, BRANCH: branches if lines else None},
            version=self.header.get("version"),
            measured_at=utc_moment(self.header.get("timestamp")),
            notes=notes,
            files={name: _counted([file])[0] for name, file in self.files.items()},
        )

    def _add_line(self, file: _File, attributes: dict[str, str]) -> None:
        try:
            # Some tools write hits as 1.0 or beyond 2^31.
            number, hits = int(attributes["number"]), float(attributes["hits"])
        except (KeyError, ValueError) as error:
            raise InputError(
                f"Cobertura XML: {clean(self._filename, 80)}: a line has number {clean(attributes.get('number'), 20)} "
                f"and hits {clean(attributes.get('hits'), 20)}, expected numbers"
            ) from error
        file.add(number, hits > 0)
        found = _CONDITIONS.search(attributes.get("condition-coverage", ""))
        if found and 0 < int(found[2]) >= int(found[1]):
            file.add_conditions(number, int(found[1]), int(found[2]))


class CoberturaXml(XmlFormat):
    """Cobertura XML -> test-coverage."""

    name = "cobertura-xml"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="Cobertura XML coverage report",
        producers="coverage.py, c8, nyc, simplecov, coverlet, gcovr, PHPUnit, ...",
        versions="DTD 03 and 04",
        recognised_by="root element `coverage` with `line-rate` or `lines-valid`",
        fields="`class` filename; `line` number, hits, condition-coverage; the header only where there is no line",
        metrics=(LINE, BRANCH),
        sample=Sample.REAL,
        how_to_export="coverage xml, c8 --reporter=cobertura, dotnet test --collect 'XPlat Code Coverage'",
    )

    roots = ("coverage",)

    def is_mine(self, attributes: str, head: Head) -> bool:
        """Clover's root has the same name but no rate."""
        return "line-rate=" in attributes or "lines-valid=" in attributes

    def reader(self) -> XmlReader:
        """Counts lines and conditions."""
        return _Reader()


def _counted(files: Iterable[_File]) -> tuple[Share, Share]:
    lines, branches = NOTHING, NOTHING
    for file in files:
        lines += Share(sum(file.lines.values()), len(file.lines))
        branches = sum((Share(*pair) for pair in file.conditions.values()), branches)
    return lines, branches


def _from_header(header: dict[str, str], what: str) -> Share | None:
    """From `lines-covered`/`lines-valid`, else from the rate; None when nothing was counted.

    A rate of exactly 0 or 1 without counts is what tools write for "not measured".
    """
    plural = "branches" if what == "branch" else "lines"
    valid, covered = header.get(f"{plural}-valid"), header.get(f"{plural}-covered")
    if valid is not None and covered is not None:
        share = Share(_number(f"{plural}-covered", covered), _number(f"{plural}-valid", valid))
        return share if 0 <= share.covered <= share.total else None
    rate = _number(f"{what}-rate", header.get(f"{what}-rate", "-1"))
    return Share(rate, 1) if 0 < rate < 1 else None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"Cobertura XML: {name} is {clean(text, 40)!r}, expected a number") from error


def _differences(header: dict[str, str], lines: Share) -> tuple[str, ...]:
    says = header.get("lines-covered"), header.get("lines-valid")
    if None in says or says == (str(lines.covered), str(lines.total)):
        return ()
    return (
        f"the header says {clean(says[0], 20)} of {clean(says[1], 20)} lines, "
        f"the lines themselves {lines.covered} of {lines.total}: these count",
    )
