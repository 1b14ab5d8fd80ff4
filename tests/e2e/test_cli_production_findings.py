"""What all analyses found together, as a user asks for it."""

import json
from datetime import UTC, datetime

import pytest

from aqe.tests.e2e.cli_project import TIMEOUT_S, Project, wait_until

pytestmark = pytest.mark.xdist_group("cli-production-findings")
FEEDBACK = "aqe/production/feedback-loop"


def log_lines(count: int) -> str:
    """One bug, for so many users."""
    at = datetime.now(UTC).isoformat()
    lines = ({"timestamp": at, "level": "ERROR", "message": "no price", "user": f"u{n}"} for n in range(count))
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_what_was_found_is_ranked_and_limited(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In words and as JSON."""
    with Project.at(tmp_path_factory.mktemp("findings")) as project:
        project.ok("up", "--server-only")
        project.ok("import", project.write("app.jsonl", log_lines(12)))
        project.ok("production", "mine-errors")
        (insight,) = project.json("production", "insights", "--top", "1")
        assert (insight["capability"], insight["occurrences"]) == ("error-pattern-mining", 12)
        assert "12 errors" in project.ok("production", "insights")
        ranked = project.json("production", "generate-by-priority", "--top", "1")
        assert [(f["rank"], f["insight"]) for f in ranked["findings"]] == [(1, insight["id"])]
        assert "seen 12 times" in project.ok("production", "generate-by-priority", "--top", "5")


def test_a_loop_that_is_killed_is_gone_on_with(tmp_path_factory: pytest.TempPathFactory) -> None:
    """kill -9 at any point: no round is begun twice, no task done twice; SIGTERM ends it with 0."""
    with Project.at(tmp_path_factory.mktemp("loop")) as project:
        project.ok("up", "--server-only")
        project.ok("import", project.write("app.jsonl", log_lines(3)))
        killed = project.start("production", "feedback-loop", "--interval", "1h")
        wait_until(lambda: project.aqe("memory", "get", FEEDBACK).returncode == 0)
        killed.kill()
        killed.wait()
        once = ("production", "feedback-loop", "--once", "--auto-generate-tests")
        wait_until(lambda: project.aqe(*once).returncode == 0)
        assert list((project.folder / "aqe-findings").rglob("*insights*"))
        state = json.loads(project.ok("memory", "get", FEEDBACK))
        assert state["round"] in (1, 2) and all(run["status"] for run in state["runs"])
        again = project.start("production", "feedback-loop", "--interval", "1h")
        wait_until(lambda: json.loads(project.ok("memory", "get", FEEDBACK))["phase"] == "WAITING")
        again.terminate()
        out, err = again.communicate(timeout=TIMEOUT_S)
        assert again.returncode == 0, err
        assert "round" in out
