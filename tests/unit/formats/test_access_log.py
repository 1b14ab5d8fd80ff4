"""NCSA access logs: every request one row, whatever the server's dialect."""

import io
from datetime import UTC, datetime

import orjson
import pytest

from aqe.connectors.formats.lines import MAX_LINE_BYTES, LineRows
from aqe.connectors.formats.production.access_log import AccessLog
from aqe.connectors.formats.table import recognise
from aqe.core.errors import InputError
from aqe.core.importing import Head
from aqe.core.records.bulk.logs import AccessRow

COMMON = '203.0.113.9 - - [02/Mar/2026:09:30:00 +0100] "GET /a?b=1 HTTP/1.1" 200 512'
COMBINED = COMMON + ' "https://shop.example/" "Mozilla/5.0 (X11)"'


def read(data: bytes) -> tuple[list[AccessRow], tuple[str, ...]]:
    """Rows and notes."""
    parsed = AccessLog().parse(io.BytesIO(data))
    assert parsed.rows is not None
    assert isinstance(parsed.rows, LineRows)
    rows = [row for row in parsed.rows if isinstance(row, AccessRow)]
    return rows, parsed.rows.notes


def row(line: str) -> AccessRow:
    (only,), notes = read(line.encode() + b"\n")
    assert notes == ()
    return only


def test_the_combined_format() -> None:
    """Every field, the time in UTC."""
    assert row(COMBINED) == AccessRow(
        at=datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
        method="GET",
        path="/a?b=1",
        status=200,
        bytes_sent=512,
        duration_ms=None,
        client="203.0.113.9",
        user_agent="Mozilla/5.0 (X11)",
        referer="https://shop.example/",
    )


def test_the_common_format_has_no_referer_and_no_agent() -> None:
    """What the format has not is None, a missing duration is not 0."""
    common = row(COMMON)
    assert (common.referer, common.user_agent, common.duration_ms) == (None, None, None)


@pytest.mark.parametrize("base", [COMMON, COMBINED], ids=["common", "combined"])
@pytest.mark.parametrize(
    ("tail", "duration_ms"),
    [
        (" 1830", 1.83),
        (" 30214007", 30214.007),
        (" 0", 0.0),
        (" 0.123", 123.0),
        (" 0.000", 0.0),
        (" 12.5", 12500.0),
        (' "203.0.113.7" 0.045', 45.0),
        (' "203.0.113.7"', None),
        (' "unescaped 17', None),
        (" 0.005 0.004", 5.0),
        (" 512 2048", None),
        (" -", None),
        (" rt=0.5", None),
    ],
)
def test_the_duration_is_microseconds_or_seconds_with_a_point(base: str, tail: str, duration_ms: float | None) -> None:
    """Apache's %D and nginx's $request_time; sizes (%I %O) and other fields are no duration."""
    if base is COMMON and tail.startswith(' "'):
        return
    assert row(base + tail).duration_ms == duration_ms


def test_a_dash_is_not_said() -> None:
    """Bytes, referer, agent and host."""
    line = '- - - [02/Mar/2026:09:30:00 +0000] "GET / HTTP/1.1" 304 - "-" "-"'
    read_row = row(line)
    assert (read_row.bytes_sent, read_row.referer, read_row.user_agent, read_row.client) == (None, None, None, None)


@pytest.mark.parametrize(
    "request_line", ["-", "", r"\x16\x03\x01\x02", "quit", "GET", "get / HTTP/1.1", "hello world", r"\n"]
)
def test_a_bad_request_line_has_no_method_and_stays_in_the_path(request_line: str) -> None:
    """Scanners and TLS on the wrong port: the row counts, the line is kept."""
    read_row = row(f'203.0.113.9 - - [02/Mar/2026:09:30:00 +0000] "{request_line}" 400 0 "-" "-"')
    assert read_row.method == ""
    assert read_row.status == 400
    assert bool(read_row.path) == (request_line not in ("-", ""))


