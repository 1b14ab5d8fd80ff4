"""A release in two "regions" on real parts: two HAProxies under load, one Prometheus, one coordinator."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aqe.benchmarks.rollouts.regions_site import regions_site
from aqe.benchmarks.rollouts.site import Site
from aqe.tests.e2e.cli_project import Project
from aqe.tests.e2e.test_cli_readiness import POLICY, put
from aqe.tests.e2e.test_rollout import READY, end, wait_for
from aqe.tests.servers import require

pytestmark = pytest.mark.xdist_group("rollout")
NAMES = ("us-east", "eu-west")


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, dict[str, Site]]]:
    """A project with a policy, and its regions under load."""
    folder = tmp_path_factory.mktemp("regions")
    programs = (require("haproxy"), require("prometheus"))
    with regions_site(folder, programs, regions=NAMES, rps=40) as sites, Project.at(folder) as project:
        (folder / "policy.yaml").write_text(POLICY)
        (folder / "aqe.yaml").write_text((folder / "aqe.yaml").read_text() + "policy: {file: policy.yaml}\n")
        project.ok("up", "--server-only")
        yield project, sites


def test_a_release_that_fails_in_one_region_too_many_is_taken_back_in_all(
    running: tuple[Project, dict[str, Site]],
) -> None:
    project, sites = running
    with project.redis() as client:
        for version, days in (("v0", 20), ("v1", 9)):
            at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
            outcome = {"version": version, "deployedAt": at, "outcome": "success"}
            client.rpush("aqe/deployment/history", json.dumps(outcome))
    put(project, "v2", READY)
    plan = ("deploy", "plan-regions", "--version", "v2", "--strategy", "all-at-once", "--max-failed", "0")
    project.ok(*plan, "--stage-time", "60s")
    refused = project.aqe("deploy", "execute-multi-region", "--version", "v2")
    assert refused.returncode == 2, "it was not assessed"
    assessed = project.json("deploy", "assess-multi-region", "--version", "v2", "--regions", ",".join(NAMES))
    assert [one["own"]["history"]["status"] for one in assessed["regions"]] == ["NOT_MEASURED", "NOT_MEASURED"]
    execute = project.start("deploy", "execute-multi-region", "--version", "v2")
    wait_for(lambda: all(site.percent() == 25 for site in sites.values()))
    sites["eu-west"].canary.error_share = 0.3
    wait_for(lambda: all(site.percent() == 0 for site in sites.values()))
    code, said = end(execute)
    assert (code, "1 failed (eu-west), at most 0 may" in said) == (1, True), said
    status = project.aqe("deploy", "multi-region", "--version", "v2")
    assert (status.returncode, "ROLLED_BACK" in status.stdout, "FAILED" in status.stdout) == (1, True, True)
    ended = [
        (d["region"], d["outcome"]) for d in project.json("deploy", "history")["deployments"] if d["version"] == "v2"
    ]
    assert sorted(ended, key=str) == [("eu-west", "rolled_back"), ("us-east", "rolled_back"), (None, "rolled_back")]
    for command in ("validate", "simulate"):
        unknown = project.aqe("deploy", command, "--version", "v2", "--region", "mars")
        assert (unknown.returncode, "known: us-east, eu-west" in unknown.stderr) == (2, True), unknown.stderr
    here = project.aqe("deploy", "validate", "--version", "v2", "--region", "us-east", "--duration", "1s")
    assert "v2 in production, us-east: " in here.stdout, here.stdout
