"""`aqe deploy report` and `checklist` as commands, in a git clone with files that are evidence."""

import json
from collections.abc import Iterator, Mapping

import pytest
from pydantic.alias_generators import to_camel

from aqe.core.records.report import Report
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import GOOD
from aqe.tests.clones import git
from aqe.tests.e2e.cli_project import Project
from aqe.tests.e2e.test_cli_commands import now
from aqe.tests.people import signing

pytestmark = pytest.mark.xdist_group("cli-reports")

CONFIG = """
on_call:
  primary: {name: Release engineer, contact: "#release"}
checklist:
  runbook: docs/{version}-rollback.md
  migrations: migrations.xml
"""
RUNBOOK = "# Rollback\n## Triggers\n## Steps\n## Verification\n## Contacts\n"
MIGRATIONS = '<testsuite name="m" tests="1"><testcase classname="m" name="test_down" time="0.1"/></testsuite>'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two tags; the second release has everything that a checklist can read from files, and was assessed."""
    with Project.at(tmp_path_factory.mktemp("reports")) as project:
        lead = {"roles": ["Team Lead"], "secret_hash": signing("lead").approver.secret_hash}
        project.write("aqe.yaml", f"{CONFIG}approvers: {json.dumps({'lead': lead})}\n")
        project.write("secret", "the secret of lead\n")
        project.write("wrong", "a guess\n")
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
        project.ok("up", "--server-only")
        put(project, {kind: metrics for kind, metrics in GOOD.items() if kind is not SignalKind.MUTATION})
        project.aqe("deploy", "assess", "--version", "v1.1.0")
        yield project


def put(project: Project, signals: Mapping[SignalKind, Mapping[str, object]]) -> None:
    """As another program would, over Redis."""
    release = {"version": "v1.1.0", "commit": git(project.folder, "rev-parse", "HEAD")}
    with project.redis() as client:
        client.fcall("aqe_store", 1, "aqe/releases/v1.1.0/release", json.dumps(release))
        for kind, metrics in signals.items():
            signal = {
                "kind": kind,
                "release": release,
                "measuredAt": now(),
                "tool": "a-tool",
                "metrics": {to_camel(name): value for name, value in metrics.items()},
            }
            client.fcall("aqe_store", 1, f"aqe/releases/v1.1.0/signals/{kind}", json.dumps(signal))


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


VOUCH = ("deploy", "attest", "--version", "v1.0.0", "--approver", "lead", "--justification", "seen")


def test_an_approver_vouches_with_evidence(project: Project) -> None:
    """The checklist reads ATTESTED, and the audit log knows."""
    project.write("alerts.png", b"a picture")
    said = project.ok(
        *VOUCH, "--item", "monitoring", "--evidence", "alerts.png", "--expires", "7d", "--secret-file", "secret"
    )
    assert said.startswith("ATTESTED monitoring of v1.0.0: attested by lead (alerts.png sha256:")
    items = {i["id"]: i for i in project.json("deploy", "checklist", "--version", "v1.0.0", "--no-files")["items"]}
    assert items["monitoring"]["status"] == "ATTESTED"
    (entry,) = [e for e in project.json("audit", "log") if e["action"] == "item:attested"]
    assert (entry["actor"], entry["subject"], entry["details"]["item"]) == ("lead", "v1.0.0", "monitoring")
    assert json.loads(project.ok("audit", "verify", "--json"))["intact"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--item", "unit-coverage", "--evidence", "aqe.yaml"], 2, "is measured by tools, nobody can vouch for it"),
        (["--item", "monitorng", "--evidence", "aqe.yaml"], 2, "did you mean 'monitoring'?"),
        (["--item", "gdpr", "--evidence", "none.pdf"], 2, "--evidence none.pdf: No such file"),
        (["--item", "gdpr", "--evidence", "ftp://example.org/x"], 2, "is no http(s) address"),
        (["--item", "gdpr", "--evidence", "https://u:p@example.org/x"], 2, "--evidence holds a password"),
        (["--item", "gdpr", "--evidence", "aqe.yaml", "--secret-file", "wrong"], 2, "this is not the secret of lead"),
    ],
)
def test_who_may_not_vouch_is_told_why(project: Project, arguments: list[str], code: int, said: str) -> None:
    """One line, and nothing is stored."""
    secret = [] if "--secret-file" in arguments else ["--secret-file", "secret"]
    done = project.aqe(*VOUCH, *arguments, *secret, "--expires", "7d")
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
    assert "attestations/gdpr" not in project.ok("memory", "ls", "aqe/releases/v1.0.0/*")
