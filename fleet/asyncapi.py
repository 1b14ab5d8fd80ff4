"""The AsyncAPI 3.0 document: what the fleet sends and receives, for programs in any language.

A channel is a Redis stream and a message is one of its entries. What CloudEvents calls attributes are fields of the
entry and stand here as headers; the field `data` is the payload. docs/events.md is generated from the same table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import __version__
from ..bus.envelope import CONTENT_TYPE, SPEC_VERSION
from ..bus.events import EVENT_TYPES
from ..bus.names import StreamNames
from ..core.records.decisions.readiness import DecisionStatus, RiskLevel
from ..core.records.signals import Outcome, SignalKind
from ..core.records.tasks import Priority
from ..memory.keys import COMMANDER, GATEWAY, PRODUCTION, READINESS

AGENTS = (READINESS, PRODUCTION)
PROGRAMS = "other programs"
RUNNERS = (GATEWAY, "cli")


@dataclass(frozen=True)
class About:
    """What the payload's class does not say of an event.

    Args:
        when: it is sent when ...
        subject: what the field `subject` holds.
        sent_by: agent types, "import", "cli", "subscribers" (whoever reads with a group of the fleet's own library), or
            "other programs".
        handled_by: who in the fleet acts on it.
    """

    when: str
    subject: str
    sent_by: tuple[str, ...]
    handled_by: tuple[str, ...] = ()


ABOUT: dict[str, About] = {
    "production-intelligence:analyzed": About(
        "an analysis is stored", "the release, else the task's id", (PRODUCTION,)
    ),
    "anomaly:detected": About("an anomaly is found that was not known", "the series", (PRODUCTION,)),
    "deployment-readiness:assessed": About("a decision is stored", "the version", (READINESS,)),
    "signal:imported": About("a signal is stored by `aqe import` or `aqe signal put`", "the version", ("import",)),
    "task:submitted": About("work is wanted", "the task's id", ("cli", PROGRAMS), (COMMANDER,)),
    "task:assigned": About("a task is put into its lane", "the task's id", (COMMANDER,)),
    "task:started": About("an agent begins an attempt", "the task's id", AGENTS),
    "task:completed": About("a task or workflow is done", "the task's id", (*AGENTS, COMMANDER), (COMMANDER, "cli")),
    "task:failed": About(
        "a task or workflow is given up on", "the task's id", (*AGENTS, COMMANDER), (COMMANDER, "cli")
    ),
    "task:cancelled": About("a waiting task is cancelled", "the task's id", ("cli",), (COMMANDER, "cli")),
    "task:dead-lettered": About("a task becomes a dead letter; `task:failed` follows", "the task's id", AGENTS),
    "agent:started": About("an agent takes its first task soon", "the agent's id", AGENTS),
    "agent:stopped": About("an agent has handed back what it held", "the agent's id", AGENTS),
    "agent:lost": About("an agent's heartbeat has run out", "the agent's id", (COMMANDER,)),
    "group:recreated": About("a subscriber finds its group gone", "the group", ("subscribers",)),
    "group:expired": About("a group had no consumer for a day", "the group", (COMMANDER,)),
    "group:lagging": About("a durable group is 80 % of the cap behind; once a minute", "the group", (COMMANDER,)),
    "approval:requested": About("`aqe deploy approve-request` asked", "the version", ("cli",)),
    "approval:granted": About("`aqe deploy approve` or `emergency-approve` signed", "the version", ("cli",)),
    "approval:rejected": About("`aqe deploy reject` signed", "the version", ("cli",)),
    "approval:expired": About("nobody decided in time; looked for once a minute", "the version", (COMMANDER,)),
    "deployment:approved": About("an assessment ends with a GO", "the version", (READINESS,)),
    "deployment:blocked": About("an assessment ends with BLOCKED", "the version", (READINESS,)),
    "deployment:started": About("a rollout is stored", "the version", ("cli",)),
    "deployment:stage-advanced": About("the next share of the traffic is ordered", "the version", RUNNERS),
    "deployment:paused": About("a rollout stops where it is", "the version", RUNNERS),
    "deployment:resumed": About("a person lets it go on", "the version", RUNNERS),
    "deployment:alert-raised": About("something is wrong that takes nothing back", "the version", RUNNERS),
    "deployment:rollback-started": About("it is decided to take a release back", "the version", RUNNERS),
    "deployment:rolled-back": About("the old version has all traffic again", "the version", RUNNERS),
    "deployment:promoted": About("the new version has all traffic", "the version", RUNNERS),
    "deployment:finished": About("a rollout has ended: promoted, or taken back", "the version", RUNNERS),
    "deployment:regions-changed": About(
        "a release in several regions goes on, or is taken back", "the version", RUNNERS
    ),
}
"""Event type -> the rest of what there is to know; a test compares it with who sends and who subscribes."""

FIELDS: dict[str, str] = {
    "scenarios_generated": "test scenarios stored",
    "high_priority_insights": "insights of priority HIGH",
    "patterns_found": "error patterns stored",
    "release": "version whose records were looked at; null = of all",
    "version": "the release",
    "decision": ", ".join(DecisionStatus),
    "approved": "true for the first two decisions",
    "risk_level": ", ".join(RiskLevel),
    "risk": "0-100, higher is worse; what is not measured counts 100",
    "commit": "of the release; null = not known",
    "environment": "where the release is to go",
    "kind": "kind of signal: " + ", ".join(SignalKind),
    "key": "memory key where the signal stands",
    "tool": "what measured",
    "outcome": "what came of reading it: " + ", ".join(Outcome),
    "type": "what to do; the commander routes by it: `risk-score`, `error-pattern-mining`",
    "task_id": "the task; its record stands at `aqe/fleet/tasks/<id>`",
    "payload": "what the task type asks for",
    "priority": ", ".join(Priority),
    "requirements": "capabilities the agent must have",
    "deadline": "ISO 8601 with offset; after it the task is failed instead of started",
    "agent": "id of the agent process",
    "agent_type": "what kind of agent: `deployment-readiness`",
    "attempt": "which attempt this is, from 1",
    "attempts": "how often it was handed out",
    "duration_ms": "from start to end, milliseconds",
    "error": "why, one line",
    "vetoed": "true when a check refused it before it began",
    "capabilities": "task types and capabilities it serves",
    "task": "task it had in hand",
    "stream": "logical name, without the fleet's prefix",
    "group": "the consumer group",
    "start": "entry id after which it reads again",
    "length": "entries in the stream",
    "cap": "entries at which publishing is refused",
}
"""Payload field -> its meaning, where the payload's class has no docstring for it."""

HEADERS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "minLength": 1, "description": "unique; publishing the same id again adds nothing"},
    "type": {"type": "string"},
    "source": {
        "type": "string",
        "description": "who says so: an agent's id, `cli`, `import`, the name of your program",
    },
    "time": {"type": "string", "format": "date-time", "description": "when it happened, with an offset from UTC"},
    "specversion": {"type": "string", "const": SPEC_VERSION},
    "datacontenttype": {"type": "string", "const": CONTENT_TYPE},
    "subject": {"type": "string", "description": "what it is about"},
    "correlationid": {"type": "string", "description": "joins all events of one piece of work"},
    "causationid": {"type": "string", "description": "id of the event that caused this one"},
    "traceparent": {"type": "string", "description": "W3C trace context"},
}
"""CloudEvents attributes as fields of an entry; the first five are always there."""
REQUIRED_HEADERS = tuple(HEADERS)[:5]

