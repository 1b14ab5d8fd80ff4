"""NUnit's XML: version 3 (`test-run`), and version 2 (`test-results`), which older runners and many tools still write.

An inconclusive test says nothing: skipped. A suite that could not be run at all (`NotRunnable`: an assembly that does
not load) has no cases and would look fine; it counts as one in error.
"""

from datetime import datetime

from ....core.errors import InputError
from ....core.importing import About, Parsed, Sample
from ..documents import XmlFormat, XmlReader, clean
from ..test_cases import PRODUCES, RESULT_METRICS, TestCases, Verdict
from ..times import utc_moment

_VERDICTS = {
    # version 3
    "passed": Verdict.PASSED,
    "warning": Verdict.PASSED,
    "failed": Verdict.FAILED,
    "skipped": Verdict.SKIPPED,
    "inconclusive": Verdict.SKIPPED,
    # version 2
    "success": Verdict.PASSED,
    "failure": Verdict.FAILED,
    "error": Verdict.FAILED,
    "cancelled": Verdict.FAILED,
    "notrunnable": Verdict.FAILED,
    "ignored": Verdict.SKIPPED,
}


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("NUnit XML", ("test-run", "test-results"))
        self._cases = TestCases("nunit")
        self._version: str | None = None
        self._at: datetime | None = None
        self._case: dict[str, str] | None = None
        self._message = ""

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            self._version = attributes.get("engine-version")
            # Version 2 has date and time apart; one sample has a blank before the hour.
            at = attributes.get("start-time") or f"{attributes.get('date', '')}T{attributes.get('time', '')}"
            self._at = utc_moment(at.replace("T ", "T"))
        elif name == "environment":
            self._version = self._version or attributes.get("nunit-version")
        elif name == "test-case":
            self._case, self._message = attributes, ""
        elif name == "test-suite" and attributes.get("runstate") == "NotRunnable":
            self._cases.add(_name(attributes), Verdict.FAILED, message="it could not be run", is_error=True)
        elif name == "message" and self._case is not None:
            self.collect_text()

    def closed(self, name: str) -> None:
        if self._case is None:
            return
        if name == "message":
            self._message = self._message or self.collected_text()
        elif name == "test-case":
            self._add(self._case)
            self._case = None

    def _add(self, case: dict[str, str]) -> None:
        result = case.get("result") or _of_old(case)
        verdict = _VERDICTS.get(result.lower())
        if verdict is None:
            raise InputError(f"NUnit XML: {clean(_name(case), 80)!r} has the result {clean(result, 40)!r}")
        self._cases.add(
            _name(case),
            verdict,
            message=self._message,
            is_error=result.lower() == "error" or case.get("label") in ("Error", "Invalid", "Cancelled"),
            seconds=_seconds(case.get("duration") or case.get("time")),
        )

    def parsed(self) -> Parsed:
        return self._cases.parsed(version=self._version, measured_at=self._at)


def _name(attributes: dict[str, str]) -> str:
    return attributes.get("fullname") or attributes.get("name") or "(no name)"


def _of_old(case: dict[str, str]) -> str:
    """Before 2.5 a case only says whether it ran and succeeded."""
    if case.get("executed", "").lower() == "false":
        return "ignored"
    return {"true": "success", "false": "failure"}.get(case.get("success", "").lower(), "")


def _seconds(text: str | None) -> float | None:
    try:
        return float((text or "").replace(",", "."))
    except ValueError:
        return None


class NunitXml(XmlFormat):
    """NUnit XML -> test-results."""

    name = "nunit-xml"
    produces: tuple[str, ...] = PRODUCES[:1]
    about = About(
        title="NUnit XML test report",
        producers="NUnit console, dotnet test, Unity, Pester",
        versions="NUnit 2 and 3",
        recognised_by="root element `test-run` or `test-results`",
        fields="`test-case` fullname, result, label, duration, message; `test-suite` runstate",
        metrics=RESULT_METRICS,
        sample=Sample.REAL,
        how_to_export="nunit3-console --result=nunit.xml, or dotnet test --logger nunit (NunitXml.TestLogger)",
    )
    roots = ("test-run", "test-results")

    def reader(self) -> XmlReader:
        """Counts test cases."""
        return _Reader()
