"""`aqe tests verify` as a user meets it where a tool is not installed."""

from pathlib import Path

from aqe.tests.e2e.cli_project import Project


def test_a_tool_that_is_not_there_is_named_and_nothing_run_is_not_success(tmp_path: Path) -> None:
    """Exit code 2: nothing is known of the service."""
    with Project.at(tmp_path) as project:
        project.write("tests/a.spec.ts", "// no Playwright here\n")
        done = project.aqe("tests", "verify", "tests", "--target", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "a.spec.ts: @playwright/test is not installed" in done.stdout or "Node.js is not on PATH" in done.stdout
    assert "NOT RUN" in done.stdout and "Traceback" not in done.stderr
