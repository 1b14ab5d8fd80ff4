"""The first three use cases of deployment readiness as a user types them: a standard release, a hotfix, a blocked one.

The numbers are those of the signals that are put; what is printed is computed from them.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_OK, EXIT_USAGE
from aqe.tests.clones import git
from aqe.tests.e2e.cli_project import Project

pytestmark = pytest.mark.xdist_group("cli-readiness")

Signals = dict[str, dict[str, Any]]
POLICY = """\
deployment_gates:
  mandatory_gates:
    code_quality: {min_grade: B, max_critical_issues: 0, enforcement: BLOCKING}
    test_coverage: {min_line_coverage: 85, min_branch_coverage: 80, enforcement: BLOCKING}
    security: {max_critical_vulnerabilities: 0, max_high_vulnerabilities: 0, enforcement: BLOCKING}
    performance: {max_p95_latency_ms: 500, enforcement: WARNING}
    change_management: {change_ticket_approved: true, enforcement: BLOCKING}
rollback:
  triggers:
    error_rate_percent: {above: 1, for: 2m}
  steps:
    - {action: Empty the cache, command: redis-cli FLUSHDB, automatic: true}
"""
STANDARD: Signals = {
    "code-quality": {"grade": "A", "criticalIssues": 0, "majorIssues": 2, "complexityMean": 4, "duplicationPercent": 1,
                     "maintainabilityIndex": 60, "technicalDebtPercent": 2},
    "test-coverage": {"lineCoveragePercent": 87.2, "branchCoveragePercent": 82.4},
    "test-results": {"totalTests": 287, "failedTests": 0},
    "test-reliability": {"reliabilityPercent": 100},
    "mutation": {"mutationScorePercent": 90},
    "performance": {"p95LatencyMs": 487, "throughputRps": 1500, "errorRatePercent": 0.05, "cpuPercent": 40,
                    "memoryPercent": 40, "scalabilityPercent": 100},
    "security": {"criticalVulnerabilities": 0, "highVulnerabilities": 0, "mediumVulnerabilities": 3,
                 "unknownVulnerabilities": 0, "maxCvss": 5},
    "change-risk": {"linesAdded": 3421, "linesDeleted": 1287, "filesChanged": 142, "modulesAffected": 3,
                    "dependenciesChanged": 0, "servicesAffected": 1},
    "approvals": {"reviewApprovals": 3, "changeTicket": "pending"},
    "operations": {"featureFlagsReady": True, "rollbackPlanDocumented": True, "monitoringConfigured": True},
    "compliance": {"compliancePercent": 100},
    "production": {"severeAlerts": 0, "severeAnomalies": 0},
}  # fmt: skip
BAD: Signals = STANDARD | {
    "test-coverage": {"lineCoveragePercent": 67, "branchCoveragePercent": 82.4},
    "performance": {**STANDARD["performance"], "p95LatencyMs": 1234},
    "security": {**STANDARD["security"], "criticalVulnerabilities": 2},
    "approvals": {"reviewApprovals": 3, "changeTicket": "approved"},
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("readiness")) as project:
        project.write("aqe.yaml", "policy: {file: gates.yaml}\non_call: {primary: {contact: '#releases'}}\n")
        project.write("gates.yaml", POLICY)
        project.ok("up", "--server-only")
        yield project


@pytest.fixture
def project(shared: Project) -> Project:
    """An empty store, but for two successful deployments."""
    with shared.redis() as client:
        client.flushall()
        for version, days in (("v2.4.2", 20), ("v2.4.3", 9)):
            at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
            outcome = {"version": version, "deployedAt": at, "outcome": "success"}
            client.rpush("aqe/deployment/history", json.dumps(outcome))
    return shared


def put(project: Project, version: str, signals: Signals, *, by_command: bool = False) -> None:
    """The signals of a release; `aqe signal put` for each takes time, so most tests write as other programs do."""
    release = {"version": version, "commit": "a3f5c1e09b7d"}
    if not by_command:
        with project.redis() as client:
            for kind, metrics in signals.items():
                signal = {"kind": kind, "release": release, "tool": f"{kind}-tool", "metrics": metrics}
                text = json.dumps(signal | {"measuredAt": datetime.now(UTC).isoformat()})
                client.fcall("aqe_store", 1, f"aqe/releases/{version}/signals/{kind}", text)
            client.fcall("aqe_store", 1, f"aqe/releases/{version}/release", json.dumps(release))
        return
    for kind, metrics in signals.items():
        text = json.dumps({"metrics": metrics, "tool": f"{kind}-tool"})
        project.ok("signal", "put", kind, "-", "--release", version, "--commit", "a3f5c1e09b7d", stdin=text)


def assert_in_order(text: str, *patterns: str) -> None:
    """Each pattern is found after the one before it."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(text, at)
        assert found, f"{pattern!r} is not in what follows\n{text[at:]}"
        at = found.end()


