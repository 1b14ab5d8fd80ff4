"""JSON-lines logs: the shapes of every usual logger become one row."""

import io
import json
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.connectors.formats.lines import MAX_LINE_BYTES, LineRows
from aqe.connectors.formats.production.json_lines import JsonLines
from aqe.core.errors import InputError
from aqe.core.importing import Head
from aqe.core.records.bulk.logs import LogRow

AT = datetime(2026, 11, 22, 1, 55, 21, 137_000, tzinfo=UTC)
ISO = "2026-11-22T01:55:21.137Z"
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/orders.py", line 40, in create\n'
    "    price = item['price']\n"
    "            ~~~~^^^^^^^^^\n"
    "KeyError: 'price'"
)
JAVA = "java.lang.IllegalStateException: no\n\tat com.shop.Pay.run(Pay.java:12)\nCaused by: java.io.IOException: x"
NODE = "TypeError: x is not a function\n    at f (/app/a.js:1:2)"


def read(data: bytes) -> tuple[list[LogRow], tuple[str, ...]]:
    """Rows and notes."""
    parsed = JsonLines().parse(io.BytesIO(data))
    assert parsed.rows is not None
    assert isinstance(parsed.rows, LineRows)
    rows = [row for row in parsed.rows if isinstance(row, LogRow)]
    return rows, parsed.rows.notes


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def row(**record: Any) -> LogRow:
    """The row of one record; time and level are given when they do not matter."""
    (only,), _ = read(lines({"timestamp": ISO, "level": "info", "message": "m", **record}))
    return only


SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "structlog": (
        {"event": "order failed", "level": "error", "timestamp": ISO, "logger": "shop", "user_id": 7,
         "exception": PYTHON},
        {"message": "order failed", "logger": "shop", "user": "7", "error_type": "KeyError", "stack_trace": PYTHON},
    ),
    "python-json-logger": (
        {"asctime": "2026-11-22 01:55:21,137", "name": "shop", "levelname": "ERROR", "message": "no",
         "exc_info": PYTHON},
        {"message": "no", "logger": "shop", "error_type": "KeyError", "stack_trace": PYTHON},
    ),
    "pino": (
        {"level": 50, "time": 1795312521137, "pid": 1, "hostname": "h", "reqId": "r-1",
         "req": {"method": "GET", "url": "/a?b=1", "headers": {"user-agent": "UA/1"}}, "res": {"statusCode": 500},
         "err": {"type": "TypeError", "message": "x", "stack": NODE}, "msg": "request errored"},
        {"message": "request errored", "error_type": "TypeError", "stack_trace": NODE, "request_method": "GET",
         "request_path": "/a?b=1", "status": 500, "request": "r-1", "user_agent": "UA/1", "host": "h"},
    ),
    "logback": (
        {"@timestamp": "2026-11-22T02:55:21.137+01:00", "@version": "1", "message": "no", "logger_name": "com.shop.Pay",
         "thread_name": "main", "level": "ERROR", "level_value": 40000, "stack_trace": JAVA},
        {"message": "no", "logger": "com.shop.Pay", "error_type": "java.lang.IllegalStateException",
         "stack_trace": JAVA},
    ),
    "ECS, flat keys": (
        {"@timestamp": ISO, "log.level": "ERROR", "message": "no", "ecs.version": "1.2.0", "service.name": "pay",
         "service.version": "2.4.2", "error.type": "E", "error.stack_trace": JAVA, "http.request.method": "POST",
         "url.path": "/pay", "http.response.status_code": 502, "trace.id": "t1", "user.id": "u1", "cloud.region": "eu"},
        {"message": "no", "service": "pay", "release": "2.4.2", "error_type": "E", "stack_trace": JAVA,
         "request_method": "POST", "request_path": "/pay", "status": 502, "request": "t1", "trace_id": "t1",
         "user": "u1", "region": "eu"},
    ),
    "ECS, nested keys": (
        {"@timestamp": ISO, "log": {"level": "error", "logger": "x"}, "message": "no", "event": {"dataset": "d"},
         "service": {"name": "pay", "version": "2.4.2"}, "error": {"type": "E", "stack_trace": JAVA},
         "http": {"request": {"method": "POST"}, "response": {"status_code": 502}}, "url": {"path": "/pay"},
         "trace": {"id": "t1"}, "user": {"id": "u1"}, "user_agent": {"original": "UA"}, "cloud": {"region": "eu"}},
        {"message": "no", "logger": "x", "service": "pay", "release": "2.4.2", "error_type": "E", "stack_trace": JAVA,
         "request_method": "POST", "request_path": "/pay", "status": 502, "request": "t1", "trace_id": "t1",
         "user": "u1", "region": "eu", "user_agent": "UA"},
    ),
    "ECS, flat and nested mixed": (
        {"@timestamp": ISO, "log.level": "error", "log": {"logger": "x"}, "message": "no",
         "http.request": {"method": "PUT"}},
        {"message": "no", "logger": "x", "request_method": "PUT"},
    ),
    "Bunyan": (
        {"name": "shop", "hostname": "h", "pid": 1, "level": 50, "msg": "no", "time": ISO, "v": 0,
         "err": {"message": "x", "name": "TypeError", "stack": NODE}},
        {"message": "no", "logger": "shop", "error_type": "TypeError", "stack_trace": NODE, "host": "h"},
    ),
    "zap": (
        {"level": "error", "ts": 1795312521.137, "logger": "pay", "caller": "a.go:1", "msg": "no", "error": "dial tcp",
         "stacktrace": "main.main\n\t/app/main.go:12"},
        {"message": "no", "logger": "pay", "stack_trace": "main.main\n\t/app/main.go:12"},
    ),
    "loguru": (
        {"text": "...", "record": {"time": {"timestamp": 1795312521.137}, "level": {"name": "ERROR", "no": 40},
                                   "message": "no", "name": "shop", "exception": {"type": "KeyError"}}},
        {"message": "no", "logger": "shop", "error_type": "KeyError"},
    ),
    "Google Cloud": (
        {"severity": "ERROR", "message": f"no\n{PYTHON}", "time": ISO,
         "httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop.example/a?b=1", "status": 500}},
        {"message": "no", "error_type": "KeyError", "stack_trace": PYTHON, "request_method": "GET",
         "request_path": "/a?b=1", "status": 500},
    ),
    "durations whose names say the unit": (
        {"time": ISO, "level": "error", "message": "no", "duration": 5, "elapsed_ms": "12.5"},
        {"message": "no", "duration_ms": 12.5},
    ),
    "Serilog": (
        {"@t": "2026-11-22T01:55:21.1370000Z", "@mt": "no {X}", "@l": "Error", "X": 1,
         "@x": "A.BException: no\n   at A.B()"},
        {"message": "no {X}", "error_type": "A.BException", "stack_trace": "A.BException: no\n   at A.B()"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("logger", SHAPES)
def test_the_shape_of_every_logger_is_read(logger: str) -> None:
    """Keys as that logger writes them; what a record does not say is None."""
    record, expected = SHAPES[logger]
    data = lines(record)
    assert JsonLines().recognises(Head("app.log", data, whole=True))
    (read_row,), _ = read(data)
    assert read_row == LogRow(at=AT, level="ERROR", **expected)


def test_shapes_may_alternate() -> None:
    """Several programs write into one file; what was learned of one shape is not applied to another."""
    records = [record for record, _ in SHAPES.values()]
    rows, _ = read(lines(*records, *reversed(records), *records))
    assert rows[: len(records)] == rows[2 * len(records) :] == rows[len(records) : 2 * len(records)][::-1]
    assert rows[: len(records)] == [LogRow(at=AT, level="ERROR", **expected) for _, expected in SHAPES.values()]


def test_one_shape_with_changing_types_is_read_each_time_anew() -> None:
    """null, text, number, object under the same key, in any order."""
    records = [
        {"time": time_, "level": level, "msg": message, "user": user}
        for time_, level, message, user in [
            (ISO, "info", "a", None),
            (1795312521137, 30, "b", "bob"),
            (ISO, None, "c", {"id": 7}),
            (ISO, ["x"], "d", 7),
            (ISO, True, {"k": 1}, [1, 2]),
            (ISO, {}, None, {}),
            ("1795312521.137", "info", 5, True),
        ]
    ]
    for order in (records, records[::-1]):
        rows, notes = read(lines(*order))
        assert notes == ()
        by_message = {read_row.message: (read_row.level, read_row.user) for read_row in rows}
        assert by_message == {
            "a": ("INFO", None),
            "b": ("INFO", "bob"),
            "c": ("", "7"),
            "d": ("", "7"),
            '{"k":1}': ("", None),
            "": ("", None),
            "5": ("INFO", None),
        }
        assert {read_row.at for read_row in rows} == {AT}


@pytest.mark.parametrize(
    "stamp",
    [
        ISO, "2026-11-22T01:55:21.137+00:00", "2026-11-22T02:55:21.137+0100", "2026-11-21 20:55:21.137-05:00",
        "2026-11-22 01:55:21,137", "2026-11-22 01:55:21.137 UTC", "2026-11-22T01:55:21.137000000Z",
        "20261122T015521.137Z",
        1795312521.137, 1795312521137, 1795312521137000, 1795312521137000000, "1795312521137", "1795312521.137",
    ],
)  # fmt: skip
def test_times_are_read_by_form_and_magnitude(stamp: object) -> None:
    """ISO, and numbers in s, ms, us, ns; a clock without zone is UTC."""
    assert row(timestamp=stamp).at == AT


def test_a_clock_without_zone_is_noted() -> None:
    """It is an assumption, so it is said."""
    assert read(lines({"time": "2026-11-22 01:55:21", "msg": "m"}))[1] == ("times without a zone, taken for UTC: 1",)
    assert read(lines({"time": ISO, "msg": "m"}))[1] == ()


@pytest.mark.parametrize(
    "stamp", ["yesterday", "", None, 17, 0.003, [], {}, True, 1e300, "9" * 400, "0001-01-01T00:00:00+05:00", "12:30:01"]
)
def test_a_record_without_a_time_is_skipped_and_counted(stamp: object) -> None:
    """A row needs a time; durations and counters are none."""
    rows, notes = read(lines({"time": ISO, "msg": "m"}, {"time": stamp, "msg": "m"}))
    assert len(rows) == 1
    assert notes == ("1 of 2 lines could not be read, the first is line 2",)


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("warn", "WARNING"), ("Warning", "WARNING"), ("ERR", "ERROR"), ("fatal", "CRITICAL"), ("panic", "CRITICAL"),
        ("SEVERE", "ERROR"), ("Information", "INFO"), ("notice", "NOTICE"), ("TRACE", "TRACE"),
        (10, "TRACE"), (20, "DEBUG"), (30, "INFO"), (40, "WARNING"), (50, "ERROR"), (60, "CRITICAL"), (3, "ERROR"),
        (35, "35"), (None, ""), ([], ""), (1.5, ""),
    ],
)  # fmt: skip
def test_levels_become_our_words(written: object, level: str) -> None:
    """Names of every logger, numbers of pino, Bunyan and syslog; others stay as written, upper case."""
    assert row(level=written).level == level


