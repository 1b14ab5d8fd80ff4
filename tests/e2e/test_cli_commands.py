"""The commands as a user types them, without a fleet: work is done in the command's own process."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_OK, EXIT_USAGE
from aqe.tests.clones import git
from aqe.tests.e2e.cli_project import TIMEOUT_S, Project, junit, wait_until

pytestmark = pytest.mark.xdist_group("cli-commands")

SIGNALS: dict[str, dict[str, Any]] = {
    "code-quality": {"grade": "A", "criticalIssues": 0, "codeSmells": 3, "complexityMean": 4, "duplicationPercent": 1,
                     "maintainabilityIndex": 60, "technicalDebtPercent": 2},
    "test-coverage": {"lineCoveragePercent": 95, "branchCoveragePercent": 95},
    "test-results": {"totalTests": 100, "passedTests": 100, "failedTests": 0},
    "test-reliability": {"reliabilityPercent": 100},
    "mutation": {"mutationScorePercent": 95},
    "performance": {"p95LatencyMs": 200, "throughputRps": 1500, "errorRatePercent": 0, "cpuPercent": 40,
                    "memoryPercent": 40, "scalabilityPercent": 100},
    "security": {"criticalVulnerabilities": 0, "highVulnerabilities": 0, "mediumVulnerabilities": 0,
                 "unknownVulnerabilities": 0, "maxCvss": 0},
    "change-risk": {"linesAdded": 10, "linesDeleted": 1, "filesChanged": 2, "modulesAffected": 1,
                    "dependenciesChanged": 0, "servicesAffected": 1},
    "approvals": {"productManagerApproval": True, "stakeholderSignoff": True},
    "operations": {"changelogUpdated": True, "apiDocsCurrent": True},
    "compliance": {"compliancePercent": 100},
}  # fmt: skip
"""A signal of every kind that the default policy asks for; no deployment history."""
COMMIT = "a3f5c1e09b7d"


def now() -> str:
    return datetime.now(UTC).isoformat()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("cli")) as project:
        project.ok("up", "--server-only")
        yield project


@pytest.fixture
def project(shared: Project) -> Project:
    """An empty store."""
    with shared.redis() as client:
        client.flushall()
    return shared


def test_an_empty_store_is_inconclusive_as_ci_asks(project: Project) -> None:
    """`assess --format json > f; jq -r .decision f`, exit 1; stdout holds the JSON and nothing else."""
    done = project.aqe("deploy", "assess", "--version", "v1", "--format", "json")
    assert done.returncode == EXIT_NO_GO
    file = project.write("readiness.json", done.stdout)
    jq = shutil.which("jq")
    said = json.loads(done.stdout)["decision"]
    if jq is not None:
        said = subprocess.run([jq, "-r", ".decision", file], capture_output=True, text=True, check=True).stdout.strip()
    assert said == "INCONCLUSIVE"
    assert "no fleet runs" in done.stderr


def test_what_assess_prints_is_what_stands_in_memory_byte_for_byte(project: Project) -> None:
    """In `memory get` and for any Redis client."""
    printed = project.aqe("deploy", "assess", "--version", "v1", "--json").stdout
    assert project.ok("memory", "get", "aqe/deployment/decision") == printed
    with project.redis() as client:
        assert client.get("aqe/deployment/decision") == printed.removesuffix("\n").encode()


def test_signals_that_were_put_decide(project: Project) -> None:
    """Short from standard input, whole from a file, by another program; one that gets worse blocks the release."""
    for kind, metrics in SIGNALS.items():
        signal = {"kind": kind, "release": {"version": "v1", "commit": COMMIT}, "tool": "a-tool", "metrics": metrics}
        with project.redis() as client:
            text = json.dumps(signal | {"measuredAt": now()})
            client.fcall("aqe_store", 1, f"aqe/releases/v1/signals/{kind}", text)
    short = json.dumps({"metrics": {"mutationScorePercent": 91.5}, "tool": "mutmut"})
    project.ok("signal", "put", "mutation", "-", "--release", "v1", "--commit", COMMIT, stdin=short)
    decision = json.loads(project.aqe("deploy", "assess", "--version", "v1", "--json").stdout)
    assert decision["blockers"] == [] and not any("gate" in line for line in decision["missingEvidence"])
    assert len(project.json("signal", "list", "--release", "v1")) == len(SIGNALS)
    assert [signal["kind"] for signal in project.json("signal", "list")] == ["mutation"], "the latest of every kind"

    signal = project.json("signal", "show", "security", "--release", "v1")
    signal["metrics"]["criticalVulnerabilities"] = 1
    project.write("security.json", json.dumps(signal))
    project.ok("signal", "put", "security", "security.json")
    done = project.aqe("deploy", "assess", "--version", "v1")
    assert done.returncode == EXIT_NO_GO
    assert "security: critical vulnerabilities 1 > 0" in done.stdout
    assert re.search(r"PASSED +mutation score 91.5 % >= 75 %  \[mutmut, ", done.stdout)
    (release,) = project.json("release", "list")
    assert (release["release"]["commit"], release["decision"]) == (COMMIT, "BLOCKED")


def test_risk_and_single_gates_are_told_too(project: Project) -> None:
    """A gate without evidence has not passed."""
    assert "vulnerability_count" in project.ok("deploy", "risk-score", "--version", "v1")
    done = project.aqe("deploy", "check-gate", "--version", "v1", "--gate", "security")
    assert done.returncode == EXIT_NO_GO
    assert "max_critical_vulnerabilities has no evidence" in done.stdout


def test_an_import_says_what_each_file_gave_and_what_is_missing(project: Project) -> None:
    """Files, a quoted glob and standard input."""
    for name in ("one", "two"):
        project.write(f"reports/{name}.xml", junit(name))
    done = project.aqe("import", "reports/**/*.xml", "-", "--release", "v1", stdin=junit("three"))
    assert done.returncode == EXIT_OK, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        [name, "junit-xml", "value", "test-results"]
        for name in ("reports/one.xml", "reports/two.xml", "standard-input")
    ]
    assert "      BLOCKING gate test_coverage: min_line_coverage, min_branch_coverage" in lines


def test_a_folder_is_imported_and_what_nobody_reads_is_named(project: Project) -> None:
    """It does not fail for a picture beside the reports; a folder of pictures does."""
    for name, text in (("junit.xml", junit("one")), ("index.html", "<!DOCTYPE html>"), ("node_modules/x.xml", "?")):
        project.write(f"artifacts/{name}", text)
    done = project.aqe("import", "artifacts", "--release", "v1")
    assert done.returncode == EXIT_OK, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["artifacts/junit.xml", "junit-xml", "value", "test-results"]
    assert "  artifacts/index.html: it is an HTML page, which has no importer" in lines
    assert "node_modules" not in done.stdout

    project.write("pages/index.html", "<!DOCTYPE html>")
    done = project.aqe("import", "pages", "--release", "v1")
    assert done.returncode == EXIT_USAGE
    assert "none of the files has an importer" in done.stderr


def test_a_dry_run_stores_nothing(project: Project) -> None:
    """It reads and reports."""
    project.write("good.xml", junit())
    report = project.json("import", "good.xml", "--release", "v1", "--dry-run")
    assert report["files"][0]["outcome"] == "value"
    assert project.ok("memory", "ls") == ""


def test_formats_are_listed_with_how_to_get_them(project: Project) -> None:
    """Without a server's help."""
    assert {"junit-xml", "sarif"} <= {entry["name"] for entry in project.json("import", "formats")}
    assert project.ok("import", "formats") == project.ok("import", "--list-formats")


