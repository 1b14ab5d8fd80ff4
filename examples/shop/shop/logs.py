"""The application log: one JSON object a line."""

import json
import logging
import traceback
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from flask import g, has_request_context, request

# Loggers that write to the application log: ours, Flask's (app.logger is named after the app) and the server's.
LOGGERS = ("shop", "waitress")


class JsonLines(logging.Formatter):
    """A record as one line of JSON, ASCII only, so that hostile text can not break a line or a terminal.

    `request_id`, `method`, `path` and `user_id` are null outside a request. `error_type` and `exc_info` (the whole
    traceback as text) are there only when an exception is logged.
    """

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        inside = has_request_context()
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": g.get("request_id") if inside else None,
            "method": request.method if inside else None,
            "path": request.path if inside else None,
            "user_id": g.get("user_id") if inside else None,
            "release": self._release,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error_type"] = type(error).__name__
            line["exc_info"] = "".join(traceback.format_exception(error))
        return json.dumps(line)


def open_log(names: tuple[str, ...], path: Path, formatter: logging.Formatter) -> None:
    """Send the loggers `names`, from INFO up, to the file `path` and nowhere else; an earlier file of theirs is closed.

    The file may be moved away while the server runs (log rotation): the next record makes a new one.

    Raises:
        OSError: the file can not be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = WatchedFileHandler(path, encoding="utf-8")
    handler.setFormatter(formatter)
    for name in names:
        logger = logging.getLogger(name)
        close_logs(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def close_logs(*names: str) -> None:
    """Close the files of the loggers `names`."""
    for name in names:
        logger = logging.getLogger(name)
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
