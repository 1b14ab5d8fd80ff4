"""One RUM event of Datadog. Every duration is in nanoseconds; what was measured stands in `attributes.attributes`."""

from typing import Any

from ....core.records.bulk.rum import RumRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import (
    clock,
    device_of,
    long_text,
    ns_to_ms,
    number,
    path_of,
    status,
    tags_to_dict,
    text,
)

_EVENTS = {"view": "view", "action": "action", "error": "error", "resource": "resource", "long_task": "long-task",
           "vital": "vital"}  # fmt: skip


def rum_row(item: dict[str, Any]) -> RumRow:
    """The row.

    Raises:
        Unusable: no time, or a type that is none of RUM.
    """
    outer = dict_at(item, "attributes")
    told = dict_at(outer, "attributes")
    at, event = clock(outer.get("timestamp")), _EVENTS.get(text(told.get("type")) or "")
    if at is None or event is None:
        raise Unusable("a RUM event needs `timestamp` and a known `type`")
    view, error, resource, action = (dict_at(told, name) for name in ("view", "error", "resource", "action"))
    tags = tags_to_dict(outer.get("tags"))
    request = resource or dict_at(error, "resource")
    configuration = dict_at(told, "_dd", "configuration")
    return RumRow(
        at=at,
        event=event,
        session=text(dict_at(told, "session").get("id")),
        user=text(dict_at(told, "usr").get("id")),
        view_id=text(view.get("id")),
        page=path_of(view.get("url")) or text(view.get("url_path")),
        page_group=text(view.get("url_path_group")) or text(view.get("name")),
        name=text(dict_at(action, "target").get("name"))
        or text(action.get("name"))
        or text(dict_at(told, "vital").get("name")),
        service=text(outer.get("service")) or text(told.get("service")),
        release=text(told.get("version")) or tags.get("version"),
        environment=text(told.get("env")) or tags.get("env"),
        region=text(dict_at(told, "geo").get("country_iso_code")) or text(dict_at(told, "geo").get("country")),
        device=device_of(dict_at(told, "device").get("type")),
        browser=text(dict_at(told, "browser").get("name")),
        browser_version=text(dict_at(told, "browser").get("version")),
        os=text(dict_at(told, "os").get("name")),
        duration_ms=ns_to_ms(_duration(told, event)),
        loading_ms=ns_to_ms(view.get("loading_time")) if event == "view" else None,
        error_type=text(error.get("type")),
        message=long_text(error.get("message")),
        stack_trace=long_text(error.get("stack")),
        request_method=text(request.get("method")),
        request_url=text(request.get("url")),
        status=status(request.get("status_code")),
        trace_id=text(dict_at(told, "_dd").get("trace_id")),
        experiment=_experiment(dict_at(told, "feature_flags")),
        sample_percent=number(configuration.get("session_sample_rate")),
        **(_vitals(view) if event == "view" else {}),
    )


def _duration(told: dict[str, Any], event: str) -> Any:
    if event == "view":
        return dict_at(told, "view").get("time_spent")
    if event == "action":
        return dict_at(told, "action").get("loading_time")
    return dict_at(told, event.replace("-", "_")).get("duration")


def _vitals(view: dict[str, Any]) -> dict[str, float | None]:
    """Of SDKs before and after `view.performance`."""
    newer = dict_at(view, "performance")

    def first(name: str, vital: str, value: str) -> float | None:
        return ns_to_ms(view.get(name)) if name in view else ns_to_ms(dict_at(newer, vital).get(value))

    shift = view.get("cumulative_layout_shift", dict_at(newer, "cls").get("score"))
    return {
        "fcp_ms": first("first_contentful_paint", "fcp", "timestamp"),
        "lcp_ms": first("largest_contentful_paint", "lcp", "timestamp"),
        "inp_ms": first("interaction_to_next_paint", "inp", "duration"),
        "fid_ms": first("first_input_delay", "fid", "duration"),
        "ttfb_ms": ns_to_ms(view.get("first_byte")),
        "cls": number(shift),
    }


def _experiment(flags: dict[str, Any]) -> str | None:
    return " ".join(f"{name}={flag}" for name, flag in sorted(flags.items()) if isinstance(flag, str | int)) or None
