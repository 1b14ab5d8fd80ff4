"""How a log line looks: JSON or console text, secrets masked; structlog's and the standard library's alike."""

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog

from ..core.masking import MASK, is_secret_name, mask_text
from .settings import Settings

Event = MutableMapping[str, Any]
_SHARED: tuple[structlog.types.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    # Before masking: an exception's text may hold a URL with a password.
    structlog.processors.format_exc_info,
)


def formatter(settings: Settings, *, colors: bool) -> logging.Formatter:
    """Of what libraries log, and of what structlog hands on."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder(), mask_secrets],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _renderer(settings, colors=colors),
        ],
    )


def configure_structlog() -> None:
    """Have structlog hand its lines to the standard library."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            mask_secrets,
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
