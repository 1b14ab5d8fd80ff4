"""GitHub Actions: runs, jobs, check runs, statuses, the same as webhooks, and what `gh run list` writes.

`conclusion` is null until the run is completed; a run that is tried again keeps its id and counts `run_attempt` up.
"""

from typing import Any, ClassVar

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import clock, labels, text


def _run(item: dict[str, Any]) -> OpsRow:
    tags = {"attempt": item.get("run_attempt"), "branch": item.get("head_branch"), "event": item.get("event")}
    return _row(item, started=item.get("run_started_at") or item.get("created_at"), ended=item.get("updated_at"),
                tags=tags, url=item.get("html_url"))  # fmt: skip


def _job(item: dict[str, Any]) -> OpsRow:
    return _row(item, started=item.get("started_at") or item.get("created_at"), ended=item.get("completed_at"),
                tags={"attempt": item.get("run_attempt"), "branch": item.get("head_branch"), "run": item.get("run_id"),
                      "workflow": item.get("workflow_name")},
                url=item.get("html_url"))  # fmt: skip


def _status(item: dict[str, Any]) -> OpsRow:
    """A commit status: what systems other than Actions report."""
    return OpsRow(
        at=needs(clock(item.get("updated_at")) or clock(item.get("created_at")), "time"),
        event="ci-run",
        name=text(item.get("context")) or "status",
        text=text(item.get("description")),
        state=text(item.get("state")),
        service=text(dict_at(item, "repository").get("full_name")),
        release=text(item.get("sha")),
        id=text(item.get("id")),
        source="github",
    )


def _listed(item: dict[str, Any]) -> OpsRow:
    """Of `gh run list --json`, in camelCase."""
    return _row({**item, "id": item.get("databaseId"), "head_sha": item.get("headSha"),
                 "name": item.get("workflowName") or item.get("name") or item.get("displayTitle")},
                started=item.get("startedAt") or item.get("createdAt"), ended=item.get("updatedAt"),
                tags={"attempt": item.get("attempt"), "branch": item.get("headBranch"), "event": item.get("event")},
                url=item.get("url"))  # fmt: skip


def _row(item: dict[str, Any], *, started: Any, ended: Any, tags: dict[str, Any], url: Any) -> OpsRow:
    at = needs(clock(started), "time of its start")
    is_done = item.get("status") == "completed"
    return OpsRow(
        at=at,
        event="ci-run",
        name=text(item.get("name")) or text(item.get("display_title")) or "run",
        # A run that is started again keeps the start of its first attempt.
        ended_at=clock(ended) if is_done else None,
        state=text(item.get("conclusion")) or text(item.get("status")),
        service=text(dict_at(item, "repository").get("full_name")) or _repository(url),
        release=text(item.get("head_sha")),
        id=text(item.get("id")),
        source="github-actions",
        tags=labels(tags),
    )


def _repository(url: Any) -> str | None:
    """`owner/name` of `https://github.com/owner/name/actions/...`."""
    parts = (text(url) or "").split("/")
    return "/".join(parts[3:5]) if len(parts) > 5 else None


class GithubActions(MarksFormat):
    """Runs and jobs of GitHub Actions -> rows of marks on the timeline."""

    name = "github-actions"
    about = About(
        title="Runs and jobs of GitHub Actions",
        producers="GitHub (REST, webhooks, gh)",
        versions="REST API 2022-11-28; webhooks workflow_run, workflow_job, check_run, status; gh run list --json",
        recognised_by="`workflow_runs`, `jobs`, `check_runs` or a list whose first has `head_sha` and its run's number",
        fields="id, name, status, conclusion, run_attempt, head_sha, head_branch; run_started_at, started_at, "
        "completed_at, updated_at",
        sample=Sample.RECORDED,
        how_to_export="gh api --paginate /repos/OWNER/REPO/actions/runs > runs.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("workflow_runs",), ("jobs",), ("check_runs",), ("statuses",))
    bodies = ("workflow_run", "workflow_job", "check_run")
    one = "run"
    kinds = (
        (frozenset({"head_sha", "run_number", "status"}), _run),
        (frozenset({"head_sha", "run_id", "status"}), _job),
        (frozenset({"head_sha", "check_suite", "status"}), _job),
        (frozenset({"databaseId", "status", "conclusion"}), _listed),
        (frozenset({"context", "state", "created_at"}), _status),
    )