@pytest.mark.parametrize(
    ("trace", "error_type"),
    [
        (PYTHON, "KeyError"),
        (PYTHON.replace("KeyError: 'price'", "shop.errors.PaymentError: declined\nsecond line: of the message"),
         "shop.errors.PaymentError"),
        (PYTHON.replace("KeyError: 'price'", "KeyboardInterrupt"), "KeyboardInterrupt"),
        (f"{PYTHON}\n\nDuring handling of the above exception, another exception occurred:\n\n"
         + PYTHON.replace("KeyError", "ValueError"), "ValueError"),
        (PYTHON.replace("\n", "\r\n"), "KeyError"),
        (JAVA, "java.lang.IllegalStateException"),
        ('Exception in thread "main" java.lang.Error: x\n\tat a', "java.lang.Error"),
        (NODE, "TypeError"),
        ("Uncaught RangeError: x", "RangeError"),
        ("TypeError [ERR_INVALID_ARG_TYPE]: x\n    at y", "TypeError"),
        ("AggregateError\n    at x", "AggregateError"),
        ("panic: runtime error: index out of range\n\ngoroutine 1 [running]:", "panic"),
        ("main.main\n\t/app/main.go:12", None),
        ("dial tcp 203.0.113.9: refused", None),
    ],
)  # fmt: skip
def test_the_error_type_is_where_each_language_writes_it(trace: str, error_type: str | None) -> None:
    """Python after the last frame, Java, JavaScript and Go first; no type is better than a wrong one."""
    read_row = row(stack_trace=trace)
    assert read_row.stack_trace == trace
    assert read_row.error_type == error_type


