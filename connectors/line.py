"""An HTTP connection of the standard library that another thread may cut.

Nothing else ends the read of a blocking client in time: its time-out bounds every single read.
"""

import http.client
import socket
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Line:
    """The connections of one attempt (connectors/attempts.py)."""

    def __init__(self) -> None:
        self._made: list[http.client.HTTPConnection] = []

    def opener(self, *handlers: type[urllib.request.BaseHandler]) -> urllib.request.OpenerDirector:
        """As `urllib.request.build_opener`, over connections that can be cut."""
        return urllib.request.build_opener(*handlers, _Http(self), _Https(self))

    def through(self, kind: type[http.client.HTTPConnection]) -> Callable[..., http.client.HTTPConnection]:
        """What makes a connection of this kind."""

        def make(*arguments: Any, **named: Any) -> http.client.HTTPConnection:
            self._made.append(kind(*arguments, **named))
            return self._made[-1]

        return make

    def cut(self) -> None:
        """End the reads of whoever waits for an answer."""
        for connection in self._made:
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._line.through(http.client.HTTPConnection), request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._line.through(http.client.HTTPSConnection), request)
