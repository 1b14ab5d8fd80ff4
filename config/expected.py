"""What a value in YAML should have been, where pydantic speaks of Python."""

from typing import Final

_WORDS: Final = {
    "tuple_type": "expected a list: [A, B]",
    "list_type": "expected a list: [A, B]",
    "frozen_set_type": "expected a list: [A, B]",
    "string_type": "expected text, in quotes where it looks like something else",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "int_parsing": "expected a whole number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
}


def expected(kind: str, message: str) -> str:
    """The reason for an error of pydantic's.

    Args:
        kind: its type.
        message: in its own words, for kinds that have no better ones.
    """
    return _WORDS.get(kind, message.removeprefix("Value error, "))
