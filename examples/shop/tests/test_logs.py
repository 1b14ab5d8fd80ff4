"""The two logs."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.config import Settings

ReadLog = Callable[[], list[dict[str, Any]]]

# The line is written when the last byte is out; the test client reads the body only when asked to (`buffered`).
# Combined format and the duration in microseconds.
ACCESS_LINE = re.compile(r'(\S+) - - \[(.+?)\] "(.*)" (\d{3}) (\d+|-) "(.*?)" "(.*)" (\d+)')


def access_lines(settings: Settings) -> list[re.Match[str]]:
    lines = settings.access_log.read_text(encoding="utf-8").splitlines()
    matches = [ACCESS_LINE.fullmatch(line) for line in lines]
    assert all(matches), lines
    return [match for match in matches if match]


def test_an_unforeseen_error_is_logged_with_its_request_and_traceback(
    app: Flask, client: FlaskClient, app_log: ReadLog
) -> None:
    """One line tells who asked what, in which release, and where it broke."""

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("as planned")

    client.get("/broken?x=1", headers={"X-User-Id": "u-17", "X-Request-Id": "r-1"})
    line = app_log()[-1]
    traceback = line.pop("exc_info")
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
    assert line == {
        "level": "ERROR",
        "logger": "shop",
        "message": "Exception on /broken [GET]",
        "request_id": "r-1",
        "method": "GET",
        "path": "/broken",
        "user_id": "u-17",
        "release": "1.4.0",
        "error_type": "ZeroDivisionError",
    }
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith("ZeroDivisionError: as planned\n")


def test_a_refusal_is_logged_with_its_reason(client: FlaskClient, app_log: ReadLog) -> None:
    """At INFO and without a traceback: it is the caller's mistake."""
    client.post("/api/cart", json={"product_id": 4})
    line = app_log()[-1]
    assert (line["level"], line["path"]) == ("INFO", "/api/cart")
    assert line["message"] == "refused, 409 conflict: product 4 can not be bought: it is sold out"
    assert "exc_info" not in line


@pytest.mark.parametrize("user_id", ["someone@example.org", "two words", "x" * 65, ""])
def test_what_is_no_pseudonym_stays_out_of_the_log(client: FlaskClient, app_log: ReadLog, user_id: str) -> None:
    """An e-mail address in X-User-Id is dropped, not stored."""
    client.get("/api/products/8", headers={"X-User-Id": user_id})
    assert app_log()[-1]["user_id"] is None


def test_a_line_outside_a_request_has_no_request(app: Flask, app_log: ReadLog) -> None:
    """The fields are there and null, so that every line has the same shape."""
    app.logger.info("import finished")
    line = app_log()[-1]
    assert line["message"] == "import finished"
    assert {line[name] for name in ("request_id", "method", "path", "user_id")} == {None}


def test_hostile_text_does_not_break_a_line(client: FlaskClient, settings: Settings, app_log: ReadLog) -> None:
    """Line breaks and escape sequences in a path stay inside one JSON string."""
    client.get("/api/cart/%0a%7b%22level%22%3a1%7d%1b%5b2J%E2%80%A8")
    assert app_log()[-1]["path"] == '/api/cart/\n{"level":1}\x1b[2J\u2028'
    text = settings.app_log.read_bytes()
    assert text.isascii() and b"\x1b" not in text
    assert all(json.loads(line) for line in text.splitlines())


def test_the_access_log_has_one_combined_line_a_request_with_microseconds(
    client: FlaskClient, settings: Settings
) -> None:
    """Fields in the order of NCSA combined, then the duration; the size is the body's."""
    headers = {"User-Agent": "probe/1.0", "Referer": "http://127.0.0.1/"}
    answer = client.get("/api/products?limit=2", headers=headers, buffered=True)
    (line,) = access_lines(settings)
    assert line[1] == "127.0.0.1"
    assert datetime.strptime(line[2], "%d/%b/%Y:%H:%M:%S %z").utcoffset() == timedelta(0)
    assert line[3] == "GET /api/products?limit=2 HTTP/1.1"
    assert (line[4], line[5]) == ("200", str(len(answer.data)))
    assert (line[6], line[7]) == ("http://127.0.0.1/", "probe/1.0")
    assert 0 < int(line[8]) < 10_000_000


def test_failures_and_bodiless_answers_are_in_the_access_log(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    """A 500 counts as 500; an answer without a body has the size `-`; missing headers are `-`."""

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError

    client.get("/broken", buffered=True)
    client.head("/health", environ_overrides={"HTTP_USER_AGENT": "-"}, buffered=True)
    broken_line, head_line = access_lines(settings)
    assert broken_line[4] == "500"
    assert (head_line[3], head_line[5], head_line[6], head_line[7]) == ("HEAD /health HTTP/1.1", "-", "-", "-")


def test_hostile_headers_do_not_break_the_access_log(client: FlaskClient, settings: Settings) -> None:
    """Quotes, backslashes and what is not printable ASCII are escaped as Apache does."""
    client.get("/health", environ_overrides={"HTTP_USER_AGENT": 'a"b\\c\x1bé'}, buffered=True)
    (line,) = access_lines(settings)
    assert line[7] == 'a\\"b\\\\c\\x1b\\xc3\\xa9'


def test_a_rotated_log_is_begun_anew(client: FlaskClient, settings: Settings) -> None:
    """After the file was moved away, the next request writes a new one."""
    client.get("/health", buffered=True)
    settings.access_log.rename(settings.access_log.with_suffix(".1"))
    client.get("/health", buffered=True)
    assert len(access_lines(settings)) == 1
