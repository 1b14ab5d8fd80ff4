"""Jenkins' own report of a build's tests (`testReport/api/json`): of one module, or of many under `childReports`.

A case is PASSED, FIXED (failed before), FAILED, REGRESSION (passed before) or SKIPPED.
"""

from collections.abc import Iterator
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat
from ..shapes import Listed, MaybeListed, Shape, Text, dict_at, first_of, shaped
from ..test_cases import RESULT_METRICS, TestCases, Verdict, verdict_of
from ..values import number

_VERDICTS = {
    "PASSED": Verdict.PASSED,
    "FIXED": Verdict.PASSED,
    "FAILED": Verdict.FAILED,
    "REGRESSION": Verdict.FAILED,
    "SKIPPED": Verdict.SKIPPED,
}


class _Case(Shape):
    name: Text = ""
    class_name: Text = ""
    status: str
    duration: Any = None
    error_details: Any = None
    error_stack_trace: Any = None


class _Suite(Shape):
    name: Text = ""
    cases: Listed[_Case]


class _Report(Shape):
    suites: MaybeListed[_Suite]


class JenkinsTestReport(JsonFormat):
    """Test report of Jenkins -> test-results."""

    name = "jenkins-test-report"
    produces: tuple[str, ...] = (SignalKind.TEST_RESULTS.value,)
    about = About(
        title="Test report of a Jenkins build",
        producers="Jenkins (JUnit plugin)",
        versions="JUnit plugin 1; Maven and matrix builds with `childReports`",
        recognised_by="`suites` whose first has `cases`, or `childReports`; beside `failCount`",
        fields="`cases` name, className, status, duration (s), errorDetails, errorStackTrace",
        metrics=RESULT_METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="curl https://jenkins/job/NAME/42/testReport/api/json > tests.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its suites, and a counter that stands beside them."""
        found = dict_at(head.json)
        is_one = "cases" in dict_at(first_of(found.get("suites"))) or found.get("suites") == []
        return ("failCount" in found and (is_one or "childReports" in found)) or (
            is_one and found["suites"] != [] and "junit.TestResult" in str(found.get("_class"))
        )

    def read(self, document: Any) -> Parsed:
        """Count the cases."""
        found = TestCases(self.name)
        for case in _cases(document):
            name = f"{case.class_name}.{case.name}" if case.class_name else case.name
            found.add(
                name,
                verdict_of(case.status, _VERDICTS, self.about.title, name),
                message=case.error_details or case.error_stack_trace,
                seconds=number(case.duration),
            )
        return found.parsed()


def _cases(document: Any) -> Iterator[_Case]:
    what = "Jenkins test report"
    children = document.get("childReports")
    if not isinstance(children, list) and not isinstance(document.get("suites"), list):
        raise InputError(f"{what}: neither suites nor childReports in it")
    for child in children if isinstance(children, list) else [{"result": document}]:
        for suite in shaped(_Report, dict_at(child).get("result"), what).suites:
            yield from suite.cases
