"""PIT's mutations.xml (Java).

A mutant that the JVM refused (NON_VIABLE) or whose run broke (RUN_ERROR) is left out; PIT itself counts it as detected.
`partial="true"` at the root only means that PIT stopped at the first killing test, as it does by default.
"""

from ....core.errors import InputError
from ....core.importing import About, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import XmlFormat, XmlReader
from ..mutants import METRICS, Mutants, Verdict

_VERDICTS = {
    "KILLED": Verdict.DETECTED,
    "TIMED_OUT": Verdict.DETECTED,
    "MEMORY_ERROR": Verdict.DETECTED,
    "SURVIVED": Verdict.UNDETECTED,
    "NO_COVERAGE": Verdict.UNDETECTED,
    "NON_VIABLE": Verdict.INVALID,
    "RUN_ERROR": Verdict.INVALID,
    "NOT_STARTED": Verdict.PENDING,
    "STARTED": Verdict.PENDING,
}
_KEPT = ("sourceFile", "mutatedClass", "lineNumber", "mutator", "description")


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("PIT XML", ("mutations",))
        self._mutants = Mutants("pit", _VERDICTS)
        self._verdict: Verdict | None = None
        self._of: dict[str, str] = {}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "mutation":
            if "status" not in attributes:
                raise InputError("PIT XML: a mutation has no status")
            self._verdict, self._of = self._mutants.add(attributes["status"]), {}
        elif name in _KEPT and self._verdict is Verdict.UNDETECTED:
            self.collect_text()

    def closed(self, name: str) -> None:
        if self._verdict is not Verdict.UNDETECTED:
            return
        if name in _KEPT:
            self._of[name] = self.collected_text().strip()
        elif name == "mutation":
            package = self._of.get("mutatedClass", "").rpartition(".")[0].replace(".", "/")
            file = "/".join(filter(None, (package, self._of.get("sourceFile"))))
            line = self._of.get("lineNumber", "")
            self._mutants.survived(
                self._of.get("mutator", "").rpartition(".")[2],
                self._of.get("description"),
                file,
                int(line) if line.isdecimal() and len(line) < 9 else None,
            )

    def parsed(self) -> Parsed:
        return self._mutants.parsed()


class PitXml(XmlFormat):
    """PIT XML -> mutation."""

    name = "pit-xml"
    produces: tuple[str, ...] = (SignalKind.MUTATION.value,)
    about = About(
        title="PIT mutation report",
        producers="PIT (pitest) with Maven or Gradle",
        versions="PIT 1; `index` and `block` alone or in `indexes` and `blocks` (since 1.7)",
        recognised_by="root element `mutations`",
        fields="`mutation` status; sourceFile, mutatedClass, lineNumber, mutator, description",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="mvn pitest:mutationCoverage -DoutputFormats=XML; then target/pit-reports/mutations.xml",
    )
    roots = ("mutations",)

    def reader(self) -> XmlReader:
        """Counts mutants."""
        return _Reader()