def test_an_error_type_that_is_given_wins() -> None:
    """The logger knows better than the text."""
    assert row(exc_info=PYTHON, error_type="shop.MissingPrice").error_type == "shop.MissingPrice"


def test_structlogs_traceback_objects_become_text() -> None:
    """dict_tracebacks: frames as objects, the raised error first, then its cause."""
    cause = {"exc_type": "OSError", "exc_value": "disk", "is_cause": True, "frames": []}
    raised = {
        "exc_type": "KeyError",
        "exc_value": "'price'",
        "frames": [{"filename": "/a.py", "lineno": 3, "name": "f"}],
    }
    read_row = row(exception=[raised, cause])
    assert read_row.error_type == "KeyError"
    assert read_row.stack_trace == (
        "Traceback (most recent call last):\nOSError: disk\n\n"
        "Traceback (most recent call last):\n  File \"/a.py\", line 3, in f\nKeyError: 'price'"
    )


@pytest.mark.parametrize("value", [True, "NoneType: None", "", None, [], [1], 5])
def test_what_is_no_trace_is_none(value: object) -> None:
    """`exc_info: true` says that there was one, not which."""
    assert row(exc_info=value).stack_trace is None


def test_a_list_of_lines_is_a_trace() -> None:
    """Ruby and log4j2."""
    assert row(backtrace=["a.rb:1", "b.rb:2"]).stack_trace == "a.rb:1\nb.rb:2"


def test_a_trace_inside_the_message_is_split_off() -> None:
    """Formatters that know no field for it; without a text before it the error's own line is the message."""
    read_row = row(message=f"could not pay\n{PYTHON}")
    assert (read_row.message, read_row.error_type, read_row.stack_trace) == ("could not pay", "KeyError", PYTHON)
    assert row(message=PYTHON).message == "KeyError: 'price'"
    assert row(message="two\nlines").message == "two\nlines"


@pytest.mark.parametrize(
    ("value", "status"),
    [(500, 500), ("404", 404), ("ok", None), (0, None), (1, None), (99999, None), (True, None), (None, None)],
)
def test_only_an_http_status_is_a_status(value: object, status: int | None) -> None:
    """`status: "ok"` and exit codes are none."""
    assert row(status=value).status == status


def test_a_whole_url_is_cut_to_its_path() -> None:
    """Errors are grouped by path."""
    assert row(url="https://shop.example:8443/a?b=1").request_path == "/a?b=1"
    assert row(url="https://shop.example").request_path == "/"
    assert row(path="/a").request_path == "/a"


def test_broken_lines_are_skipped_and_counted() -> None:
    """Half a line, another text, a list, invalid UTF-8, a lone surrogate; blank lines are no loss."""
    good = lines({"time": ISO, "msg": "m"})
    bad = [b'{"time": "20', b"plain text", b"[1, 2]", b"17", b'{"a": "\xff"}', b'{"a": "\\ud800"}', b'{"n": NaN}']
    rows, notes = read(good * 8 + b"\n\n" + b"\n".join(bad) + b"\n" + good)
    assert len(rows) == 9
    assert notes == ("7 of 16 lines could not be read, the first is line 11",)