@pytest.mark.parametrize(
    ("request_line", "method", "path"),
    [
        ("GET /", "GET", "/"),
        ("OPTIONS * HTTP/1.0", "OPTIONS", "*"),
        ("CONNECT example.com:443 HTTP/1.1", "CONNECT", "example.com:443"),
        ("GET http://example.com/x HTTP/1.1", "GET", "http://example.com/x"),
        ("GET /with blank HTTP/1.1", "GET", "/with blank"),
        ("PROPFIND /dav HTTP/2", "PROPFIND", "/dav"),
        (r"GET /a\"b\\c HTTP/1.1", "GET", '/a"b\\c'),
        (r"GET /caf\xc3\xa9\x22 HTTP/1.1", "GET", '/café"'),
    ],
)
def test_request_lines_of_every_kind(request_line: str, method: str, path: str) -> None:
    """HTTP/0.9, proxies, blanks, and both ways to escape."""
    read_row = row(f'h - - [02/Mar/2026:09:30:00 +0000] "{request_line}" 200 1 "-" "-"')
    assert (read_row.method, read_row.path) == (method, path)


@pytest.mark.parametrize("client", ["203.0.113.9", "::1", "2001:db8::17", "fe80::1%eth0", "client.example.com"])
def test_any_client_is_read(client: str) -> None:
    """IPv4, IPv6, a name."""
    assert row(f'{client} - - [02/Mar/2026:09:30:00 +0000] "GET / HTTP/1.1" 200 1').client == client


def test_a_virtual_host_in_front_is_passed_over() -> None:
    """Debian's vhost_combined."""
    assert row("shop.example:443 " + COMBINED) == row(COMBINED)
    assert row("shop.example:443 " + COMBINED.replace("203.0.113.9", "::1")).client == "::1"


def test_a_user_may_hold_blanks() -> None:
    """Of basic authentication."""
    assert row(COMBINED.replace("- -", "- John Doe")).client == "203.0.113.9"


@pytest.mark.parametrize(
    ("stamp", "hour"),
    [("02/Mar/2026:09:30:00 +0000", 9), ("02/Mar/2026:09:30:00 +0530", 4), ("02/Mar/2026:09:30:00 -0800", 17)],
)
def test_times_become_utc(stamp: str, hour: int) -> None:
    """Any offset."""
    assert row(f'h - - [{stamp}] "GET / HTTP/1.1" 200 1').at.hour == hour


def test_a_time_without_zone_is_utc_with_a_note() -> None:
    """It is an assumption, so it is said."""
    rows, notes = read(b'h - - [02/Mar/2026:09:30:00] "GET / HTTP/1.1" 200 1\n')
    assert rows[0].at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert notes == ("times without a zone, taken for UTC: 1",)


@pytest.mark.parametrize(
    "stamp", ["31/Feb/2026:09:30:00 +0000", "02/Foo/2026:09:30:00 +0000", "02/Mar/2026:25:30:00 +0000"]
)
def test_an_impossible_time_makes_a_broken_line(stamp: str) -> None:
    """It is skipped and counted."""
    rows, notes = read(f'{COMBINED}\nh - - [{stamp}] "GET / HTTP/1.1" 200 1\n'.encode())
    assert len(rows) == 1
    assert notes == ("1 of 2 lines could not be read, the first is line 2",)


def test_broken_lines_in_the_middle_are_skipped_and_counted() -> None:
    """Two processes wrote at once; blank lines are no loss."""
    rows, notes = read(f"{COMBINED}\n\n{COMBINED[:40]}\n{COMBINED}\n".encode())
    assert len(rows) == 2
    assert notes == ("1 of 3 lines could not be read, the first is line 3",)


def test_fewer_than_half_readable_lines_are_unreadable() -> None:
    """Another format with a few look-alikes; exactly half is still read."""
    assert len(read(f"{COMBINED}\nnoise\n".encode())[0]) == 1
    with pytest.raises(InputError, match="2 of 3 lines could not be read, the first is line 2"):
        read(f"{COMBINED}\nnoise\nnoise\n".encode())


def test_a_line_longer_than_a_mebibyte_is_skipped_and_counted() -> None:
    """It is never read whole."""
    rows, notes = read(COMBINED.encode() + b"\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\n" + COMBINED.encode() + b"\n")
    assert len(rows) == 2
    assert notes == ("lines longer than 1 MiB, skipped: 1",)


def test_undecodable_bytes_are_replaced() -> None:
    """A request in Latin-1 is still a request."""
    rows, _ = read(b'h - - [02/Mar/2026:09:30:00 +0000] "GET /caf\xe9 HTTP/1.1" 200 1\n')
    assert rows[0].path == "/caf\ufffd"


