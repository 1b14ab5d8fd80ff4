"""JUnit XML: only test cases count."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from aqe.connectors.formats.quality.junit import JunitXml
from aqe.core.errors import InputError
from aqe.core.importing import Head, Parsed
from aqe.core.records.signals import MAX_FINDINGS, MetricValue, Outcome, SignalKind, SignalPart


def parse(xml: str) -> Parsed:
    return JunitXml().parse(io.BytesIO(xml.encode()))


def part(xml: str, kind: SignalKind = SignalKind.TEST_RESULTS) -> SignalPart:
    return dict(parse(xml).signals)[kind]


def counts(xml: str) -> tuple[object, ...]:
    """Total, passed, failed, skipped."""
    metrics: Mapping[str, MetricValue] = part(xml).metrics
    return tuple(metrics[f"{name}_tests"] for name in ("total", "passed", "failed", "skipped"))


def flaky(xml: str) -> object:
    """Flaky tests, None when the file says nothing about reruns."""
    signals = dict(parse(xml).signals)
    reliability = signals.get(SignalKind.TEST_RELIABILITY)
    return reliability.metrics["flaky_tests"] if reliability else None


PASS = '<testcase classname="t" name="{}"/>'
FAIL = '<testcase classname="t" name="{}"><failure message="no"/></testcase>'


def test_pitfall_3_test_cases_are_counted_not_the_counters_of_the_suite() -> None:
    """A suite that claims five passing tests but holds two, one failed, has two tests; the difference is a note."""
    xml = f'<testsuite name="s" tests="5" failures="0">{PASS.format("a")}{FAIL.format("b")}</testsuite>'
    assert counts(xml) == (2, 1, 1, 0)
    (note,) = parse(xml).notes
    assert note == (
        "counters are inconsistent, the test cases count: "
        "suite 's' says 5 tests, 0 failed; it holds 2 test cases, 1 failed"
    )


def test_agreeing_counters_give_no_note() -> None:
    """No note without a reason."""
    assert parse(f'<testsuite tests="2" failures="1">{PASS.format("a")}{FAIL.format("b")}</testsuite>').notes == ()


def test_pitfall_3_test_cases_directly_under_testsuites_count() -> None:
    """Node's runner writes no testsuite; a reader that looks for suites sees nothing and hides the failure."""
    assert counts(f"<testsuites>{PASS.format('a')}{FAIL.format('b')}</testsuites>") == (2, 1, 1, 0)


def test_a_lone_test_case_counts() -> None:
    """Some tools write one file a test."""
    assert counts('<testcase name="a"><error type="X"/></testcase>') == (1, 0, 1, 0)


def test_nested_suites_are_counted_once() -> None:
    """A suite in a suite adds its cases, and its parent's counter does not add them again."""
    xml = (
        f'<testsuites><testsuite name="outer" tests="3">{PASS.format("a")}'
        f'<testsuite name="inner" tests="2">{PASS.format("b")}{FAIL.format("a")}</testsuite></testsuite></testsuites>'
    )
    assert counts(xml) == (3, 2, 1, 0)


def test_a_todo_with_a_failure_is_skipped() -> None:
    """Node marks a known bug `todo`: it has skipped and failure, and the run is green."""
    assert counts('<testsuite><testcase name="a"><skipped type="todo"/><failure/></testcase></testsuite>') == (
        1,
        0,
        0,
        1,
    )


def test_an_error_counts_as_failed_even_beside_skipped() -> None:
    """A skipped test whose teardown broke is broken."""
    assert counts('<testsuite><testcase name="a"><skipped/><error/></testcase></testsuite>') == (1, 0, 1, 0)


def test_xfail_is_skipped() -> None:
    """pytest writes an expected failure as skipped."""
    xml = '<testsuite name="pytest"><testcase name="a"><skipped type="pytest.xfail"/></testcase></testsuite>'
    assert counts(xml) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("notrun", (1, 0, 0, 1)), ("disabled", (1, 0, 0, 1)), ("fail", (1, 0, 1, 0)), ("run", (1, 1, 0, 0))],
)
def test_a_status_attribute_stands_for_a_missing_child(status: str, expected: tuple[int, ...]) -> None:
    """GoogleTest and CTest mark what did not run by an attribute alone."""
    assert counts(f'<testsuite><testcase name="a" status="{status}"/></testsuite>') == expected


def test_pitfall_4_reruns_of_pytest_count_once_and_the_last_try_decides() -> None:
    """pytest-rerunfailures repeats the case and leaves the failed tries without a mark."""
    xml = (
        '<testsuite name="pytest" tests="3">'
        + PASS.format("flaky") * 3
        + PASS.format("broken") * 2
        + FAIL.format("broken")
        + PASS.format("fine")
        + "</testsuite>"
    )
    assert counts(xml) == (3, 2, 1, 0)
    assert flaky(xml) == 1


