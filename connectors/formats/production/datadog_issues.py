"""One issue of Datadog's error tracking: its latest occurrence is the one whose time is told."""

from typing import Any

from ....core.records.bulk.logs import LogRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import clock, long_text, text


def issue_row(item: dict[str, Any]) -> LogRow:
    """The row.

    Raises:
        Unusable: no time.
    """
    told = dict_at(item, "attributes")
    at = clock(told.get("last_seen"))
    if at is None:
        raise Unusable("an issue needs `last_seen`")
    where = ":".join(filter(None, (text(told.get("file_path")), text(told.get("function_name")))))
    return LogRow(
        at=at,
        level="CRITICAL" if told.get("is_crash") is True else "ERROR",
        message=long_text(told.get("error_message")) or "",
        logger=where or None,
        service=text(told.get("service")),
        release=text(told.get("last_seen_version")),
        error_type=text(told.get("error_type")),
        tracker="datadog",
    )
