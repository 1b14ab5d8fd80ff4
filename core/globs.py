"""Redis's glob as a regular expression, for what is matched on this side: event types, changed keys.

`*` any run of characters, `?` one, `[a-z]` one of, `[^a-z]` one not of, `\\` takes the next character as it is. An
unclosed bracket ends with the pattern; a range may be written backwards (util.c, stringmatchlen).
"""

import re
from functools import lru_cache


@lru_cache(maxsize=256)
def compile_glob(glob: str) -> "re.Pattern[str]":
    """The pattern for `fullmatch`.

    >>> bool(compile_glob("task:*").fullmatch("task:failed"))
    True
    >>> bool(compile_glob("a[^b-d]?").fullmatch("acx"))
    False
    """
    out: list[str] = []
    i = 0
    while i < len(glob):
        c = glob[i]
        i += 1
        if c == "*":
            out.append(".*")
        elif c == "?":
            out.append(".")
        elif c == "[":
            text, i = _bracket(glob, i)
            out.append(text)
        else:
            if c == "\\" and i < len(glob):
                c = glob[i]
                i += 1
            out.append(re.escape(c))
    # Runs of stars would backtrack exponentially.
    return re.compile(re.sub(r"(\.\*)+", ".*", "".join(out)), re.DOTALL)


def is_glob(text: str) -> bool:
    """True when the text has a wildcard."""
    return any(c in text for c in "*?[\\")


def _bracket(glob: str, i: int) -> tuple[str, int]:
    negate = glob.startswith("^", i)
    i += negate
    singles: list[str] = []
    while i < len(glob) and glob[i] != "]":
        if glob[i] == "\\" and i + 1 < len(glob):
            singles.append(re.escape(glob[i + 1]))
            i += 2
        elif i + 2 < len(glob) and glob[i + 1] == "-":
            low, high = sorted((glob[i], glob[i + 2]))
            singles.append(f"{re.escape(low)}-{re.escape(high)}")
            i += 3
        else:
            singles.append(re.escape(glob[i]))
            i += 1
    if not singles:
        return ("." if negate else "(?!)"), i + 1
    return f"[{'^' if negate else ''}{''.join(singles)}]", i + 1
