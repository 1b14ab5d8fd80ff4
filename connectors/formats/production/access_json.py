"""One line of an access log that nginx writes as JSON (`log_format ... escape=json`).

The names are everyone's own choice; most choose those of nginx's variables. A row needs a time, a status and what was
asked for. A line with a level or a message is a record of an application's log, and none of ours.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ....core.records.bulk.logs import AccessRow
from ..times import moment
from ..values import s_to_ms, text, whole
from .access_request import requested, said, stamped
from .log_fields import LEVEL, TELLING_MESSAGE, status_of

_TIME = ("time_iso8601", "time", "timestamp", "@timestamp", "msec", "time_local")
_STATUS = ("status", "status_code")
_REQUEST = ("request",)
_METHOD = ("request_method", "method")
_PATH = ("request_uri", "uri", "path", "url")
_SIZE = ("body_bytes_sent", "bytes_sent", "bytes", "size")
_SECONDS = ("request_time",)
_CLIENT = ("remote_addr", "client_ip", "clientip", "remote_ip", "client")
_AGENT = ("http_user_agent", "user_agent", "agent")
_REFERER = ("http_referer", "http_referrer", "referer", "referrer")
_OF_APPLICATIONS = (*LEVEL, *TELLING_MESSAGE)


def json_row(line: str) -> AccessRow | None:
    """The request of a line, its time naive where it names no zone; None when it is none."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or not told.keys().isdisjoint(_OF_APPLICATIONS):
        return None
    status, asked, time = status_of(_STATUS, told), _asked(told), _first(_TIME, told)
    at = (stamped(time) if isinstance(time, str) else None) or moment(time)
    if status is None or asked is None or at is None:
        return None
    size, spent_ms = whole(_first(_SIZE, told)), s_to_ms(_first(_SECONDS, told))
    client, agent, referer = (said(text(_first(names, told))) for names in (_CLIENT, _AGENT, _REFERER))
    return AccessRow(at, *asked, status, size, spent_ms, client, agent, referer)


def _asked(told: Mapping[str, Any]) -> tuple[str, str] | None:
    if (line := text(_first(_REQUEST, told))) is not None:
        return requested(line)
    method, path = text(_first(_METHOD, told)), text(_first(_PATH, told))
    return None if method is None or path is None else (method.upper(), path)


def _first(names: tuple[str, ...], told: Mapping[str, Any]) -> Any:
    return next((told[name] for name in names if name in told), None)
