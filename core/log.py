"""Loggers that bring their library when the first line is written.

structlog, and rich with it, takes a fifth of a short command's start, and most commands log nothing.
"""

import logging
from collections.abc import Callable
from typing import Any

_set_up_later: Callable[[], None] | None = None


def set_up_when_needed(set_up: Callable[[], None]) -> None:
    """Have structlog configured by `set_up` before the first line that the standard library's levels let through."""
    global _set_up_later
    _set_up_later = set_up


class Logger:
    """structlog's logger of a name. What a line says is its event and named fields.

    Args:
        name: of the standard library's logger, whose level holds.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: Any) -> None:
        """For who looks for a fault."""
        self._say("debug", logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """What went as it should."""
        self._say("info", logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """What did not, and was dealt with."""
        self._say("warning", logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """What was not done."""
        self._say("error", logging.ERROR, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """The same, with the traceback of the exception that is being handled."""
        self._say("exception", logging.ERROR, event, fields)

    def _say(self, method: str, level: int, event: str, fields: dict[str, Any]) -> None:
        global _set_up_later
        if _set_up_later is not None:
            if not logging.getLogger(self._name).isEnabledFor(level):
                return
            # Two threads may both do it, to the same end; none logs before it is done.
            _set_up_later()
            _set_up_later = None
        import structlog

        getattr(structlog.get_logger(self._name), method)(event, **fields)
