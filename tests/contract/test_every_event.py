"""Every event of the table, checked the day it is registered: values are made up from the payload's own fields."""

import re
import types
import typing
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime

from aqe.bus.events import EVENT_TYPES, PAYLOADS, Event, Payload
from aqe.bus.names import TYPE_NAME
from aqe.bus.reading import read_event
from aqe.core.errors import InputError
from aqe.core.records.base import Record

PROMISED = {
    "production-intelligence": ["analyzed"],
    "anomaly": ["detected"],
    "deployment-readiness": ["assessed"],
    "signal": ["imported"],
    "task": ["submitted", "assigned", "started", "completed", "failed", "cancelled", "dead-lettered"],
    "agent": ["started", "stopped", "lost"],
    "group": ["recreated"],
    "approval": ["requested", "granted", "rejected", "expired"],
}
NOW = datetime(2026, 1, 10, 12, 30, 15, 250_000, tzinfo=UTC)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
whole = st.integers(-(2**31), 2**31)
real = st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
json_values = st.recursive(st.none() | st.booleans() | whole | text, lambda v: st.dictionaries(text, v, max_size=2))


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """A strategy for a field's annotation; a kind of field this does not know is a failing test, not a gap."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(values_of, inner))
    if origin is typing.Annotated:
        return values_of(inner[0])
    if origin in (tuple, list):
        return st.lists(values_of(inner[0]), max_size=3).map(origin)
    if origin is dict:
        return st.dictionaries(text, json_values, max_size=3)
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, type) and issubclass(kind, Record):
        return payloads(kind)
    raise NotImplementedError(f"no values for a field of {kind}")


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: text, int: whole, float: real, bool: st.booleans(), type(None): st.none(), datetime: times, Any: json_values,
    AwareDatetime: times,
}  # fmt: skip


def payloads(model: type[Record]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(model, include_extras=True)
    fields = {name: values_of(hints[name]) for name in model.model_fields}
    return st.fixed_dictionaries(fields).map(model.model_validate)


def through_the_stream(event: Event, **instead: bytes) -> Event:
    return read_event(as_fields(event) | {name.encode(): value for name, value in instead.items()})


def as_fields(event: Event) -> dict[bytes, bytes]:
    """As a client gets them."""
    flat = [part.encode() if isinstance(part, str) else part for part in event.fields()]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def an_event(payload: Payload) -> Event:
    return Event.of(payload, source="a-test", time=NOW, subject="a-subject", correlation_id="c")


every_payload = pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.event_type)
checks = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_the_table_holds_every_payload_once() -> None:
    """Two payloads of one type would hide each other."""
    assert len(EVENT_TYPES) == len(PAYLOADS)
    defined = {cls for cls in _subclasses(Payload) if not cls.__name__.startswith("_")}
    assert defined == set(PAYLOADS)


def test_the_events_that_were_promised_are_there() -> None:
    """DESIGN 4.2; other programs wait for them by name."""
    assert {f"{agent}:{word}" for agent, words in PROMISED.items() for word in words} <= set(EVENT_TYPES)


def test_the_specifications_two_events_have_its_fields() -> None:
    """Those names stand in other people's code."""
    analyzed = EVENT_TYPES["production-intelligence:analyzed"].model_json_schema(by_alias=True)["properties"]
    assessed = EVENT_TYPES["deployment-readiness:assessed"].model_json_schema(by_alias=True)["properties"]
    assert {"scenariosGenerated", "anomaliesDetected", "highPriorityInsights"} <= set(analyzed)
    assert {"version", "decision", "riskLevel", "confidence"} <= set(assessed)


@every_payload
def test_a_type_is_agent_and_past_participle(payload: type[Payload]) -> None:
    """Lower case, one colon, a word that says that it has happened."""
    assert TYPE_NAME.fullmatch(payload.event_type)
    assert payload.event_type.count(":") == 1
    assert re.search(r"(ed|lost|lagging|rolled-back)$", payload.event_type), payload.event_type


@every_payload
def test_a_payload_says_what_it_means(payload: type[Payload]) -> None:
    """One sentence at least: it becomes the event's description in the generated documents."""
    assert payload.__doc__ and payload.__doc__ != Payload.__doc__
    assert payload.__doc__.splitlines()[0].endswith(".")


@every_payload
def test_what_goes_into_the_stream_comes_out_equal(payload: type[Payload]) -> None:
    """Envelope and payload survive, whatever the values."""

    @checks
    @given(payloads(payload))
    def check(value: Payload) -> None:
        event = an_event(value)
        assert through_the_stream(event) == event

    check()


@every_payload
def test_an_entry_is_readable_without_our_code(payload: type[Payload]) -> None:
    """CloudEvents attributes as plain text fields; `data` is one JSON object in camelCase."""

    @checks
    @given(payloads(payload))
    def check(value: Payload) -> None:
        fields = {name.decode(): value.decode() for name, value in as_fields(an_event(value)).items()}
        assert fields["type"] == payload.event_type
        assert fields["specversion"] == "1.0"
        assert fields["datacontenttype"] == "application/json"
        assert fields["time"] == "2026-01-10T12:30:15.250Z"
        assert (fields["source"], fields["subject"], fields["correlationid"]) == ("a-test", "a-subject", "c")
        data = orjson.loads(fields["data"])
        assert set(data) == {field.alias for field in payload.model_fields.values()}
        assert not any("_" in name for name in data)

    check()


@every_payload
def test_a_newer_writers_field_does_not_stop_an_older_reader(payload: type[Payload]) -> None:
    """Unknown fields are ignored."""

    @checks
    @given(payloads(payload))
    def check(value: Payload) -> None:
        event = an_event(value)
        data = orjson.loads(as_fields(event)[b"data"]) | {"aFieldOfTheFuture": {"x": 1}}
        assert through_the_stream(event, data=orjson.dumps(data)) == event

    check()


@every_payload
def test_a_missing_field_is_an_error_that_names_it(payload: type[Payload]) -> None:
    """Never a default for what the writer had to say."""
    required = [field.alias or name for name, field in payload.model_fields.items() if field.is_required()]
    assert required, "an event without a required field says nothing"

    @checks
    @given(payloads(payload), st.sampled_from(required))
    def check(value: Payload, missing: str) -> None:
        event = an_event(value)
        data = orjson.loads(as_fields(event)[b"data"])
        del data[missing]
        with pytest.raises(InputError, match=rf"event {payload.event_type}: data\.{missing}: Field required"):
            through_the_stream(event, data=orjson.dumps(data))

    check()


@every_payload
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"1", b"null", b"\xff", b'"text"'])
def test_data_that_is_no_payload_is_an_error(payload: type[Payload], data: bytes) -> None:
    """One line that names the event, never a half-filled payload."""
    envelope = as_fields(Event(type=payload.event_type, data={}, source="s", time=NOW))
    with pytest.raises(InputError, match="event"):
        read_event(envelope | {b"data": data})


@every_payload
def test_a_schema_can_be_generated(payload: type[Payload]) -> None:
    """Every field stands in it under its name on the wire."""
    schema = payload.model_json_schema(by_alias=True)
    assert set(schema["properties"]) == {field.alias for field in payload.model_fields.values()}


def _subclasses(of: type[Payload]) -> set[type[Payload]]:
    direct = set(of.__subclasses__())
    return direct.union(*map(_subclasses, direct)) if direct else direct
