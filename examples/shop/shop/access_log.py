"""The access log: NCSA combined format plus the duration, as Apache's `"%h %l %u %t \\"%r\\" %>s %b ... %D"`."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOGGER = "shop.access"
log = logging.getLogger(LOGGER)


def _quoted(text: str) -> str:
    r"""Text for a place between quotes, escaped as Apache does: `\"`, `\\`, and `\xhh` for what is not printable."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(
        char if " " <= char <= "~" else "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
        for char in escaped
    )


class AccessLog:
    """WSGI middleware that writes one line a request, after the last byte of the body was handed to the server.

    The last field is the time from the call to that moment, in microseconds. Waiting for a free server thread and
    sending over the network are not in it. The user field is always `-`: nobody is logged in, and the pseudonym of
    `X-User-Id` belongs to the application log.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Run the wrapped app."""
        received = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S %z")
        started_ns = time.perf_counter_ns()
        seen_status: list[str] = []

        def remember_status(status, headers, exc_info=None):  # type: ignore[no-untyped-def]
            seen_status[:] = [status.split(" ", 1)[0]]
            return start_response(status, headers, exc_info)

        body = self._app(environ, remember_status)
        return self._sent(body, environ, received, started_ns, seen_status)

    def _sent(
        self,
        body: Iterable[bytes],
        environ: "WSGIEnvironment",
        received: str,
        started_ns: int,
        seen_status: list[str],
    ) -> Iterator[bytes]:
        size_bytes = 0
        try:
            for chunk in body:
                size_bytes += len(chunk)
                yield chunk
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
            duration_us = (time.perf_counter_ns() - started_ns) // 1000
            log.info(
                '%s - - [%s] "%s %s %s" %s %s "%s" "%s" %d',
                environ.get("REMOTE_ADDR", "-"),
                received,
                _quoted(environ["REQUEST_METHOD"]),
                _quoted(environ["REQUEST_URI"]),
                environ["SERVER_PROTOCOL"],
                seen_status[0],
                size_bytes or "-",
                _quoted(environ.get("HTTP_REFERER", "-")),
                _quoted(environ.get("HTTP_USER_AGENT", "-")),
                duration_us,
            )
