"""JUnit XML: what pytest, surefire, Gradle, Jest, Mocha, Playwright, GoogleTest, Node and many more write.

There is no standard, so only the test cases themselves are trusted, never the counters of a suite. A case counts as
failed with an `error`, or with a `failure` unless it is `skipped` too (Node's `todo`, a known failure). Repeated names
are tries of one test when they disagree, or when the suite hides its tries: pytest-rerunfailures repeats the case and
leaves earlier tries without a mark, and the suite then counts fewer tests than it holds. Then the last try counts.
Mocha and others repeat names without a rerun: such cases stay apart. Names are compared within one suite element
only, because Playwright repeats them once a project.
"""

import re
from datetime import datetime
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind
from ..documents import XmlReader, clean, finding, no_value, xml_root
from ..test_cases import METRICS, PRODUCES, TestCases, Verdict
from ..times import utc_moment

# Not the runner's name: a part of the same tool and file replaces an older one, an empty file's too.
_TOOL = "junit"
_ROOTS = ("testsuites", "testsuite", "testcase")
_FAILURES = ("error", "failure")
_SKIPPED = ("skipped", "skip", "ignored")
# surefire and nextest: the test failed first and passed later / failed again.
_FLAKY = ("flakyFailure", "flakyError")
_RERUN = ("rerunFailure", "rerunError")
# GoogleTest and CTest say it in an attribute; only these words are known to mean "did not run" or "failed".
_STATUS = {
    "notrun": Verdict.SKIPPED,
    "disabled": Verdict.SKIPPED,
    "skipped": Verdict.SKIPPED,
    "fail": Verdict.FAILED,
    "failed": Verdict.FAILED,
}
# Linters can write JUnit too; a lint finding is no test.
_LINTERS = ("org.ruff", "org.eslint")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")

_CaseKey = tuple[str, str, str]


class _Suite:
    """One `testsuite` element and the cases directly in it."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.name = attributes.get("name", "")
        self.declared = _count(attributes.get("tests"))
        self.declared_failed = (_count(attributes.get("failures")) or 0) + (_count(attributes.get("errors")) or 0)
        self.nested = False
        self.tries: dict[_CaseKey, list[Verdict]] = {}
        self.failures: dict[_CaseKey, Finding] = {}

    @property
    def elements(self) -> int:
        return sum(map(len, self.tries.values()))

    @property
    def hides_tries(self) -> bool:
        """True when an earlier try without a mark may have failed."""
        return self.name == "pytest" or (self.declared is not None and self.declared < self.elements)


class _Case:
    """One `testcase` element while it is open."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.children: dict[str, dict[str, str]] = {}
        """By name, itself included."""

    @property
    def is_plain(self) -> bool:
        """True when it has no child: of 100,000 cases almost all."""
        return len(self.children) == 1 and "testcase" in self.children

    def verdict(self) -> Verdict:
        if self.is_plain:
            status = self.attributes.get("status")
            return _STATUS.get(status.lower(), Verdict.PASSED) if status else Verdict.PASSED
        if "error" in self.children:
            return Verdict.FAILED
        if any(name in self.children for name in _SKIPPED):
            return Verdict.SKIPPED
        if "failure" in self.children:
            return Verdict.FAILED
        return _STATUS.get(self.attributes.get("status", "").lower(), Verdict.PASSED)


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("JUnit XML")
        self.cases = TestCases(_TOOL)
        self.measured_at: datetime | None = None
        self.linter: str | None = None
        self.declared = 0
        self.inconsistent: list[str] = []
        self._suites = [_Suite({})]
        self._case: _Case | None = None
        self._case_ends_with = "testcase"

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1 and name not in _ROOTS:
            raise InputError(
                f"JUnit XML: the root element is <{clean(name, 40)}>, expected <testsuites>, <testsuite> or <testcase>"
            )
        if name in ("testsuites", "testsuite"):
            self._suites[-1].nested = True
            self._suites.append(_Suite(attributes))
            self._note_suite(attributes)
        elif name == "testcase":
            self._case, self._case_ends_with = _Case(attributes), name
        elif name in _FAILURES and self._case is None:
            # Outside a test case: the suite itself broke, which must not look like a pass.
            self._case, self._case_ends_with = _Case({"name": f"(suite {self._suites[-1].name})"}), name
        if self._case is not None:
            self._case.children.setdefault(name, attributes)
            if name in _FAILURES:
                self.collect_text()

    def closed(self, name: str) -> None:
        if name in ("testsuites", "testsuite"):
            self._close_suite(self._suites.pop())
        elif self._case is not None:
            child = self._case.children[name]
            if name in _FAILURES and not child.get("message"):
                child["message"] = self.collected_text()
            if name == self._case_ends_with:
                self._close_case(self._case)
                self._case = None
        if self.depth == 1:
            self._close_suite(self._suites.pop())

    def _note_suite(self, attributes: dict[str, str]) -> None:
        at = utc_moment(attributes.get("timestamp"))
        if at is not None and (self.measured_at is None or at < self.measured_at):
            self.measured_at = at
        package = attributes.get("package", "")
        if package.startswith(_LINTERS):
            self.linter = package

    def _close_case(self, case: _Case) -> None:
        suite, of = self._suites[-1], case.attributes
        key = (of.get("classname", ""), of.get("name", ""), of.get("file", ""))
        verdict = case.verdict()
        suite.tries.setdefault(key, []).append(verdict)
        if suite.failures:
            suite.failures.pop(key, None)
        if verdict is Verdict.FAILED and len(suite.failures) < MAX_FINDINGS:
            kind = "error" if "error" in case.children else "failure"
            child = case.children.get(kind, {})
            line = of.get("line", "")
            suite.failures[key] = finding(
                _test_name(key),
                child.get("message") or child.get("type") or kind,
                kind,
                of.get("file"),
                int(line) if line.isdecimal() and len(line) < 9 else None,
            )
        self.cases.took(_seconds(of.get("time")))
        if case.is_plain:
            return
        flaky = any(name in case.children for name in _FLAKY)
        rerun = any(name in case.children for name in _RERUN)
        self.cases.reruns_seen = self.cases.reruns_seen or flaky or rerun
        if flaky or (rerun and verdict is Verdict.PASSED):
            self.cases.add_flaky(_test_name(key), key[2])

    def _close_suite(self, suite: _Suite) -> None:
        failed_elements, hides_tries = 0, suite.hides_tries
        for key, tries in suite.tries.items():
            failed_elements += tries.count(Verdict.FAILED)
            disagree = Verdict.FAILED in tries and Verdict.PASSED in tries
            if len(tries) == 1 or not (disagree or hides_tries):
                self.cases.counts.update(tries)
                continue
            self.cases.reruns_seen = True
            self.cases.counts[tries[-1]] += 1
            if tries[-1] is Verdict.PASSED or (disagree and not hides_tries):
                self.cases.add_flaky(_test_name(key), key[2])
        failures = self.cases.failures
        failures += list(suite.failures.values())[: MAX_FINDINGS - len(failures)]
        if not suite.nested and suite.declared is not None:
            self.declared += suite.declared
            says, holds = (suite.declared, suite.declared_failed), (suite.elements, failed_elements)
            if says != holds:
                self.inconsistent.append(
                    f"suite {clean(suite.name, 60)!r} says {says[0]} tests, {says[1]} failed; "
                    f"it holds {holds[0]} test cases, {holds[1]} failed"
                )


