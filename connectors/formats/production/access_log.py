r"""NCSA access logs: common, combined, and either with the request's duration at the end.

    host ident user [day/Mon/year:h:m:s zone] "request" status bytes ["referer" "user agent"] [duration]

The duration is what Apache's `%D` writes, a whole number of microseconds, or nginx's `$request_time`, seconds with a
decimal point. Further fields are allowed: quoted ones are passed over; several whole numbers (`%I %O`) are no
duration. Debian's `vhost:port` in front is passed over too. `-` means "not said" in every field. Servers escape what
would end a quoted field: Apache as `\"`, nginx as `\x22`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.logs import AccessRow
from ....core.records.rows import ACCESS
from ....core.records.signals import Outcome, SignalKind
from ..lines import LineRows, Tally, lines_of, sample_lines

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    # vhost:port, host, ident, user (may hold blanks), time
    r"(?:\S+:\d+ )?(\S+) \S+ [^\[\s][^\[]* \[([^\]]{20,26})\] "
    rf"{_QUOTED} (\d{{3}}) (\d{{1,18}}|-)(?: {_QUOTED} {_QUOTED})?(| .*)"
)
# HTTP/0.9 has no protocol; a path may hold blanks.
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,19}) (?:(\S.*?) HTTP/\d(?:\.\d)?|(/.*))")
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?")
_STAMP_WITHOUT_ZONE = len("22/Nov/2026:01:55:21")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPED = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)|\\(.)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_WHOLE = re.compile(r"\d{1,15}")
_DECIMAL = re.compile(r"\d{1,9}\.\d{1,9}")


class AccessLog:
    """NCSA access log -> rows of the dataset `access`."""

    name = "access-log"
    # The figures of a release's own traffic are counted while its rows are stored (fleet/imports/traffic.py).
    produces: tuple[str, ...] = (ACCESS, SignalKind.PERFORMANCE)
    about = About(
        title="Access log (NCSA)",
        producers="Apache, nginx, gunicorn, Tomcat, ...",
        versions="common, combined, either with `vhost:port` in front or a duration at the end",
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
        how_to_export="the file; Apache: LogFormat combined plus %D; nginx: combined plus $request_time",
    )

    def recognises(self, head: Head) -> bool:
        """At least half of the first lines fit."""
        lines = sample_lines(head)
        return 0 < len(lines) <= 2 * sum(_LINE.fullmatch(line.rstrip("\r")) is not None for line in lines)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Rows as they are read; their notes stand in `LineRows.notes`."""
        tally = Tally("access log")
        lines = lines_of(stream, tally)
        if lines is None:
            return Parsed(Outcome.NOT_MEASURED, reason="the file is empty: no request in it")
        return Parsed(Outcome.VALUE, rows=LineRows(_rows(lines, tally), tally))


def _rows(lines: Iterator[bytes], tally: Tally) -> Iterator[AccessRow]:
    last_stamp, at = "", None
    for line in lines:
        match = _LINE.fullmatch(line.decode("utf-8", "replace").rstrip("\r\n"))
        if match is None:
            tally.add_unread(line)
            continue
        client, stamp, request, status, size, referer, agent, tail = match.groups()
        if stamp != last_stamp:  # neighbours share their second
            last_stamp, at = stamp, _moment(stamp)
        if at is None:
            tally.add_unread(line)
            continue
        tally.rows += 1
        tally.zoneless += len(stamp) == _STAMP_WITHOUT_ZONE
        method, path = _request(request)
        yield AccessRow(
            at,
            method,
            path,
            int(status),
            None if size == "-" else int(size),
            _duration_ms(tail) if tail else None,
            _said(client),
            _said(agent),
            _said(referer),
        )
    tally.finish()


def _moment(stamp: str) -> datetime | None:
    """`22/Nov/2026:01:55:21 +0100`; without zone it is taken for UTC. None for an impossible date."""
    match = _TIME.fullmatch(stamp)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    try:
        at = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        if sign is None:
            return at
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        return at + offset if sign == "-" else at - offset
    except (ValueError, OverflowError):
        return None


def _request(field: str) -> tuple[str, str]:
    """Method and path; an unreadable request line has no method and stands in the path as it is."""
    match = _REQUEST.fullmatch(field)
    if match is None:
        return "", _said(field) or ""
    return match[1], _unescaped(match[2] or match[3])


def _said(field: str | None) -> str | None:
    return None if field is None or field in ("-", "") else _unescaped(field)


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(_character, field) if "\\" in field else field


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", "replace")
    return _LETTERS.get(match[2], match[2])


def _duration_ms(tail: str) -> float | None:
    """What follows the known fields: seconds with a point, or one whole number of microseconds."""
    fields = re.sub(_QUOTED, "", tail).split()
    if fields and _DECIMAL.fullmatch(fields[0]):
        return round(float(fields[0]) * 1000, 6)
    if len(fields) == 1 and _WHOLE.fullmatch(fields[0]):
        return int(fields[0]) / 1000
    return None
