"""Text logs: a record begins with a time, in one of the usual ways; other lines belong to the record before.

What stands between the time and the message differs from logger to logger; the level and, in syslog, host and program
are taken out, the rest stays the message. Syslog and logcat write no year: such a record gets the year WITHOUT_YEAR,
and the import, which has a clock, moves it to the latest year that makes it no time to come.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.logs import WITHOUT_YEAR, LogRow
from ....core.records.bulk.rows import LOGS
from ....core.records.signals import Outcome
from ..lines import LineRows, Tally, lines_of, sample_lines
from ..times import epoch, to_utc
from ..values import MAX_LONG_TEXT
from . import log_fields as fields
from .access_haproxy import haproxy_row
from .stack_traces import error_type, split_message

_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_WORDS = (
    "FATAL|CRITICAL|CRIT|EMERGENCY|EMERG|ALERT|ERROR|ERR|SEVERE|WARNING|WARN|NOTICE|INFORMATION|INFO|CONFIG|DEBUG|FINE"
    "|TRACE|VERBOSE"
)
_LEVEL = re.compile(
    rf"[\[(<|*]{{0,2}}\b(?:level=)?(?:\w+[.:](?=(?:error|warn|info|debug|notice)\b))?({_WORDS})\b[\])>|:]*",
    re.IGNORECASE,
)
# How far behind the time a level may stand: after a thread, a logger, a process.
_LEVEL_WITHIN = 100
_SYSLOG = re.compile(r"(\S+) ([\w./()-]{1,80})(?:\[(\d+)\])?: ?")
_LOGCAT = re.compile(r"\s*\d+\s+\d+ ([VDIWEFA]) (.{0,80}?)\s*: ")
_LETTERS = {"V": "DEBUG", "D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL", "A": "CRITICAL"}
_PRIORITY = re.compile(r"<(\d{1,3})>(?:1 )?")
_SEVERITIES = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")

_Reader = Callable[[re.Match[str]], datetime | None]


def _iso(match: re.Match[str]) -> datetime | None:
    day, clock, fraction, zone = match["day"], match["clock"], match["fraction"], match["zone"]
    digits = f".{fraction[:6]}" if fraction else ""
    offset = "+00:00" if zone in ("Z", "UTC", "GMT") else (zone or "").replace(" ", "")
    return datetime.fromisoformat(f"{day.replace('/', '-').replace('.', '-')}T{clock}{digits}{offset}")


def _short_year(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second = (int(match[name]) for name in ("y", "mo", "d", "h", "mi", "s"))
    return datetime(2000 + year, month, day, hour, minute, second)


def _without_year(match: re.Match[str]) -> datetime | None:
    month = _MONTHS.get(match["month"]) or int(match["mo"] or 0)
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return datetime(WITHOUT_YEAR, month, int(match["d"]), int(match["h"]), int(match["mi"]), int(match["s"]), fraction)


def _with_names(match: re.Match[str]) -> datetime | None:
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    month = _MONTHS[match["month"]]
    return datetime(
        int(match["y"]), month, int(match["d"]), int(match["h"]), int(match["mi"]), int(match["s"]), fraction
    )


_HMS = r"(?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_TIMES: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    # 2026-11-22 01:55:21,137 | 2026/11/22T01:55:21Z | 2026-11-22 01:55:21 +0100
    (re.compile(r"[\[(]?(?P<day>\d{4}([-/.])\d\d\2\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,:](?P<fraction>\d{1,9}))?"
                r"(?P<zone>Z| ?(?:UTC|GMT)\b| ?[+-]\d\d:?\d\d\b)?"), _iso),
    # 081109 203615 | 17/06/09 20:10:40
    (re.compile(r"(?P<y>\d\d)(?P<mo>\d\d)(?P<d>\d\d) (?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)\b"), _short_year),
    (re.compile(r"(?P<y>\d\d)/(?P<mo>\d\d)/(?P<d>\d\d) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)\b"), _short_year),
    # [Sun Dec 04 04:47:44 2005] | [Sun Dec 04 04:47:44.123 2005]
    (re.compile(rf"\[(?:[A-Z][a-z]{{2}} )?(?P<month>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}) {_HMS} (?P<y>\d{{4}})"),
     _with_names),
    # Nov 22 01:55:21
    (re.compile(rf"(?P<month>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}) {_HMS}(?P<mo>)"), _without_year),
    # 03-17 16:13:38.811 | [10.30 16:49:06]
    (re.compile(rf"\[?(?P<mo>\d\d)[-.](?P<d>\d\d) {_HMS}(?P<month>)"), _without_year),
    # klog: E1122 01:55:24.123456
    (re.compile(rf"(?=[IWEF]\d{{4}} )[IWEF](?P<mo>\d\d)(?P<d>\d\d) {_HMS}(?P<month>)"), _without_year),
    # BGL: 1117838570 2005.06.03
    (re.compile(r"(?P<epoch>1\d{9}(?:\.\d{1,6})?)\b"), lambda match: epoch(float(match["epoch"]))),
)  # fmt: skip
"""How a line may begin, and what reads its time."""
# Before the time: an alert's mark (BGL), a priority (syslog), a letter (Ruby), a container's name (docker compose), its
# own name (logfmt: logrus, slog, Prometheus).
_BEFORE = re.compile(
    r"(?:- |[A-Z]{3,20} (?=\d{10} )|<\d{1,3}>(?:1 )?|[A-Z], |[\w.-]{1,60} +\| |(?:time|timestamp|ts|t)=\"?"
    r"|\s*(?:\x1b\[[\d;]*m)+)?"
    rf"(?:(?:{_WORDS})\b:? +)?"
)


class PlainLog:
    """Text log -> rows of logs."""

    name = "plain-log"
    produces: tuple[str, ...] = (LOGS,)
    about = About(
        title="Text log",
        producers="logging, log4j, logback, Rails, syslog, logcat, Apache error log, Hadoop, Spark, klog, nginx, ...",
        versions="any whose lines begin with a time: ISO, syslog, logcat, Apache, klog, logfmt, seconds since 1970",
        recognised_by="at least half of the first lines that are not indented begin with a time in one of these ways",
        fields="time, level, host and program of syslog, message with the lines that belong to it, stack trace",
        sample=Sample.REAL,
        how_to_export="the file; journalctl -o short-iso; kubectl logs --timestamps; docker logs --timestamps",
    )

    def recognises(self, head: Head) -> bool:
        """Lines of a table, of JSON or XML begin otherwise, or go on with a comma; requests are an access log."""
        if head.is_json_object or head.is_xml:
            return False
        lines = [line for line in sample_lines(head) if line[0] not in " \t"]
        begins = sum(_begin(line) is not None for line in lines)
        requests = sum(haproxy_row(line) is not None for line in lines)
        return 2 * requests < len(lines) <= 2 * begins and not _is_table(lines)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Rows as they are read; their notes stand in `LineRows.notes`."""
        tally = Tally("text log")
        lines = lines_of(stream, tally)
        if lines is None:
            return Parsed(Outcome.NOT_MEASURED, reason="the file is empty: no log record in it")
        return Parsed(Outcome.VALUE, rows=LineRows(_rows(lines, tally), tally))