DESCRIPTION = """\
Every event type is one Redis stream; every entry of it is one CloudEvent whose attributes are plain fields and whose
field `data` is the payload as JSON text. Read with XREAD or XREADGROUP; publish with FCALL aqe_publish. Keys of a named
fleet have the prefix {NAME}, in braces."""


def document(payloads: Mapping[str, Mapping[str, Any]], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The document.

    Args:
        payloads: event type -> the payload's schema, or a reference into `components/schemas`.
        definitions: name -> schema, for `components/schemas`.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "AQE Fleet",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"fleet": _server()},
        "channels": {_name(kind): _channel(kind) for kind in EVENT_TYPES},
        "operations": {name: operation for kind in EVENT_TYPES for name, operation in _operations(kind).items()},
        "components": {
            "messages": {_name(kind): _message(kind, payloads[kind]) for kind in EVENT_TYPES},
            "schemas": dict(definitions),
            "securitySchemes": {"password": {"type": "userPassword", "description": "Redis AUTH"}},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": "redis",
        "protocolVersion": "7.0",
        "description": "Redis or Valkey, 7.0 or newer",
        "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "6379"}},
        "security": [{"$ref": "#/components/securitySchemes/password"}],
        "bindings": {"redis": {}},
    }


def _channel(kind: str) -> dict[str, Any]:
    names = StreamNames()
    return {
        "address": names.events(kind),
        "description": EVENT_TYPES[kind].__doc__,
        "servers": [{"$ref": "#/servers/fleet"}],
        "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"}},
        # The binding has no properties of its own yet (asyncapi/bindings, redis 0.1.0).
        "bindings": {"redis": {}},
        "x-redis": {"type": "stream", "payloadField": "data", "deadLetters": names.dead(kind)},
    }


def _message(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    headers = {**HEADERS, "type": {"type": "string", "const": kind}}
    headers["subject"] = {**HEADERS["subject"], "description": ABOUT[kind].subject}
    return {
        "name": kind,
        "title": kind,
        "summary": EVENT_TYPES[kind].__doc__,
        "description": f"Sent when {ABOUT[kind].when}.",
        "contentType": CONTENT_TYPE,
        "headers": {"type": "object", "properties": headers, "required": list(REQUIRED_HEADERS)},
        "correlationId": {"location": "$message.header#/correlationid"},
        "payload": dict(payload),
    }


def _operations(kind: str) -> dict[str, Any]:
    """As the fleet sees it: it sends every event, and receives those it acts on."""
    name, about = _name(kind), ABOUT[kind]
    target = {
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {"redis": {}},
    }
    found = {f"send.{name}": {"action": "send", "summary": f"by {', '.join(about.sent_by)}", **target}}
    if about.handled_by:
        found[f"receive.{name}"] = {"action": "receive", "summary": f"by {', '.join(about.handled_by)}", **target}
    return found


def _name(kind: str) -> str:
    """An event type as an identifier: AsyncAPI's have no colon."""
    return kind.replace(":", ".")
