"""Stack traces as loggers write them (text, list of lines, structlog's list of objects) and the error type in them."""

import re

from .log_fields import as_text

# Where a trace begins inside a message that has text before it.
_EMBEDDED = re.compile(
    r"^(?:Traceback \(most recent call last\):$|[\w.$]+(?:Error|Exception)\b.*\n[ \t]+at |panic: )", re.MULTILINE
)
_PYTHON_FRAME = '  File "'
# `shop.errors.PaymentError: declined`, `KeyError`, `TypeError [ERR_X]: ...`, `Exception in thread "main" a.B: ...`
_TYPE = re.compile(
    r'(?:Uncaught |Unhandled |Caused by: |Exception in thread "[^"]{0,200}" )?'
    r"([A-Za-z_$][\w$]*(?:[.:/\\]{1,2}[A-Za-z_$][\w$]*)*)(?: \[\w+\])?(:\s|:?$)"
)
# Without a message after it, a word is an error type only if it is called like one.
_CALLED_ERROR = re.compile(r"(?:Error|Exception|Throwable|Warning|Failure|Fault|Interrupt|Exit|Timeout|Iteration)$")
_MAX_TYPE = 200
# Traces of runaway recursion; the ends matter.
_MAX_OBJECTS = 50


def trace_text(value: object) -> str | None:
    """A logger's trace as text; None when the value holds none (`exc_info: true`, `NoneType: None`, an empty list)."""
    if isinstance(value, str):
        return value if value and value != "NoneType: None" else None
    if isinstance(value, list) and value:
        if all(isinstance(line, str) for line in value):
            return "\n".join(value)
        if all(isinstance(entry, dict) for entry in value):
            return _from_objects(value[:_MAX_OBJECTS])
    return None


def error_type(trace: str) -> str | None:
    """The type of the error a trace tells of.

    Python names it after the last frame, Java, JavaScript and Go on the first line.
    """
    frame = trace.rfind(_PYTHON_FRAME)
    lines = trace[frame:].split("\n", 12)[1:] if frame >= 0 else trace.split("\n", 1)[:1]
    for line in lines:
        line = line.rstrip("\r")
        if line and line[0] not in " \t|^~":
            return _type_of(line)
    return None


def split_message(message: str) -> tuple[str, str] | None:
    """Message and trace of a message that carries its trace; None when it carries none.

    A message that is nothing but a trace is called by the line that names the error.
    """
    found = _EMBEDDED.search(message)
    if found is None:
        return None
    text, trace = message[: found.start()].rstrip(), message[found.start() :]
    lines = trace.strip().split("\n")
    return text or lines[-1 if _PYTHON_FRAME in trace else 0], trace


def _type_of(line: str) -> str | None:
    match = _TYPE.match(line[: 2 * _MAX_TYPE])
    if match is None or len(match[1]) > _MAX_TYPE:
        return None
    named = match[2].strip() == ":" and match[2] != ":"
    return match[1] if named or _CALLED_ERROR.search(match[1]) else None


def _from_objects(errors: list[dict[str, object]]) -> str | None:
    """structlog's `dict_tracebacks`: the raised error first, then its causes; Python prints the causes first."""
    texts = []
    for error in reversed(errors):
        frames = error.get("frames")
        lines = ["Traceback (most recent call last):"]
        for frame in frames if isinstance(frames, list) else []:
            if isinstance(frame, dict):
                file, line, name = (as_text(frame.get(key)) for key in ("filename", "lineno", "name"))
                lines.append(f'  File "{file}", line {line}, in {name}')
        lines.append(f"{as_text(error.get('exc_type'))}: {as_text(error.get('exc_value'))}")
        texts.append("\n".join(lines))
    return "\n\n".join(texts) if as_text(errors[0].get("exc_type")) else None
