"""TRX, the test results of Visual Studio and `dotnet test --logger trx`.

A data-driven test holds its rows as inner results; the rows count, not the test around them. A run that ended by itself
as Error or Aborted (the test host crashed) tells of only some of its tests.
"""

import re

from ....core.errors import InputError
from ....core.importing import About, Parsed, Sample
from ....core.records.signals import Outcome
from ..documents import XmlFormat, XmlReader, clean
from ..test_cases import PRODUCES, RESULT_METRICS, TestCases, Verdict
from ..times import utc_moment

_VERDICTS = {
    "Passed": Verdict.PASSED,
    "Warning": Verdict.PASSED,
    "Completed": Verdict.PASSED,
    "Failed": Verdict.FAILED,
    "Error": Verdict.FAILED,
    "Timeout": Verdict.FAILED,
    "Aborted": Verdict.FAILED,
    "PassedButRunAborted": Verdict.FAILED,
    "Disconnected": Verdict.FAILED,
    "NotRunnable": Verdict.FAILED,
    "Inconclusive": Verdict.SKIPPED,
    "NotExecuted": Verdict.SKIPPED,
    "InProgress": Verdict.SKIPPED,
    "Pending": Verdict.SKIPPED,
}
_RESULTS = ("UnitTestResult", "TestResult", "GenericTestResult", "WebTestResult", "ManualTestResult")
_BROKEN = ("Error", "Aborted", "Timeout", "Disconnected")
_DURATION = re.compile(r"(?:(\d{1,5})\.)?(\d{1,3}):(\d\d):(\d\d(?:\.\d+)?)")


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("TRX", ("TestRun",))
        self._cases = TestCases("trx")
        self._run: str | None = None
        self._at: str | None = None
        self._open: list[dict[str, str]] = []
        """The results that are open, the innermost last; `message` and `rows` are ours."""
        self._in_error = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name in _RESULTS:
            if self._open:
                self._open[-1]["rows"] = "yes"
            self._open.append(attributes)
        elif name == "Times" and self.depth == 2:
            self._at = attributes.get("start")
        elif name == "ResultSummary":
            self._run = attributes.get("outcome")
        elif name == "ErrorInfo":
            self._in_error = True
        elif name == "Message" and self._in_error and self._open:
            self.collect_text()

    def closed(self, name: str) -> None:
        if name == "Message" and self._in_error and self._open:
            self._open[-1].setdefault("message", self.collected_text())
        elif name == "ErrorInfo":
            self._in_error = False
        elif name in _RESULTS:
            result = self._open.pop()
            if "rows" not in result:
                self._add(result)

    def _add(self, result: dict[str, str]) -> None:
        # The schema's default is Error.
        outcome = result.get("outcome", "Error")
        if outcome not in _VERDICTS:
            raise InputError(f"TRX: {clean(result.get('testName'), 80)!r} has the outcome {clean(outcome, 40)!r}")
        self._cases.add(
            result.get("testName"),
            _VERDICTS[outcome],
            message=result.get("message") or outcome,
            is_error=outcome != "Failed",
            seconds=_seconds(result.get("duration", "")),
        )

    def parsed(self) -> Parsed:
        if self._run in _BROKEN:
            return Parsed(Outcome.TOOL_FAILED, reason=f"the run itself ended as {self._run}: tests may be missing")
        return self._cases.parsed(measured_at=utc_moment(self._at))


def _seconds(text: str) -> float | None:
    """`00:00:01.2345678`, with days before where it took some."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = match.groups()
    return 86_400 * int(days or 0) + 3600 * int(hours) + 60 * int(minutes) + float(seconds)


class Trx(XmlFormat):
    """TRX -> test-results."""

    name = "trx"
    produces: tuple[str, ...] = PRODUCES[:1]
    about = About(
        title="TRX test report",
        producers="dotnet test, vstest, MSTest",
        versions="TeamTest 2010 (Visual Studio 2010 and later)",
        recognised_by="root element `TestRun`",
        fields="`UnitTestResult` testName, outcome, duration, ErrorInfo; `ResultSummary` outcome; `Times` start",
        metrics=RESULT_METRICS,
        sample=Sample.REAL,
        how_to_export="dotnet test --logger trx",
    )
    roots = ("TestRun",)

    def reader(self) -> XmlReader:
        """Counts results."""
        return _Reader()
