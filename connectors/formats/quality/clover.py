"""Clover's XML report, which JavaScript's and PHP's tools write too.

Statements, conditions and methods are counted at the project: `elements` is their sum and no size of its own. Lines are
counted from the `line` elements, those of a method's head left out. PHPUnit knows no conditions: none of 0 is not
measured. Tests' own code (`testproject`) does not count.
"""

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, FUNCTION, LINE, NOTHING, STATEMENT, Share, coverage
from ..documents import XmlFormat, XmlReader, clean
from ..times import utc_moment

_COUNTED = {STATEMENT: "statements", BRANCH: "conditionals", FUNCTION: "methods"}
_PROJECT_LEVEL = 3
"""Depth of the metrics of a project: below root and project."""


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("Clover XML", ("coverage",))
        self._root: dict[str, str] = {}
        self._in_project = False
        self._shares: dict[str, Share] = {}
        self._lines = NOTHING
        self._of_file: dict[str, bool] = {}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            self._root = attributes
            if {"line-rate", "lines-valid"} & attributes.keys():
                raise InputError("Clover XML: this is a Cobertura report", hint="use --as cobertura-xml")
        elif self.depth == 2:
            self._in_project = name == "project"
        elif name == "metrics" and self.depth == _PROJECT_LEVEL and self._in_project:
            for metric, counted in _COUNTED.items():
                share = Share(_count(attributes, f"covered{counted}"), _count(attributes, counted))
                self._shares[metric] = self._shares.get(metric, NOTHING) + share
        elif name == "line" and self._in_project and attributes.get("type") in ("stmt", "cond"):
            number = attributes.get("num", "")
            hit = any(_count(attributes, hits) for hits in ("count", "truecount", "falsecount"))
            self._of_file[number] = hit or self._of_file.get(number, False)

    def closed(self, name: str) -> None:
        if name == "file":
            self._lines += Share(sum(self._of_file.values()), len(self._of_file))
            self._of_file = {}

    def parsed(self) -> Parsed:
        return coverage(
            "clover",
            {LINE: self._lines, **self._shares},
            version=self._root.get("clover"),
            measured_at=utc_moment(self._root.get("generated")),
        )


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "0")
    if not text.isdecimal() or len(text) > 18:
        raise InputError(f"Clover XML: {name} is {clean(text, 40)!r}, expected a count")
    return int(text)


class CloverXml(XmlFormat):
    """Clover XML -> test-coverage."""

    name = "clover-xml"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="Clover XML coverage report",
        producers="OpenClover, PHPUnit, Jest, nyc, c8, Istanbul",
        versions="Clover 1 to 4",
        recognised_by="root element `coverage` with a `project` and no line-rate",
        fields="the project's `metrics`; `line` num, count, truecount, falsecount, type",
        metrics=(LINE, BRANCH, STATEMENT, FUNCTION),
        sample=Sample.REAL,
        how_to_export="phpunit --coverage-clover clover.xml, jest --coverageReporters=clover, c8 --reporter=clover",
    )
    roots = ("coverage",)

    def is_mine(self, attributes: str, head: Head) -> bool:
        """Cobertura has the same root."""
        return not any(word in attributes for word in ("line-rate=", "lines-valid=")) and "<project" in head.text

    def reader(self) -> XmlReader:
        """Counts."""
        return _Reader()