def _is_table(lines: list[str]) -> bool:
    """A first line of names; in the others as many separators, or one right after the time."""
    separator = next((mark for mark in ",;\t" if mark in lines[0]), None)
    if separator is None or _begin(lines[0]) is not None:
        return False
    begins = ((line, _begin(line)) for line in lines[1:])
    after = any(found is not None and line[found[1] :].startswith(separator) for line, found in begins)
    return after or len({line.count(separator) for line in lines}) == 1


def _rows(lines: Iterator[bytes], tally: Tally) -> Iterator[LogRow]:
    held: list[str] = []
    at: datetime | None = None
    end = size = 0
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        found = _begin(line)
        if found is None and at is not None and line:
            if size < MAX_LONG_TEXT:  # a longer trace is of a runaway recursion
                held.append(line)
                size += len(line)
            continue
        if at is not None and found is not None:
            yield _row(at, held, end)
        if found is None:
            tally.add_unread(raw)
            continue
        moment, end = found
        tally.zoneless += moment.tzinfo is None
        aware = to_utc(moment)
        if aware is None:
            tally.add_unread(raw)
            at = None
            continue
        tally.rows += 1
        at, held, size = aware, [line], len(line)
    if at is not None:
        yield _row(at, held, end)
    tally.finish()


def _begin(line: str) -> tuple[datetime, int] | None:
    """The time a line begins with and where it ends."""
    before = _BEFORE.match(line)
    start = before.end() if before else 0
    for pattern, reader in _TIMES:
        match = pattern.match(line, start) or (pattern.match(line) if start else None)
        if match is not None:
            try:
                at = reader(match)
            except (ValueError, KeyError):
                continue
            if at is not None:
                return at, match.end()
    return None


def _row(at: datetime, lines: list[str], end: int) -> LogRow:
    first = lines[0]
    level, host, program = _from_priority(first), None, None
    rest = first[end:].lstrip('"]), ')
    if at.year == WITHOUT_YEAR:
        if first[0] in _LETTERS and first[1:5].isdigit():
            level = _LETTERS[first[0]]
        elif logcat := _LOGCAT.match(rest):
            level, program, rest = _LETTERS[logcat[1]], logcat[2], rest[logcat.end() :]
        elif syslog := _SYSLOG.match(rest):
            host, program, rest = syslog[1], syslog[2], rest[syslog.end() :]
    if not level:
        level, rest = _leveled(first[:end], rest)
    message = "\n".join([rest, *lines[1:]]) if len(lines) > 1 else rest
    parts = split_message(message) if len(lines) > 1 else None
    body, trace = parts if parts else (message, None)
    kind = error_type(trace) if trace else None
    return LogRow(at, level, body, logger=program, error_type=kind, stack_trace=trace, host=host)


def _leveled(before: str, rest: str) -> tuple[str, str]:
    """The level, and the rest without it where it stands at the beginning."""
    match = _LEVEL.search(rest, 0, _LEVEL_WITHIN)
    if match is not None and (match[1].isupper() or match[0] != match[1] or match.start() == 0):
        level = fields.level_of(match[1])
        is_first = not rest[: match.start()].strip(" -[|")
        return level, rest[match.end() :].lstrip(" -:|,]") if is_first else rest
    ahead = _LEVEL.match(before)
    return (fields.level_of(ahead[1]) if ahead else ""), rest


def _from_priority(line: str) -> str:
    match = _PRIORITY.match(line)
    return _SEVERITIES[int(match[1]) % 8] if match else ""