def test_a_suite_that_counts_fewer_tests_than_it_holds_hides_its_tries() -> None:
    """The same under another suite name (pytest's `junit_suite_name`)."""
    xml = f'<testsuite name="shop" tests="1">{PASS.format("a") * 2}</testsuite>'
    assert counts(xml) == (1, 1, 0, 0)
    assert flaky(xml) == 1


def test_a_failure_followed_by_a_pass_of_the_same_name_is_flaky() -> None:
    """Gradle's retry and gotestsum write each try."""
    xml = f'<testsuite name="s" tests="2">{FAIL.format("a")}{PASS.format("a")}</testsuite>'
    assert counts(xml) == (1, 1, 0, 0)
    assert flaky(xml) == 1
    assert part(xml).findings == ()


def test_many_repeated_names_take_linear_time() -> None:
    """50,000 pairs are counted in one go."""
    pairs = "".join(f'<testcase name="t{i}"/>' * 2 for i in range(50_000))
    assert counts(f"<testsuite>{pairs}</testsuite>") == (100_000, 100_000, 0, 0)


def test_repeated_names_that_agree_are_different_tests() -> None:
    """Mocha allows two tests of one name; nothing was run again."""
    xml = f'<testsuite name="Mocha Tests" tests="3">{PASS.format("a") * 3}</testsuite>'
    assert counts(xml) == (3, 3, 0, 0)
    assert flaky(xml) is None


def test_a_test_that_failed_at_every_try_is_not_flaky() -> None:
    """It was run again and kept its verdict: zero flaky tests is measured."""
    xml = f'<testsuite name="pytest" tests="1">{PASS.format("a") * 2}{FAIL.format("a")}</testsuite>'
    assert counts(xml) == (1, 0, 1, 0)
    assert flaky(xml) == 0
    assert part(xml, SignalKind.TEST_RELIABILITY).outcome is Outcome.CLEAN


def test_pitfall_4_the_same_name_in_several_projects_of_playwright_is_not_flaky() -> None:
    """One suite element a browser: each holds its own tests."""
    suite = '<testsuite name="a.spec.ts" hostname="{}" tests="1" failures="{}">{}</testsuite>'
    xml = (
        "<testsuites>"
        + suite.format("chromium", 0, PASS.format("a"))
        + suite.format("firefox", 1, FAIL.format("a"))
        + "</testsuites>"
    )
    assert counts(xml) == (2, 1, 1, 0)
    assert flaky(xml) is None


@pytest.mark.parametrize("child", ["flakyFailure", "flakyError"])
def test_surefires_flaky_children_are_a_pass_that_is_flaky(child: str) -> None:
    """surefire writes the failed tries of a test that passed in the end."""
    tries = f'<{child} message="x"><stackTrace>t</stackTrace></{child}>'
    xml = f'<testsuite><testcase name="a">{tries}</testcase></testsuite>'
    assert counts(xml) == (1, 1, 0, 0)
    assert flaky(xml) == 1


@pytest.mark.parametrize("child", ["rerunFailure", "rerunError"])
def test_surefires_rerun_children_of_a_failure_are_not_flaky(child: str) -> None:
    """It failed again and again."""
    xml = f'<testsuite><testcase name="a"><failure/><{child}/></testcase></testsuite>'
    assert counts(xml) == (1, 0, 1, 0)
    assert flaky(xml) == 0


def test_truncated_xml_is_a_failed_tool() -> None:
    """The run was killed: what was written so far is no result."""
    parsed = parse(f"<testsuites><testsuite>{PASS.format('a')}<testcase")
    assert parsed.outcome is Outcome.TOOL_FAILED
    assert parsed.reason == "the XML ends in the middle of an element: the test run was killed or the file cut"
    assert part(f"<testsuite>{PASS.format('a')}").metrics == {}


def test_a_suite_that_claims_tests_but_holds_none_is_not_measured() -> None:
    """Three tests without a test case are not three passes, and not zero failures."""
    parsed = parse('<testsuite name="s" tests="3" failures="1"/>')
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason == "no test case in the file, although its suites say 3 tests"


def test_an_empty_run_is_not_measured() -> None:
    """A selection that matched nothing proves nothing."""
    assert parse("<testsuites/>").outcome is Outcome.NOT_MEASURED


def test_a_broken_suite_is_a_failure() -> None:
    """An error outside any test case must not look like a pass."""
    xml = f'<testsuite name="s">{PASS.format("a")}<error message="setup broke"/></testsuite>'
    assert counts(xml) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("1,234.5", 1234.5), ("12,345,678.5", 12345678.5), ("0,005", 0.005), ("2.5", 2.5), ("1e2", 100)],
)
def test_times_of_every_locale_are_read(time: str, seconds: float) -> None:
    """surefire writes thousands with a comma, other locales write a decimal comma."""
    assert part(f'<testsuite><testcase name="a" time="{time}"/></testsuite>').metrics["duration_s"] == seconds


@pytest.mark.parametrize("time", ["", "soon", "nan", "-1", "inf"])
def test_a_time_that_is_none_is_left_out(time: str) -> None:
    """No duration is not a duration of zero."""
    assert "duration_s" not in part(f'<testsuite><testcase name="a" time="{time}"/></testsuite>').metrics


