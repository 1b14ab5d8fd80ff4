"""OpenCover's XML report (.NET), which coverlet and AltCover write too.

The session's `Summary` has the tool's own counts; where it is missing (or says 0 of 0, as coverlet did) points are
counted. Lines are always counted: a line is hit when one of its sequence points was. Modules that were skipped have no
points.
"""

from ....core.errors import InputError
from ....core.importing import About, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, FUNCTION, LINE, NOTHING, STATEMENT, Share, coverage, share_of
from ..documents import XmlFormat, XmlReader, clean

_SUMMARY = {
    STATEMENT: ("visitedSequencePoints", "numSequencePoints"),
    BRANCH: ("visitedBranchPoints", "numBranchPoints"),
    FUNCTION: ("visitedMethods", "numMethods"),
}


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("OpenCover XML", ("CoverageSession",))
        self._summary: dict[str, Share] = {}
        self._module = 0
        self._lines: dict[tuple[int, str, str], bool] = {}
        self._points = {STATEMENT: NOTHING, BRANCH: NOTHING}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Summary" and self.depth == 2:
            for metric, (covered, total) in _SUMMARY.items():
                if total in attributes:
                    self._summary[metric] = Share(_count(attributes, covered), _count(attributes, total))
        elif name == "Module":
            self._module += 1
        elif name == "SequencePoint":
            hit = self._point(STATEMENT, attributes)
            # Files are numbered within the session by some, within the module by others.
            line = self._module, attributes.get("fileid", ""), attributes.get("sl", "")
            self._lines[line] = hit or self._lines.get(line, False)
        elif name == "BranchPoint":
            self._point(BRANCH, attributes)

    def _point(self, metric: str, attributes: dict[str, str]) -> bool:
        hit = _count(attributes, "vc") > 0
        self._points[metric] += Share(hit, 1)
        return hit

    def parsed(self) -> Parsed:
        said = {metric: share for metric, share in self._summary.items() if share.total}
        return coverage("opencover", {LINE: share_of(list(self._lines.values())), **self._points, **said})


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "0")
    if not text.isdecimal() or len(text) > 18:
        raise InputError(f"OpenCover XML: {name} is {clean(text, 40)!r}, expected a count")
    return int(text)


class OpenCoverXml(XmlFormat):
    """OpenCover XML -> test-coverage."""

    name = "opencover-xml"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="OpenCover XML coverage report",
        producers="OpenCover, coverlet, AltCover, Unity",
        versions="OpenCover 4",
        recognised_by="root element `CoverageSession`",
        fields="the session's `Summary`; `SequencePoint` vc, sl, fileid; `BranchPoint` vc",
        metrics=(LINE, BRANCH, STATEMENT, FUNCTION),
        sample=Sample.REAL,
        how_to_export="dotnet test /p:CollectCoverage=true /p:CoverletOutputFormat=opencover",
    )
    roots = ("CoverageSession",)

    def reader(self) -> XmlReader:
        """Counts."""
        return _Reader()
