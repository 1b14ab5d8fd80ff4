"""The two jobs of a CI, on two machines: what the first one measured, the second one decides by."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_USAGE
from aqe.tests.e2e.cli_project import Project
from aqe.tests.e2e.test_cli_commands import SIGNALS
from aqe.tests.e2e.test_cli_readiness import put

pytestmark = pytest.mark.xdist_group("ci-jobs")
POLICY = """
deployment_gates:
  mandatory_gates:
    coverage: {min_line_coverage: 85, enforcement: BLOCKING}
not_applicable: [{metric: historicalStability, reason: first release}]
"""
ASSESS = ("deploy", "assess", "--version", "v1", "--json")
EXECUTE = ("deploy", "execute", "--version", "v1", "--strategy", "canary", "--canary", "5,25,50,100")


@pytest.fixture(scope="module")
def measuring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The first job, done: signals put, the release assessed."""
    with Project.at(tmp_path_factory.mktemp("measuring")) as project:
        checked_out(project)
        project.ok("up", "--server-only")
        put(project, "v1", SIGNALS)
        done = project.aqe(*ASSESS)
        assert json.loads(done.stdout)["verdict"] == "GO", done.stdout
        yield project


def checked_out(project: Project) -> None:
    """What both jobs have from the repository."""
    project.write("policy.yaml", POLICY)
    project.write("aqe.yaml", "policy: {file: policy.yaml}\n")


def test_two_jobs_that_share_a_server_decide_alike(measuring: Project, tmp_path: Path) -> None:
    with measuring.redis() as client:
        url = f"unix://{client.connection_pool.connection_kwargs['path']}"
    deploying = Project(tmp_path)
    checked_out(deploying)
    stored = measuring.ok("memory", "get", "aqe/deployment/decision")
    found = deploying.aqe("memory", "get", "aqe/deployment/decision", env={"AQE_REDIS_URL": url})
    assert (found.returncode, found.stdout) == (0, stored)
    assert deploying.aqe(*ASSESS, env={"AQE_REDIS_URL": url}).returncode == 0
    assert "targets" in deploying.aqe(*EXECUTE, env={"AQE_REDIS_URL": url}).stderr, "it is known, and may go"


def test_an_artifact_carries_the_release_to_the_second_job(measuring: Project, tmp_path: Path) -> None:
    measuring.ok("memory", "export", "release.aqe", "--release", "v1")
    with Project.at(tmp_path) as deploying:
        checked_out(deploying)
        deploying.ok("memory", "import", measuring.folder / "release.aqe")
        decided = json.loads(deploying.ok(*ASSESS))
        first = json.loads(measuring.ok("memory", "get", "aqe/releases/v1/decision"))
        same = ("decision", "risk", "policy", "gates")
        assert [decided[name] for name in same] == [first[name] for name in same]
        assert "targets" in deploying.aqe(*EXECUTE).stderr, "it is known, and may go"


def test_with_neither_the_second_job_says_what_is_missing(tmp_path: Path) -> None:
    """In one line, and a release that nobody measured here is no GO."""
    with Project.at(tmp_path) as deploying:
        checked_out(deploying)
        refused = deploying.aqe(*EXECUTE)
        assert refused.returncode == EXIT_USAGE
        assert "v1 has not been assessed" in refused.stderr
        assert "AQE_REDIS_URL" in refused.stderr and "aqe memory export" in refused.stderr
        assert "Traceback" not in refused.stderr
        decided = deploying.aqe(*ASSESS)
        assert (decided.returncode, json.loads(decided.stdout)["decision"]) == (EXIT_NO_GO, "INCONCLUSIVE")
