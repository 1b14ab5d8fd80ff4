"""Text from outside into source code: the only place that does it.

What these functions return is ASCII on one line, so nothing in a recorded path or message can end a literal, open a
comment or turn the reading direction of the line around.
"""

import re
import unicodedata

_NAMED_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def python(value: object) -> str:
    r"""The Python literal that evaluates to an equal value.

    Quotes are chosen as formatters choose them: double ones, unless that costs more escapes.

    >>> print(python('it\'s "new"\n'), python({"ids": [1, None, True]}))
    'it\'s "new"\n' {"ids": [1, None, True]}

    Args:
        value: text of any content, number, bool, None, or lists, tuples and dicts of these.

    Raises:
        TypeError: anything else.
    """
    if isinstance(value, str):
        quote = "'" if value.count('"') > value.count("'") else '"'
        return quote + _escaped(value).replace(quote, f"\\{quote}") + quote
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{python(key)}: {python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(python, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(python, value)) + ("," if len(value) == 1 else "") + ")"
    raise TypeError(
        f"{type(value).__name__} has no literal here, expected text, number, bool, None, list, tuple or dict"
    )


def python_prose(text: str) -> str:
    r"""Text for a docstring or a comment: one line, no quote that could end it, escapes for what is not ASCII.

    It is for people: unlike `python` it may change the text (double quotes become single ones, blanks are merged).

    >>> print(python_prose('a \"\"\" b\n# caf\u00e9'))
    a ''' b # caf\xe9
    """
    return _escaped(" ".join(text.split())).replace('"', "'")


def slug(text: str, limit: int = 60) -> str:
    """Lower-case words joined by underscores, for names of files and functions; may be empty.

    >>> slug("GET /api/products/{id}: no KeyError: 'price'")
    'get_api_products_id_no_keyerror_price'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "_".join(re.findall(r"[a-z0-9]+", plain))[:limit].strip("_")


def _escaped(text: str) -> str:
    return "".join(c if " " <= c <= "~" and c != "\\" else _escape(c) for c in text)


def _escape(char: str) -> str:
    if char in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
