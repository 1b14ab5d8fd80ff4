"""Real files of pipelines, deployments, reviews and tickets, where they lie beside the repository.

Expected values were taken from the files with jq and by hand, never by our code.
"""

from collections import Counter

import pytest

from aqe.connectors.formats.table import recognise
from aqe.core.records.bulk.incidents import OpsRow
from aqe.core.records.signals import Outcome, SignalKind

from .test_samples import FILES, SAMPLES, head_of, metrics, parse

CLAIMED = {
    "argo_rollouts/": "argo-rollouts",
    "bitbucket_deployments/": "bitbucket-deployments",
    "circleci/": "circleci",
    "github_actions/": "github-actions",
    "github_deployments/": "github-deployments",
    "github_pr/commits": "github-changes",
    "github_pr/pulls": "github-pulls",
    "github_pr/reviews": "github-reviews",
    "github_webhooks/check_run": "github-actions",
    "github_webhooks/deployment": "github-deployments",
    "github_webhooks/pull_request_0": "github-pulls",
    "github_webhooks/pull_request_review": "github-reviews",
    "github_webhooks/status": "github-actions",
    "github_webhooks/workflow": "github-actions",
    "gitlab_deployments/": "gitlab-deployments",
    "gitlab_mr/": "gitlab-merge-requests",
    "gitlab_pipelines/": "gitlab-ci",
    "jenkins/": "jenkins-builds",
    "jira/issues": "jira-issues",
    "launchdarkly/": "launchdarkly-flags",
    "servicenow/": "servicenow-change",
    "sonarqube/api_sonarqube__hotspots": "sonar-hotspots",
    "sonarqube/devlake_hotspots": "sonar-hotspots",
    "spinnaker/": "spinnaker",
}
"""How the path begins -> who claims it."""


def rows(name: str) -> list[OpsRow]:
    return parse(SAMPLES / name)[1]


def states(name: str) -> Counter[str | None]:
    return Counter(row.state for row in rows(name))


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(tuple(CLAIMED))])
def test_a_real_file_is_claimed_by_one_importer_and_read(name: str) -> None:
    """Recognised among all importers; rows, metrics or a reason come out."""
    assert recognise(head_of(SAMPLES / name)).name == next(
        one for start, one in CLAIMED.items() if name.startswith(start)
    )
    parsed, found = parse(SAMPLES / name)
    assert found or parsed.signals or parsed.reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github_actions/runs_a.json", {"success": 11, "failure": 1}),
        ("github_actions/jobs_a.json", {"success": 5, "cancelled": 6, "in_progress": 1}),
        ("gitlab_pipelines/pipelines_a.json", {"failed": 17, "running": 2, "success": 1}),
        ("circleci/pipelines.json", {"created": 9, "errored": 1}),
        # One of ten has no time.
        ("circleci/workflows.json", {"success": 4, "failed": 5}),
        ("jenkins/builds.json", {"SUCCESS": 10, "FAILURE": 1, "ABORTED": 1, "NOT_BUILD": 1, "UNSTABLE": 1}),
        ("bitbucket_deployments/deployments.json", {
            "COMPLETED": 15, "UNDEPLOYED": 4, "CANCELLED": 1, "FAILED": 1, "IN_PROGRESS": 1, "PENDING": 1,
            "ROLLED_BACK": 1, "STOPPED": 1, "SUCCESSFUL": 1, "UNKNOWN": 1,
        }),
        ("gitlab_deployments/deployments_a.json", {
            "success": 1, "completed": 1, "failed": 1, "canceled": 1, "created": 1, "running": 1,
        }),
        # Five were superseded; of one of them the statuses before that are there.
        ("github_deployments/graphql_deployments_a.json", {"success": 2, "inactive": 4}),
        ("spinnaker/executions.json", {"TERMINAL": 1, "SUCCEEDED": 1}),
    ],
)  # fmt: skip
def test_states(name: str, expected: dict[str, int]) -> None:
    """As many of each as were counted by hand."""
    assert states(name) == expected


