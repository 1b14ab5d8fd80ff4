"""One event of Datadog's CI Visibility: a pipeline, stage or job that ran, or a test. Times and durations in ns."""

from datetime import timedelta
from typing import Any

from ....core.records.bulk.incidents import OpsRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import at_ns, clock, labels, ns_to_ms, tags_to_dict, text

# Longer than any run; a timedelta has an end, too.
_LONGEST_MS = 1e11


def ci_row(item: dict[str, Any]) -> OpsRow:
    """The row.

    Raises:
        Unusable: no time.
    """
    outer = dict_at(item, "attributes")
    told = dict_at(outer, "attributes")
    at = at_ns(told.get("start")) or clock(outer.get("timestamp")) or clock(told.get("timestamp"))
    if at is None:
        raise Unusable("an event of CI needs `start`")
    ci, git, test = dict_at(told, "ci"), dict_at(told, "git"), dict_at(told, "test")
    tags = tags_to_dict(outer.get("tags"))
    lasted = ns_to_ms(told.get("duration"))
    names = (dict_at(ci, "pipeline"), dict_at(ci, "stage"), dict_at(ci, "job"))
    ran = [text(test.get("suite")), text(test.get("name"))] if test else [text(one.get("name")) for one in names]
    ended = at + timedelta(milliseconds=lasted) if lasted is not None and lasted < _LONGEST_MS else None
    return OpsRow(
        at=at,
        event="ci-test" if test else "ci-run",
        name=" / ".join(name for name in ran if name) or "run",
        text=text(dict_at(told, "error").get("message")),
        ended_at=ended,
        state=text(test.get("status")) or text(ci.get("status")),
        service=text(dict_at(git, "repository").get("name")) or text(told.get("service")) or tags.get("service"),
        release=text(dict_at(git, "commit").get("sha")),
        environment=tags.get("env"),
        id=text(dict_at(ci, "job").get("id")) or text(dict_at(ci, "pipeline").get("id")) or text(item.get("id")),
        source=text(dict_at(ci, "provider").get("name")) or "datadog-ci",
        tags=labels(
            {"branch": git.get("branch"), "level": outer.get("ci_level"), "url": dict_at(ci, "job").get("url")}
        ),
    )
