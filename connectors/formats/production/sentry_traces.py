"""A stack trace as its language prints it, out of Sentry's frames."""

import re
from typing import Any

from ..shapes import dict_at
from ..values import listed, long_text, text

# Of runaway recursion the ends matter.
_MAX_FRAMES = 60
_MAX_EXCEPTIONS = 10
_LIBRARY = re.compile(r"[/\\](?:(?:site|dist)-packages|lib[/\\]python\d[\d.]*)[/\\]")


def trace_of(exceptions: list[Any], platform: str | None) -> str | None:
    """The whole chain as text; None when there is no frame.

    Args:
        exceptions: as in `exception.values`: causes first, the one that was raised last.
        platform: `python` prints causes first and the newest frame last; the others the other way round.
    """
    chain = [dict_at(one) for one in exceptions[-_MAX_EXCEPTIONS:]]
    if not any(_frames(one) for one in chain):
        return None
    if platform == "python":
        return "\n\n".join(map(_python, chain))
    return "\nCaused by: ".join(_others(one, platform) for one in reversed(chain))


def _frames(exception: dict[str, Any]) -> list[dict[str, Any]]:
    found = [dict_at(frame) for frame in listed(dict_at(exception, "stacktrace").get("frames"))]
    return found if len(found) <= _MAX_FRAMES else found[: _MAX_FRAMES // 2] + found[-_MAX_FRAMES // 2 :]


def _headline(exception: dict[str, Any]) -> str:
    kind, module, value = text(exception.get("type")) or "Error", text(exception.get("module")), exception.get("value")
    name = f"{module}.{kind}" if module and module != "builtins" else kind
    return f"{name}: {said}" if (said := long_text(value)) else name


def _python(exception: dict[str, Any]) -> str:
    lines = ["Traceback (most recent call last):"]
    for frame in _frames(exception):
        file, line, name = (text(frame.get(key)) for key in ("filename", "lineno", "function"))
        # The whole path, as logs have it: one that begins at the package does not tell a library's code either.
        if (whole := text(frame.get("abs_path")) or "").startswith("/") or _LIBRARY.search(whole):
            file = whole
        elif frame.get("in_app") is False:
            file = f"site-packages/{file}"
        lines.append(f'  File "{file}", line {line}, in {name}')
        if context := text(frame.get("context_line")):
            lines.append(f"    {context.strip()}")
    return "\n".join([*lines, _headline(exception)])


def _others(exception: dict[str, Any], platform: str | None) -> str:
    lines = [_headline(exception)]
    for frame in reversed(_frames(exception)):
        file, line, name = (text(frame.get(key)) for key in ("filename", "lineno", "function"))
        if platform == "java":
            module = text(frame.get("module"))
            lines.append(f"\tat {module + '.' if module else ''}{name}({file}:{line})")
        else:
            lines.append(f"    at {name or '?'} ({file}:{line}:{text(frame.get('colno')) or 0})")
    return "\n".join(lines)
