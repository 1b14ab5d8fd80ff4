"""JUnit XML: what pytest, surefire, Gradle, Jest, Mocha, Playwright, GoogleTest, Node and many more write.

There is no standard, so only the test cases themselves are trusted, never the counters of a suite. A case counts as
failed with an `error`, or with a `failure` unless it is `skipped` too (Node's `todo`, a known failure). Repeated names
are tries of one test when they disagree, or when the suite hides its tries: pytest-rerunfailures repeats the case and
leaves earlier tries without a mark, and the suite then counts fewer tests than it holds. Then the last try counts.
Mocha and others repeat names without a rerun: such cases stay apart. Names are compared within one suite element
only, because Playwright repeats them once a project.
"""

import re
from collections import Counter
from datetime import datetime
from itertools import chain
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
        self.first: dict[_CaseKey, Verdict] = {}
        """What each case said when its name came for the first time."""
        self.again: dict[_CaseKey, list[Verdict]] = {}
        """What the further ones of a name said."""
        self.failures: dict[_CaseKey, Finding] = {}

    @property
    def verdicts(self) -> Counter[Verdict]:
        """Of all elements."""
        return Counter(chain(self.first.values(), *self.again.values()))

    def hides_tries(self, elements: int) -> bool:
        """True when an earlier try without a mark may have failed."""
        return self.name == "pytest" or (self.declared is not None and self.declared < elements)


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("JUnit XML")
        self.cases = TestCases(_TOOL)
        self.measured_at: datetime | None = None
        self.linter: str | None = None
        self.declared = 0
        self.inconsistent: list[str] = []
        self._suites = [_Suite({})]
        self._case: dict[str, str] | None = None
        """Attributes of the open case."""
        self._case_ends_with = "testcase"
        self._children: dict[str, dict[str, str]] = {}
        """Attributes of the elements in it, of each name the first."""

    # Of 100,000 cases almost all are an element with nothing in it: they take the short way through both methods.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase" and self._case is None and self.depth:
            self.depth += 1
            self._case, self._case_ends_with = attributes, tag
        else:
            super().start(tag, attributes)

    def end(self, tag: str) -> None:
        case = self._case
        if tag == "testcase" and case is not None and not self._children and self.depth > 1:
            self.depth -= 1
            self._case = None
            verdict = _STATUS.get(case["status"].lower(), Verdict.PASSED) if "status" in case else Verdict.PASSED
            self._add(case, verdict)
        else:
            super().end(tag)

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
            self._case, self._case_ends_with = attributes, name
        elif name in _FAILURES and self._case is None:
            # Outside a test case: the suite itself broke, which must not look like a pass.
            self._case, self._case_ends_with = {"name": f"(suite {self._suites[-1].name})"}, name
        if self._case is not None:
            self._children.setdefault(name, attributes)
            if name in _FAILURES:
                self.collect_text()

    def closed(self, name: str) -> None:
        if name in ("testsuites", "testsuite"):
            self._close_suite(self._suites.pop())
        elif self._case is not None:
            if name in _FAILURES:
                child, text = self._children[name], self.collected_text()
                child["message"] = child.get("message") or text
            if name == self._case_ends_with:
                self._close_case(self._case)
                self._case = None
                self._children.clear()
        if self.depth == 1:
            self._close_suite(self._suites.pop())

    def _note_suite(self, attributes: dict[str, str]) -> None:
        at = utc_moment(attributes.get("timestamp"))
        if at is not None and (self.measured_at is None or at < self.measured_at):
            self.measured_at = at
        package = attributes.get("package", "")
        if package.startswith(_LINTERS):
            self.linter = package

    def _close_case(self, case: dict[str, str]) -> None:
        verdict = self._verdict(case)
        key = self._add(case, verdict)
        flaky = not self._children.keys().isdisjoint(_FLAKY)
        rerun = not self._children.keys().isdisjoint(_RERUN)
        self.cases.reruns_seen = self.cases.reruns_seen or flaky or rerun
        if flaky or (rerun and verdict is Verdict.PASSED):
            self.cases.add_flaky(_test_name(key), key[2])

    def _verdict(self, case: dict[str, str]) -> Verdict:
        """What the open case says by its children."""
        if "error" in self._children:
            return Verdict.FAILED
        if not self._children.keys().isdisjoint(_SKIPPED):
            return Verdict.SKIPPED
        if "failure" in self._children:
            return Verdict.FAILED
        return _STATUS.get(case.get("status", "").lower(), Verdict.PASSED)

    def _add(self, case: dict[str, str], verdict: Verdict) -> _CaseKey:
        """Count a case in its suite."""
        suite, say = self._suites[-1], case.get
        key = (say("classname", ""), say("name", ""), say("file", ""))
        if key in suite.first:
            suite.again.setdefault(key, []).append(verdict)
            suite.failures.pop(key, None)
        else:
            suite.first[key] = verdict
        if verdict is Verdict.FAILED and len(suite.failures) < MAX_FINDINGS:
            suite.failures[key] = self._failure(key, case)
        if time := say("time"):
            self.cases.took(_seconds(time))
        return key

    def _failure(self, key: _CaseKey, case: dict[str, str]) -> Finding:
        kind = "error" if "error" in self._children else "failure"
        child, line = self._children.get(kind, {}), case.get("line", "")
        message = child.get("message") or child.get("type") or kind
        at = int(line) if line.isdecimal() and len(line) < 9 else None
        return finding(_test_name(key), message, kind, case.get("file"), at)

    def _close_suite(self, suite: _Suite) -> None:
        verdicts = suite.verdicts
        elements, hides_tries = verdicts.total(), suite.hides_tries(verdicts.total())
        counted = verdicts.copy()
        for key, again in suite.again.items():
            tries = [suite.first[key], *again]
            disagree = Verdict.FAILED in tries and Verdict.PASSED in tries
            if not (disagree or hides_tries):
                continue
            counted.subtract(tries[:-1])
            self.cases.reruns_seen = True
            if tries[-1] is Verdict.PASSED or (disagree and not hides_tries):
                self.cases.add_flaky(_test_name(key), key[2])
        self.cases.counts.update(counted)
        failures = self.cases.failures
        failures += list(suite.failures.values())[: MAX_FINDINGS - len(failures)]
        if not suite.nested and suite.declared is not None:
            self.declared += suite.declared
            says, holds = (suite.declared, suite.declared_failed), (elements, verdicts[Verdict.FAILED])
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


def _seconds(text: str) -> float | None:
    """`1,234.5` is 1234.5 (surefire in an English locale), `0,005` is 0.005; None for what is no duration."""
    if "," in text:
        text = text.replace(",", "" if _THOUSANDS.fullmatch(text) else ".")
    try:
        return float(text)
    except ValueError:
        return None
