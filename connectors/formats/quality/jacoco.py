"""JaCoCo's XML report.

Counters stand at every level and repeat the ones below: only those directly under the root count, and where there are
none, those of the outermost packages and groups together. JaCoCo's LINE is a line, its INSTRUCTION is bytecode and no
statement of the source.
"""

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, FUNCTION, LINE, NOTHING, Share, coverage
from ..documents import XmlFormat, XmlReader, clean
from ..times import utc_moment

_METRICS = {"LINE": LINE, "BRANCH": BRANCH, "METHOD": FUNCTION}
_ROOT_LEVEL, _BELOW = 2, 3


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("JaCoCo XML", ("report",))
        self._counted: dict[int, dict[str, Share]] = {_ROOT_LEVEL: {}, _BELOW: {}}
        self._dumped: list[int] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sessioninfo" and attributes.get("dump", "").isdecimal():
            self._dumped.append(int(attributes["dump"][:18]))
        if name == "counter" and self.depth in self._counted:
            metric = _METRICS.get(attributes.get("type", ""))
            if metric is not None:
                at_level = self._counted[self.depth]
                at_level[metric] = at_level.get(metric, NOTHING) + _share(attributes)

    def parsed(self) -> Parsed:
        shares = self._counted[_ROOT_LEVEL] or self._counted[_BELOW]
        measured_at = utc_moment(max(self._dumped)) if self._dumped else None
        return coverage("jacoco", dict(shares), measured_at=measured_at)


def _share(attributes: dict[str, str]) -> Share:
    missed, covered = attributes.get("missed", ""), attributes.get("covered", "")
    try:
        return Share(int(covered), int(covered) + int(missed))
    except ValueError as error:
        raise InputError(
            f"JaCoCo XML: a counter has missed={clean(missed, 20)!r}, covered={clean(covered, 20)!r}, expected counts"
        ) from error


class JacocoXml(XmlFormat):
    """JaCoCo XML -> test-coverage."""

    name = "jacoco-xml"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="JaCoCo XML coverage report",
        producers="JaCoCo (Maven, Gradle), Kover, Pester",
        versions="DTD 1.0 and 1.1, with or without groups",
        recognised_by="root element `report` with JaCoCo's DOCTYPE, a `sessioninfo`, or a `counter`",
        fields="`counter` type, missed, covered of the root; `sessioninfo` dump",
        metrics=(LINE, BRANCH, FUNCTION),
        sample=Sample.REAL,
        how_to_export="mvn jacoco:report or gradle jacocoTestReport; then jacoco.xml",
    )
    roots = ("report",)

    def is_mine(self, attributes: str, head: Head) -> bool:
        """Reports have many a root `report`."""
        return any(word in head.text for word in ("//JACOCO//", "<sessioninfo ", "<counter "))

    def reader(self) -> XmlReader:
        """Adds up counters."""
        return _Reader()
