"""Playwright, pytest-json, NUnit, xUnit.net and TRX: cases are counted, flaky ones seen, broken runs not believed."""

from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome, SignalKind

from .reading import claimed_by, findings, metrics, outcome, read

SAMPLES = Path(__file__).parents[2] / "formats"


def counted(total: int, passed: int, failed: int, skipped: int, **more: Any) -> dict[str, Any]:
    tests = {"total": total, "passed": passed, "failed": failed, "skipped": skipped}
    return {f"{verdict}_tests": count for verdict, count in tests.items()} | more


def playwright(*tests: dict[str, Any], **more: object) -> dict[str, Any]:
    spec = {"title": "t", "tests": [{"expectedStatus": "passed", "results": [], **test} for test in tests]}
    return {"suites": [{"title": "a.spec.ts", "specs": [spec]}], "errors": [], "stats": {}, **more}


def pytest_report(*outcomes: str, **more: object) -> dict[str, Any]:
    tests = [{"nodeid": f"test_a.py::test_{i}", "outcome": outcome} for i, outcome in enumerate(outcomes)]
    return {"created": 1772442900, "exitcode": 0, "summary": {}, "tests": tests, **more}


def nunit(*cases: str, root: str = "test-run", suite: str = "") -> str:
    return f"<{root}><test-suite {suite}>{''.join(f'<test-case {case}/>' for case in cases)}</test-suite></{root}>"


def trx(*outcomes: str, run: str = "Completed") -> str:
    results = "".join(f'<UnitTestResult testName="t" outcome="{outcome}"/>' for outcome in outcomes)
    return f'<TestRun><Results>{results}</Results><ResultSummary outcome="{run}"/></TestRun>'


@pytest.mark.parametrize(
    ("sample", "expected", "failure"),
    [
        ("playwright-json/sample.json",
         counted(4, 2, 1, 1, flaky_tests=1, reliability_percent=pytest.approx(200 / 3), duration_s=2),
         ("", "expect(received).toBe(expected)", "cart.spec.ts", 9)),
        ("pytest-json/sample.json", counted(5, 2, 2, 1, flaky_tests=1, reliability_percent=75, duration_s=1.25),
         ("tests/test_cart.py::test_pay", "OSError: port in use", "tests/test_cart.py", 27)),
        ("nunit-xml/sample.xml", counted(5, 2, 1, 2, duration_s=1),
         ("Shop.Tests.CartTests.Discount", "Expected: 81 But was: 90", None, None)),
        ("xunit-net-xml/sample.xml", counted(4, 1, 2, 1, duration_s=0.75), ("Shop.Tests.dll", "disk full", None, None)),
        ("trx/sample.trx", counted(5, 2, 2, 1, duration_s=61), ("Rows (2)", "Timeout", None, None)),
    ],
)  # fmt: skip
def test_the_sample_has_these_tests(sample: str, expected: object, failure: tuple[object, ...]) -> None:
    """Counted by hand; errors come first among the failures."""
    name, content = sample.partition("/")[0], (SAMPLES / sample).read_bytes()
    assert metrics(name, content) == expected
    first = findings(name, content)[0]
    assert (first.message, first.file, first.line) == failure[1:]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("playwright-json", {"suites": [], "errors": [], "stats": {}}),
        ("pytest-json", pytest_report()),
        ("pytest-json", {"created": 1, "exitcode": 5, "summary": {"total": 0}}),
        ("nunit-xml", '<test-run total="3" passed="3"/>'),
        ("xunit-net-xml", '<assemblies><assembly total="3"/></assemblies>'),
        ("trx", '<TestRun><ResultSummary outcome="Completed"><Counters total="3"/></ResultSummary></TestRun>'),
    ],
)
def test_pitfall_3_no_case_is_no_measurement_whatever_the_counters_say(name: str, content: object) -> None:
    """Pitfall 3: counters are never trusted."""
    assert outcome(name, content) is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("playwright-json", playwright({"status": "excellent"}), "is 'excellent'"),
        ("playwright-json", {"suites": [{"specs": [{}]}]}, "suites.0.specs.0.tests: Field required"),
        ("pytest-json", pytest_report("excellent"), "is 'excellent'"),
        ("nunit-xml", nunit('name="a"'), "'a' has the result ''"),
        ("xunit-net-xml", '<assembly><test result="Excellent"/></assembly>', "has the result 'Excellent'"),
        ("trx", trx("Excellent"), "has the outcome 'Excellent'"),
    ],
)
def test_an_unknown_verdict_is_an_error_and_no_pass(name: str, content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("playwright-json", {"suites": [], "errors": [{"message": "SyntaxError: a.spec.ts"}], "stats": {}}),
        ("pytest-json", pytest_report("passed", exitcode=2)),
        ("pytest-json", pytest_report("passed", exitcode=3)),
        ("trx", trx("Passed", run="Aborted")),
        ("trx", trx("Passed", run="Error")),
    ],
)
def test_a_run_that_broke_is_not_counted(name: str, content: object) -> None:
    """Some tests passed, the others are unknown."""
    assert outcome(name, content) is Outcome.TOOL_FAILED


# Playwright ----------------------------------------------------------------------------------------------------------


def test_pitfall_4_a_flaky_test_of_playwright_passed_and_is_flaky() -> None:
    """Pitfall 4: `ok` is true for it."""
    tries = [{"status": "failed", "duration": 1}, {"status": "passed", "duration": 1}]
    found = metrics("playwright-json", playwright({"status": "flaky", "results": tries}))
    assert (found["passed_tests"], found["flaky_tests"]) == (1, 1)


