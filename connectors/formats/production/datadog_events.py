"""One event of Datadog's event stream: a deployment, an alert's change, what an integration reports."""

import re
from typing import Any

from ....core.records.bulk.incidents import OpsRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import clock, labels, long_text, tags_to_dict, text

_DEPLOYMENT = re.compile(r"\bdeploy(?:ed|ment|ing|s)?\b|\brollout\b", re.IGNORECASE)


def event_row(item: dict[str, Any]) -> OpsRow:
    """The row.

    Raises:
        Unusable: no time.
    """
    outer = dict_at(item, "attributes")
    told = dict_at(outer, "attributes")
    at = clock(outer.get("timestamp")) or clock(told.get("timestamp"))
    if at is None:
        raise Unusable("an event needs `timestamp`")
    message = long_text(outer.get("message"))
    title = text(told.get("title")) or (message or "").split("\n", 1)[0][:200] or "event"
    kind, tags = dict_at(told, "evt"), tags_to_dict(outer.get("tags"))
    about = " ".join([title, text(kind.get("name")) or "", *tags])
    is_change = dict_at(told, "evt").get("category") == "change" or told.get("category") == "change"
    service = text(told.get("service"))
    return OpsRow(
        at=at,
        event="deployment" if _DEPLOYMENT.search(about) else "change" if is_change else "event",
        name=title,
        text=message,
        state=text(told.get("status")),
        service=service if service not in (None, "undefined") else tags.get("service"),
        release=tags.get("version"),
        environment=tags.get("env") or tags.get("environment"),
        host=text(told.get("hostname")),
        id=text(kind.get("id")) or text(item.get("id")),
        source=text(told.get("sourcecategory")) or tags.get("source") or text(kind.get("type")),
        tags=labels(tags),
    )
