"""Text from production made harmless for whatever shows it: a terminal, a page, a document."""

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .records.base import Record

R = TypeVar("R", bound="Record")


def clean(text: str) -> str:
    """The text as one line without control characters.

    What comes from production (messages, file names, events) must not move the cursor, change the window's title, or
    turn the direction of the text around.
    """
    return "".join(c if c.isprintable() else " " for c in text)


def cleaned(record: R) -> R:
    """The record with every text in it clean, for a renderer to print."""
    return type(record).from_value(_clean_all(record.to_dict()), where="record")


def _clean_all(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): _clean_all(item) for key, item in value.items()}
        case list():
            return [_clean_all(item) for item in value]
        case _:
            return value
