"""What went wrong and what was done meanwhile: incidents and alerts, marks on the timeline."""

import re
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field

from ..base import Record
from ..privacy import Holds, Id, Json, Text, Url, Word

_TIMEOUT = re.compile(
    r"time[d-]?\s?-?out[^.\n]{0,40}?(\d{1,6}(?:\.\d{1,3})?)\s*(ms|milliseconds?|s|sec|seconds?|m|min|minutes?)\b",
    re.IGNORECASE,
)
_MS = {"ms": 1.0, "mi": 1.0, "s": 1000.0, "se": 1000.0, "m": 60_000.0}


class Incident(Record):
    """One incident or alert; the value at `aqe/incidents/<id>`.

    Urgency (how fast people are called), priority (what the team decided) and severity (how bad it is) are three
    things; each is kept as its source writes it, and None when the source says nothing.
    """

    id: Id
    """Unique over sources: `pagerduty-Q1`."""
    source: Word
    kind: Annotated[Literal["incident", "alert"], Holds.WORD]
    title: Text
    status: Annotated[Literal["open", "acknowledged", "resolved"], Holds.WORD]
    number: Text | None = None
    """The short number people call it by."""
    severity: Text | None = None
    priority: Text | None = None
    urgency: Text | None = None
    service: Text | None = None
    region: Text | None = None
    environment: Text | None = None
    release: Id | None = None
    started_at: AwareDatetime
    """When it began, as far as the source knows; else when it was reported."""
    detected_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    """None while it is open, and when the source does not say when it ended."""
    affected_users: int | None = Field(default=None, ge=0)
    description: Text | None = None
    """What the source says about it: symptoms, impact, cause; one text."""
    error: Text | None = None
    """The error text, where the source has one of its own."""
    url: Url | None = None
    tags: tuple[Text, ...] = ()
    reported: tuple[Text, ...] = ()
    """What its source says was going on, `externalServiceDegraded: stripe`; said, and not measured."""

    @property
    def timeout_ms(self) -> float | None:
        """The time-out that the incident's own words name: `Gateway timeout after 30s`."""
        for words in (self.error, self.title, self.description):
            found = _TIMEOUT.search(words or "")
            if found:
                unit = found[2].lower()
                return float(found[1]) * _MS["ms" if unit.startswith(("ms", "milli")) else unit[:1]]
        return None

    def after(self, earlier: "Incident") -> "Incident":
        """This state with what only an earlier one told: a page or webhook about the end forgets the acknowledgement.

        An incident that was opened again has no end.
        """
        kept = {
            name: getattr(earlier, name)
            for name in type(self).model_fields
            if name != "resolved_at" and getattr(self, name) in (None, ()) and getattr(earlier, name) is not None
        }
        ended = self.resolved_at or (earlier.resolved_at if self.status == "resolved" else None)
        began = min(self.started_at, earlier.started_at)
        return self.model_copy(update={**kept, "resolved_at": ended, "started_at": began})


class OpsRow(NamedTuple):
    """A mark on the timeline: a deployment, a change, a run of CI, an annotation, an event of the platform."""

    at: datetime
    """Aware UTC."""
    event: Word
    """`deployment`, `change`, `ci-run`, `ci-test`, `annotation`, `event`."""
    name: Text
    text: Text | None = None
    ended_at: datetime | None = None
    """None for a moment, and while it lasts."""
    state: Text | None = None
    """As the source writes it: `error`, `success`."""
    service: Text | None = None
    release: Id | None = None
    environment: Text | None = None
    host: Text | None = None
    id: Id | None = None
    source: Text | None = None
    """Who made the mark: `jenkins`, `kubernetes`."""
    tags: Json = "{}"
    """JSON object: tag -> value, empty text for a tag without one."""
