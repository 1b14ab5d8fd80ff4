"""pytest-json-report.

One entry a test, also when pytest-rerunfailures ran it again: a test that passed in the end has the outcome `rerun`. As
in JUnit, an expected failure is skipped and an unexpected pass is a pass (a strict one is reported as failed). The
collection of a file that failed is an error of its own.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..documents import JsonFormat, clean
from ..shapes import Count, MaybeListed, SnakeShape, dict_at, shaped
from ..test_cases import METRICS, PRODUCES, TestCases, Verdict, verdict_of
from ..times import utc_moment

_VERDICTS = {
    "passed": Verdict.PASSED,
    "xpassed": Verdict.PASSED,
    "rerun": Verdict.PASSED,
    "failed": Verdict.FAILED,
    "error": Verdict.FAILED,
    "skipped": Verdict.SKIPPED,
    "xfailed": Verdict.SKIPPED,
}
_STAGES = ("setup", "call", "teardown")
# pytest's exit codes: interrupted, internal error, wrong usage.
_BROKEN = {2: "it was interrupted or could not collect the tests", 3: "it broke", 4: "it was called wrongly"}


class _Test(SnakeShape):
    nodeid: Any = None
    outcome: str
    lineno: Any = None
    setup: Any = None
    call: Any = None
    teardown: Any = None

    def stages(self) -> list[dict[str, Any]]:
        return [dict_at(stage) for stage in (self.setup, self.call, self.teardown)]

    def seconds(self) -> float | None:
        took = [stage["duration"] for stage in self.stages() if isinstance(stage.get("duration"), int | float)]
        return sum(took) if took else None

    def message(self) -> object:
        broken = (stage for stage in self.stages() if stage.get("outcome") in ("failed", "error"))
        stage = next(broken, {})
        return dict_at(stage, "crash").get("message") or stage.get("longrepr")


class _Collector(SnakeShape):
    nodeid: Any = None
    outcome: str
    longrepr: Any = None


class _Report(SnakeShape):
    summary: dict[str, Count]
    tests: list[_Test] | None = None
    collectors: MaybeListed[_Collector]
    exitcode: int = 0
    created: Any = None
    duration: Any = None


class PytestJson(JsonFormat):
    """pytest-json-report -> test-results, and test-reliability where tests were run again."""

    name = "pytest-json"
    produces: tuple[str, ...] = PRODUCES
    about = About(
        title="pytest-json-report",
        producers="pytest with pytest-json-report",
        versions="pytest-json-report 1; with or without its tests (summary)",
        recognised_by="keys `summary`, `exitcode` and `created`",
        fields="`tests` nodeid, outcome, lineno, stages; failed `collectors`; `summary` where there are no tests",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="pip install pytest-json-report; pytest --json-report --json-report-file=report.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys."""
        return {"summary", "exitcode", "created"} <= head.json_keys

    def read(self, document: Any) -> Parsed:
        """Count the tests."""
        report = shaped(_Report, document, self.about.title)
        if report.exitcode in _BROKEN:
            reason = f"pytest ended with exit code {report.exitcode}: {_BROKEN[report.exitcode]}"
            return Parsed(Outcome.TOOL_FAILED, reason=reason)
        cases = TestCases("pytest-json")
        for collector in report.collectors:
            if collector.outcome == "failed":
                cases.add(collector.nodeid, Verdict.FAILED, message=collector.longrepr, is_error=True)
        for test in report.tests or ():
            _add(cases, test)
        notes: tuple[str, ...] = ()
        if report.tests is None:
            _add_summary(cases, report.summary)
            notes = ("the report has no tests: taken from its summary",)
        return cases.parsed(measured_at=utc_moment(report.created), notes=notes)


def _add(cases: TestCases, test: _Test) -> None:
    name = clean(test.nodeid)
    line = test.lineno + 1 if isinstance(test.lineno, int) else None
    cases.add(
        name,
        verdict_of(test.outcome, _VERDICTS, "pytest-json-report", name),
        message=test.message(),
        is_error=test.outcome == "error",
        file=name.partition("::")[0],
        line=line,
        seconds=test.seconds(),
    )
    if test.outcome == "rerun":
        cases.add_flaky(name, name.partition("::")[0])


def _add_summary(cases: TestCases, summary: dict[str, int]) -> None:
    for outcome, count in summary.items():
        if outcome in _VERDICTS:
            cases.counts[_VERDICTS[outcome]] += count
    if summary.get("rerun"):
        cases.reruns_seen, cases.flaky_count = True, summary["rerun"]
