"""Requests of a replay carry their number through the service: as a trace context, which services hand on anyway."""

import re

from .wire import Headers

_OURS = b"aqe-repl".hex()
"""First half of the trace ids; the other is the number. Ids from elsewhere say nothing about order."""
_NUMBER = re.compile(rb"00-%s([0-9a-f]{16})-" % _OURS.encode())


def traceparent(number: int) -> str:
    """Value of the header of the n-th request, from 0 (W3C Trace Context, version 00)."""
    return f"00-{_OURS}{number:016x}-{number + 1:016x}-01"


def number_of(headers: Headers) -> int | None:
    """The number of the request that this one was made for; None = it does not say."""
    given = next((value for name, value in headers if name == b"traceparent"), b"")
    found = _NUMBER.match(given)
    return int(found[1], 16) if found else None
