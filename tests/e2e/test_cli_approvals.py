"""People decide, as they type it: ask, grant, refuse, override, and what is said to those who may not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import EXIT_INTERRUPTED, EXIT_NO_GO, EXIT_OK, EXIT_USAGE
from aqe.tests.e2e.cli_project import Project
from aqe.tests.e2e.test_cli_commands import COMMIT, SIGNALS, now
from aqe.tests.people import ROLES, signing

pytestmark = pytest.mark.xdist_group("cli-approvals")
APPROVERS = json.dumps(
    {
        id: {"roles": roles, "emails": [f"{id}@example.org"], "secret_hash": signing(id).approver.secret_hash}
        for id, roles in ROLES.items()
    }
)
POLICY = """
deployment_gates:
  mandatory_gates:
    coverage: {min_line_coverage: 85, enforcement: BLOCKING}
gate_overrides: {enabled: true, requires_approval_from: [CTO]}
approvals: {required: true, people: 2}
not_applicable: [{metric: historicalStability, reason: first release}]
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("approvals")) as project:
        project.write("policy.yaml", POLICY)
        project.write("hot.yaml", "deployment_gates: {}\nnot_applicable: [{metric: historicalStability, reason: x}]\n")
        project.write("aqe.yaml", f"policy: {{file: policy.yaml, fast_track: hot.yaml}}\napprovers: {APPROVERS}\n")
        for id in ROLES:
            project.write(f"secret-{id}", f"the secret of {id}\n")
        project.ok("up", "--server-only")
        yield project


@pytest.fixture
def project(shared: Project) -> Project:
    """An empty store with a release that is good."""
    with shared.redis() as client:
        client.flushall()
    for kind, metrics in SIGNALS.items():
        put(shared, kind, metrics)
    return shared


def put(project: Project, kind: str, metrics: object) -> None:
    signal = {
        "kind": kind,
        "release": {"version": "v1", "commit": COMMIT},
        "measuredAt": now(),
        "tool": "a-test",
        "metrics": metrics,
    }
    release = {"version": "v1", "commit": COMMIT}
    with project.redis() as client:
        client.fcall("aqe_store", 1, f"aqe/releases/v1/signals/{kind}", json.dumps(signal))
        client.fcall("aqe_store", 1, "aqe/releases/v1/release", json.dumps(release))


def assess(project: Project, *more: str) -> tuple[str, int]:
    done = project.aqe("deploy", "assess", "--version", "v1", "--json", *more)
    return json.loads(done.stdout)["decision"], done.returncode


def person(id: str, why: str = "seen", secret: str | None = None) -> tuple[str, ...]:
    file = f"secret-{secret or id}"
    return ("--version", "v1", "--approver", id, "--justification", why, "--secret-file", file)


def test_two_people_approve_what_was_asked_for(project: Project) -> None:
    """From PENDING_APPROVAL to APPROVED; each step in the audit log; a worse signal voids it."""
    assert assess(project) == ("PENDING_APPROVAL", EXIT_NO_GO)
    assert "no approval was asked for" in project.ok("deploy", "approvals")
    idle = project.aqe("deploy", "approve-request", "--version", "v1", "--recipients", "vp", "--requester", "vp")
    assert (idle.returncode, "it takes somebody else to grant it" in idle.stderr) == (EXIT_USAGE, True)
    asked = project.aqe("deploy", "approve-request", "--version", "v1", "--recipients", "cto@example.org, vp")
    assert "waits for cto, vp" in asked.stdout
    assert "approval of v1 for production is asked for by" in asked.stderr
    (view,) = project.json("deploy", "approvals")
    assert (view["state"], view["detail"]) == ("pending", "0 of 2 approvals")
    assert "pending, 1 of 2 approvals; waits for vp" in project.ok("deploy", "approve", *person("cto"))
    assert assess(project) == ("PENDING_APPROVAL", EXIT_NO_GO)
    assert "granted, by cto, vp" in project.ok("deploy", "approve", *person("vp"))
    assert assess(project) == ("APPROVED", EXIT_OK)
    measured: Any = SIGNALS["performance"]
    put(project, "performance", {**measured, "p95LatencyMs": 300})
    assert assess(project) == ("PENDING_APPROVAL", EXIT_NO_GO)
    entries = project.json("audit", "log", "--subject", "v1")
    assert [entry["action"] for entry in entries if entry["action"] != "release:assessed"] == [
        "approval:requested",
        "approval:granted",
        "approval:granted",
    ]
    head = json.loads(project.ok("memory", "get", "aqe/deployment/decision"))["auditHead"]
    assert project.json("audit", "verify", "--head", head)["intact"]


