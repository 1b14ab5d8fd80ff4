"""Runs of CI and deployments: constructed after the documentation of each platform's API."""

from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.bulk.incidents import OpsRow
from aqe.core.records.signals import Outcome

from .reading import claimed_by, metrics, outcome, read

SHA = "3f1d2c4b5a69788796a5b4c3d2e1f00112233445"
RUN = {"id": 1, "name": "tests", "head_sha": SHA, "run_number": 4, "status": "completed", "conclusion": "failure",
       "created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T08:01:00Z"}  # fmt: skip


def rows(name: str, content: object) -> list[OpsRow]:
    return list(read(name, content).rows or ())  # type: ignore[arg-type]


def facts(name: str, content: object) -> list[tuple[Any, ...]]:
    return [(row.event, row.state, row.release) for row in rows(name, content)]


@pytest.mark.parametrize(
    "content",
    [RUN, [RUN], {"total_count": 1, "workflow_runs": [RUN]}, {"action": "completed", "workflow_run": RUN},
     [[RUN]], [{"total_count": 1, "workflow_runs": [RUN]}]],
    ids=["one", "a list", "a page", "a webhook", "slurped lists", "slurped pages"],
)  # fmt: skip
def test_a_run_is_read_however_it_was_fetched(content: object) -> None:
    assert claimed_by(content) == "github-actions"
    assert facts("github-actions", content) == [("ci-run", "failure", SHA)]


def test_what_gh_lists_is_read() -> None:
    """camelCase; a run that goes on has no end."""
    listed = [{"databaseId": 7, "headSha": SHA, "status": "in_progress", "conclusion": "", "workflowName": "tests",
               "createdAt": "2026-03-02T08:00:00Z", "updatedAt": "2026-03-02T08:01:00Z"}]  # fmt: skip
    assert claimed_by(listed) == "github-actions"
    (row,) = rows("github-actions", listed)
    assert (row.state, row.name, row.ended_at, row.id) == ("in_progress", "tests", None, "7")


def test_an_error_instead_of_a_page_is_the_platforms_failure() -> None:
    """A token that has expired is no measurement of nothing."""
    assert outcome("github-actions", {"message": "Bad credentials", "documentation_url": "x"}) is Outcome.TOOL_FAILED
    assert outcome("gitlab-ci", {"message": "401 Unauthorized"}) is Outcome.TOOL_FAILED
    assert outcome("github-deployments", {"message": "Not Found"}) is Outcome.TOOL_FAILED
    assert outcome("github-actions", {"total_count": 0, "workflow_runs": []}) is Outcome.NOT_MEASURED


def test_a_running_jenkins_build_has_no_result_and_no_end() -> None:
    """`result` is null while it builds, whatever `duration` says."""
    (row,) = rows("jenkins-builds", {"number": 3, "timestamp": 1772438400000, "result": None, "duration": 0})
    assert (row.state, row.ended_at) == ("RUNNING", None)


def test_a_status_without_time_leaves_no_deployment_behind() -> None:
    """Nothing is known of its deployment."""
    with pytest.raises(InputError, match="no time of a status"):
        rows("github-deployments", [{"state": "success", "deployment_url": "x/deployments/8"}])


def test_a_superseded_deployment_keeps_how_it_ended() -> None:
    """`inactive` after `success` is a success; its statuses may come in any order and before it."""
    url = "https://api.github.com/repos/acme/shop/deployments/8"
    deployment = {"id": 8, "sha": SHA, "statuses_url": f"{url}/statuses", "environment": "production",
                  "created_at": "2026-03-02T10:00:00Z"}  # fmt: skip
    statuses = [
        {"state": state, "created_at": f"2026-03-02T10:0{minute}:00Z", "deployment_url": url}
        for minute, state in ((9, "inactive"), (4, "success"), (1, "in_progress"))
    ]
    (row,) = rows("github-deployments", [*statuses, deployment])
    assert (row.state, row.environment, str(row.ended_at)) == ("success", "production", "2026-03-02 10:04:00+00:00")
    assert facts("github-deployments", [deployment]) == [("deployment", None, SHA)]


def test_an_application_that_failed_to_sync_is_a_deployment_beside_its_history() -> None:
    """The history has only what succeeded."""
    meta = {"name": "shop", "uid": "u"}
    status = {
        "history": [{"id": 1, "revision": SHA, "deployedAt": "2026-03-01T10:00:00Z"}],
        "operationState": {"phase": "Error", "startedAt": "2026-03-02T10:00:00Z", "syncResult": {"revision": "b" * 40}},
    }
    document = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "status": status}
    assert claimed_by(document) == "argo-cd"
    assert facts("argo-cd", document) == [("deployment", "Succeeded", SHA), ("deployment", "Error", "b" * 40)]
    status["operationState"]["phase"] = "Succeeded"  # type: ignore[index]
    assert facts("argo-cd", document) == [("deployment", "Succeeded", SHA)]


