"""A JSON document as its format's documentation describes it.

A format declares the part of the document that it reads as a `Shape`. What the verdict depends on has its exact type,
so that a wrong one is an error and never a silent zero; what is only evidence (messages, places) is `Any` and cleaned
by `documents.finding`. Keys that are not declared are passed over.
"""

from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from ...core.errors import InputError
from ...core.records.base import Record
from .documents import clean


class Shape(Record):
    """Base of the shapes: attributes are snake_case here and camelCase in the document.

    Built when it is first used: one import needs one format of many.
    """

    model_config = ConfigDict(extra="ignore", defer_build=True)


class SnakeShape(Shape):
    """A shape of a document that is written in snake_case."""

    model_config = ConfigDict(alias_generator=None)


S = TypeVar("S", bound=Shape)
T = TypeVar("T")


def _empty_for_null(value: object) -> object:
    return [] if value is None else value


Listed = Annotated[list[T], BeforeValidator(_empty_for_null)]
"""A list; null is an empty one, as Go programs write it."""
MaybeListed = Annotated[list[T], BeforeValidator(_empty_for_null), Field(default_factory=list)]
"""A list that may also be left out."""


Count = Annotated[int, Field(ge=0, lt=2**53)]
"""How many: what every JSON reader can hold, and sums of it stay within 63 bits."""


def _text(value: object) -> object:
    return value if isinstance(value, str) else ""


Text = Annotated[str, BeforeValidator(_text)]
"""A text; anything else, null too, is the empty one. Only for what no verdict depends on."""


def shaped(shape: type[S], value: object, what: str) -> S:
    """The value as this shape.

    Args:
        shape: what to read of it.
        value: parsed JSON.
        what: the format, for the error line.

    Raises:
        InputError: something declared is missing or of another type; says where.
    """
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise _input_error(error, what) from error


def shaped_list(shape: type[S], value: object, what: str) -> list[S]:
    """The value as a list of this shape; raises like `shaped`."""
    try:
        return _list_of(shape).validate_python(value)
    except ValidationError as error:
        raise _input_error(error, what) from error


@cache
def _list_of(shape: type[S]) -> TypeAdapter[list[S]]:
    return TypeAdapter(list[shape])  # type: ignore[valid-type]


def _input_error(error: ValidationError, what: str) -> InputError:
    first = error.errors(include_url=False)[0]
    path = clean(".".join(str(step) for step in first["loc"]), 120) or "the document"
    found = "" if first["type"] == "missing" else f" is {clean(first.get('input'), 60)!r}"
    return InputError(f"{what}: {path}{found}: {first['msg']}", hint="is the file of this format?")


def dict_at(value: Any, *keys: str) -> dict[str, Any]:
    """The object at the end of the path; {} when there is none. For recognising, not for reading."""
    for key in keys:
        value = value.get(key) if type(value) is dict else None
    return value if type(value) is dict else {}


def first_of(value: Any) -> Any:
    """The first item of a list or the first value of an object; None when there is none. For recognising."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(iter(items), None)