def test_a_rejection_blocks_until_somebody_asks_again(project: Project) -> None:
    assess(project)
    project.ok("deploy", "approve-request", "--version", "v1")
    project.ok("deploy", "reject", *person("lead", "not before the audit"))
    assert assess(project) == ("BLOCKED", EXIT_NO_GO)
    again = project.aqe("deploy", "approve", *person("cto"))
    assert again.returncode == EXIT_USAGE
    assert "is refused: by lead: not before the audit" in again.stderr
    project.ok("deploy", "approve-request", "--version", "v1")
    assert assess(project) == ("PENDING_APPROVAL", EXIT_NO_GO)


def test_an_emergency_approval_lifts_what_failed_and_leaves_a_warning(project: Project) -> None:
    """And its author must be named in the policy."""
    put(project, "test-coverage", {"lineCoveragePercent": 80, "branchCoveragePercent": 80})
    assert assess(project) == ("BLOCKED", EXIT_NO_GO)
    refused = project.aqe("deploy", "emergency-approve", *person("lead"))
    assert refused.returncode == EXIT_USAGE
    assert "lead is not CTO, as the policy asks" in refused.stderr
    assert "overridden: coverage" in project.ok("deploy", "emergency-approve", *person("cto", "payments are down"))
    assert assess(project) == ("APPROVED_WITH_WARNINGS", EXIT_OK)
    assert assess(project, "--strict")[1] == EXIT_NO_GO


def test_an_override_names_what_it_lifts(project: Project) -> None:
    put(project, "test-coverage", {"lineCoveragePercent": 80, "branchCoveragePercent": 80})
    assess(project)
    wrong = project.aqe("deploy", "override", "--gate", "coverag", *person("cto"))
    assert wrong.returncode == EXIT_USAGE
    assert "'coverag' is no failed BLOCKING gate or veto of v1, did you mean 'coverage'?" in wrong.stderr
    project.ok("deploy", "override", "--gate", "coverage", *person("cto"))
    assert assess(project) == ("PENDING_APPROVAL", EXIT_NO_GO)


def test_the_fast_track_is_a_policy_of_its_own(project: Project) -> None:
    assert assess(project, "--fast-track", "--priority", "critical") == ("PENDING_APPROVAL", EXIT_NO_GO)
    both = project.aqe("deploy", "assess", "--version", "v1", "--fast-track", "--policy", "specification")
    assert (both.returncode, "--fast-track is a policy itself" in both.stderr) == (EXIT_USAGE, True)


