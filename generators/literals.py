"""Text from outside into source code: the only place that does it.

What these functions return is ASCII on one line, so nothing in a recorded path or message can end a literal, open a
comment or turn the reading direction of the line around.
"""

import re
import unicodedata

_NAMED_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
# Harmless in a string of its own, but what is around it may be HTML, a block comment or a template; and tools look for
# the address of a source map in the bare text (ECMA-426, "without parsing").
_MARKUP = re.compile(r"<(?=[/!a-zA-Z])|(?<=\*)/|\$(?=\{)|[#@](?=\s*sourceMappingURL)")
_JAVASCRIPT_NAME = re.compile(r"(?!__proto__$)[A-Za-z_$][\w$]*", re.ASCII)


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


def python_prose(text: str, most: int | None = None) -> str:
    r"""Text for a docstring or a comment: one line, no quote that could end it, escapes for what is not ASCII.

    It is for people: unlike `python` it may change the text (double quotes become single ones, blanks are merged).

    >>> print(python_prose('a \"\"\" b\n# caf\u00e9'))
    a ''' b # caf\xe9

    Args:
        most: characters; a longer text ends in three dots, never in a part of an escape. None = as long as it is.
    """
    words = " ".join(text.split()).replace('"', "'")
    if most is None or len(_escaped(words)) <= most:
        return _escaped(words)
    words = words[:most]
    while len(_escaped(words)) > most - len("..."):
        words = words[:-1]
    return f"{_escaped(words)}..."


def javascript(value: object) -> str:
    r"""The JavaScript literal that evaluates to what JSON.parse makes of the value's JSON; also one in TypeScript.

    It can stand in a `<script>` and in a block comment, and its text in a template. Numbers become the doubles that
    JavaScript has: whole ones above 2**53 lose digits.

    >>> print(javascript({"it's": ["</script>", None, True, 2.50], "*/ ${x}": "\u2028"}))
    { "it's": ["\x3c/script>", null, true, 2.5], "*\x2f \x24{x}": "\u2028" }

    Args:
        value: text of any content, number, bool, None, or lists, tuples (as lists) and dicts with text as keys.

    Raises:
        TypeError: anything else.
    """
    if isinstance(value, str):
        return _javascript_string(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return special.get(repr(value)) or repr(value).removesuffix(".0").replace("e+", "e")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(javascript, value)) + "]"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        items = ", ".join(f"{_property(key)}: {javascript(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    raise TypeError(
        f"{type(value).__name__} has no literal here, expected text, number, bool, None, list or dict of text to these"
    )


def javascript_prose(text: str) -> str:
    r"""Text for a comment of any kind: one line, nothing that could end it or that a tool would obey.

    Runners and compilers read orders from comments, such as `@jest-environment ./file` and `@ts-nocheck`; here an `@`
    is an escape. It is for people: unlike `javascript` it may change the text.

    >>> print(javascript_prose("a */ b\n// @ts-ignore caf\u00e9"))
    a *\x2f b // \x40ts-ignore caf\xe9
    """
    return _marked_up(_escaped(" ".join(text.split()), astral="\\u{{{:x}}}")).replace("@", "\\x40")


def slug(text: str, limit: int = 60) -> str:
    """Lower-case words joined by underscores, for names of files and functions; may be empty.

    >>> slug("GET /api/products/{id}: no KeyError: 'price'")
    'get_api_products_id_no_keyerror_price'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "_".join(re.findall(r"[a-z0-9]+", plain))[:limit].strip("_")


def _javascript_string(text: str) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = _escaped(text, astral="\\u{{{:x}}}").replace(quote, f"\\{quote}")
    return quote + _marked_up(escaped) + quote


def _marked_up(text: str) -> str:
    return _MARKUP.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _property(key: str) -> str:
    # Written without brackets, `__proto__` would set the prototype instead of a property.
    return key if _JAVASCRIPT_NAME.fullmatch(key) else '["__proto__"]' if key == "__proto__" else javascript(key)


def _escaped(text: str, astral: str = "\\U{:08x}") -> str:
    return "".join(c if " " <= c <= "~" and c != "\\" else _escape(c, astral) for c in text)


def _escape(char: str, astral: str) -> str:
    if char in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else astral.format(code)
