"""Cobertura XML, the coverage format that most languages' tools can write.

The rates in its header are rounded text, so lines and branches are counted from the `line` elements: one file may
stand in several classes (inner classes, templates), then its lines are merged by number with the most hits. A class
lists all its lines; those under its methods repeat them and count only where the class has none of its own. The
header is used only when there is no line at all.
"""

import re
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MetricValue, Outcome, SignalKind, SignalPart
from ..documents import XmlReader, clean, no_value, xml_root
from ..times import utc_moment

_KIND = SignalKind.TEST_COVERAGE
_TOOL = "cobertura"
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
        super().__init__("Cobertura XML")
        self.header: dict[str, str] = {}
        self.files: dict[str, _File] = {}
        self._filename = ""
        self._of_class = _File()
        self._of_methods = _File()
        self._in_method = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            if name != "coverage" or not {"line-rate", "lines-valid"} & attributes.keys():
                raise InputError(
                    f"Cobertura XML: the root element is <{clean(name, 40)}>, expected <coverage line-rate=...>"
                )
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


class CoberturaXml:
    """Cobertura XML -> test-coverage."""

    name = "cobertura-xml"
    produces: tuple[str, ...] = (_KIND.value,)
    about = About(
        title="Cobertura XML coverage report",
        producers="coverage.py, c8, nyc, simplecov, coverlet, gcovr, PHPUnit, ...",
        versions="DTD 03 and 04",
        recognised_by="root element `coverage` with `line-rate` or `lines-valid`",
        fields="`class` filename; `line` number, hits, condition-coverage; the header only where there is no line",
        metrics=("line_coverage_percent", "branch_coverage_percent"),
        sample=Sample.REAL,
        how_to_export="coverage xml, c8 --reporter=cobertura, dotnet test --collect 'XPlat Code Coverage'",
    )

    def recognises(self, head: Head) -> bool:
        """By the root element; Clover's root has the same name but no line-rate."""
        name, attributes = xml_root(head)
        return name == "coverage" and ("line-rate=" in attributes or "lines-valid=" in attributes)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count lines and conditions."""
        report = _Reader()
        ending = report.read(stream)
        if ending == "empty":
            return no_value(Outcome.NOT_MEASURED, "the file is empty: nothing was measured", _KIND, tool=_TOOL)
        if ending == "cut short":
            reason = "the XML ends in the middle of an element: the tool was killed or the file cut"
            return no_value(Outcome.TOOL_FAILED, reason, _KIND, tool=_TOOL)
        notes: tuple[str, ...]
        lines, branches = _counted(report)
        if lines is not None:
            notes = _differences(report.header, lines)
        else:
            lines, branches = _from_header(report, "line"), _from_header(report, "branch")
            notes = ("the file lists no lines: taken from its header",)
        if lines is None:
            reason = "no line in the file and none counted in its header: nothing was measured"
            return no_value(Outcome.NOT_MEASURED, reason, _KIND, tool=_TOOL)
        metrics: dict[str, MetricValue] = {"line_coverage_percent": _percent(lines)}
        if branches is not None:
            metrics["branch_coverage_percent"] = _percent(branches)
        part = SignalPart(
            tool=_TOOL,
            tool_version=clean(report.header.get("version", ""), 40) or None,
            outcome=Outcome.VALUE,
            measured_at=utc_moment(report.header.get("timestamp")),
            metrics=metrics,
        )
        return Parsed(Outcome.VALUE, signals=((_KIND, part),), notes=notes)


_Share = tuple[float, float]
"""Covered, of how many."""


def _percent(share: _Share) -> float:
    return 100 * share[0] / share[1]


def _counted(report: _Reader) -> tuple[_Share | None, _Share | None]:
    lines = [hit for file in report.files.values() for hit in file.lines.values()]
    conditions = [pair for file in report.files.values() for pair in file.conditions.values()]
    return (
        (sum(lines), len(lines)) if lines else None,
        (sum(c for c, _ in conditions), sum(t for _, t in conditions)) if conditions else None,
    )


def _from_header(report: _Reader, what: str) -> _Share | None:
    """From `lines-covered`/`lines-valid`, else from the rate; None when nothing was counted.

    A rate of exactly 0 or 1 without counts is what tools write for "not measured".
    """
    plural = "branches" if what == "branch" else "lines"
    valid, covered = report.header.get(f"{plural}-valid"), report.header.get(f"{plural}-covered")
    if valid is not None and covered is not None:
        share = _number(f"{plural}-covered", covered), _number(f"{plural}-valid", valid)
        return share if 0 <= share[0] <= share[1] and share[1] > 0 else None
    rate = _number(f"{what}-rate", report.header.get(f"{what}-rate", "-1"))
    return (rate, 1.0) if 0 < rate < 1 else None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"Cobertura XML: {name} is {clean(text, 40)!r}, expected a number") from error


def _differences(header: dict[str, str], lines: _Share) -> tuple[str, ...]:
    says = header.get("lines-covered"), header.get("lines-valid")
    if None in says or says == (str(int(lines[0])), str(int(lines[1]))):
        return ()
    return (
        f"the header says {clean(says[0], 20)} of {clean(says[1], 20)} lines, "
        f"the lines themselves {int(lines[0])} of {int(lines[1])}: these count",
    )