def test_a_standard_release_waits_for_its_ticket_and_goes(project: Project) -> None:
    """Risk, confidence, recommendation; signals with their targets; the change; mitigation; what is outstanding."""
    put(project, "v2.5.0", STANDARD, by_command=True)
    done = project.aqe("deploy", "assess", "--version", "v2.5.0")
    assert done.returncode == EXIT_NO_GO
    assert_in_order(
        done.stdout,
        r"^Deployment readiness: v2\.5\.0$",
        r"^Decision: +PENDING_APPROVAL \(NO-GO\)$",
        r"^Because: +A change ticket is pending",
        r"^Overall risk: +LOW \(\d+(\.\d)? of 100; 100 % of the weight is measured",
        r"^Release confidence: ",
        r"^Recommendation: +wait for the people who have to decide$",
        r"^Quality signals:$",
        r"PASSED +Code quality: +grade A \(at least B\), critical issues 0 \(at most 0\), major issues 2$",
        r"PASSED +Test coverage: +line coverage 87\.2 % \(at least 85 %\), branch coverage 82\.4 % \(at least 80 %\)$",
        r"PASSED +Security: +critical vulnerabilities 0 \(at most 0\), high vulnerabilities 0 \(at most 0\)",
        r"PASSED +Performance: +p95 latency 487 ms \(at most 500 ms\)",
        r"^What changes:$",
        r"files changed 142, lines added 3421, lines deleted 1287$",
        r"^Risk mitigation:$",
        r"Change ticket: +change ticket pending$",
        r"Feature flags: +feature flags ready: yes$",
        r"Rollback plan: +rollback plan documented: yes$",
    )
    put(project, "v2.5.0", {"approvals": {"reviewApprovals": 3, "changeTicket": "approved"}})
    done = project.aqe("deploy", "assess", "--version", "v2.5.0")
    assert (done.returncode, "APPROVED (GO)" in done.stdout) == (EXIT_OK, True)
    risk = project.ok("deploy", "risk", "--version", "v2.5.0")
    assert_in_order(
        risk, r"^Overall risk: +LOW", r"^testCoverage", r"^  line_coverage +87\.2", r"^Would lower the risk"
    )


def test_a_hotfix_takes_the_fast_track_and_waits_for_an_emergency_approval(project: Project) -> None:
    """Fewer gates, each thing left out named with its reason; never a silent relaxation."""
    hotfix: Signals = {
        "test-results": {"totalTests": 12, "failedTests": 0},
        "test-coverage": {"lineCoveragePercent": 78, "branchCoveragePercent": 85},
        "security": STANDARD["security"],
        "change-risk": {"linesAdded": 20, "linesDeleted": 3, "filesChanged": 2, "modulesAffected": 1,
                        "dependenciesChanged": 0, "servicesAffected": 1},
        "approvals": {"reviewApprovals": 2},
        "operations": {"rollbackPlanDocumented": True, "featureFlagsReady": True},
    }  # fmt: skip
    put(project, "v2.4.4-hotfix", hotfix)
    flags = ("--version", "v2.4.4-hotfix", "--priority", "critical", "--fast-track")
    done = project.aqe("deploy", "assess", *flags)
    assert done.returncode == EXIT_NO_GO
    assert_in_order(
        done.stdout,
        r"^Emergency assessment, on the fast track, critical priority: v2\.4\.4-hotfix$",
        r"^Decision: +PENDING_APPROVAL \(NO-GO\)$",
        r"^Because: +The fast track needs an emergency approval",
        r"FAILED +Test coverage: +line coverage 78 % \(at least 85 %\)",
        r"PASSED +Tests: +total tests 12, failed tests 0 \(at most 0\)",
        r"Size: +files changed 2, lines added 20, lines deleted 3$",
        r"Reach: .*services affected 1",
        r"PASSED +Review: +review approvals 2 \(at least 2\)$",
        r"Rollback plan: +rollback plan documented: yes$",
        r"^Not applicable, by the policy \(\d\):$",
        r"performance: fast track: no time for a load test",
        r"blockers --version v2\.4\.4-hotfix --policy fast-track --detailed$",
    )
    assert "A BLOCKING gate" in project.aqe("deploy", "assess", "--version", "v2.4.4-hotfix").stdout


