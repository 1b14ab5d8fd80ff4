"""Grafana Faro payloads: what the web SDK posts to a collector. One payload may carry everything, spans in OTLP too."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS, RUM, SPANS, Row
from ....core.records.bulk.rum import RumRow
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import clock, listed, long_text, ms, number, path_of, text
from .log_rows import log_row
from .otlp import resource_rows

_VITALS = {"fcp": "fcp_ms", "lcp": "lcp_ms", "inp": "inp_ms", "fid": "fid_ms", "ttfb": "ttfb_ms"}
_VIEWS = ("view_changed", "route_change", "page_view", "faro.performance.navigation")
_OF_THE_SDK = ("session_start", "session_resume", "session_extend", "service_name_override")
"""Nobody did anything: the SDK tells what it does with a session that every entry names."""
_MAX_FRAMES = 50


class Faro(PagesFormat):
    """Faro payloads -> rows of real users, logs, spans."""

    name = "grafana-faro"
    produces: tuple[str, ...] = (RUM, LOGS, SPANS)
    about = About(
        title="Grafana Faro payloads (real users)",
        producers="Grafana Faro web SDK",
        versions="Faro 1 and 2; one payload a file or a line",
        recognised_by="`meta` of a session or app beside `events`, `exceptions`, `measurements`, `logs` or `traces`",
        fields="meta session, user, page, view, app, browser; events, exceptions with frames, web-vitals measurements, "
        "logs, traces",
        sample=Sample.REAL,
        how_to_export="the body of the POST to the collector's /collect, one a line",
    )
    one = "event"

    def recognises(self, head: Head) -> bool:
        """By its parts."""
        return _is_payload(dict_at(head.json))

    def document(self, document: Any, reading: Reading) -> Iterable[Row]:
        """Everything of one payload."""
        page = dict_at(document)
        if not _is_payload(page):
            raise Unusable("no `meta` of a session or app with what happened there")
        about = _about(dict_at(page, "meta"))
        makers = (("exceptions", _exception), ("measurements", _measurement), ("events", _event), ("logs", _log))
        for name, make in makers:
            for entry in listed(page.get(name)):
                at = clock(dict_at(entry).get("timestamp"))
                if at is None:
                    reading.refuse("an entry needs `timestamp`")
                    continue
                reading.used += 1
                yield from make(dict_at(entry), at, about)
        for resource in listed(dict_at(page, "traces").get("resourceSpans")):
            yield from resource_rows("resourceSpans", resource, reading)


def _is_payload(page: dict[str, Any]) -> bool:
    parts = {"events", "exceptions", "measurements", "logs", "traces"}
    is_ours = not dict_at(page, "meta").keys().isdisjoint({"sdk", "app", "session"})
    return is_ours and not parts.isdisjoint(page)


def _about(meta: dict[str, Any]) -> dict[str, Any]:
    """Columns that are the same for all of one payload."""
    app, browser, user = dict_at(meta, "app"), dict_at(meta, "browser"), dict_at(meta, "user")
    mobile = browser.get("mobile")
    return {
        "session": text(dict_at(meta, "session").get("id")),
        "user": text(user.get("id")) or text(user.get("username")),
        "page": path_of(dict_at(meta, "page").get("url")),
        "page_group": text(dict_at(meta, "view").get("name")),
        "service": text(app.get("name")),
        "release": text(app.get("release")) or text(app.get("version")),
        "environment": text(app.get("environment")),
        "device": "mobile" if mobile is True else "desktop" if mobile is False else None,
        "browser": text(browser.get("name")),
        "browser_version": text(browser.get("version")),
        "os": text(browser.get("os")),
    }


def _trace_id(entry: dict[str, Any]) -> str | None:
    return text(dict_at(entry, "trace").get("trace_id"))


def _exception(entry: dict[str, Any], at: datetime, about: dict[str, Any]) -> Iterator[RumRow]:
    kind, value = text(entry.get("type")) or "Error", long_text(entry.get("value"))
    frames = [
        f"    at {text(frame.get('function')) or '?'} ({text(frame.get('filename'))}:"
        f"{text(frame.get('lineno'))}:{text(frame.get('colno'))})"
        for frame in map(dict_at, listed(dict_at(entry, "stacktrace").get("frames"))[:_MAX_FRAMES])
    ]
    trace = "\n".join([f"{kind}: {value or ''}", *frames]) if frames else None
    yield RumRow(at, "error", error_type=kind, message=value, stack_trace=trace, trace_id=_trace_id(entry), **about)


def _measurement(entry: dict[str, Any], at: datetime, about: dict[str, Any]) -> Iterator[RumRow]:
    """Web vitals; other measurements keep their name and no figure of ours."""
    values = dict_at(entry, "values")
    found: dict[str, Any] = {_VITALS[name]: ms(value) for name, value in values.items() if name in _VITALS}
    shift = number(values.get("cls"))
    yield RumRow(at, "vital", name=text(entry.get("type")), cls=shift, trace_id=_trace_id(entry), **found, **about)


def _event(entry: dict[str, Any], at: datetime, about: dict[str, Any]) -> Iterator[RumRow]:
    name, told = text(entry.get("name")), dict_at(entry, "attributes")
    if name == "faro.performance.resource":
        url, duration = text(told.get("name")), ms(told.get("duration"))
        yield RumRow(at, "resource", request_url=url, duration_ms=duration, **about)
    elif name in _VIEWS:
        loading, first = ms(told.get("pageLoadTime")), ms(told.get("ttfb"))
        about = about | {"page_group": text(told.get("toView")) or text(told.get("toRoute")) or about["page_group"]}
        yield RumRow(at, "view", loading_ms=loading, ttfb_ms=first, trace_id=_trace_id(entry), **about)
    elif name not in _OF_THE_SDK:
        yield RumRow(at, "action", name=name, trace_id=_trace_id(entry), **about)


def _log(entry: dict[str, Any], at: datetime, about: dict[str, Any]) -> Iterator[LogRow]:
    known = {name: about[name] for name in ("session", "user", "service", "release", "environment")}
    yield log_row(at, text(entry.get("level")) or "", entry.get("message"), {}, trace_id=_trace_id(entry), **known)