def test_fewer_than_half_readable_lines_are_unreadable() -> None:
    """The error names the first bad line."""
    with pytest.raises(InputError, match="2 of 3 lines could not be read, the first is line 2"):
        read(lines({"time": ISO, "msg": "m"}) + b"x\nx\n")


def test_a_line_longer_than_a_mebibyte_is_skipped_and_counted() -> None:
    """It is never read whole."""
    long = lines({"time": ISO, "msg": "x" * (3 * MAX_LINE_BYTES)})
    rows, notes = read(lines({"time": ISO, "msg": "m"}) + long + lines({"time": ISO, "msg": "m"}))
    assert len(rows) == 2
    assert notes == ("lines longer than 1 MiB, skipped: 1",)


def test_only_long_lines_are_unreadable() -> None:
    """One JSON document without line ends is no log."""
    with pytest.raises(InputError, match="lines longer than 1 MiB, skipped: 1"):
        read(b'{"a": "' + b"x" * (2 * MAX_LINE_BYTES))


def test_ever_new_shapes_do_not_fill_the_memory() -> None:
    """A hostile file: what was learned is thrown away in time."""
    rows, _ = read(lines(*({"time": ISO, "msg": "m", f"k{i}": i} for i in range(5_000))))
    assert len(rows) == 5_000


def test_hostile_keys_do_no_harm() -> None:
    """Our own keys, nested deeper than any name, longer than any name."""
    deep: Any = "x"
    for _ in range(500):
        deep = {"http": deep}
    bottomless: Any = []
    for _ in range(900):
        bottomless = [bottomless]
    assert row(message=bottomless).message == ""
    assert row(message={"a": 1}).message == '{"a":1}'
    raised = {"exc_type": "E", "exc_value": bottomless, "frames": [{"name": bottomless}]}
    assert row(exception=[raised]).error_type == "E"
    read_row = row(**{"\0message": "z", "\0at": 1, "http": deep, "x" * 10_000: 1, "": 2})
    assert read_row == LogRow(at=AT, level="INFO", message="m")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"b": 2}\n',
        '{"event_id": "x", "platform": "python", "level": "error", "timestamp": 1795312521}\n',
        '{"event": "Order Completed", "timestamp": "2026-11-22T01:55:21Z", "properties": {}}\n',
        '{"name": "LCP", "value": 4523.1, "id": "v4"}\n',
        '{"preview": false, "result": {"_time": "2026-11-22 01:55:24", "_raw": "ERROR"}}\n',
        '{\n "level": "error",\n "time": 1\n}\n',
        '[{"time": "2026-11-22T01:55:21Z", "level": "info"}]\n',
    ],
)
def test_other_json_is_not_claimed(text: str) -> None:
    """Sentry events, product analytics, web vitals, Splunk's export, one pretty-printed document."""
    assert not JsonLines().recognises(Head("x", text.encode(), whole=True))


def test_a_cut_first_line_does_not_hide_a_log() -> None:
    """logrotate may cut anywhere; half of the lines decide."""
    data = b'{"tail": "of a line"}\n' + lines({"time": ISO, "msg": "m"}) * 3
    assert JsonLines().recognises(Head("x", data))


def test_it_is_at_least_half_as_fast_as_the_standard_librarys_json() -> None:
    """A log of 1 GB is read once a day: the ratio to a plain `json.loads` loop is what counts, not the machine."""
    record = {"timestamp": ISO, "level": "INFO", "logger": "shop", "message": "order 17 of user 5 priced at 12.50",
              "request_id": "c386bbc4cd613e30", "method": "GET", "path": "/products/7?cat=3", "user_id": "u-5",
              "release": "2.4.2"}  # fmt: skip
    data = lines(record) * 20_000

    def plain() -> None:
        for line in io.BytesIO(data):
            json.loads(line)

    def ours() -> None:
        parsed = JsonLines().parse(io.BytesIO(data))
        assert parsed.rows is not None
        deque(iter(parsed.rows), maxlen=0)

    def seconds(work: Any) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    assert min(seconds(plain) for _ in range(3)) > 0.5 * min(seconds(ours) for _ in range(3))
