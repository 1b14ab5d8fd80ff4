r"""Access logs: NCSA's formats, HAProxy's (`access_haproxy`), nginx's as JSON (`access_json`).

NCSA's are common, combined, and either with the request's duration at the end:

    host ident user [day/Mon/year:h:m:s zone] "request" status bytes ["referer" "user agent"] [duration]

The duration is what Apache's `%D` writes, a whole number of microseconds, or nginx's `$request_time`, seconds with a
decimal point. Further fields are allowed: quoted ones are passed over; several whole numbers (`%I %O`) are no
duration. Debian's `vhost:port` in front is passed over too. `-` means "not said" in every field. Servers escape what
would end a quoted field: Apache as `\"`, nginx as `\x22`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.logs import AccessRow
from ....core.records.bulk.rows import ACCESS
from ....core.records.signals import Outcome, SignalKind
from ..lines import LineRows, Tally, lines_of, sample_lines
from ..times import to_utc
from .access_haproxy import haproxy_row
from .access_json import json_row
from .access_request import requested, said, stamped

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    # vhost:port, host, ident, user (may hold blanks), time
    r"(?:\S+:\d+ )?(\S+) \S+ [^\[\s][^\[]* \[([^\]]{20,26})\] "
    rf"{_QUOTED} (\d{{3}}) (\d{{1,18}}|-)(?: {_QUOTED} {_QUOTED})?(| .*)"
)
# Neighbours share their second.
_stamped = lru_cache(maxsize=16)(stamped)
_WHOLE = re.compile(r"\d{1,15}")
_DECIMAL = re.compile(r"\d{1,9}\.\d{1,9}")


class AccessLog:
    """Access log -> rows of the dataset `access`."""

    name = "access-log"
    # The figures of a release's own traffic are counted while its rows are stored (fleet/imports/traffic.py).
    produces: tuple[str, ...] = (ACCESS, SignalKind.PERFORMANCE)
    about = About(
        title="Access log",
        producers="Apache, nginx, HAProxy, gunicorn, Tomcat, ...",
        versions="common, combined, either with `vhost:port` in front or a duration at the end; HAProxy's `httplog`; "
        "nginx's `escape=json` with the names of its variables",
        recognised_by="at least half of the first lines fit",
        fields="client, time, request, status, bytes, referer, user agent, duration",
        metrics=(
            "requests",
            "error_rate_percent",
            "throughput_rps",
            "p50_latency_ms",
            "p95_latency_ms",
            "p99_latency_ms",
        ),
        sample=Sample.REAL,
        how_to_export="the file; Apache: LogFormat combined plus %D; nginx: combined plus $request_time; HAProxy: "
        "option httplog",
    )

    def recognises(self, head: Head) -> bool:
        """At least half of the first lines fit."""
        lines = sample_lines(head)
        return 0 < len(lines) <= 2 * sum(_row(line.rstrip("\r")) is not None for line in lines)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Rows as they are read; their notes stand in `LineRows.notes`."""
        tally = Tally("access log")
        lines = lines_of(stream, tally)
        if lines is None:
            return Parsed(Outcome.NOT_MEASURED, reason="the file is empty: no request in it")
        return Parsed(Outcome.VALUE, rows=LineRows(_rows(lines, tally), tally))


def _rows(lines: Iterator[bytes], tally: Tally) -> Iterator[AccessRow]:
    for line in lines:
        row = _row(line.decode("utf-8", "replace").rstrip("\r\n"))
        at = row and to_utc(row.at)
        if row is None or at is None:
            tally.add_unread(line)
            continue
        tally.rows += 1
        tally.zoneless += row.at.tzinfo is None
        yield row._replace(at=at) if row.at is not at else row
    tally.finish()


def _row(line: str) -> AccessRow | None:
    """One request, its time naive where the line names no zone; None when the line is none."""
    match = _LINE.fullmatch(line)
    if match is None:
        return json_row(line) if line.startswith("{") else haproxy_row(line)
    client, stamp, request, status, size, referer, agent, tail = match.groups()
    at = _stamped(stamp)
    if at is None:
        return None
    return AccessRow(
        at,
        *requested(request),
        int(status),
        None if size == "-" else int(size),
        _duration_ms(tail) if tail else None,
        said(client),
        said(agent),
        said(referer),
    )


def _duration_ms(tail: str) -> float | None:
    """What follows the known fields: seconds with a point, or one whole number of microseconds."""
    fields = re.sub(_QUOTED, "", tail).split()
    if fields and _DECIMAL.fullmatch(fields[0]):
        return round(float(fields[0]) * 1000, 6)
    if len(fields) == 1 and _WHOLE.fullmatch(fields[0]):
        return int(fields[0]) / 1000
    return None