def test_a_failed_release_is_prevented(project: Project) -> None:
    """`assess`, `blockers --detailed`, `remediate --output`; after the repair it goes."""
    put(project, "v2.6.0", BAD)
    done = project.aqe("deploy", "assess", "--version", "v2.6.0")
    assert done.returncode == EXIT_NO_GO
    assert_in_order(
        done.stdout,
        r"^Decision: +BLOCKED \(NO-GO\)$",
        r"^Recommendation: +do not deploy$",
        r"FAILED +Test coverage: +line coverage 67 % \(at least 85 %\)",
        r"^Blocking \(2\):$",
        r"^  1\. test_coverage: line coverage 67 % < 85 %$",
        r"^  2\. security: critical vulnerabilities 2 > 0$",
        r"^Warnings \(\d\):$",
        r"^  - performance: p95 latency 1234 ms > 500 ms$",
        r"^Next steps \(2\):$",
    )
    blockers = project.aqe("deploy", "blockers", "--version", "v2.6.0", "--detailed")
    assert blockers.returncode == EXIT_NO_GO
    assert_in_order(
        blockers.stdout,
        r"^  2\. BLOCKED  security: critical vulnerabilities 2 > 0$",
        r"measured: 2, limit 0$",
        r"evidence: aqe/releases/v2\.6\.0/signals/security \[security-tool, .*, \d+(\.\d)? (s|min) old\]$",
        r"clears it: critical vulnerabilities 2 -> at most 0$",
        r"shows it: aqe import scan\.sarif --release v2\.6\.0$",
    )
    done = project.aqe("deploy", "remediate", "--version", "v2.6.0", "--output", "remediation-plan.md")
    assert done.returncode == EXIT_OK, done.stderr
    text = (project.folder / "remediation-plan.md").read_text()
    assert_in_order(
        text, "^# Remediation plan: v2", "^## Security", "^- Step 1: security", "^## Tests", "^## Afterwards"
    )
    stored = json.loads(project.ok("memory", "get", "aqe/deployment/remediation"))
    assert [phase["name"] for phase in stored["phases"]] == ["Security", "Tests"]
    put(project, "v2.6.0", STANDARD | {"approvals": {"changeTicket": "approved"}})
    assert project.aqe("deploy", "blockers", "--version", "v2.6.0").returncode == EXIT_OK


def test_two_releases_are_compared_and_a_decision_is_explained(project: Project) -> None:
    """In words and as JSON; a baseline that was never assessed is a mistake."""
    put(project, "v2.5.0", STANDARD)
    put(project, "v2.6.0", BAD)
    project.aqe("deploy", "assess", "--version", "v2.5.0")
    words = ("deploy", "compare", "--baseline", "v2.5.0", "--candidate", "v2.6.0")
    text = project.ok(*words)
    assert_in_order(
        text, r"^Decision +PENDING_APPROVAL \(NO-GO\) +BLOCKED", r"^line_coverage +87\.2 +67 +worse", "^Why:"
    )
    comparison = project.json(*words)
    gained = sum(m["pointsCandidate"] - m["pointsBaseline"] for m in comparison["metrics"])
    assert gained == pytest.approx(comparison["riskChange"])
    never = project.aqe("deploy", "compare", "--baseline", "v0", "--candidate", "v2.6.0")
    assert (never.returncode, "v0 has not been assessed" in never.stderr) == (EXIT_USAGE, True)
    why = project.json("deploy", "explain", "--version", "v2.6.0")
    assert why["why"].startswith("v2.6.0 is BLOCKED (NO-GO) at risk ")
    assert why["decision"]["blockers"] == [blocker["what"] for blocker in why["blockers"]["blockers"]]