def test_times_of_a_build_and_a_deployment() -> None:
    """1,587 ms; from the job's start to its end; a workflow that ended before it began has no end."""
    build = rows("jenkins/builds.json")[0]
    assert build.ended_at is not None
    assert (build.ended_at - build.at).total_seconds() == 1.587
    assert build.release == "0f886c74949c3ee7e489188911c7dc0c1d547418"
    deployed = rows("gitlab_deployments/deployments_a.json")[0]
    assert deployed.ended_at is not None
    assert deployed.ended_at.isoformat() == "2019-03-13T14:17:47.640000+00:00"
    assert (deployed.environment, deployed.release) == ("staging", "add237f6852e6108ee8e0246780a54ce909c6087")
    assert [row.ended_at for row in rows("circleci/workflows.json") if row.at.minute == 6] == [None]


def test_rollouts() -> None:
    """Aborted at a second; two without `phase`; the analysis that failed."""
    (aborted,) = rows("argo_rollouts/rollout-aborted_rollout.yaml")
    assert (aborted.state, aborted.at.isoformat()) == ("Aborted", "2020-09-22T09:10:05+00:00")
    assert aborted.release == "yellow"
    assert states("argo_rollouts/canary_canary-rollout.yaml") == {"ProgressDeadlineExceeded": 1}
    assert states("argo_rollouts/blue-green_bluegreen-rollout.yaml") == {"RolloutPaused": 1}
    (analysis,) = rows("argo_rollouts/rollout-aborted_analysisrun.yaml")
    assert (analysis.event, analysis.state, analysis.service) == ("event", "Failed", "rollout-background-analysis")


def test_webhooks() -> None:
    """A deployment that succeeded two seconds later; jobs and runs that have not ended."""
    (deployed,) = rows("github_webhooks/deployment_status_0.json")
    assert (deployed.state, deployed.environment, deployed.id) == ("success", "production", "145988746")
    assert deployed.ended_at is not None
    assert (deployed.ended_at - deployed.at).total_seconds() == 2
    assert [row.ended_at for row in rows("github_webhooks/workflow_job_0.json")] == [None]
    assert states("github_webhooks/check_run_0.json") == {"queued": 1}


def test_reviews_and_sizes() -> None:
    """Two pull requests with comments and nothing else; one line for one line; 29 commits, one of them twice."""
    assert metrics("github_pr/reviews_a.json", SignalKind.APPROVALS) == {"review_approvals": 0}
    assert metrics("github_webhooks/pull_request_review_0.json", SignalKind.APPROVALS) == {"review_approvals": 0}
    assert metrics("github_webhooks/pull_request_0.json", SignalKind.CHANGE_RISK) == {
        "lines_added": 1, "lines_deleted": 1, "files_changed": 1, "commits": 1,
    }  # fmt: skip
    assert metrics("github_pr/commits_a.json", SignalKind.CHANGE_RISK) == {"commits": 29}


def test_what_was_merged() -> None:
    """Six of ten pull requests, seven of eight merge requests."""
    assert len(rows("github_pr/pulls_a.json")) == 6
    assert len(rows("gitlab_mr/merge_requests.json")) == 7
    first = rows("gitlab_mr/merge_requests.json")[0]
    assert (first.event, first.name, first.at.isoformat()) == ("change", "!1", "2019-06-28T14:32:06.192000+00:00")


def test_tickets_flags_and_hotspots() -> None:
    """Requested; the only temporary flag is off; one HIGH and one MEDIUM to review; four to review, one found safe."""
    assert metrics("servicenow/change_request_raw_values.json", SignalKind.APPROVALS) == {"change_ticket": "pending"}
    assert metrics("launchdarkly/flags_list.json", SignalKind.OPERATIONS) == {"feature_flags_ready": True}
    found = metrics("sonarqube/api_sonarqube__hotspots__many_vulns.json", SignalKind.SECURITY)
    assert (found["high_vulnerabilities"], found["medium_vulnerabilities"]) == (1, 1)
    found = metrics("sonarqube/devlake_hotspots.json", SignalKind.SECURITY)
    assert (found["high_vulnerabilities"], found["medium_vulnerabilities"]) == (2, 2)


def test_stories_are_no_bugs() -> None:
    """Four stories, named in Chinese: whether there are bugs, the file does not say."""
    assert parse(SAMPLES / "jira/issues_a.json")[0].outcome is Outcome.NOT_MEASURED
