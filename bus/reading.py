"""Reading an event from a stream: whatever stands there becomes an `Event` or an `InputError` that says why not."""

from datetime import datetime

import orjson
from pydantic import ValidationError

from ..core.errors import InputError
from .events import EVENT_TYPES, Event


def read_event(fields: dict[bytes, bytes]) -> Event:
    """The event of a stream entry's fields.

    A known type is validated against its payload; an unknown one with a valid envelope is handed on with plain data.

    Raises:
        InputError: no valid envelope, data that is not JSON, or a payload that does not fit its type.
    """
    try:
        kind = fields[b"type"].decode()
        model = EVENT_TYPES.get(kind)
        raw = fields[b"data"]
        data = model.from_json_bytes(raw) if model is not None else orjson.loads(raw)
        return Event(
            id=fields[b"id"].decode(),
            type=kind,
            source=fields[b"source"].decode(),
            time=_moment(fields[b"time"].decode()),
            data=data,
            subject=_text(fields.get(b"subject")),
            correlation_id=_text(fields.get(b"correlationid")),
            causation_id=_text(fields.get(b"causationid")),
            traceparent=_text(fields.get(b"traceparent")),
        )
    except KeyError as error:
        raise InputError(f"event without field {error.args[0].decode()!r}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"event {kind}: data.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"event cannot be read: {error}") from error


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:  # could not even be compared with other times
        raise ValueError(f"time {text!r} has no offset from UTC")
    return at


def _text(raw: bytes | None) -> str | None:
    return raw.decode() if raw is not None else None
