r"""One line of HAProxy's HTTP log (`option httplog`), with or without what syslog writes in front.

    client:port [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes ... "request"

The time has milliseconds and no zone. `-1` is what never came; such a status reads 0: no answer was sent. Captured
headers have no names in this format, so no user agent can be told from them.
"""

import re

from ....core.records.bulk.logs import AccessRow
from .access_request import requested, stamped

_LINE = re.compile(
    # what syslog writes, client, time, frontend, backend and server
    r"(?:\S.{0,200}\]: )?(\S+):\d{1,5} \[([^\]\s]{24})\] \S+ \S+/\S+ "
    # times, status, bytes; then cookies, state, counters, captured headers
    r'(?:-?\d+/){4}\+?(-?\d{1,15}) (-1|\d{3}) \+?(\d{1,18}) [^"]*"([^"]*)"'
)


def haproxy_row(line: str) -> AccessRow | None:
    """The request of a line, its time naive; None when it is none."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    client, stamp, total, status, size, request = match.groups()
    at = stamped(stamp)
    if at is None:
        return None
    spent_ms = float(total) if int(total) >= 0 else None
    return AccessRow(at, *requested(request), max(int(status), 0), int(size), spent_ms, client, None, None)
