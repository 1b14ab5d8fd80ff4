"""How fast production's bulk formats are read: CPU time of the parser alone over ours, and memory.

Each case writes a file of one shape, then reads it in processes of their own: the plain parser (the standard library's
`json.loads` over the same lines or the whole document; of protobuf its own, which makes no values of Python's before
they are asked for), our importer to rows, and the rows redacted as an import does it.
"""

import argparse
import base64
import io
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

from aqe.connectors.formats.production.datadog_search import DatadogSearch
from aqe.connectors.formats.production.json_lines import JsonLines
from aqe.connectors.formats.production.mixpanel import Mixpanel
from aqe.connectors.formats.production.otlp import OtlpJson
from aqe.connectors.formats.production.otlp_protobuf import OtlpProtobuf
from aqe.core.importing import Importer

from .. import report
from ..report import Spread, shown, table

ROUNDS = 3
BLOCK = 2_000
"""Records that are made; files repeat them with running numbers in the first field."""


def _logs() -> Iterator[dict[str, Any]]:
    for n in range(BLOCK):
        yield {
            "timestamp": f"2026-11-{n % 28 + 1:02d}T10:{n % 60:02d}:00.{n % 1000:03d}Z",
            "level": "info" if n % 20 else "error",
            "logger": "shop.orders",
            "message": f"order {n * 7919} of user {n % 97} was placed in {n % 450} ms",
            "path": f"/api/orders/{n}?page={n % 9}",
            "method": "POST",
            "status": 201 if n % 20 else 500,
            "user_id": f"u-{n % 97}",
            "request_id": f"{n:032x}",
        }


def _attributes(**values: str | int) -> list[dict[str, Any]]:
    return [
        {
            "key": name.replace("__", "."),
            "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value},
        }
        for name, value in values.items()
    ]


