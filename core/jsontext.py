"""JSON text as this project writes it: UTF-8, compact, keys in the order given, NaN refused.

The value at a memory key is this text itself, so what GET prints is what `--json` prints.
"""

from typing import Any

import orjson

from .errors import InputError

_OPTIONS = orjson.OPT_UTC_Z


def dumps(value: object) -> str:
    """JSON text of `value`.

    Args:
        value: dict, list, str, number, bool, None, aware datetime; dict keys are strings.

    Raises:
        InputError: something JSON has no word for.
    """
    return _dumps(value, _OPTIONS).decode()


def canonical(value: object) -> bytes:
    """The one text that `value` has, for hashes and signatures: as `dumps`, keys sorted; raises like `dumps`."""
    return _dumps(value, _OPTIONS | orjson.OPT_SORT_KEYS)


def _dumps(value: object, options: int) -> bytes:
    try:
        return orjson.dumps(value, option=options)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InputError(f"not JSON: {error}") from error


def loads(text: str | bytes, *, where: str = "JSON text") -> Any:
    """The value of JSON text.

    Args:
        text: UTF-8 JSON.
        where: what the text is, for the error line.

    Raises:
        InputError: not JSON, with line and column.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}: {error}", hint="expected one JSON document in UTF-8") from error
