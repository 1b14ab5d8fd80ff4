from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from aqe.bus.events import Event, TaskFailed, TaskSubmitted
from aqe.bus.reading import read_event
from aqe.core.errors import InputError

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
FIELDS = {
    b"id": b"e-1",
    b"type": b"weather:changed",
    b"source": b"a-go-program",
    b"time": b"2026-01-10T12:00:00Z",
    b"specversion": b"1.0",
    b"data": b'{"rain":true}',
}


def test_an_event_of_an_unknown_type_is_handed_on_as_it_is() -> None:
    """A valid envelope is enough; data is the plain JSON value."""
    event = read_event(FIELDS)
    assert (event.id, event.type, event.source, event.time) == ("e-1", "weather:changed", "a-go-program", NOW)
    assert event.data == {"rain": True}
    assert event.subject is event.correlation_id is event.causation_id is event.traceparent is None


def test_all_optional_attributes_are_read() -> None:
    """CloudEvents writes extension attributes in lower case without separators."""
    more = {b"subject": b"s", b"correlationid": b"c", b"causationid": b"k", b"traceparent": b"00-a-b-01"}
    event = read_event({**FIELDS, **more})
    assert (event.subject, event.correlation_id, event.causation_id, event.traceparent) == ("s", "c", "k", "00-a-b-01")


@pytest.mark.parametrize("missing", ["id", "type", "source", "time", "data"])
def test_a_missing_attribute_is_named(missing: str) -> None:
    """The dead letter says what the writer forgot."""
    fields = {name: value for name, value in FIELDS.items() if name != missing.encode()}
    with pytest.raises(InputError, match=f"event without field '{missing}'"):
        read_event(fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {b"time": b"yesterday"},
        {b"time": b"2026-01-10T12:00:00"},
        {b"time": b""},
        {b"data": b"{"},
        {b"data": b"NaN"},
        {b"id": b"\xff"},
        {b"type": b"\xff"},
        {b"source": b"\xff"},
        {b"subject": b"\xff"},
    ],
    ids=str,
)
def test_an_envelope_that_cannot_be_read_is_an_error(wrong: dict[bytes, bytes]) -> None:
    """A time without an offset is one too: nobody knows whose clock it is, and it cannot be compared."""
    with pytest.raises(InputError, match="event"):
        read_event(FIELDS | wrong)


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    """RFC 3339 offsets are understood."""
    assert read_event(FIELDS | {b"time": b"2026-01-10T14:00:00.000+02:00"}).time == NOW


def test_time_is_written_in_utc() -> None:
    """Whatever zone the writer thinks in."""
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    flat = Event(type="weather:changed", data=1, source="s", time=there).fields()
    assert flat[flat.index("time") + 1] == "2026-01-10T12:00:00.000Z"


def test_what_follows_from_an_event_carries_its_correlation() -> None:
    """The first event's own id when it has none."""
    cause = read_event(FIELDS)
    first = Event.of(TaskFailed(task_id="t", type="x", agent=None, error="e"), source="s", time=NOW, caused_by=cause)
    assert (first.correlation_id, first.causation_id) == ("e-1", "e-1")
    second = Event.of(TaskFailed(task_id="t", type="x", agent=None, error="e"), source="s", time=NOW, caused_by=first)
    assert (second.correlation_id, second.causation_id) == ("e-1", first.id)
    assert first.id != second.id


@pytest.mark.parametrize("data", [{"x": {1, 2}}, object(), {1.5: "x"}, "\ud800"])
def test_data_json_has_no_word_for_is_refused(data: Any) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError):
        Event(type="weather:changed", data=data, source="s", time=NOW).fields()


def a_submission(**data: str) -> dict[bytes, bytes]:
    body = "{" + ",".join(f'"{name}":{value}' for name, value in ({"type": '"risk-score"'} | data).items()) + "}"
    return FIELDS | {b"type": b"task:submitted", b"data": body.encode()}


def test_a_submission_needs_only_a_type() -> None:
    """Everything else has a default."""
    wanted = read_event(a_submission()).data
    assert wanted == TaskSubmitted(type="risk-score")
    assert (wanted.priority, wanted.payload, wanted.deadline) == ("medium", {}, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("priority", '"urgent"'), ("deadline", '"2026-01-10T12:00:00"'), ("deadline", '"soon"'), ("payload", "[]")],
)
def test_a_submission_that_cannot_be_meant_is_refused(field: str, value: str) -> None:
    """An unknown priority is no default, a deadline without an offset no moment."""
    with pytest.raises(InputError, match=f"event task:submitted: data.{field}"):
        read_event(a_submission(**{field: value}))
