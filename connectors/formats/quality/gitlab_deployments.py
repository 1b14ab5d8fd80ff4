"""Deployments of GitLab. `deployable` is null where the deployment was reported by the API."""

from typing import Any

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import clock, labels, text

_DONE = frozenset({"success", "failed", "canceled"})


def _deployment(item: dict[str, Any]) -> OpsRow:
    job, environment = dict_at(item, "deployable"), dict_at(item, "environment")
    state = text(item.get("status"))
    ended = job.get("finished_at") or item.get("updated_at") if state in _DONE else None
    # A tag names the release; of a branch only the commit does.
    release = item.get("ref") if job.get("tag") is True else item.get("sha")
    return OpsRow(
        at=needs(clock(job.get("started_at")) or clock(item.get("created_at")), "created_at"),
        event="deployment",
        name=text(job.get("name")) or f"deployment {text(item.get('iid')) or ''}".rstrip(),
        ended_at=clock(ended),
        state=state,
        release=text(release),
        environment=text(environment.get("name")),
        id=text(item.get("id")),
        source="gitlab",
        tags=labels({"ref": item.get("ref"), "commit": item.get("sha"), "failure_reason": job.get("failure_reason")}),
    )


class GitlabDeployments(MarksFormat):
    """Deployments of GitLab -> rows of marks on the timeline."""

    name = "gitlab-deployments"
    about = About(
        title="Deployments of GitLab",
        producers="GitLab",
        versions="REST API v4",
        recognised_by="a list whose first has `deployable`, `environment` and `sha`",
        fields="id, iid, status, sha, ref, environment name, deployable name, tag, started_at, finished_at; created_at",
        sample=Sample.RECORDED,
        how_to_export="glab api --paginate projects/:id/deployments > deployments.json",
    )
    one = "deployment"
    kinds = ((frozenset({"deployable", "environment", "sha", "status"}), _deployment),)
