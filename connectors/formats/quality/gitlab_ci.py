"""GitLab CI: pipelines and their jobs, from the list or one by one."""

from typing import Any

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import clock, labels, text

_DONE = frozenset({"success", "failed", "canceled", "skipped"})


def _pipeline(item: dict[str, Any]) -> OpsRow | None:
    if "environment" in item:  # a deployment
        return None
    name = text(item.get("name")) or f"pipeline {text(item.get('iid')) or text(item.get('id')) or ''}".rstrip()
    return _row(item, name, {"branch": item.get("ref"), "source": item.get("source")}, sha=item.get("sha"))


def _job(item: dict[str, Any]) -> OpsRow:
    pipeline = dict_at(item, "pipeline")
    tags = {"branch": item.get("ref"), "stage": item.get("stage"), "run": pipeline.get("id"),
            "allow_failure": item.get("allow_failure"), "failure_reason": item.get("failure_reason")}  # fmt: skip
    return _row(
        item, text(item.get("name")) or "job", tags, sha=pipeline.get("sha") or dict_at(item, "commit").get("id")
    )


def _row(item: dict[str, Any], name: str, tags: dict[str, Any], *, sha: Any) -> OpsRow:
    state = text(item.get("status"))
    # A list of pipelines knows no start and no end, only when each was made and last changed.
    ended = item.get("finished_at") or item.get("updated_at") if state in _DONE else None
    return OpsRow(
        at=needs(clock(item.get("started_at")) or clock(item.get("created_at")), "created_at"),
        event="ci-run",
        name=name,
        ended_at=clock(ended),
        state=state,
        service=_project(item.get("web_url")),
        release=text(sha),
        id=text(item.get("id")),
        source="gitlab-ci",
        tags=labels(tags),
    )


def _project(url: Any) -> str | None:
    """`group/name` of `https://host/group/name/-/pipelines/1`."""
    path, found, _ = (text(url) or "").partition("/-/")
    return path.split("/", 3)[-1] or None if found and path.count("/") > 3 else None


class GitlabCi(MarksFormat):
    """Pipelines and jobs of GitLab -> rows of marks on the timeline."""

    name = "gitlab-ci"
    about = About(
        title="Pipelines and jobs of GitLab CI",
        producers="GitLab",
        versions="REST API v4",
        recognised_by="a list whose first has `ref`, `sha`, `status` and `web_url`, or `stage`, `pipeline`, `status`",
        fields="id, iid, name, status, ref, sha, source, stage, allow_failure; created_at, started_at, finished_at, "
        "updated_at",
        sample=Sample.RECORDED,
        how_to_export="glab api --paginate projects/:id/pipelines > pipelines.json",
    )
    one = "pipeline"
    kinds = (
        (frozenset({"stage", "pipeline", "status", "created_at"}), _job),
        (frozenset({"ref", "sha", "status", "web_url", "created_at"}), _pipeline),
    )
