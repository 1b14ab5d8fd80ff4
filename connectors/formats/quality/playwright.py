"""Playwright's JSON report.

The only report of Playwright's that shows flaky tests: `ok` is true for them, and in JUnit they look like passes. A
test stands there once a project. One that should have run and did not (`beforeAll` failed, the run was stopped) is
marked skipped, as is one that was meant to be: the two are told apart by `expectedStatus`. An error outside the tests
counts as a failed one.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..documents import JsonFormat, clean
from ..shapes import Listed, MaybeListed, Shape, dict_at, first_of, shaped
from ..test_cases import METRICS, PRODUCES, TestCases, Verdict, verdict_of
from ..times import utc_moment

_VERDICTS = {
    "expected": Verdict.PASSED,
    "flaky": Verdict.PASSED,
    "unexpected": Verdict.FAILED,
    "skipped": Verdict.SKIPPED,
}


class _Result(Shape):
    status: str | None = None
    duration: float = 0.0
    """ms"""
    error: Any = None
    errors: Any = None


class _Test(Shape):
    status: str
    expected_status: str = "passed"
    project_name: Any = None
    results: Listed[_Result]


class _Spec(Shape):
    title: Any = None
    file: Any = None
    line: Any = None
    tests: Listed[_Test]


class _Suite(Shape):
    title: Any = None
    specs: MaybeListed[_Spec]
    suites: "MaybeListed[_Suite]"


class _Report(Shape):
    suites: Listed[_Suite]
    errors: MaybeListed[Any]
    config: Any = None
    stats: Any = None


class PlaywrightJson(JsonFormat):
    """Playwright JSON -> test-results, and test-reliability where tests were retried."""

    name = "playwright-json"
    produces: tuple[str, ...] = PRODUCES
    about = About(
        title="Playwright JSON test report",
        producers="Playwright Test",
        versions="Playwright 1",
        recognised_by="`suites` with `specs` or `suites` in the first, and `stats` or `config`",
        fields="`tests` status, expectedStatus, projectName; `results` duration, errors; `errors`; `stats` startTime",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="PLAYWRIGHT_JSON_OUTPUT_NAME=results.json npx playwright test --reporter=json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys; a config of many projects may fill what is seen of the file."""
        config = dict_at(head.json, "config")
        if {"rootDir", "projects"} <= config.keys() and "forbidOnly" in config:
            return True
        suite = dict_at(first_of(dict_at(head.json).get("suites")))
        return "specs" in suite and bool({"stats", "config", "errors"} & head.json_keys or "file" in suite)

    def read(self, document: Any) -> Parsed:
        """Count the tests of all suites."""
        report = shaped(_Report, document, self.about.title)
        if report.suites and not any({"specs", "suites"} & dict_at(suite).keys() for suite in document["suites"]):
            raise InputError(f"{self.about.title}: no suite has specs", hint="is the file of this format?")
        cases = TestCases("playwright")
        not_run = sum(_add_suite(cases, suite, "") for suite in report.suites)
        for error in report.errors:
            message = dict_at(error).get("message")
            if not cases.total:
                return Parsed(Outcome.TOOL_FAILED, reason=f"Playwright says: {clean(message)}")
            cases.add("(outside the tests)", Verdict.FAILED, message=message, is_error=True)
        projects = dict_at(report.config).get("projects")
        if isinstance(projects, list) and any(dict_at(project).get("retries") for project in projects):
            cases.reruns_seen = True
        return cases.parsed(
            version=dict_at(report.config).get("version"),
            measured_at=utc_moment(dict_at(report.stats).get("startTime")),
            notes=(f"tests that should have run and did not: {not_run}",) if not_run else (),
        )


def _add_suite(cases: TestCases, suite: _Suite, path: str) -> int:
    """Count; returns how many did not run although they should."""
    title = f"{path}{clean(suite.title, 80)} > "
    not_run = sum(_add_suite(cases, inner, title) for inner in suite.suites)
    for spec in suite.specs:
        for test in spec.tests:
            project = f" [{clean(test.project_name, 40)}]" if test.project_name else ""
            not_run += _add_test(cases, test, f"{title}{clean(spec.title, 120)}{project}", spec)
    return not_run


def _add_test(cases: TestCases, test: _Test, name: str, spec: _Spec) -> bool:
    verdict = verdict_of(test.status, _VERDICTS, "Playwright JSON", name)
    last = test.results[-1] if test.results else _Result()
    message = dict_at(last.error).get("message") or dict_at(first_of(last.errors)).get("message") or last.status
    seconds = sum(result.duration for result in test.results) / 1000
    cases.add(name, verdict, message=message, file=spec.file, line=spec.line, seconds=seconds)
    cases.reruns_seen = cases.reruns_seen or len(test.results) > 1
    if test.status == "flaky":
        cases.add_flaky(name, spec.file)
    return verdict is Verdict.SKIPPED and test.expected_status != "skipped"