def test_the_release_of_a_clone_is_its_tag_and_head(tmp_path: Path, project: Project) -> None:
    """And the command says what it took; a tag that is given brings its own commit."""
    project.write("good.xml", junit())
    project.write(".gitignore", "*\n!good.xml\n")

    run = partial(git, project.folder)
    try:
        run("init", "--quiet")
        run("add", "good.xml")
        run("commit", "--quiet", "--message", "one")
        run("tag", "team/v1.0.0")
        head = run("rev-parse", "HEAD")
        done = project.aqe("import", "good.xml")
        assert "release: team-v1.0.0 (git describe)" in done.stderr
        assert f"commit: {head[:12]} (HEAD of this git clone)" in done.stderr
        run("tag", "v0.9.0")
        run("commit", "--quiet", "--allow-empty", "--message", "two")
        done = project.aqe("import", "good.xml", "--release", "v0.9.0")
        assert f"commit: {head[:12]} (tag v0.9.0)" in done.stderr
        assert project.json("release", "show", "v0.9.0")["release"]["commit"] == head
    finally:
        shutil.rmtree(project.folder / ".git")


def test_values_come_back_as_they_were_stored(project: Project) -> None:
    """set, get, ls, rm, metadata, expiry, and another program's bare SET."""
    project.ok("memory", "set", "team/note", '{"b": [1, 2.50], "a": "ü"}', "--ttl", "1h")
    assert project.ok("memory", "get", "team/note") == '{"b":[1,2.5],"a":"ü"}\n'
    meta = json.loads(project.ok("memory", "get", "team/note", "--meta"))
    assert (meta["version"], meta["value"]["a"], meta["updatedBy"][:4]) == (1, "ü", "cli-")
    with project.redis() as client:
        assert 3500 < client.ttl("team/note") <= 3600
        client.set("aqe/theirs", '{ "kept":  "as it is" }')
        client.set("aqe/odd", b'"\xff"')
    project.ok("memory", "set", "team/other", "-", stdin="[1]")
    project.ok("memory", "set", "team/other", "-1")
    assert project.ok("memory", "ls", "team/*").split() == ["team/note", "team/other"]
    assert project.ok("memory", "get", "aqe/theirs") == '{ "kept":  "as it is" }\n'
    assert "2 added, 0 removed" in project.ok("memory", "reindex")
    assert project.json("memory", "ls", "aqe/*") == ["aqe/odd", "aqe/theirs"]
    project.ok("memory", "rm", "team/note")
    assert project.aqe("memory", "get", "team/note").returncode == EXIT_USAGE