def test_pitfall_4_two_projects_of_playwright_repeat_a_name_without_being_flaky() -> None:
    """Pitfall 4: one entry a project."""
    report = playwright(*({"status": "expected", "projectName": name, "results": [{}]} for name in ("a", "b")))
    assert metrics("playwright-json", report) == counted(2, 2, 0, 0, duration_s=0)


def test_pitfall_4_a_test_that_could_not_run_is_told_from_one_that_was_left_out() -> None:
    """Pitfall 4: after a failed `beforeAll` the other tests are only skipped."""
    report = playwright({"status": "skipped"}, {"status": "skipped", "expectedStatus": "skipped"})
    assert read("playwright-json", report).notes == ("tests that should have run and did not: 1",)


def test_without_retries_nothing_is_said_about_flaky_tests() -> None:
    """Nobody looked. With retries, none is a measurement."""
    one_try = {"status": "expected", "results": [{"status": "passed", "duration": 1}]}
    kinds = [kind for kind, _ in read("playwright-json", playwright(one_try)).signals]
    assert kinds == [SignalKind.TEST_RESULTS]
    retried = playwright(one_try, config={"projects": [{"retries": 2}]})
    assert metrics("playwright-json", retried)["flaky_tests"] == 0


def test_an_error_outside_the_tests_of_playwright_fails() -> None:
    """A worker's or the global teardown broke after the tests passed."""
    report = playwright({"status": "expected"}, errors=[{"message": "teardown broke"}])
    assert metrics("playwright-json", report)["failed_tests"] == 1


def test_suites_of_playwright_nest() -> None:
    inner = playwright({"status": "expected"})["suites"]
    report = {"suites": [{"title": "a", "suites": [{"title": "b", "suites": inner}]}], "stats": {}}
    assert claimed_by(playwright()) == "playwright-json"
    assert metrics("playwright-json", report)["total_tests"] == 1


# pytest-json ---------------------------------------------------------------------------------------------------------


def test_every_outcome_of_pytest_has_its_verdict() -> None:
    """An expected failure is skipped, an unexpected pass a pass, as in JUnit."""
    outcomes = ("passed", "xpassed", "rerun", "failed", "error", "skipped", "xfailed")
    assert metrics("pytest-json", pytest_report(*outcomes)) == counted(
        7, 3, 2, 2, flaky_tests=1, reliability_percent=80
    )


def test_a_file_that_could_not_be_collected_is_an_error() -> None:
    collectors = [{"nodeid": "test_b.py", "outcome": "failed", "longrepr": "ImportError: x"}]
    report = pytest_report("passed", collectors=collectors, exitcode=1)
    assert metrics("pytest-json", report) == counted(2, 1, 1, 0)


def test_the_summary_counts_where_there_are_no_tests() -> None:
    """--json-report-summary leaves them out."""
    report = {
        "created": 1,
        "exitcode": 1,
        "summary": {"passed": 5, "failed": 1, "rerun": 1, "total": 7, "collected": 7},
    }
    assert metrics("pytest-json", report) == counted(
        7, 6, 1, 0, flaky_tests=1, reliability_percent=pytest.approx(100 * 6 / 7)
    )


# .NET ----------------------------------------------------------------------------------------------------------------


def test_every_result_of_nunit_3_has_its_verdict() -> None:
    cases = [f'result="{result}"' for result in ("Passed", "Warning", "Failed", "Skipped", "Inconclusive")]
    assert metrics("nunit-xml", nunit(*cases)) == counted(5, 2, 1, 2)


def test_every_result_of_nunit_2_has_its_verdict() -> None:
    """Before 2.5 a case only says whether it was executed and a success."""
    results = ("Success", "Failure", "Error", "NotRunnable", "Cancelled", "Ignored", "Skipped", "Inconclusive")
    cases = [f'result="{result}"' for result in results]
    old = ['executed="True" success="True" time="0,5"', 'executed="True" success="False"', 'executed="False"']
    assert metrics("nunit-xml", nunit(*cases, *old, root="test-results")) == counted(11, 2, 5, 4, duration_s=0.5)


def test_an_assembly_that_could_not_be_loaded_is_an_error() -> None:
    """It has no case, and would look fine."""
    assert metrics("nunit-xml", nunit(suite='name="Shop.dll" runstate="NotRunnable"')) == counted(1, 0, 1, 0)


def test_every_outcome_of_trx_has_its_verdict() -> None:
    """An entry without an outcome is an error, as the schema has it."""
    passed, skipped = ("Passed", "Warning", "Completed"), ("Inconclusive", "NotExecuted", "InProgress", "Pending")
    failed = ("Failed", "Error", "Timeout", "Aborted", "PassedButRunAborted", "Disconnected", "NotRunnable")
    assert metrics("trx", trx(*passed, *failed, *skipped)) == counted(14, 3, 7, 4)
    assert metrics("trx", "<TestRun><UnitTestResult/></TestRun>") == counted(1, 0, 1, 0)


def test_rows_of_a_data_driven_test_count_instead_of_the_test() -> None:
    rows = '<UnitTestResult outcome="Passed"/><UnitTestResult outcome="Failed"/>'
    xml = f'<TestRun><UnitTestResult outcome="Failed"><InnerResults>{rows}</InnerResults></UnitTestResult></TestRun>'
    assert metrics("trx", xml) == counted(2, 1, 1, 0)


def test_the_message_of_a_failure_is_not_what_the_test_printed() -> None:
    output = "<Output><StdOut>noise</StdOut><ErrorInfo><Message>boom</Message></ErrorInfo></Output>"
    xml = f'<TestRun><UnitTestResult testName="t" outcome="Failed">{output}</UnitTestResult></TestRun>'
    assert findings("trx", xml)[0].message == "boom"
