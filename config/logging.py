"""Logging, set up once by a command and never at import: JSON or console lines on stderr, secrets masked.

The code logs with `structlog.get_logger()`; what libraries log through the standard library comes out the same way.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from ..core.masking import MASK, is_secret_name, mask_text
from .settings import Settings

Event = MutableMapping[str, Any]


def set_up_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Make stderr the log; calling it again replaces the former set-up.

    Args:
        settings: level and format (`fleet.log_level`, `fleet.log_format`), and whether colours are welcome.
        stream: where lines go; default the present `sys.stderr`.
    """
    stream = stream or sys.stderr
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Before masking: an exception's text may hold a URL with a password.
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-1], structlog.stdlib.ExtraAdder(), mask_secrets],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(settings, colors=settings.color and stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.fleet.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Caching would keep the first stream for ever.
        cache_logger_on_first_use=False,
    )


def mask_secrets(logger: object, method: str, event: Event) -> Event:
    """A structlog processor: no value of a secret's name, no password in a URL."""
    return {name: MASK if value and is_secret_name(name) else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask_text(value)
        case Mapping():
            return {k: MASK if v and is_secret_name(str(k)) else _masked(v) for k, v in value.items()}
        case list() | tuple():
            return [_masked(item) for item in value]
        case BaseException():
            return mask_text(str(value))
        case _:
            return value


def _renderer(settings: Settings, *, colors: bool) -> structlog.types.Processor:
    if settings.fleet.log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    # Plain tracebacks: pretty ones print local variables, and with them secrets.
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _json(event: Event, **_: Any) -> str:
    return orjson.dumps(event, default=lambda value: mask_text(str(value)), option=orjson.OPT_NON_STR_KEYS).decode()