def test_events_are_told_in_order_and_bad_entries_do_not_stop_it(project: Project) -> None:
    """One CloudEvent a line with --json; what cannot be read is named on stderr."""
    project.aqe("deploy", "assess", "--version", "v1")
    with project.redis() as client:
        client.xadd("aqe:events:task:started", {"nothing": "of ours"})
        client.xadd("aqe:events:task:started", {"id": "x", "type": "t:x", "source": "s", "time": "now", "data": "{"})
    project.aqe("deploy", "assess", "--version", "v2")
    done = project.aqe("events", "tail", "--no-follow", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["subject"] for e in events if e["type"] == "deployment-readiness:assessed"] == ["v1", "v2"]
    assert [e["streamid"] for e in events] == sorted(e["streamid"] for e in events)
    assert events[0]["specversion"] == "1.0"
    assert done.stderr.count("cannot be read: aqe:events:task:started") == 2
    text = project.ok("events", "tail", "deployment-readiness:*", "--from", "0", "--limit", "1")
    assert "  deployment-readiness:assessed  v1  " in text and "decision=INCONCLUSIVE" in text
    last = events[-1]["streamid"]
    assert project.ok("events", "tail", "--from", last, "--no-follow") == ""
    assert {"task:started", "task:completed"} <= {
        line.split()[0] for line in project.ok("events", "types").splitlines()
    }


def test_tail_follows(project: Project) -> None:
    """An event that is published while it waits; Ctrl-C or --limit ends it."""
    with project.start("events", "tail", "team:*", "--from", "0", "--limit", "1") as tail:
        fields = {"id": "1", "type": "team:met", "source": "us", "time": "2026-01-10T12:00:00Z", "data": '"\\u001b[2J"'}
        with project.redis() as client:
            client.sadd("aqe:events", "team:met")
            client.xadd("aqe:events:team:met", fields)
        out, _ = tail.communicate(timeout=TIMEOUT_S)
    assert "team:met" in out and "\x1b" not in out


def test_a_reader_that_leaves_is_no_error(project: Project) -> None:
    """`aqe events tail | head -1`."""
    project.aqe("deploy", "assess", "--version", "v1")
    with project.start("events", "tail", "--from", "0") as tail:
        assert tail.stdout is not None and tail.stderr is not None
        tail.stdout.readline()
        tail.stdout.close()
        with project.redis() as client:
            for _ in range(3):
                client.xadd(
                    "aqe:events:task:started", {"id": "x", "type": "t:x", "source": "s", "time": "n", "data": "1"}
                )
        assert tail.wait(timeout=TIMEOUT_S) == EXIT_OK
        assert tail.stderr.read() == ""


