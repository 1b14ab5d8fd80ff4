"""Real-user monitoring: what static/rum.js tells of a visit, one JSON object a line in `rum.jsonl`.

A line has the shape of an event in Datadog's RUM search answers (API v2), a shape that other tools read too. What
browsers send is anybody's text: only known fields of the right type are written, cut to length.
"""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from .api.body import json_object
from .errors import InvalidRequest
from .runtime import now, runtime

LOGGER = "shop.rum"
log = logging.getLogger(LOGGER)

blueprint = Blueprint("rum", __name__)

# Most events in one report, and longest text in one of them, in characters.
MAX_EVENTS = 200
MAX_TEXT = 2_000

# A browser's clock that is off by more than this is not believed.
MAX_CLOCK_ERROR = timedelta(hours=1)

# Ids of orders and carts: who knows one may see it.
_ID = re.compile(r"[0-9a-f]{32}")

# The first that matches; the order matters, for each of them claims to be those below.
_BROWSERS = (("Edge", "Edg"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Version"))

# Vitals of a view in milliseconds: our name and the line's.
_VITALS = {
    "loading_ms": "loading_time",
    "ttfb_ms": "first_byte",
    "fcp_ms": "first_contentful_paint",
    "lcp_ms": "largest_contentful_paint",
    "inp_ms": "interaction_to_next_paint",
}


@blueprint.post("/rum")
def collect() -> ResponseReturnValue:
    """Keep a report `{"session", "view": {"id", "path", "group"}, "events": [...]}`."""
    report = json_object()
    events = report.get("events")
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise InvalidRequest(f"events: expected a list of {MAX_EVENTS} at most")
    view = report.get("view")
    shared = _shared(report, view if isinstance(view, dict) else {})
    for event in events:
        if isinstance(event, dict) and event.get("type") in _MAKERS:
            log.info("%s", json.dumps(_line(event, shared)))
    return "", 204


def _shared(report: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    agent = request.headers.get("User-Agent", "")
    browser = next(
        ((name, found[1]) for name, token in _BROWSERS if (found := re.search(rf"{token}/(\d+)", agent))), (None, None)
    )
    return {
        "session": {"id": _text(report.get("session"))},
        "view": {
            "id": _text(view.get("id")),
            "url_path": _ID.sub("?", _text(view.get("path")) or "") or None,
            "url_path_group": _text(view.get("group")),
        },
        "device": {"type": "Mobile" if "Mobi" in agent else "Desktop"},
        "browser": {"name": browser[0], "version": browser[1]},
        "version": runtime().settings.release,
    }


def _line(event: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    kind = event["type"]
    made = _MAKERS[kind](event)
    told = {**shared, "type": kind, kind: {**shared.get(kind, {}), **made}}
    return {"type": "rum", "attributes": {"timestamp": _at(event), "service": "shop", "attributes": told}}


def _view(event: dict[str, Any]) -> dict[str, Any]:
    measured = {theirs: _ns(event.get(ours)) for ours, theirs in _VITALS.items() if _ns(event.get(ours)) is not None}
    shift = event.get("cls")
    if _is_number(shift):
        measured["cumulative_layout_shift"] = shift
    return {"time_spent": _ns(event.get("duration_ms")), **measured}


def _action(event: dict[str, Any]) -> dict[str, Any]:
    return {"type": _text(event.get("kind")), "target": {"name": _text(event.get("name"))}}


def _error(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": "source",
        "type": _text(event.get("name")),
        "message": _text(event.get("message")),
        "stack": _text(event.get("stack")),
    }


_MAKERS = {"view": _view, "action": _action, "error": _error}


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) and value else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _ns(milliseconds: Any) -> int | None:
    return round(milliseconds * 1e6) if _is_number(milliseconds) else None


def _at(event: dict[str, Any]) -> str:
    said = event.get("at")
    moment = now()
    if isinstance(said, int | float) and abs(said / 1000 - moment.timestamp()) < MAX_CLOCK_ERROR.total_seconds():
        moment = datetime.fromtimestamp(said / 1000, UTC)
    return moment.isoformat(timespec="milliseconds")
