"""Deployments of Bitbucket: a step of a pipeline that has an environment."""

from typing import Any, ClassVar

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import clock, labels, text
from .bitbucket_pipelines import bitbucket_state


def _deployment(item: dict[str, Any]) -> OpsRow:
    state, release = dict_at(item, "state"), dict_at(item, "release")
    started = state.get("started_on") or release.get("created_on") or item.get("last_update_time")
    commit = dict_at(release, "commit").get("hash") or dict_at(item, "commit").get("hash")
    environment = dict_at(item, "environment")
    return OpsRow(
        at=needs(clock(started), "time of its start"),
        event="deployment",
        name=f"deployment {text(release.get('name')) or ''}".rstrip(),
        ended_at=clock(state.get("completed_on")),
        state=bitbucket_state(item),
        release=text(commit),
        # Environments have their name, or only an id.
        environment=text(environment.get("name")) or text(environment.get("uuid")),
        id=text(item.get("uuid")),
        source="bitbucket",
        tags=labels({"pipeline": dict_at(release, "pipeline").get("uuid")}),
    )


class BitbucketDeployments(MarksFormat):
    """Deployments of Bitbucket -> rows of marks on the timeline."""

    name = "bitbucket-deployments"
    about = About(
        title="Deployments of Bitbucket",
        producers="Bitbucket Cloud",
        versions="REST API 2.0",
        recognised_by="`values` or a list whose first has `environment`, `release` and `state`",
        fields="uuid, environment name, release name and commit, state name, status, started_on, completed_on",
        sample=Sample.RECORDED,
        how_to_export="curl -u USER:TOKEN 'https://api.bitbucket.org/2.0/repositories/W/R/deployments/?pagelen=100' "
        "> deployments.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("values",))
    one = "deployment"
    kinds = ((frozenset({"environment", "release", "state"}), _deployment),)
