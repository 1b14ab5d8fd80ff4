"""Bitbucket Pipelines: pipelines and their steps. A state has a name, and once it is COMPLETED a result of its own."""

from typing import Any, ClassVar

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import clock, labels, text


def bitbucket_state(item: dict[str, Any]) -> str | None:
    """The result where there is one, else the state: `SUCCESSFUL`, `FAILED`, `IN_PROGRESS`."""
    state = dict_at(item, "state")
    ended = dict_at(state, "result") or dict_at(state, "status")
    return text(ended.get("name")) or text(state.get("name"))


def _pipeline(item: dict[str, Any]) -> OpsRow:
    target = dict_at(item, "target")
    tags = {"branch": target.get("ref_name"), "trigger": dict_at(item, "trigger").get("name")}
    return _row(item, f"pipeline {text(item.get('build_number'))}", item.get("created_on"), tags,
                sha=dict_at(target, "commit").get("hash"))  # fmt: skip


def _step(item: dict[str, Any]) -> OpsRow | None:
    if item.get("started_on") is None:  # it waits
        return None
    tags = {"run": dict_at(item, "pipeline").get("uuid")}
    return _row(item, text(item.get("name")) or "step", item.get("started_on"), tags, sha=None)


def _row(item: dict[str, Any], name: str, started: Any, tags: dict[str, Any], *, sha: Any) -> OpsRow:
    return OpsRow(
        at=needs(clock(started), "time of its start"),
        event="ci-run",
        name=name,
        ended_at=clock(item.get("completed_on")),
        state=bitbucket_state(item),
        service=text(dict_at(item, "repository").get("full_name")),
        release=text(sha),
        id=text(item.get("uuid")),
        source="bitbucket-pipelines",
        tags=labels(tags),
    )


class BitbucketPipelines(MarksFormat):
    """Pipelines and steps of Bitbucket -> rows of marks on the timeline."""

    name = "bitbucket-pipelines"
    about = About(
        title="Pipelines of Bitbucket",
        producers="Bitbucket Cloud",
        versions="REST API 2.0",
        recognised_by="`values` or a list whose first has `build_number` and `target`, or `pipeline`, `state` and "
        "`script_commands` or `run_number`",
        fields="uuid, build_number, state name and result, target commit and ref_name; created_on, started_on, "
        "completed_on",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -u USER:TOKEN 'https://api.bitbucket.org/2.0/repositories/W/R/pipelines/?pagelen=100' "
        "> pipelines.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("values",))
    one = "pipeline"
    kinds = (
        (frozenset({"build_number", "target", "state"}), _pipeline),
        (frozenset({"pipeline", "state", "script_commands"}), _step),
        (frozenset({"pipeline", "state", "run_number"}), _step),
    )
