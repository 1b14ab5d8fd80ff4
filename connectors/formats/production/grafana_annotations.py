"""Grafana annotations: marks that people, pipelines and alerts leave on dashboards. `timeEnd` 0 or equal to `time` is a
moment, not a span.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, labels, long_text, number, tags_to_dict, text

_DEPLOYMENT = re.compile(r"\b(?:deploy(?:ed|ment|ing)?|rollout|released?)\b", re.IGNORECASE)
_VERSION = re.compile(r"\bv?\d+\.\d+(?:\.\d+)*(?:[-+][\w.]+)?\b")


class GrafanaAnnotations(PagesFormat):
    """Grafana annotations -> rows of marks on the timeline."""

    name = "grafana-annotations"
    produces: tuple[str, ...] = (OPS,)
    about = About(
        title="Grafana annotations",
        producers="Grafana",
        versions="HTTP API of Grafana 7 and later",
        recognised_by="a list of objects with `time`, `timeEnd` and `tags`",
        fields="time, timeEnd, text, tags, alertName, newState, prevState",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -H 'Authorization: Bearer ...' 'https://grafana/api/annotations?limit=5000' > marks.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one = "annotation"

    def recognises(self, head: Head) -> bool:
        """By the first annotation."""
        return isinstance(head.json, list) and _is_annotation(first_of(head.json))

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[OpsRow]:
        """One mark."""
        found = at_ms(dict_at(item).get("time"))
        if not _is_annotation(item) or found is None:
            raise Unusable("an annotation needs `time`, `timeEnd` and `tags`")
        words, tags = long_text(item.get("text")), tags_to_dict(item.get("tags"))
        is_deployment = _DEPLOYMENT.search(" ".join([*tags, words or ""])) is not None
        version = _VERSION.search(words or "") if is_deployment else None
        end, state = at_ms(item.get("timeEnd")), text(item.get("newState"))
        yield OpsRow(
            at=found,
            event="deployment" if is_deployment else "event" if number(item.get("alertId")) else "annotation",
            name=text(item.get("alertName"))
            or (words or "").split("\n", 1)[0][:200]
            or ", ".join(tags)
            or "annotation",
            text=words,
            ended_at=end if end is not None and end > found else None,
            state=state,
            release=version[0] if version else None,
            id=text(item.get("id")),
            source="grafana",
            tags=labels(tags),
        )

    def document(self, document: Any, reading: Reading) -> Iterable[OpsRow]:
        """The list, or what Grafana says instead of it."""
        if not isinstance(document, list):
            said = dict_at(document)
            if "message" not in said or not said.keys() <= {"message", "messageId", "statusCode", "traceID"}:
                raise Unusable("no list of annotations")
            reading.fail(said["message"])
        return ()


def _is_annotation(value: Any) -> bool:
    return {"time", "timeEnd", "tags"} <= dict_at(value).keys()
