"""Recordings of one visit, made on purpose: HTTP exchanges (HAR) and what was clicked (DevTools Recorder)."""

from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from ..base import Record
from ..privacy import Id, Json, Session, Text, Url, Word


class ExchangeRow(NamedTuple):
    """One request with its answer. None = not said; a time that does not apply (-1 in HAR) is None, not 0."""

    at: datetime
    """Aware UTC."""
    method: Text
    host: Text | None
    """Scheme, host and port: `https://shop.example:8443`."""
    path: Url
    """With query."""
    status: int | None
    """None when there was no answer."""
    duration_ms: float | None
    """From the start to the last byte, blocked time included."""
    blocked_ms: float | None = None
    dns_ms: float | None = None
    connect_ms: float | None = None
    """TLS included."""
    send_ms: float | None = None
    wait_ms: float | None = None
    receive_ms: float | None = None
    request_type: Text | None = None
    """Media type of the body."""
    request_body: Text | None = None
    """Text bodies up to 16 KiB: hostile."""
    request_bytes: int | None = None
    response_type: Text | None = None
    response_bytes: int | None = None
    """Of the decoded body."""
    resource_type: Text | None = None
    """`document`, `xhr`, `script`, where the browser says."""
    page: Text | None = None
    """Title or id of the page that asked."""
    user_agent: Text | None = None
    referer: Url | None = None
    error: Text | None = None
    """Why there was no answer."""
    response_body: Text | None = None
    """Text bodies up to 16 KiB, longer ones not at all: a part of a JSON document is none. Hostile."""
    request_headers: Json | None = None
    """JSON object of those that say what was asked for, and by whom: authorization as a pseudonym, no cookies. Names in
    lower case."""
    response_headers: Json | None = None
    """JSON object of those that say what the answer is and how a browser is to treat it. Names in lower case."""
    session: Session | None = None
    """The session cookie or authorization that was sent."""
    session_given: Session | None = None
    """The session cookie that the answer sets."""


class FlowStep(Record):
    """One step of a recorded flow."""

    action: Word
    """`navigate`, `click`, `change`, `waitForElement`...: the recorder's own word."""
    selectors: tuple[tuple[Text, ...], ...] = ()
    """Alternatives, the best first; each is a way through shadow roots, outermost first."""
    url: Url | None = None
    value: Text | None = None
    """What was typed or chosen."""
    key: Text | None = None
    frame: tuple[int, ...] = ()
    """Way to the frame: indices of frames inside frames."""
    target: Url | None = None
    """`main`, or the URL of the frame or worker."""
    expects_url: Url | None = None
    """The page that the step leads to, as recorded."""
    expects_title: Text | None = None
    details: Json = "{}"
    """JSON object: the recorder's other settings of this step."""


class UserFlow(Record):
    """A flow that somebody recorded; the value at `aqe/production/user-flows/<id>`."""

    id: Id
    """Digest of the recording: the same flow imported again replaces itself."""
    title: Text
    source: Word
    steps: tuple[FlowStep, ...] = Field(min_length=1)