@pytest.mark.parametrize(
    ("phase", "abort", "state", "ended"),
    [
        ("Healthy", None, "Healthy", True),
        ("Progressing", None, "Progressing", False),
        ("Degraded", True, "Aborted", True),
    ],
)
def test_a_rollout_ends_when_it_is_healthy_or_taken_back(
    phase: str, abort: bool | None, state: str, ended: bool
) -> None:
    status = {
        "phase": phase,
        "abort": abort,
        "conditions": [{"type": "Progressing", "lastUpdateTime": "2026-03-02T10:00:00Z"}],
    }
    document = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "status": status}
    (row,) = rows("argo-rollouts", document)
    assert (row.state, row.ended_at is not None) == (state, ended)


@pytest.mark.parametrize(
    "content",
    ['{"apiVersion": "argoproj.io/v1", "kind": ["Rollout"]}',
     "a: &x [1]\nb: *x\n", "a:\n" + "".join(f"{' ' * depth}- \n" for depth in range(1, 200)), "? [a]\n: b\n", "a: [",
     "kind: Deployment\nmetadata: {}\n", "[" * 100_000],
    ids=["a kind that is no text", "aliases", "deep", "a list as key", "cut", "another kind", "deeper than any stack"],
)  # fmt: skip
def test_hostile_yaml_is_refused(content: str) -> None:
    """One clear error each."""
    with pytest.raises(InputError):
        read("argo-rollouts", content)


def test_jenkins_counts_regressions_as_failed_and_fixed_as_passed() -> None:
    """Of all modules of a Maven build."""
    case = {"className": "a.B", "name": "c", "duration": 0.5}
    suite = {"cases": [{**case, "status": "REGRESSION"}, {**case, "status": "FIXED"}, {**case, "status": "SKIPPED"}]}
    document = {"failCount": 9, "totalCount": 9, "childReports": [{"child": {}, "result": {"suites": [suite]}}] * 2}
    assert claimed_by(document) == "jenkins-test-report"
    assert metrics("jenkins-test-report", document) == {
        "total_tests": 6, "passed_tests": 2, "failed_tests": 2, "skipped_tests": 2, "duration_s": 3,
    }  # fmt: skip


def test_a_jenkins_report_without_a_case_measures_nothing() -> None:
    assert outcome("jenkins-test-report", {"failCount": 0, "passCount": 0, "suites": []}) is Outcome.NOT_MEASURED
    with pytest.raises(InputError, match="'ODD'"):
        read("jenkins-test-report", {"failCount": 0, "suites": [{"cases": [{"name": "a", "status": "ODD"}]}]})


def test_a_bitbucket_state_is_its_result() -> None:
    """COMPLETED alone says that it ended, not how."""
    item = {"uuid": "{1}", "environment": {"name": "Production"}, "release": {"commit": {"hash": SHA}},
            "state": {"name": "COMPLETED", "status": {"name": "FAILED"},
                      "started_on": "2026-03-02T10:00:00Z"}}  # fmt: skip
    assert facts("bitbucket-deployments", {"values": [item]}) == [("deployment", "FAILED", SHA)]


def test_datadog_ci_events_are_runs_and_tests() -> None:
    """Nanoseconds; a test has its suite."""
    ran = {"start": 1772438400000000000, "duration": 4_000_000_000}
    pipeline = {
        "ci": {"pipeline": {"name": "main"}, "job": {"name": "unit"}, "status": "error"},
        "git": {"commit": {"sha": SHA}},
    }
    test = {"test": {"suite": "cart", "name": "adds", "status": "pass"}}
    document = {"data": [
        {"type": "cipipeline", "id": "1", "attributes": {"attributes": ran | pipeline}},
        {"type": "citest", "id": "2", "attributes": {"attributes": ran | test}},
    ]}  # fmt: skip
    assert claimed_by(document) == "datadog-search"
    first, second = rows("datadog-search", document)
    assert (first.name, first.state, first.release) == ("main / unit", "error", SHA)
    assert first.ended_at is not None
    assert (first.ended_at - first.at).total_seconds() == 4
    assert (second.event, second.name, second.state) == ("ci-test", "cart / adds", "pass")