def test_the_last_line_needs_no_end() -> None:
    """A log that is being written."""
    assert len(read(COMBINED.encode())[0]) == 1


def test_rows_come_before_the_file_is_read() -> None:
    """Memory does not grow with the file: the first row needs no more than the first lines."""

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            line = COMBINED.encode() + b"\n"
            piece = (line * (len(buffer) // len(line) + 1))[: len(buffer) // len(line) * len(line)]
            buffer[: len(piece)] = piece
            return len(piece)

    parsed = AccessLog().parse(io.BufferedReader(Endless()))  # type: ignore[type-var]
    assert parsed.rows is not None
    assert [next(parsed.rows) for _ in range(3)] == [row(COMBINED)] * 3


def test_it_is_told_by_half_of_its_first_lines() -> None:
    """A broken first line does not hide a log; one line of noise more than log does."""
    claims = AccessLog().recognises
    assert claims(Head("x", f"rotated\n{COMBINED}\n{COMMON}\nx".encode()))
    assert not claims(Head("x", f"a\nb\n{COMBINED}\nx".encode()))
    assert not claims(Head("x", b"127.0.0.1 localhost\n"))


HAPROXY = (
    "203.0.113.9:51022 [02/Mar/2026:09:30:00.250] web~ shop/shop1 0/0/1/36/37 200 783 - - ---- 1/1/0/0/0 0/0 "
    '{Mozilla/5.0 (X11)} "GET /a?b=1 HTTP/1.1"'
)


@pytest.mark.parametrize("before", ["", "Mar  2 09:30:00 lb1 haproxy[1199]: ", "<134>Mar  2 09:30:00 haproxy[1]: "])
def test_requests_of_haproxy_are_an_access_log_and_no_messages(before: str) -> None:
    """With the bytes, the whole time of the request and its milliseconds; nothing says the zone."""
    line = before + HAPROXY
    head = Head("haproxy.log", f"{line}\n".encode(), whole=True)
    assert recognise(head).name == "access-log"
    (only,), notes = read(f"{line}\n".encode())
    at = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
    assert only == AccessRow(at, "GET", "/a?b=1", 200, 783, 37.0, "203.0.113.9", None, None)
    assert notes == ("times without a zone, taken for UTC: 1",)


def test_what_haproxy_never_answered_has_no_status_and_no_time() -> None:
    """A client that left while it waited."""
    gone = HAPROXY.replace("0/0/1/36/37 200 783", "0/-1/-1/-1/-1 -1 0")
    (only,), _ = read(f"{gone}\n".encode())
    assert (only.status, only.bytes_sent, only.duration_ms) == (0, 0, None)


JSON_ACCESS = {
    "time": "2026-03-02T09:30:00+01:00", "remote_addr": "203.0.113.9", "request": "GET /a?b=1 HTTP/1.1", "status": 200,
    "body_bytes_sent": 512, "request_time": 0.041, "http_user_agent": "Mozilla/5.0 (X11)", "http_referrer": "-",
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"request": None, "request_method": "GET", "request_uri": "/a?b=1"},
        {"time": None, "time_local": "02/Mar/2026:09:30:00 +0100"},
        {"time": None, "msec": "1772440200.000"},
        {"status": "200", "request_time": "0.041", "body_bytes_sent": "512"},
    ],
    ids=["as nginx's documents have it", "request in two", "local time", "seconds since 1970", "all as text"],
)
def test_an_access_log_as_json_has_the_names_of_nginx_s_variables(changes: dict[str, object]) -> None:
    """However the log_format was written; a dash is not said."""
    told = {name: value for name, value in (JSON_ACCESS | changes).items() if value is not None}
    line = orjson.dumps(told) + b"\n"
    assert recognise(Head("access.json", line, whole=True)).name == "access-log"
    (only,), notes = read(line)
    assert only == AccessRow(
        datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
        "GET",
        "/a?b=1",
        200,
        512,
        41.0,
        "203.0.113.9",
        "Mozilla/5.0 (X11)",
        None,
    )
    assert notes == ()


def test_json_with_a_message_is_an_application_s_log() -> None:
    """Though it tells of a request, too."""
    line = orjson.dumps(JSON_ACCESS | {"level": "info", "message": "request completed"}) + b"\n"
    assert recognise(Head("app.jsonl", line, whole=True)).name == "json-lines"
