"""How a runner's exit code and output tell green from red, and both from a run that says nothing."""

import re

from ...core.records.production.verification import Colour, FileRun

_PYTEST_OK, _PYTEST_FAILED, _PYTEST_EMPTY = 0, 1, 5
_K6_LIMITS = 99
"""k6's exit code for thresholds that were crossed."""
_COUNTED = re.compile(r"(\d+) (passed|failed|error|flaky|did not run|interrupted|skipped)")
_SKIPPED = re.compile(r"^SKIPPED \[\d+\] \S+: (.*)", re.MULTILINE)
"""pytest's reason, with `-rs`."""
_JAVASCRIPT_TOTAL = re.compile(r"^\s*Tests:?\s+(.*\d.*)$", re.MULTILINE)
_K6_ERROR = re.compile(r'level=error msg="(.*?)"')
_LOCUST_LIMIT = re.compile(r"/ERROR/\w+: (.*(?:expected \S+ at most|requests were sent late))")
_NO_BROWSER = re.compile(r"Executable doesn't exist at |[Bb]rowserType\.launch: ")
Counted = tuple[int, int, dict[str, int]]
"""Passed, failed in some way, and all by word."""
NO_BROWSER = "no browser: npx playwright install (Python: playwright install), or AQE_CHROMIUM=/usr/bin/chromium"


def of_pytest(code: int, output: str) -> FileRun:
    """pytest, with or without a browser."""
    passed, failed, counts = _counts(output.rstrip().rpartition("\n")[2])
    if code == _PYTEST_OK and passed:
        return FileRun(colour=Colour.GREEN, passed=passed)
    if code == _PYTEST_OK and counts.get("skipped"):
        return _skipped(_SKIPPED.search(output))
    reason = _first(output, ("E ", "FAILED", "/"))
    if _NO_BROWSER.search(output):
        return FileRun(colour=Colour.NOT_RUN, reason=NO_BROWSER)
    if code == _PYTEST_FAILED and counts.get("failed"):
        return FileRun(colour=Colour.RED, passed=passed, failed=failed, reason=reason)
    told = "no test ran" if code in (_PYTEST_OK, _PYTEST_EMPTY) else f"pytest ended with {code}"
    return FileRun(colour=Colour.UNUSABLE, passed=passed, failed=failed, reason=reason or told)


def of_playwright(code: int, output: str) -> FileRun:
    """Playwright's line reporter."""
    if _NO_BROWSER.search(output):
        return FileRun(colour=Colour.NOT_RUN, reason=NO_BROWSER)
    told = _counts("\n".join(line for line in output.splitlines() if _COUNTED.match(line.strip())))
    return _told(code, told, _first(output, ("Error: ", "TimeoutError", "SyntaxError")), "playwright")


def of_javascript(code: int, output: str) -> FileRun:
    """Jest and Vitest: their line of totals."""
    found = _JAVASCRIPT_TOTAL.search(output)
    told = _counts(found[1] if found else "")
    return _told(code, told, _first(output, ("●", "Error: ", "AssertionError", "SyntaxError")), "the runner")


def of_k6(code: int, output: str) -> FileRun:
    """k6: its thresholds are the test."""
    error = _K6_ERROR.search(output)
    reason = error[1][:200] if error else None
    if code == _K6_LIMITS:
        return FileRun(colour=Colour.RED, failed=1, reason=reason)
    return _told(code, (int(code == 0), 0, {}), reason, "k6")


def of_locust(code: int, output: str) -> FileRun:
    """Locust: the limits that the file checks at the end; another error has the same exit code."""
    broken = [found[1] for line in output.splitlines() if (found := _LOCUST_LIMIT.search(line))]
    if code == 1 and broken:
        return FileRun(colour=Colour.RED, failed=len(broken), reason=broken[0][:200])
    return _told(code, (int(code == 0), 0, {}), _first(output, ("Error", "ModuleNotFoundError")), "locust")


def _told(code: int, counted: Counted, reason: str | None, tool: str) -> FileRun:
    passed, failed, counts = counted
    if code == 0 and passed:
        return FileRun(colour=Colour.GREEN, passed=passed)
    if code == 0 and counts.get("skipped") and not failed:
        return _skipped(None)
    if code and failed:
        return FileRun(colour=Colour.RED, passed=passed, failed=failed, reason=reason)
    told = "no test ran" if code == 0 else f"{tool} ended with {code}"
    return FileRun(colour=Colour.UNUSABLE, passed=passed, failed=failed, reason=reason or told)


def _skipped(reason: re.Match[str] | None) -> FileRun:
    return FileRun(colour=Colour.SKIPPED, reason=reason[1][:200] if reason else "all its tests are skipped")


def _counts(text: str) -> Counted:
    counts = {word: int(number) for number, word in _COUNTED.findall(text)}
    failed = sum(n for word, n in counts.items() if word not in ("passed", "skipped"))
    return counts.get("passed", 0), failed, counts


def _first(output: str, begins: tuple[str, ...]) -> str | None:
    lines = (line.strip() for line in output.splitlines())
    return next((line[:200] for line in lines if line.startswith(begins)), None)
