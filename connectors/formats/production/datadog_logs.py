"""One log record of Datadog: of a search answer, or of an archive."""

from typing import Any

from ....core.records.bulk.logs import LogRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import clock, ns_to_ms, tags_to_dict, text
from .log_rows import log_row

# Datadog's `ok` is a success, as INFO is.
_LEVELS = {"ok": "info", "emerg": "critical", "notice": "notice"}


def log_row_of(item: dict[str, Any]) -> LogRow:
    """The row.

    Raises:
        Unusable: no time.
    """
    outer = dict_at(item, "attributes")
    at = clock(outer.get("timestamp"))
    if at is None:
        raise Unusable("a log record needs `timestamp`")
    told = dict_at(outer, "attributes")
    tags = tags_to_dict(outer.get("tags"))
    level = text(outer.get("status")) or ""
    row = log_row(
        at,
        _LEVELS.get(level, level),
        outer.get("message"),
        told,
        service=text(outer.get("service")) or tags.get("service"),
        host=text(outer.get("host")) or tags.get("host"),
        release=tags.get("version"),
        environment=tags.get("env"),
    )
    return row._replace(duration_ms=ns_to_ms(told.get("duration")))
