"""Spinnaker: executions of deployment pipelines, as Gate answers. Times are milliseconds."""

from typing import Any

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import at_ms, labels, listed, text


def _execution(item: dict[str, Any]) -> OpsRow:
    stages = [dict_at(stage) for stage in listed(item.get("stages"))]
    rolled_back = any(
        "rollback" in (text(stage.get("type")) or "").lower() and stage.get("status") == "SUCCEEDED" for stage in stages
    )
    scores = [score for stage in stages for score in listed(dict_at(stage, "context").get("canaryScores"))]
    return OpsRow(
        at=needs(at_ms(item.get("startTime")) or at_ms(item.get("buildTime")), "startTime"),
        event="deployment",
        name=text(item.get("name")) or "pipeline",
        text="rolled back by a stage of its own" if rolled_back else None,
        ended_at=at_ms(item.get("endTime")),
        state=text(item.get("status")),
        service=text(item.get("application")),
        id=text(item.get("id")),
        source="spinnaker",
        tags=labels({"trigger": dict_at(item, "trigger").get("type"), "canary_score": scores[-1] if scores else None}),
    )


class Spinnaker(MarksFormat):
    """Executions of Spinnaker -> rows of marks on the timeline."""

    name = "spinnaker"
    about = About(
        title="Pipeline executions of Spinnaker",
        producers="Spinnaker (Gate)",
        versions="Gate 1",
        recognised_by="a list whose first has `application`, `stages` and `buildTime`",
        fields="id, application, name, status, startTime, endTime, trigger; stages type, status, canaryScores",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl 'https://gate/applications/APP/pipelines?limit=100' > executions.json",
    )
    one = "execution"
    kinds = ((frozenset({"application", "stages", "status", "buildTime"}), _execution),)
