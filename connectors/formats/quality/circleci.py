"""CircleCI: pipelines, workflows and jobs; each has states of its own. A pipeline only says how it was set up."""

from typing import Any, ClassVar

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at, first_of
from ..values import clock, labels, text


def _pipeline(item: dict[str, Any]) -> OpsRow:
    source = dict_at(item, "vcs")
    sha = source.get("revision") or dict_at(item, "trigger_parameters", "git").get("checkout_sha")
    problem = text(dict_at(first_of(item.get("errors"))).get("message"))
    row = _row(item, f"pipeline {text(item.get('number')) or ''}".rstrip(), item.get("created_at"), None)
    return row._replace(
        release=text(sha), state=text(item.get("state")), text=problem, tags=labels({"branch": source.get("branch")})
    )


def _workflow(item: dict[str, Any]) -> OpsRow:
    tags = {"run": item.get("pipeline_id"), "number": item.get("pipeline_number"), "tag": item.get("tag")}
    row = _row(item, text(item.get("name")) or "workflow", item.get("created_at"), item.get("stopped_at"))
    return row._replace(tags=labels(tags))


def _job(item: dict[str, Any]) -> OpsRow | None:
    if item.get("started_at") is None:  # it waits, or was never run
        return None
    row = _row(item, text(item.get("name")) or "job", item.get("started_at"), item.get("stopped_at"))
    return row._replace(tags=labels({"number": item.get("job_number"), "type": item.get("type")}))


def _row(item: dict[str, Any], name: str, started: Any, ended: Any) -> OpsRow:
    return OpsRow(
        at=needs(clock(started), "created_at or started_at"),
        event="ci-run",
        name=name,
        ended_at=clock(ended),
        state=text(item.get("status")),
        service=text(item.get("project_slug")),
        id=text(item.get("id")),
        source="circleci",
    )


class CircleCi(MarksFormat):
    """Pipelines, workflows and jobs of CircleCI -> rows of marks on the timeline."""

    name = "circleci"
    about = About(
        title="Pipelines, workflows and jobs of CircleCI",
        producers="CircleCI",
        versions="API v2",
        recognised_by="`items` or a list whose first has `project_slug`, and `pipeline_id`, `job_number` or `trigger`",
        fields="id, name, number, state or status, project_slug, errors, vcs revision; created_at, started_at, "
        "stopped_at",
        sample=Sample.RECORDED,
        how_to_export="curl -H 'Circle-Token: ...' https://circleci.com/api/v2/pipeline/ID/workflow > workflows.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("items",))
    one = "workflow"
    kinds = (
        (frozenset({"project_slug", "pipeline_id", "status"}), _workflow),
        (frozenset({"project_slug", "job_number", "status"}), _job),
        (frozenset({"project_slug", "dependencies", "status"}), _job),
        (frozenset({"project_slug", "trigger", "state"}), _pipeline),
    )
