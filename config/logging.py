"""Logging, set up once by a command and never at import: lines on stderr.

The code logs with `core.log.Logger`; what libraries log through the standard library comes out the same way.
"""

import logging
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TextIO

from ..core.log import set_up_when_needed
from .settings import Settings


def set_up_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Make stderr the log; calling it again replaces the former set-up.

    Args:
        settings: level and format (`fleet.log_level`, `fleet.log_format`), and whether colours are welcome.
        stream: where lines go; default the present `sys.stderr`.
    """
    stream = stream or sys.stderr
    colors = settings.color and stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(lambda: _formatter(settings, colors)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.fleet.log_level.upper())
    set_up_when_needed(_configure)


class _Formatter(logging.Formatter):
    """One that is made for the first line: most commands write none."""

    def __init__(self, make: Callable[[], logging.Formatter]) -> None:
        super().__init__()
        self._make = make

    @cached_property
    def _made(self) -> logging.Formatter:
        return self._make()

    def format(self, record: logging.LogRecord) -> str:
        """As the one that is made does it."""
        return self._made.format(record)


def _formatter(settings: Settings, colors: bool) -> logging.Formatter:
    from .log_lines import formatter

    return formatter(settings, colors=colors)


def _configure() -> None:
    from .log_lines import configure_structlog

    configure_structlog()
