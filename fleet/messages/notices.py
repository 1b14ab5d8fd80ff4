"""Events in words for people: one line of subject, what there is to know, what there is to do."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from ...bus.events import Event
from ...core.masking import mask_text
from ...core.printable import clean
from ...core.records.base import Record
from ...core.records.notices import Level, Notice

MAX_LINES = 20
MAX_LINE_CHARS = 300


def notice_of(event: Event) -> Notice:
    """The message about an event; one of an unknown type is told by its type and its data."""
    data = event.data.to_dict() if isinstance(event.data, Record) else event.data
    fields = data if isinstance(data, dict) else {"data": data}
    subject, level, advice = _WORDS.get(event.type, _UNKNOWN)
    shown = [(name, _text(value)) for name, value in fields.items() if value not in (None, "", [], {})]
    details = [f"{_spaced(name)}: {text}" for name, text in shown if text]
    when = f"{event.time:%Y-%m-%d %H:%M:%S} UTC, said by {_text(event.source)}"
    known = _Known({"type": event.type, "subject": event.subject, **fields})
    quoted = _Known({name: shlex.quote(text) for name, text in known.items()})
    return Notice(
        event=event.type,
        subject=_text(subject.format_map(known)),
        lines=(*details[:MAX_LINES], when, *(line.format_map(quoted) for line in advice)),
        recipients=tuple(map(str, fields.get("recipients") or ())),
        level=level(fields),
        id=event.id,
        at=event.time,
        data=fields,
    )


class _Known(dict[str, str]):
    """What a template may name; what an event does not have is `?`."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__({name: _text(value) for name, value in fields.items() if value is not None})

    def __missing__(self, name: str) -> str:
        return "?"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return _line(", ".join(map(str, value)))
    return _line(str(value))


def _line(text: str) -> str:
    shown = clean(mask_text(text[: 2 * MAX_LINE_CHARS]))
    return shown if len(shown) <= MAX_LINE_CHARS else f"{shown[: MAX_LINE_CHARS - 1]}…"


def _spaced(name: str) -> str:
    """`riskLevel` -> `risk level`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in clean(name[:60]))


def _always(level: Level) -> Callable[[Mapping[str, Any]], Level]:
    return lambda data: level


def _decided(data: Mapping[str, Any]) -> Level:
    if data.get("approved") is True:
        return Level.WARNING if data.get("decision") == "APPROVED_WITH_WARNINGS" else Level.SUCCESS
    return Level.FAILURE if data.get("decision") == "BLOCKED" else Level.WARNING


def _severity(data: Mapping[str, Any]) -> Level:
    severe = str(data.get("severity", "")).upper() in {"CRITICAL", "HIGH"}
    return Level.FAILURE if severe else Level.WARNING


_Words = tuple[str, Callable[[Mapping[str, Any]], Level], tuple[str, ...]]
_UNKNOWN: _Words = ("{type}: {subject}", _always(Level.INFO), ())
_INFO, _SUCCESS, _WARNING, _FAILURE = (_always(level) for level in Level)
_TO_DECIDE = (
    "to look: aqe deploy assess --version {version}",
    'to decide: aqe deploy approve --version {version} --approver ID --justification "..."',
    '       or: aqe deploy reject --version {version} --approver ID --justification "..."',
)
_WORDS: Mapping[str, _Words] = {
    "deployment-readiness:assessed": (
        "{version}: {decision}, risk {riskLevel}",
        _decided,
        ("why: aqe deploy explain --version {version}",),
    ),
    "approval:requested": ("approval of {version} for {environment} is asked for", _WARNING, _TO_DECIDE),
    "approval:granted": ("approval of {version} granted by {approver}, {remaining} to go", _SUCCESS, ()),
    "approval:rejected": ("approval of {version} refused by {approver}", _FAILURE, ()),
    "approval:expired": ("approval of {version} was not granted in time", _WARNING, ()),
    "deployment:approved": ("{version} may be deployed to {environment}", _SUCCESS, ()),
    "deployment:blocked": ("{version} may not be deployed to {environment}", _FAILURE, ()),
    "deployment:started": ("deployment of {version} to {environment} begins", _INFO, ()),
    "deployment:stage-advanced": ("deployment of {version}: next stage", _INFO, ()),
    "deployment:promoted": ("{version} serves all of {environment}", _SUCCESS, ()),
    "deployment:finished": ("deployment of {version} to {environment} has ended: {outcome}", _INFO, ()),
    "deployment:rolled-back": ("{version} was rolled back in {environment}", _FAILURE, ()),
    "deployment:paused": (
        "deployment of {version} is paused",
        _WARNING,
        ("to look: aqe deploy monitor --version {version}",),
    ),
    "deployment:alert-raised": (
        "{version} in {environment}: a limit is broken",
        _WARNING,
        ("to look: aqe deploy monitor --version {version}",),
    ),
    "deployment:resumed": ("deployment of {version} goes on", _INFO, ()),
    "deployment:regions-changed": (
        "{version} in the regions of {environment}: {what}",
        lambda data: Level.FAILURE if str(data.get("what")).startswith("rol") else Level.INFO,
        ("to look: aqe deploy multi-region --version {version}",),
    ),
    "deployment:rollback-started": ("{version} is being taken back in {environment}", _FAILURE, ()),
    "anomaly:detected": ("anomaly: {subject}", _severity, ("to look: aqe production detect-anomalies",)),
    "production-intelligence:analyzed": ("production was analysed", _INFO, ()),
    "task:failed": ("task {type} failed", _WARNING, ("to look: aqe task show {taskId}",)),
    "task:dead-lettered": ("task {type} was given up", _FAILURE, ("to look: aqe task show {taskId}",)),
    "agent:lost": ("agent {agent} is lost", _WARNING, ("to look: aqe fleet agents --all",)),
    "group:expired": ("group {group} expired and missed events", _WARNING, ("to look: aqe events groups",)),
    "group:lagging": ("group {group} keeps its stream from being trimmed", _WARNING, ("to look: aqe events groups",)),
}
"""Event type -> subject, level, advice. Templates name fields of the event's data."""
