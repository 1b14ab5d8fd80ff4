"""Green, red, or nothing said: what each runner's exit code and last words mean. The words are those of real runs."""

import pytest

from aqe.core.records.production.verification import Colour, FileRun
from aqe.fleet.suites.runner_outcomes import of_javascript, of_k6, of_locust, of_playwright, of_pytest

NO_BROWSER = "Error: BrowserType.launch: Executable doesn't exist at /x/chrome\n  1 failed\n1 error in 5.3s\n"
CASES = (
    (of_pytest, 0, "..\n2 passed in 0.1s\n", (Colour.GREEN, 2, 0)),
    (of_pytest, 1, "E   AssertionError: 500\n1 failed, 2 passed in 0.1s\n", (Colour.RED, 2, 1)),
    (of_pytest, 1, "E   fixture 'x' not found\n1 error in 0.1s\n", (Colour.UNUSABLE, 0, 1)),
    (of_pytest, 1, NO_BROWSER, (Colour.NOT_RUN, 0, 0)),
    (of_playwright, 0, "Running 2 tests\n[1/2] a 1 failed of old\n  2 passed (4.9s)\n", (Colour.GREEN, 2, 0)),
    (of_playwright, 1, "    Error: no\n  1 failed\n    a.spec.ts\n  1 passed (7s)\n", (Colour.RED, 1, 1)),
    (of_playwright, 0, "  1 flaky\n    a.spec.ts\n", (Colour.UNUSABLE, 0, 1)),
    (of_playwright, 1, "Error: No tests found\n", (Colour.UNUSABLE, 0, 0)),
    (of_playwright, 1, NO_BROWSER, (Colour.NOT_RUN, 0, 0)),
    (of_javascript, 0, "Test Suites: 1 passed, 1 total\nTests:       2 passed, 2 total\n", (Colour.GREEN, 2, 0)),
    (of_javascript, 1, "Test Suites: 1 failed\nTests:       1 failed, 1 passed, 2 total\n", (Colour.RED, 1, 1)),
    (of_javascript, 1, " Test Files  1 failed (1)\n      Tests  1 failed | 2 passed (3)\n", (Colour.RED, 2, 1)),
    (of_javascript, 1, "Test Suites: 1 failed, 1 total\nTests:       0 total\n", (Colour.UNUSABLE, 0, 0)),
    (of_pytest, 0, "s\nSKIPPED [1] test_a.py:9: used by: hardly anybody\n1 skipped in 0.1s\n", (Colour.SKIPPED, 0, 0)),
    (of_pytest, 0, "s.\n1 passed, 1 skipped in 0.1s\n", (Colour.GREEN, 1, 0)),
    (of_pytest, 1, "E   AssertionError: 500\n1 failed, 1 skipped in 0.1s\n", (Colour.RED, 0, 1)),
    (of_playwright, 0, "Running 1 test\n  1 skipped\n", (Colour.SKIPPED, 0, 0)),
    (of_playwright, 0, "  1 flaky\n    a.spec.ts\n  1 skipped\n", (Colour.UNUSABLE, 0, 1)),
    (
        of_javascript,
        0,
        "Test Suites: 1 skipped, 0 of 1 total\nTests:       2 skipped, 2 total\n",
        (Colour.SKIPPED, 0, 0),
    ),
    (of_javascript, 0, " Test Files  1 skipped (1)\n      Tests  2 skipped (2)\n", (Colour.SKIPPED, 0, 0)),
    (of_k6, 0, "", (Colour.GREEN, 1, 0)),
    (of_k6, 99, 'level=error msg="thresholds on metrics have been crossed"', (Colour.RED, 0, 1)),
    (of_k6, 107, 'level=error msg="SyntaxError"', (Colour.UNUSABLE, 0, 0)),
    (of_locust, 0, "", (Colour.GREEN, 1, 0)),
    (of_locust, 1, "[x] host/ERROR/root: all requests: p95 is 9, expected 8 at most\n", (Colour.RED, 0, 1)),
    (of_locust, 1, "ModuleNotFoundError: No module named 'x'\n", (Colour.UNUSABLE, 0, 0)),
)


@pytest.mark.parametrize(("read", "code", "output", "expected"), CASES)
def test_a_run_is_what_its_runner_said(read: object, code: int, output: str, expected: tuple[Colour, int, int]) -> None:
    """Red only where a test failed: a file that does not load or a browser that is not there is no finding shown."""
    assert callable(read)
    run = read(code, output)
    assert isinstance(run, FileRun)
    assert (run.colour, run.passed, run.failed) == expected
    assert run.reason or run.colour is Colour.GREEN or (read is of_javascript and run.failed)