def test_a_task_is_done_in_this_process_and_stays_listed(project: Project) -> None:
    """dispatch --wait prints its result."""
    result = project.ok(
        "fleet", "dispatch", "risk-score", "--payload", '{"version": "v1"}', "--wait", "--deadline", "10m"
    )
    assert json.loads(result)["risk"] == 100
    (task,) = project.json("task", "list", "--status", "completed")
    assert "risk-score" in project.ok("task", "show", task["id"])
    assert project.aqe("task", "cancel", task["id"]).returncode == EXIT_USAGE
    done = project.aqe("fleet", "dispatch", "risk-score", "--wait")
    assert done.returncode == EXIT_NO_GO
    assert "needs a version in its payload" in done.stderr


def test_a_waiting_task_can_be_cancelled(project: Project) -> None:
    """A commander queues it; no agent is there to take it."""
    task_id = project.ok("fleet", "dispatch", "risk-score", "--payload", '{"version": "v1"}').strip()
    with project.start("fleet", "run", "commander", "--follow-parent") as commander:
        with project.redis() as client:
            wait_until(lambda: client.exists(f"aqe/fleet/tasks/{task_id}"))
        assert [task["id"] for task in project.json("task", "list", "--status", "queued")] == [task_id]
        project.ok("task", "cancel", task_id)
        commander.communicate(timeout=TIMEOUT_S)
    assert project.json("task", "show", task_id)["status"] == "cancelled"


LOG_LINE = (
    '{"timestamp": "%s", "level": "error", "event": "request failed", "method": "GET", "path": "/api/products/7",'
    ' "status": 500, "exception": "Traceback (most recent call last):\\n  File \\"/srv/shop/pricing.py\\", line 3, in'
    " price_of\\n    return product['price']\\nKeyError: 'price'\"}\n"
)


def test_errors_are_mined_and_become_tests_that_are_never_overwritten(project: Project) -> None:
    """The same text again is fine; a file that was changed is left alone, exit 2."""
    project.write("app.jsonl", LOG_LINE % now() * 6)
    project.ok("import", "app.jsonl", "--release", "v1")
    mine = ("production", "mine-errors", "--release", "v1")
    assert re.search(r"KeyError: 'price' +\S*pricing\.py in price_of +GET /api/products/7", project.ok(*mine))
    generate = (*mine, "--generate", "--output", "generated")
    project.ok(*generate)
    (test,) = (project.folder / "generated").glob("test_*.py")
    project.ok(*generate)
    test.write_text("# mine now\n")
    done = project.aqe(*generate)
    assert done.returncode == EXIT_USAGE
    assert "is there and differs" in done.stderr
    assert test.read_text() == "# mine now\n"


def test_schemas_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    """One file for every event, key and kind."""
    project = Project(tmp_path)
    project.ok("schema", "export", "a")
    project.ok("schema", "export", "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.json"))
    assert Path("events/deployment-readiness.assessed.json") in files
    assert Path("memory/aqe.deployment.decision.json") in files
    assert Path("metrics/performance.json") in files
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_init_writes_once_and_shows_where_to_go(tmp_path: Path) -> None:
    """What is there stays; the configuration it wrote is in force."""
    project = Project(tmp_path)
    project.write("reports/junit.xml", junit())
    done = project.aqe("init")
    assert done.stdout.splitlines()[0] == "Next:" and "aqe import reports/junit.xml" in done.stdout
    project.write("aqe.yaml", "policy: {file: aqe-policy.yaml}\n")
    assert "left alone" in project.aqe("init").stderr
    assert (tmp_path / "aqe.yaml").read_text() == "policy: {file: aqe-policy.yaml}\n"
    assert project.ok("config", "check").endswith("aqe.yaml: ok\n")
    shown = {line["key"]: line for line in project.json("config", "show")}
    assert shown["policy.file"]["origin"] == "aqe.yaml:1"
    assert shown["fleet.log_level"]["origin"] == "default"