def test_what_if_stores_nothing_and_says_nothing(project: Project) -> None:
    """The decision is marked; keys and streams are as before."""
    put(project, "v2.6.0", BAD)
    project.aqe("deploy", "assess", "--version", "v2.6.0")

    def world() -> tuple[Any, ...]:
        with project.redis() as client:
            keys = sorted(k for k in client.keys("aqe/*") if b"/tasks/" not in k and b"/agents/" not in k)
            texts = [client.get(key) for key in keys if client.type(key) == b"string"]
            return keys, texts, client.xlen("aqe:events:deployment-readiness:assessed"), client.llen("aqe/audit/log")

    before = world()
    project.write("if.yaml", "security: {criticalVulnerabilities: 0}\ntest-coverage: {lineCoveragePercent: 90}\n")
    done = project.aqe("deploy", "assess", "--version", "v2.6.0", "--what-if", "if.yaml", "--json")
    decision = json.loads(done.stdout)
    assert (done.returncode, decision["hypothetical"]) == (EXIT_OK, True)
    assert decision["decision"] == "APPROVED_WITH_WARNINGS"
    assert world() == before
    bad = project.aqe("deploy", "assess", "--version", "v2.6.0", "--what-if", "-", stdin="security: {maxCvs: 1}")
    assert (bad.returncode, "did you mean 'maxCvss'?" in bad.stderr) == (EXIT_USAGE, True)


def test_a_rollback_plan_flags_what_is_destructive(project: Project) -> None:
    """Migrations of the change in this clone, the policy's triggers and steps, whom to tell."""
    git(project.folder, "init", "-q")
    for version, name in (("v2.4.3", "readme.md"), ("v2.5.0", "migrations/7_price.sql")):
        project.write(name, "DROP TABLE prices;")
        git(project.folder, "add", name)
        git(project.folder, "commit", "-qm", version)
        git(project.folder, "tag", version)
    text = project.ok("deploy", "rollback-plan", "--version", "v2.5.0", "--strategy", "blue-green")
    assert_in_order(
        text,
        r"Return to: +v2\.4\.3$",
        r"Strategy: +blue-green$",
        r"Estimated time: +not measured: no rollback with its duration is recorded",
        r"^TRIGGERS$",
        r"error rate above 1 % for 2 min$",
        r"^STEPS$",
        r"pool that runs v2\.4\.3$",
        r"No way back is written for migrations/7_price\.sql",
        r"destructive, never automatic: only a backup has the old state: DROP TABLE prices",
        r"Empty the cache$",
        r"destructive, never automatic: FLUSHDB",
        r"^COMMUNICATION$",
        r"primary on call: #releases",
    )
    plan = project.json("deploy", "rollback-plan", "--version", "v2.5.0")
    assert plan == json.loads(project.ok("memory", "get", "aqe/rollback-plans/v2.5.0"))
    assert not any(step["automated"] for step in plan["steps"] if step["destructive"])


def test_a_no_go_stays_one_where_nobody_reads_it(project: Project) -> None:
    """Its reader has left (`| head` with pipefail), or its streams are closed: never an exit code of 0."""
    put(project, "v2.6.0", BAD)
    command = f'"{sys.executable}" -P -m aqe deploy'
    codes = subprocess.run(
        ["bash", "-c", f"{command} blockers --version v2.6.0 2>&1 | true; echo ${{PIPESTATUS[0]}}; "
                       f"{command} assess --version v2.6.0 --json <&- >&- 2>&-; echo $?"],
        cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert codes.split() == [str(EXIT_NO_GO)] * 2


def test_who_closed_standard_input_is_told_what_is_missing(project: Project) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -P -m aqe signal put mutation - --release v1 <&-'],
        cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "standard input" in done.stderr, "Traceback" in done.stderr) == (EXIT_USAGE, True, False)