def _spans() -> Iterator[dict[str, Any]]:
    """Requests of 200 spans each, as the collector batches them."""
    resource_of = {"attributes": _attributes(service__name="shop", service__version="2.4.2", host__name="shop-7")}
    for n in range(BLOCK // 100):
        spans = [
            {
                "traceId": f"{n:016x}{i:016x}",
                "spanId": f"{i + 1:016x}",
                "parentSpanId": f"{i:016x}" if i % 4 else "",
                "name": "POST /orders",
                "kind": 2,
                "startTimeUnixNano": str(1_795_312_521_137_065_060 + i * 1_000_000),
                "endTimeUnixNano": str(1_795_312_521_187_065_060 + i * 1_000_000),
                "attributes": _attributes(
                    http__request__method="POST", http__route="/orders", http__response__status_code=201,
                    server__address="shop.example", user_agent__original="Mozilla/5.0", url__scheme="https",
                ),
                "status": {},
            }
            for i in range(200)
        ]  # fmt: skip
        yield {
            "resourceSpans": [{"resource": resource_of, "scopeSpans": [{"scope": {"name": "flask"}, "spans": spans}]}]
        }


def _events() -> Iterator[dict[str, Any]]:
    """With what Mixpanel's library adds to every event."""
    device = {"$browser": "Chrome", "$browser_version": 130, "$os": "Android", "$screen_height": 915,
              "$screen_width": 412, "$device": "Android", "mp_lib": "web", "$lib_version": "2.55.1",
              "$initial_referrer": "$direct", "$initial_referring_domain": "$direct", "$city": "Berlin",
              "$region": "Berlin", "mp_country_code": "DE", "mp_processing_time_ms": 1_795_308_901_123,
              "$mp_api_endpoint": "api.mixpanel.com", "$import": False}  # fmt: skip
    for n in range(BLOCK):
        url = f"https://shop.example/p/{n}?x=1"
        told = {"time": 1_795_308_900 + n, "distinct_id": f"d-{n % 97}", "$device_id": f"{n % 97:036x}",
                "$current_url": url, "items": n % 5, "plan": "basic", **device}  # fmt: skip
        yield {"event": "View", "properties": told}


def _views() -> Iterator[dict[str, Any]]:
    """With what Datadog's SDK and intake add to every event."""
    about = {"device": {"type": "Mobile", "name": "Pixel", "brand": "Google", "model": "Pixel 8"},
             "browser": {"name": "Chrome", "version": "130.0.0.0", "version_major": "130"},
             "os": {"name": "Android", "version": "14", "version_major": "14"}, "application": {"id": "a-1"},
             "geo": {"country_iso_code": "DE", "country": "Germany", "city": "Berlin", "continent": "Europe"},
             "_dd": {"format_version": 2, "configuration": {"session_sample_rate": 25}}}  # fmt: skip
    tags = ["env:prod", "version:2.4.2", "sdk_version:5.30.1", "service:web"]
    for n in range(BLOCK):
        url = f"https://shop.example/p/{n}?x=1"
        view = {"id": f"v-{n}", "url": url, "url_path": f"/p/{n}", "url_path_group": "/p/?", "referrer": "",
                "url_host": "shop.example", "url_scheme": "https", "time_spent": 9_000_000_000,
                "largest_contentful_paint": 2_400_000_000, "first_contentful_paint": 800_000_000,
                "cumulative_layout_shift": 0.05, "action": {"count": 3}, "error": {"count": 0},
                "resource": {"count": 41}}  # fmt: skip
        user = {"session": {"id": f"s-{n % 97}", "type": "user"}, "usr": {"id": f"u-{n % 97}"}}
        told = {"timestamp": f"2026-11-20T10:{n % 60:02d}:00.{n % 1000:03d}Z", "service": "web", "tags": tags,
                "attributes": {"type": "view", **user, "view": view, **about}}  # fmt: skip
        yield {"type": "rum", "id": str(n), "attributes": told}


class Layout(Enum):
    """How records stand in a file."""

    LINES = auto()
    DOCUMENT = auto()
    MESSAGES = auto()
    """Of protobuf, each behind its length."""


CASES: dict[str, tuple[Importer, Callable[[], Iterator[dict[str, Any]]], Layout]] = {
    "JSON-lines log": (JsonLines(), _logs, Layout.LINES),
    "OTLP, a request a line": (OtlpJson(), _spans, Layout.LINES),
    "OTLP, the same as protobuf": (OtlpProtobuf(), _spans, Layout.MESSAGES),
    "Mixpanel, an event a line": (Mixpanel(), _events, Layout.LINES),
    "Datadog RUM, one long document": (DatadogSearch(), _views, Layout.DOCUMENT),
}
"""Name -> importer, what makes its records, how they stand in the file."""


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds and print."""
    parser = argparse.ArgumentParser(prog="benchmarks importers")
    parser.add_argument("--mb", type=int, default=200, help="size of each file (default 200)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="20 MB, one round")
    options = parser.parse_args(arguments)
    size, rounds = (20, 1) if options.quick else (options.mb, options.rounds)
    results = {name: _case(name, size * 1_000_000, rounds) for name in CASES}
    rows = [
        (name, f"{found['megabytes']:.0f}", shown(found["plain MB/s"]), shown(found["ratio"], 2),
         shown(found["ratio redacted"], 2), shown(found["peak MB"]))
        for name, found in results.items()
    ]  # fmt: skip
    title = "Reading: CPU time of the plain parser over ours (above 1 = we are faster), peak memory of the process"
    table(title, ("file", "MB", "plain MB/s", "to rows", "and redacted", "peak MB"), rows)
    report.json_line("importers", results=results)
    return 0


def _case(name: str, size: int, rounds: int) -> dict[str, Any]:
    _, records, layout = CASES[name]
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        with Path(file.name).open("wb") as out:
            _write(out, [_encoded(record, layout) for record in records()], size, layout)
        path = Path(file.name)
        times = [[_run(work, path, name) for work in (_plain, _rows, _redacted)] for _ in range(rounds)]
        megabytes = path.stat().st_size / 1e6
    return {
        "megabytes": megabytes,
        "plain MB/s": Spread.of(megabytes / plain[0] for plain, _, _ in times),
        "ratio": Spread.of(plain[0] / ours[0] for plain, ours, _ in times),
        "ratio redacted": Spread.of(plain[0] / redacted[0] for plain, _, redacted in times),
        "peak MB": Spread.of(ours[1] for _, ours, _ in times),
    }


def _encoded(record: dict[str, Any], layout: Layout) -> bytes:
    if layout is not Layout.MESSAGES:
        return json.dumps(record, separators=(",", ":")).encode()
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    for span in record["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):  # protobuf's own JSON has base64 where OTLP's has hex
            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    message: bytes = ParseDict(record, TracesData()).SerializeToString()
    return len(message).to_bytes(4, "big") + message


_AROUND = {
    Layout.LINES: (b"", b"\n", b"\n"), Layout.DOCUMENT: (b'{"data":[', b",", b"]}\n"), Layout.MESSAGES: (b"", b"", b""),
}  # fmt: skip
"""What stands before, between and behind the records."""


def _write(out: io.BufferedWriter, records: list[bytes], size: int, layout: Layout) -> None:
    start, separator, end = _AROUND[layout]
    block = separator.join(records)
    out.write(start)
    for n in range(max(1, size // len(block))):
        out.write((separator if n else b"") + block)
    out.write(end)


def _run(work: Callable[[Path, str], float], path: Path, name: str) -> tuple[float, float]:
    """CPU seconds and peak MB, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, path, name))


def _measured(work: Callable[[Path, str], float], path: Path, name: str) -> tuple[float, float]:
    seconds = work(path, name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return seconds, peak


def _plain(path: Path, name: str) -> float:
    layout = CASES[name][2]
    if layout is Layout.MESSAGES:
        return _plain_messages(path)
    start = time.process_time()
    with path.open("rb") as stream:
        if layout is Layout.LINES:
            for line in stream:
                json.loads(line)
        else:
            json.load(stream)
    return time.process_time() - start


def _plain_messages(path: Path) -> float:
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    start = time.process_time()
    with path.open("rb") as stream:
        while length := stream.read(4):
            TracesData.FromString(stream.read(int.from_bytes(length, "big")))
    return time.process_time() - start


def _rows(path: Path, name: str) -> float:
    start = time.process_time()
    with path.open("rb") as stream:
        deque(iter(CASES[name][0].parse(stream).rows or ()), maxlen=0)
    return time.process_time() - start


def _redacted(path: Path, name: str) -> float:
    from aqe.analysis.redaction.redactor import Redactor
    from aqe.fleet.imports.redact_rows import redact_row

    redactor = Redactor(b"an example key")
    start = time.process_time()
    with path.open("rb") as stream:
        deque((redact_row(row, redactor) for row in CASES[name][0].parse(stream).rows or ()), maxlen=0)
    return time.process_time() - start
