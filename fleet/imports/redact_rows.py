"""Redaction of rows and imported records, between reading and storing them.

What a field may hold is written at the field (core/records/privacy.py); here is what is done about it. Values in a
query are searched decoded and together with their names: `?mail=bob%40example.com`, `?token=abc`; harmless ones
(`?cat=3`) stay, because load tests are made of them.
"""

import re
import string
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import quote, unquote, unquote_plus

import orjson

from ...analysis.redaction.redactor import Redactor
from ...core.records.base import Record
from ...core.records.bulk.rows import DATASET_ROWS, Row
from ...core.records.privacy import Holds

AnyRow = TypeVar("AnyRow", bound=Row)
AnyRecord = TypeVar("AnyRecord", bound=Record)

_WORD = re.compile(r"\S+")
_READABLE = string.punctuation.replace("%", "")
_MACHINE_ID = re.compile(r"[A-Za-z0-9_.:/=-]{1,200}")


def redact_row(row: AnyRow, redactor: Redactor) -> AnyRow:
    """The row as it may be stored."""
    values: list[Any] = list(row)
    for at, treat in _PLANS[type(row)]:
        value = values[at]
        if value:
            values[at] = treat(value, redactor)
    return type(row)(*values)


def redact_record(record: AnyRecord, redactor: Redactor) -> AnyRecord:
    """The record as it may be stored, its nested records too."""
    hints = _hints(type(record))
    return record.model_copy(
        update={name: _redacted(getattr(record, name), _holds(hints[name]), redactor) for name in hints}
    )


def _redacted(value: Any, holds: Holds | None, redactor: Redactor) -> Any:
    if isinstance(value, Record):
        return redact_record(value, redactor)
    if isinstance(value, tuple):
        return tuple(_redacted(item, holds, redactor) for item in value)
    treat = _TREATMENTS.get(holds) if holds else None
    return treat(value, redactor) if treat and isinstance(value, str) and value else value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _holds(hint: Any) -> Holds | None:
    """The mark of a hint, however deep it stands: `Text | None`, `tuple[tuple[Text, ...], ...]`."""
    for part in get_args(hint):
        found = part if isinstance(part, Holds) else _holds(part)
        if found:
            return found
    return None


def _text(text: str, redactor: Redactor) -> str:
    redacted = redactor.text(text)
    return _WORD.sub(lambda word: _decoded(word[0], redactor), redacted) if "%" in redacted else redacted


def _decoded(word: str, redactor: Redactor) -> str:
    """Percent-encoded text is searched as what it means: behind `%20` no pattern finds a number."""
    plain = unquote(word)
    redacted = redactor.text(plain)
    return word if redacted == plain else quote(redacted, safe=_READABLE)


def _id(text: str, redactor: Redactor) -> str:
    return text if _MACHINE_ID.fullmatch(text) else _text(text, redactor)


def _person(kind: str) -> "_Treatment":
    return lambda value, redactor: redactor.pseudonym(kind, value)


def _path(path: str, redactor: Redactor) -> str:
    resource, question, query = path.partition("?")
    resource = _text(resource, redactor)
    if not question:
        return resource
    return f"{resource}?{'&'.join(_parameter(pair, redactor) for pair in query.split('&'))}"


def _parameter(pair: str, redactor: Redactor) -> str:
    name, equals, value = pair.partition("=")
    plain = f"{unquote_plus(name)}={unquote_plus(value)}"
    redacted = redactor.text(plain)
    if redacted == plain:
        return pair
    # A pseudonym stays readable: only what would change the query's structure is encoded.
    name, equals, value = redacted.partition("=")
    return f"{quote(name, safe='<>:/@[]')}{equals}{quote(value, safe='<>:/@[]=')}"


def _properties(text: str, redactor: Redactor) -> str:
    """A JSON object: names and values apart, so that a find never breaks the JSON."""
    if text == "{}":
        return text
    found = orjson.loads(text)
    return orjson.dumps(
        {redactor.text(name): _property(name, value, redactor) for name, value in found.items()}
    ).decode()


def _property(name: str, value: Any, redactor: Redactor) -> Any:
    """Searched as `name=value`: `token`, `password`, `phone` tell what stands behind them."""
    if isinstance(value, bool) or value is None:
        return value
    plain = f"{name}={value}"
    redacted = _text(plain, redactor)
    return value if redacted == plain else redacted.partition("=")[2] if "=" in redacted else redacted


_Treatment = Callable[[str, Redactor], str]
_TREATMENTS: dict[Holds, _Treatment] = {
    Holds.ID: _id,
    Holds.TEXT: _text,
    Holds.URL: _path,
    Holds.JSON: _properties,
    Holds.USER: _person("user"),
    Holds.SESSION: _person("session"),
    Holds.IP: lambda value, redactor: redactor.pseudonym("ip", value) if "ip" in redactor.kinds else value,
}
"""WORD is kept."""


def _plan(row: Any) -> tuple[tuple[int, _Treatment], ...]:
    marks = [(at, _holds(hint)) for at, hint in enumerate(_hints(row).values())]
    return tuple((at, _TREATMENTS[holds]) for at, holds in marks if holds in _TREATMENTS)


_PLANS: dict[type[Any], tuple[tuple[int, _Treatment], ...]] = {row: _plan(row) for row in DATASET_ROWS.values()}
"""Places of the columns that something is done about, and what."""
