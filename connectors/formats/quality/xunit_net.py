"""xUnit.net's own XML, version 2: `assemblies`, or one `assembly`.

An `error` of an assembly (its fixture or the runner broke) belongs to no test; it counts as one in error.
"""

from datetime import datetime

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ..documents import XmlFormat, XmlReader, clean
from ..test_cases import PRODUCES, RESULT_METRICS, TestCases, Verdict
from ..times import utc_moment

_ROOTS = ("assemblies", "assembly")
_VERDICTS = {
    "Pass": Verdict.PASSED,
    "Fail": Verdict.FAILED,
    "Skip": Verdict.SKIPPED,
    "NotRun": Verdict.SKIPPED,
}


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("xUnit.net XML", _ROOTS)
        self._cases = TestCases("xunit-net")
        self._version: str | None = None
        self._at: datetime | None = None
        self._open: dict[str, str] | None = None
        self._message = ""

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "assembly":
            framework = attributes.get("test-framework", "")
            self._version = framework.removeprefix("xUnit.net").strip() or self._version
            at = f"{attributes.get('run-date', '')}T{attributes.get('run-time', '')}"
            self._at = self._at or utc_moment(attributes.get("start-rtf") or at)
        elif name == "test":
            self._open, self._message = attributes, ""
        elif name == "error":
            self._open, self._message = {"result": "Fail", "name": attributes.get("name") or "(assembly)"}, ""
        elif name == "message" and self._open is not None:
            self.collect_text()

    def closed(self, name: str) -> None:
        if name == "message" and self._open is not None:
            self._message = self._message or self.collected_text()
        elif name in ("test", "error") and self._open is not None:
            result = self._open.get("result", "")
            if result not in _VERDICTS:
                raise InputError(f"xUnit.net XML: a test has the result {clean(result, 40)!r}")
            self._cases.add(
                self._open.get("name"),
                _VERDICTS[result],
                message=self._message,
                is_error=name == "error",
                seconds=_seconds(self._open.get("time", "")),
            )
            self._open = None

    def parsed(self) -> Parsed:
        return self._cases.parsed(version=self._version, measured_at=self._at)


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class XunitNetXml(XmlFormat):
    """xUnit.net XML -> test-results."""

    name = "xunit-net-xml"
    produces: tuple[str, ...] = PRODUCES[:1]
    about = About(
        title="xUnit.net XML test report",
        producers="xUnit.net console, dotnet test",
        versions="xUnit.net 2 and 3",
        recognised_by="root element `assemblies`, or `assembly` with a `collection`",
        fields="`test` name, result, time, message; `error` of an assembly",
        metrics=RESULT_METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="xunit.console tests.dll -xml xunit.xml, or dotnet test --logger xunit (XunitXml.TestLogger)",
    )
    roots = _ROOTS

    def is_mine(self, attributes: str, head: Head) -> bool:
        """Other .NET files have a root `assembly`."""
        return "test-framework=" in head.text or "<collection " in head.text or "<assemblies" in head.text

    def reader(self) -> XmlReader:
        """Counts tests."""
        return _Reader()