MISTAKES = {
    "no approver": (("--version", "v1"), "--approver is missing"),
    "no justification": (("--version", "v1", "--approver", "cto"), "--justification is missing"),
    "a blank one": (("--version", "v1", "--approver", "cto", "--justification", " "), "--justification is empty"),
    "no secret": (("--version", "v1", "--approver", "cto", "--justification", "x"), "no secret is given"),
    "no such file": (person("cto", secret="nobody"), "--secret-file secret-nobody: No such file or directory"),
    "another's secret": (person("cto", secret="vp"), "this is not the secret of cto"),
    "unknown": (person("ctp", secret="cto"), "no approver 'ctp' in aqe.yaml, did you mean 'cto'?"),
    "not assessed": (person("cto"), "v1 has not been assessed"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_missing_or_wrong_is_one_line_that_names_it(project: Project, mistake: str) -> None:
    """Exit 2, and nothing is written but a refused secret."""
    arguments, said = MISTAKES[mistake]
    command = "emergency-approve" if mistake.startswith("no ") else "approve"
    done = project.aqe("deploy", command, *arguments)
    assert done.returncode == EXIT_USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_is_made_into_a_hash_that_aqe_yaml_takes(project: Project, tmp_path: Path) -> None:
    made = project.aqe("approver", "hash", env={"AQE_APPROVER_SECRET": "a long enough secret"})
    assert made.stdout.startswith("scrypt-ed25519$17$")
    assert "secret_hash:" in made.stderr
    short = project.aqe("approver", "hash", env={"AQE_APPROVER_SECRET": "short"})
    assert (short.returncode, "expected 12 or more" in short.stderr) == (EXIT_USAGE, True)
    assert [one["id"] for one in project.json("approver", "list")] == list(ROLES)
    assert "scrypt" not in project.ok("approver", "list", "--json")


def test_a_policy_is_made_the_fleets_and_a_gate_of_it_checked(project: Project) -> None:
    """Beside the file that aqe.yaml names, under a name of its own."""
    project.write("strict.yaml", POLICY.replace("85", "99").replace(" coverage:", " strict_coverage:"))
    configured = project.json("deploy", "configure-gates", "--config", "strict.yaml", "--name", "strict")
    assert (configured["name"], configured["gates"], configured["versions"]) == ("strict", ["strict_coverage"], 1)
    hidden = project.aqe("deploy", "configure-gates", "--config", "strict.yaml")
    assert (hidden.returncode, "policy.yaml, which goes before it" in hidden.stderr) == (EXIT_OK, True)
    assert "version 1, " in hidden.stdout and "gates: strict_coverage" in hidden.stdout, (
        "what was stored, not what is in force"
    )
    assert {one["name"] for one in project.json("deploy", "policies")} == {
        "default",
        "specification",
        "fast-track",
        "strict",
    }
    gate = ("deploy", "check-gate", "--version", "v1", "--policy", "strict", "--gate")
    assert project.aqe(*gate, "strict_coverage").returncode == EXIT_NO_GO
    typo = project.aqe(*gate, "strict_coverag")
    assert (typo.returncode, "did you mean 'strict_coverage'?" in typo.stderr) == (EXIT_USAGE, True)
    project.write("bad.yaml", POLICY.replace("BLOCKING", "BLOKING"))
    bad = project.aqe("deploy", "configure-gates", "--config", "bad.yaml")
    assert (bad.returncode, "bad.yaml:4: enforcement of coverage is 'BLOKING'" in bad.stderr) == (EXIT_USAGE, True)


def test_a_release_judged_by_a_policy_no_longer_in_force_is_listed_as_lapsed(project: Project) -> None:
    """One such release must not hide what waits for whom in the others."""
    assess(project)
    project.ok("deploy", "approve-request", "--version", "v1")
    project.write("policy.yaml", f"{POLICY}# edited\n")
    try:
        (listed,) = json.loads(project.ok("deploy", "approvals", "--json"))
    finally:
        project.write("policy.yaml", POLICY)
    assert listed["state"] == "lapsed" and "no longer in force" in listed["detail"]


def test_what_is_missing_is_asked_for_on_a_terminal(project: Project) -> None:
    """Who, why, and the secret, which is not shown; the same is decided as with flags."""
    assess(project)
    project.ok("deploy", "approve-request", "--version", "v1")
    answers = [("Approver: ", "cto\n"), ("Why: ", "load test seen\n"), ("Secret: ", "the secret of cto\n")]
    shown, code = project.on_a_terminal("deploy", "approve", "--version", "v1", answers=answers)
    assert (code, shown.splitlines()[-2:]) == (
        EXIT_OK,
        [
            "v1 for production: pending, 1 of 2 approvals; waits for vp, lead, author",
            "what that comes to: aqe deploy assess --version v1",
        ],
    )
    assert "load test seen" in shown
    assert "the secret" not in shown
    (entry,) = [e for e in project.json("audit", "log", "--subject", "v1") if e["action"] == "approval:granted"]
    assert (entry["actor"], entry["details"]["justification"]) == ("cto", "load test seen")


def test_who_leaves_at_a_question_has_decided_nothing(project: Project) -> None:
    """By Ctrl-C, by Ctrl-D, or with a blank for a reason."""
    assess(project)
    project.ok("deploy", "approve-request", "--version", "v1")
    for answers, expected, line in (
        ([("Approver: ", "\x03")], EXIT_INTERRUPTED, "aqe: interrupted"),
        ([("Approver: ", "cto\n"), ("Why: ", "\x04")], EXIT_INTERRUPTED, "aqe: interrupted"),
        ([("Approver: ", "cto\n"), ("Why: ", "  \n")], EXIT_USAGE, "aqe: --justification is empty"),
    ):
        shown, code = project.on_a_terminal("deploy", "approve", "--version", "v1", answers=answers)
        assert (code, line in shown) == (expected, True), shown
    (view,) = project.json("deploy", "approvals")
    assert view["detail"] == "0 of 2 approvals"