def test_durations_add_up() -> None:
    """Reruns took time too."""
    xml = '<testsuite name="pytest">' + '<testcase name="a" time="0.5"/>' * 2 + "</testsuite>"
    assert part(xml).metrics["duration_s"] == 1.0


@pytest.mark.parametrize(
    "timestamp",
    ["2026-03-02T09:15:00+00:00", "2026-03-02T10:15:00+01:00", "2026-03-02T09:15:00", "Mon, 02 Mar 2026 09:15:00 GMT"],
)
def test_the_time_of_the_run_is_kept(timestamp: str) -> None:
    """ISO with and without zone, and Mocha's RFC 2822; the earliest suite counts."""
    xml = (
        f'<testsuites><testsuite timestamp="2026-03-02T11:00:00Z">{PASS.format("a")}</testsuite>'
        f'<testsuite timestamp="{timestamp}">{PASS.format("b")}</testsuite></testsuites>'
    )
    assert part(xml).measured_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def test_findings_name_the_test_the_place_and_the_message() -> None:
    """Errors first; the element's text stands in for a missing message."""
    xml = (
        '<testsuite><testcase classname="c" name="a" file="t.py" line="7">'
        "<failure>expected 1\n got 2</failure></testcase>"
        '<testcase classname="c" name="b"><error message="boom"/></testcase></testsuite>'
    )
    error, failure = part(xml).findings
    assert (error.rule, error.message, error.severity) == ("c.b", "boom", "error")
    assert (failure.rule, failure.message, failure.severity) == ("c.a", "expected 1 got 2", "failure")
    assert (failure.file, failure.line) == ("t.py", 7)


def test_findings_are_bounded_and_clean() -> None:
    """A thousand failures keep fifty findings of one printable line each; the count is of all."""
    message = "x&#9;\u202e" + "y" * 5000
    xml = "<testsuite>" + "".join(
        f'<testcase name="t{i}"><failure message="{message}"/></testcase>' for i in range(1000)
    ) + "</testsuite>"  # fmt: skip
    results = part(xml)
    assert results.metrics["failed_tests"] == 1000
    assert len(results.findings) == MAX_FINDINGS
    assert results.findings[0].message.startswith("x yyy")
    assert len(results.findings[0].message) == 300


def test_lint_findings_are_no_tests() -> None:
    """ruff and ESLint can write JUnit: a clean linter is not a passed test."""
    parsed = parse(
        f'<testsuites name="ruff"><testsuite package="org.ruff">{PASS.format("org.ruff")}</testsuite></testsuites>'
    )
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason == "written by the linter org.ruff: it holds findings, no tests; export SARIF instead"


def test_a_wrong_root_is_unreadable() -> None:
    """The error names the root and what was expected."""
    with pytest.raises(InputError, match="the root element is <html>, expected <testsuites>"):
        parse("<html><testcase/></html>")


def test_a_namespace_changes_nothing() -> None:
    """Names are compared without it."""
    assert counts('<testsuites xmlns="urn:x"><testsuite><testcase name="a"/></testsuite></testsuites>') == (1, 1, 0, 0)


def test_control_characters_make_it_unreadable_with_a_line() -> None:
    """XML forbids them; the error says where."""
    with pytest.raises(InputError, match=r"JUnit XML: not XML: .*line 1, column"):
        parse("<testsuite><testcase name='\x01'/></testsuite>")


def test_many_test_cases_need_little_memory() -> None:
    """100,000 cases with output stream through: no tree is built."""
    import tracemalloc

    case = '<testcase classname="c{0}" name="t{1}" time="0.001"><system-out>' + "o" * 300 + "</system-out></testcase>"
    xml = "<testsuites>" + "".join(
        f'<testsuite name="s{s}" tests="1000">' + "".join(case.format(s, i) for i in range(1000)) + "</testsuite>"
        for s in range(100)
    ) + "</testsuites>"  # fmt: skip
    stream = io.BytesIO(xml.encode())
    tracemalloc.start()
    parsed = JunitXml().parse(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert dict(parsed.signals)[SignalKind.TEST_RESULTS].metrics["passed_tests"] == 100_000
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "start",
    [
        "<testsuites/>",
        '<?xml version="1.0"?>\n<!-- <coverage> -->\n<testsuite name="a>b">',
        '<!DOCTYPE testsuite [<!ELEMENT testsuite (a)>]><testsuite x="',
        '<j:testsuites xmlns:j="urn:j">',
    ],
)
def test_it_is_told_by_its_root(start: str) -> None:
    """Comments, DOCTYPE and namespace in front do not matter."""
    assert JunitXml().recognises(Head("x", start.encode()))


@pytest.mark.parametrize("start", ["<test-run/>", "<coverage/>", "{}", "<!-- <testsuite> -->", "<testsuitesx/>", ""])
def test_other_roots_are_not_claimed(start: str) -> None:
    """NUnit, Cobertura, a comment."""
    assert not JunitXml().recognises(Head("x", start.encode()))