class JunitXml:
    """JUnit XML -> test-results, and test-reliability where the file shows reruns."""

    name = "junit-xml"
    produces: tuple[str, ...] = PRODUCES
    about = About(
        title="JUnit XML test report",
        producers="pytest, Maven surefire, Gradle, Jest, Mocha, Playwright, Node, GoogleTest, CTest, nextest, ...",
        versions="no standard: every dialect with `testcase` elements",
        recognised_by="root element `testsuites`, `testsuite` or `testcase`",
        fields="`testcase` name, classname, file, time, status; its failure, error, skipped, flaky and rerun children",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="pytest --junitxml=junit.xml (most test runners have such an option)",
    )

    def recognises(self, head: Head) -> bool:
        """By the root element."""
        return xml_root(head)[0] in _ROOTS

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count the test cases."""
        report = _Reader()
        ending = report.read(stream)
        kind = SignalKind.TEST_RESULTS
        if ending == "cut short":
            reason = "the XML ends in the middle of an element: the test run was killed or the file cut"
            return no_value(Outcome.TOOL_FAILED, reason, kind, tool=_TOOL)
        if ending == "empty":
            return no_value(Outcome.NOT_MEASURED, "the file is empty: no test case in it", kind, tool=_TOOL)
        if report.linter:
            reason = (
                f"written by the linter {clean(report.linter, 40)}: it holds findings, no tests; export SARIF instead"
            )
            return no_value(Outcome.NOT_MEASURED, reason, kind, tool=_TOOL)
        if not report.cases.total:
            claim = f", although its suites say {report.declared} tests" if report.declared else ""
            return no_value(Outcome.NOT_MEASURED, f"no test case in the file{claim}", kind, tool=_TOOL)
        notes = []
        if report.inconsistent:
            more = f" (and {len(report.inconsistent) - 1} more suites)" if len(report.inconsistent) > 1 else ""
            notes.append(f"counters are inconsistent, the test cases count: {report.inconsistent[0]}{more}")
        return report.cases.parsed(measured_at=report.measured_at, notes=tuple(notes))


def _test_name(key: _CaseKey) -> str:
    return f"{key[0]}.{key[1]}" if key[0] else key[1]


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def _seconds(text: str | None) -> float | None:
    """`1,234.5` is 1234.5 (surefire in an English locale), `0,005` is 0.005; None for what is no duration."""
    if not text:
        return None
    plain = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        seconds = float(plain)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None
