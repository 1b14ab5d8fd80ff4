"""`aqe deploy report` and `checklist` as commands, in a git clone with files that are evidence."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from aqe.core.records.report import Report
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import GOOD
from aqe.tests.e2e.cli_project import Project

CONFIG = """
on_call:
  primary: {name: Release engineer, contact: "#release"}
checklist:
  runbook: docs/{version}-rollback.md
  migrations: migrations.xml
"""
RUNBOOK = "# Rollback\n## Triggers\n## Steps\n## Verification\n## Contacts\n"
MIGRATIONS = '<testsuite name="m" tests="1"><testcase classname="m" name="test_down" time="0.1"/></testsuite>'


def git(folder: Path, *args: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two tags; the second release has everything that a checklist can read from files, and was assessed."""
    with Project.at(tmp_path_factory.mktemp("reports")) as project:
        project.write("aqe.yaml", CONFIG)
        git(project.folder, "init", "--quiet")
        for subject, tag in (("feat: first", "v1.0.0"), ("feat(cart): take vouchers", ""), ("fix!: round", "v1.1.0")):
            project.write(f"{subject[:4]}{tag}.py", "x = 1\n")
            git(project.folder, "add", "--all", "--", "*.py", "*.yaml")
            git(project.folder, "commit", "--quiet", "--message", subject)
            if tag:
                git(project.folder, "tag", tag)
        project.write("CHANGELOG.md", "# Changes\n\n## 1.1.0\n")
        project.write("docs/v1.1.0-rollback.md", RUNBOOK)
        project.write("migrations.xml", MIGRATIONS)
        for kind, metrics in GOOD.items():
            if kind is not SignalKind.MUTATION:
                put(project, kind, {to_camel(name): value for name, value in metrics.items()})
        project.aqe("deploy", "assess", "--version", "v1.1.0")
        yield project


def put(project: Project, kind: str, metrics: dict[str, object]) -> None:
    text = json.dumps({"metrics": metrics, "tool": "a-tool"})
    project.ok("signal", "put", kind, "-", "--release", "v1.1.0", stdin=text)


def test_a_report_goes_to_standard_output(project: Project) -> None:
    """Markdown for a comment; nothing else is printed there."""
    text = project.ok("deploy", "report", "--version", "v1.1.0", "--format", "executive-summary")
    assert text.startswith("# Deployment Readiness Report: v1.1.0\n")
    assert "INCONCLUSIVE" in text and "Release engineer" in text
    assert "## Checklist" not in text


def test_what_is_changing_comes_from_git(project: Project) -> None:
    """Conventional commits since the tag before."""
    report = Report.from_value(project.json("deploy", "report", "--version", "v1.1.0"), where="stdout")
    changes = json.loads(project.ok("memory", "get", "aqe/releases/v1.1.0/changes"))
    assert (changes["previous"], changes["features"], changes["fixes"], changes["breaking"]) == ("v1.0.0", 1, 1, 1)
    assert any(value.text == "take vouchers" for value in report.values())


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.html", b"<!doctype html>"), ("r.md", b"# Deployment"), ("r.pdf", b"%PDF-"), ("r.json", b"{")],
)
def test_the_extension_says_the_format(project: Project, name: str, begins: bytes) -> None:
    """And an older report of this name is replaced as a whole."""
    path = project.write(f"out/{name}", "old")
    assert project.ok("deploy", "report", "--version", "v1.1.0", "--output", path) == ""
    assert path.read_bytes().startswith(begins)
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--version", "v9"], "v9 has not been assessed"),
        (["--version", "v1.1.0", "--format", "pdf"], "pdf is not for a terminal"),
        (["--version", "v1.1.0", "--format", "word"], "'word' is not one of"),
        (["--version", "v1.1.0", "--output", "aqe.yaml/report.md"], "cannot write aqe.yaml/report.md"),
    ],
)
def test_a_report_that_cannot_be_made_is_one_line(project: Project, arguments: list[str], said: str) -> None:
    """Exit 2, no traceback."""
    done = project.aqe("deploy", "report", *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_files_are_evidence_of_the_checklist_and_of_the_gates(project: Project) -> None:
    """What was put whole before stays beside it."""
    done = project.aqe("deploy", "checklist", "--version", "v1.1.0", "--json")
    assert done.returncode == 0, done.stderr
    items = {item["id"]: item for item in json.loads(done.stdout)["items"]}
    assert {items[i]["status"] for i in ("migrations", "rollback-plan", "monitoring")} == {"PASSED"}
    assert "aqe checklist" in items["migrations"]["validatedBy"]
    assert "CHANGELOG.md: names v1.1.0" in done.stderr
    signal = project.json("signal", "show", "operations", "--release", "v1.1.0")
    assert len(signal["parts"]) == 4 and signal["metrics"]["featureFlagsReady"] is True


def test_a_promised_file_that_is_not_there_is_an_answer(project: Project) -> None:
    """No runbook of this version: not documented, whatever was put before."""
    runbook = project.folder / "docs" / "v1.1.0-rollback.md"
    runbook.unlink()
    try:
        items = {item["id"]: item for item in project.json("deploy", "checklist", "--version", "v1.1.0")["items"]}
        assert items["rollback-plan"]["status"] == "FAILED"
    finally:
        runbook.write_text(RUNBOOK)


def test_files_of_another_commit_are_not_looked_at(project: Project) -> None:
    """They say nothing about the release."""
    done = project.aqe("deploy", "checklist", "--version", "v1.0.0", "--json")
    assert "not looked at" in done.stderr
    assert {item["status"] for item in json.loads(done.stdout)["items"]} == {"NO_EVIDENCE"}


def test_a_checklist_prints_every_item_for_people(project: Project) -> None:
    """Sixteen, by category, with the status on top."""
    text = project.ok("deploy", "checklist", "--version", "v1.1.0", "--no-files")
    assert "Deployment checklist: v1.1.0" in text and "CODE QUALITY" in text
    assert text.count("(required)") + text.count("\n  - ") > 16
