"""OTLP as protobuf: the rows of OTLP/JSON, out of every framing; damage, hostile sizes, files of other kinds."""

import base64
import gzip
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric, MetricsData, NumberDataPoint
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from aqe.connectors.formats.production import otlp_protobuf
from aqe.connectors.formats.production.otlp import OtlpJson
from aqe.connectors.formats.production.otlp_protobuf import OtlpProtobuf
from aqe.connectors.formats.table import recognise
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head
from aqe.core.records.bulk.rows import Row
from aqe.core.records.signals import Outcome

from .reading_rows import notes, read, rows

AT = 1_795_312_521_137_065_060
ID_FIELDS = ("traceId", "spanId", "parentSpanId")


def any_value(value: Any) -> AnyValue:
    """By the type of the value."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(one) for one in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
        case None:
            return AnyValue()
    return AnyValue(string_value=value)


def attributes(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


SHOP = Resource(attributes=attributes({"service.name": "shop", "service.version": "2.4.2", "host.name": "shop-7"}))


def a_span(number: int = 1, **fields: Any) -> Span:
    ids: dict[str, Any] = {"trace_id": number.to_bytes(16, "big"), "span_id": number.to_bytes(8, "big")}
    return Span(**ids | {"name": "n", "start_time_unix_nano": AT, "end_time_unix_nano": AT + 1_500_000} | fields)


def traces(*spans: Span) -> TracesData:
    data = TracesData()
    data.resource_spans.add(resource=SHOP).scope_spans.add().spans.extend(spans)
    return data


def all_traces() -> TracesData:
    told = {"exception.type": "KeyError", "exception.message": "42", "exception.stacktrace": "a\nb"}
    error = a_span(3, kind=3, parent_span_id=b"\0" * 7 + b"\2", attributes=attributes(
        {"url.full": "https://stock.example/42?a=b", "http.response.status_code": 503, "enduser.id": "ü"}
    ))  # fmt: skip
    error.status.code, error.status.message = Status.STATUS_CODE_ERROR, "no stock"
    error.events.add(name="retry")
    error.events.add(name="exception", attributes=attributes(told))
    served = a_span(2, kind=2, name="GET /é", attributes=attributes(
        {"http.request.method": "GET", "http.route": "/é/{id}", "http.status_code": "200", "db.system": "", "odd": [1]}
    ))  # fmt: skip
    data = traces(served, error, a_span(4, end_time_unix_nano=0), a_span(5, start_time_unix_nano=0), a_span(0))
    data.resource_spans.add().scope_spans.add().spans.append(a_span(6))
    data.resource_spans.add(resource=SHOP)
    return data


def all_logs() -> LogsData:
    data = LogsData()
    scope = data.resource_logs.add(resource=SHOP).scope_logs.add()
    scope.scope.name = "shop.orders"
    trace = {"exception.type": "KeyError", "exception.stacktrace": "Traceback\n  x", "http.status_code": 500}
    scope.log_records.add(time_unix_nano=AT, severity_number=17, severity_text="Bad", trace_id=b"\7" * 16,
                          body=any_value("order failed"), attributes=attributes(trace))  # fmt: skip
    nested = {"a": [1, -2, 0.5, True, None], "b": b"\0\xff", "c": {"d": float("nan"), "e": float("-inf"), "f": 2**60}}
    scope.log_records.add(observed_time_unix_nano=AT, severity_text="WARN", body=any_value(nested))
    scope.log_records.add(severity_number=9)
    data.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=AT, body=any_value(""))
    return data


def all_metrics() -> MetricsData:
    data = MetricsData()
    metrics = data.resource_metrics.add(resource=SHOP).scope_metrics.add().metrics
    common: dict[str, Any] = {"time_unix_nano": AT, "start_time_unix_nano": AT - 10**10, "attributes": attributes(
        {"route": "/a", "ok": True, "size": 7, "share": 0.5, "inf": float("inf")})}  # fmt: skip
    number = NumberDataPoint(as_double=2.5, **common), NumberDataPoint(as_int=0, **common), NumberDataPoint(**common)
    metrics.add(name="queue", unit="1").gauge.data_points.extend([*number, NumberDataPoint(as_int=5)])
    metrics.add(name="gone").gauge.data_points.add(flags=1, **common)
    metrics.add(name="nothing")
    for temporality, monotonic in ((1, True), (2, True), (2, False)):
        total = metrics.add(name=f"orders.{temporality}").sum
        total.aggregation_temporality, total.is_monotonic = temporality, monotonic
        total.data_points.add(as_int=2**53 + 1, **common)
    spread = metrics.add(name="latency", unit="ms").histogram
    spread.aggregation_temporality = 1
    spread.data_points.add(count=6, sum=60.5, min=0, max=30, bucket_counts=[1, 2, 3], explicit_bounds=[5, 25], **common)
    spread.data_points.add(**common)
    grown = metrics.add(name="latency.exp").exponential_histogram
    grown.aggregation_temporality = 2
    point = grown.data_points.add(count=9, sum=1.5, scale=-1, zero_count=2, zero_threshold=0.25, **common)
    point.positive.offset, point.negative.offset = -3, 1
    point.positive.bucket_counts.extend([1, 0, 4])
    point.negative.bucket_counts.extend([2])
    grown.data_points.add(count=1, **common).positive.bucket_counts.append(1)
    quantiles = metrics.add(name="old").summary.data_points.add(count=3, sum=4.5, **common).quantile_values
    quantiles.add(value=0.25)
    quantiles.add(quantile=0.99, value=4)
    metrics.add(name="empty").summary.data_points.add(time_unix_nano=AT)
    return data


ALL: dict[str, Callable[[], Message]] = {"traces": all_traces, "logs": all_logs, "metrics": all_metrics}
REQUESTS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest, "metrics": ExportMetricsServiceRequest,
}  # fmt: skip


def as_otlp_json(message: Message) -> bytes:
    """As OTLP defines it: protobuf's own JSON, but with enumerations as numbers and ids in hex."""

    def with_hex(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: base64.b64decode(inner).hex() if key in ID_FIELDS else with_hex(inner)
                for key, inner in value.items()
            }
        return [with_hex(one) for one in value] if isinstance(value, list) else value

    return json.dumps(with_hex(MessageToDict(message, use_integers_for_enums=True))).encode()


def varint(value: int) -> bytes:
    """Seven bits a byte, the least first."""
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def framed(*messages: bytes) -> bytes:
    """As the collector's file exporter writes them."""
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def claimed(data: bytes) -> bool:
    return OtlpProtobuf().recognises(Head("file", data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES))


@pytest.mark.parametrize("kind", ALL)
def test_both_encodings_of_one_message_give_the_same_rows(kind: str) -> None:
    """And the same notes about what cannot be used."""
    message = ALL[kind]()
    expected, expected_rows = read(OtlpJson(), as_otlp_json(message))
    request = REQUESTS[kind].FromString(message.SerializeToString())
    for data in (message.SerializeToString(), request.SerializeToString()):
        parsed, found = read(OtlpProtobuf(), data)
        assert found == expected_rows
        assert notes(parsed) == notes(expected)
    assert len(expected_rows) >= 3


def test_every_shape_of_metric_is_among_those_rows() -> None:
    """So that the comparison compares something."""
    found = {(row.name, row.kind, row.statistic) for row in rows(OtlpProtobuf(), all_metrics().SerializeToString())}
    assert {
        ("queue", "gauge", "value"), ("orders.1", "delta", "value"), ("orders.2", "counter", "value"),
        ("orders.2", "gauge", "value"), ("latency", "delta", "bucket"), ("latency.exp", "counter", "bucket"),
        ("old", "counter", "p0"), ("old", "counter", "p99"),
    } <= found  # fmt: skip
    assert not {name for name, _, _ in found} & {"gone", "nothing"}


FRAMINGS: dict[str, Callable[[list[bytes]], bytes]] = {
    "bodies in a row": b"".join,
    "the collector's lengths": lambda messages: framed(*messages),
    "lengths as varints": lambda messages: b"".join(varint(len(message)) + message for message in messages),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("first", ALL)
def test_messages_are_kept_apart_in_every_way_that_writers_have(framing: str, first: str) -> None:
    """One file may hold several kinds; it is recognised by whichever comes first."""
    messages = [ALL[kind]().SerializeToString() for kind in sorted(ALL, key=lambda kind: kind != first)]
    data = FRAMINGS[framing](messages)
    assert recognise(Head("file", data, whole=True)).name == "otlp-protobuf"
    expected = [row for message in messages for row in rows(OtlpProtobuf(), message)]
    assert rows(OtlpProtobuf(), data) == expected


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_message_larger_than_the_head_is_recognised(framing: str) -> None:
    """By what is seen of it."""
    chance = random.Random(1)
    spans = [a_span(n + 1, name=chance.randbytes(60).hex()) for n in range(1000)]
    data = FRAMINGS[framing]([traces(*spans).SerializeToString()])
    assert len(data) > HEAD_BYTES
    assert claimed(data)
    assert len(rows(OtlpProtobuf(), data)) == 1000


@pytest.mark.parametrize("framing", ["the collector's lengths", "lengths as varints"])
def test_a_file_that_is_still_being_written_gives_what_is_whole(framing: str) -> None:
    """Its last message is told."""
    data = FRAMINGS[framing]([traces(a_span()).SerializeToString()] * 3)
    parsed, found = read(OtlpProtobuf(), data[:-5])
    assert len(found) == 2
    assert notes(parsed) == "1 of 3 records could not be used, the first: the last message is cut short"


def test_a_body_that_is_cut_short_is_refused() -> None:
    """Nothing tells what is missing: a download that broke off."""
    whole = b"".join(FRAMINGS["bodies in a row"]([traces(a_span()).SerializeToString()] * 3) for _ in range(2))
    with pytest.raises(InputError, match=r"damaged or cut short: \d+ bytes are announced, \d+ are there"):
        read(OtlpProtobuf(), whole[:-5])


def test_one_damaged_item_does_not_take_the_others_with_it() -> None:
    """Text that is no UTF-8, values nested without end, wrong wire types: each is counted."""
    deep = any_value("x").SerializeToString()
    for _ in range(10_000):
        deep = field(5, field(1, deep))
    attribute = field(1, b"db.system") + field(2, deep)
    latin = a_span(2, name="GET /XX").SerializeToString().replace(b"/XX", b"/\xe9\xe9")
    good = a_span().SerializeToString()
    data = message_of(good, latin, good + field(9, attribute), good)
    parsed, found = read(OtlpProtobuf(), data)
    assert len(found) == 2
    assert "2 of 4 records could not be used, the first: a span cannot be read" in notes(parsed)


def test_without_protobufs_compiled_part_the_same_is_refused() -> None:
    """As on Alpine: text that is no UTF-8 is another error there."""
    latin = a_span(2, name="GET /XX").SerializeToString().replace(b"/XX", b"/\xe9\xe9")
    code = (
        "import io, sys; from aqe.connectors.formats.production.otlp_protobuf import OtlpProtobuf; "
        f"parsed = OtlpProtobuf().parse(io.BytesIO({message_of(a_span().SerializeToString(), latin)!r})); "
        "rows = list(parsed.rows); from google.protobuf.internal import api_implementation; "
        "print(api_implementation.Type(), len(rows), *parsed.rows.notes)"
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
    )  # fmt: skip
    assert found.stdout.startswith("python 1 1 of 2 records could not be used, the first: a span cannot be read")


def field(number: int, value: bytes) -> bytes:
    """One of a message."""
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def message_of(*items: bytes) -> bytes:
    """TracesData around spans that may be no spans."""
    return field(1, field(2, b"".join(field(2, item) for item in items)))


def test_a_resource_that_does_not_tell_its_signal_is_of_that_of_the_last() -> None:
    """Spans without a start look like metrics, and are counted like any others that cannot be used."""
    unusable = traces(a_span(7, name="GET /x", start_time_unix_nano=0, end_time_unix_nano=0)).SerializeToString()
    good = traces(a_span()).SerializeToString()
    parsed, found = read(OtlpProtobuf(), good + unusable + good)
    assert len(found) == 2
    assert notes(parsed) == (
        "1 of 3 records could not be used, the first: a span needs `traceId`, `spanId` and `startTimeUnixNano`"
    )
    parsed, found = read(OtlpProtobuf(), unusable + good)
    assert len(found) == 1
    assert "what is told of a resource is no span, log record or metric point" in notes(parsed)


def test_a_damaged_message_among_others_is_counted() -> None:
    """Its length tells where the next one begins."""
    good = traces(a_span()).SerializeToString()
    parsed, found = read(OtlpProtobuf(), framed(good, b"\xff" * 40, good))
    assert len(found) == 2
    assert "1 of 3 records could not be used, the first: a message is damaged" in notes(parsed)
    with pytest.raises(InputError, match="could not be used"):
        read(OtlpProtobuf(), framed(good, b"\xff" * 40, b"\xff" * 40))


class Counted(io.BytesIO):
    """Tells how much was read of it."""

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked = max(getattr(self, "asked", 0), -1 if size is None else size)
        return super().read(size)


@pytest.mark.parametrize("framing", ["bodies in a row", "the collector's lengths", "lengths as varints"])
def test_a_length_of_gigabytes_is_refused_before_anything_is_read_for_it(framing: str) -> None:
    """In one line that says the limit and what to do."""
    size = varint(4_000_000_000)
    claims = {"bodies in a row": b"\n" + size, "lengths as varints": size, "the collector's lengths": b"\xee\x6b\x28\0"}
    good = FRAMINGS[framing]([traces(a_span()).SerializeToString()])
    stream = Counted(good + claims[framing] + b"\n" * 100)
    with pytest.raises(InputError, match=r"a message says it has 38\d\d MiB; at most 64 MiB are read") as caught:
        list(OtlpProtobuf().parse(stream).rows or ())
    assert "smaller batches" in (caught.value.hint or "")
    assert stream.asked <= HEAD_BYTES


def test_an_item_larger_than_the_limit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes of a message may be an object of a hundred in memory."""
    monkeypatch.setattr(otlp_protobuf, "MAX_ONE_BYTES", 1000)
    parsed, found = read(OtlpProtobuf(), traces(a_span(), a_span(name="x" * 2000)).SerializeToString())
    assert len(found) == 1
    assert "1 of 2 records could not be used, the first: a span is larger than" in notes(parsed)


@pytest.mark.parametrize("kind", ALL)
def test_an_item_of_more_parts_than_the_limit_is_counted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute of two bytes takes two hundred in memory."""
    from aqe.connectors.formats.production import otlp_messages

    monkeypatch.setattr(otlp_messages, "MAX_PARTS", 4)
    data = ALL[kind]().SerializeToString()
    parsed, found = read(OtlpProtobuf(), traces(*[a_span(n + 1) for n in range(20)]).SerializeToString() + data)
    assert len(found) >= 20
    assert "cannot be read: it has more than 4 attributes, points, events or values" in notes(parsed)


def a_database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "x.db") as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    return (folder / "x.db").read_bytes()


def test_files_of_other_kinds_are_not_taken_for_it(tmp_path: Path) -> None:
    """Also behind a line break, which is the first byte of every message, and behind a length."""
    others = [
        random.Random(5).randbytes(5000), gzip.compress(all_traces().SerializeToString()), a_database(tmp_path),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x02\0\x08\x06\0\0\0", b"\0" * 5000, b"\n" * 5000,
        b"2026-11-22 01:55:21 INFO \t12345678 ok\n" * 50, json.dumps({"a": ["b"] * 200}).encode(), b"", b"\n", b"\xff",
        Path(sys.executable).read_bytes()[:HEAD_BYTES],
    ]  # fmt: skip
    for other in others:
        for data in (other, b"\n" + other, b"\n\x10" + other, framed(other), framed(b"\n" + other), varint(40) + other):
            assert not claimed(data), data[:40]


def test_other_messages_of_protobuf_are_not_taken_for_it() -> None:
    """A file of descriptors, a part of OTLP alone, a resource that says nothing, points without a time."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

    descriptor = FileDescriptorProto()
    Span.DESCRIPTOR.file.CopyToProto(descriptor)
    point = HistogramDataPoint(count=1).SerializeToString()
    for message in (
        FileDescriptorSet(file=[descriptor]), all_traces().resource_spans[0], all_metrics().resource_metrics[0], SHOP,
        TracesData.FromString(traces().SerializeToString()), a_span(), Metric(name="x"),
    ):  # fmt: skip
        assert not claimed(message.SerializeToString())
    assert not claimed(message_of(b"\n\1x" + field(9, field(1, point))))


def test_named_for_it_another_file_is_refused_and_an_empty_one_measured_nothing() -> None:
    """`--as otlp-protobuf`."""
    with pytest.raises(InputError, match="no message of OTLP begins here"):
        read(OtlpProtobuf(), b"\n\n hello")
    assert read(OtlpProtobuf(), b"")[0].outcome is Outcome.NOT_MEASURED


def test_the_generated_classes_are_loaded_for_such_a_file_alone() -> None:
    """They take longer than reading a small file of another format."""
    code = (
        "import sys; from aqe.connectors.formats.table import recognise; from aqe.core.importing import Head; "
        "recognise(Head('f', b'TN:\\nSF:a.py\\nend_of_record\\n', whole=True)); "
        "sys.exit('google.protobuf' in sys.modules or 'opentelemetry' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


def _types(found: list[Row]) -> set[str]:
    return {type(row).__name__ for row in found}


def test_what_the_python_sdk_sent_is_read() -> None:
    """Bodies of its three exports: nine requests, each with a query, two of which failed; their logs and metrics."""
    found = rows(OtlpProtobuf(), (Path(__file__).parents[2] / "formats/otlp-protobuf/sample.pb").read_bytes())
    assert _types(found) == {"SpanRow", "LogRow", "MetricRow"}
    spans = [row for row in found if type(row).__name__ == "SpanRow"]
    served = [row for row in spans if row.kind == "server"]
    assert (len(spans), [row.status for row in served].count(500), len(served)) == (18, 2, 9)
    failed = [row for row in spans if row.error_type == "KeyError"]
    assert [(row.db_system, row.peer, row.message) for row in failed] == [("postgresql", "db-1", "no stock")] * 2
    logs = [row for row in found if type(row).__name__ == "LogRow"]
    assert {row.trace_id for row in logs} == {row.trace_id for row in spans}
    assert [row.level for row in logs].count("ERROR") == 2
    orders = {row.kind: row.value for row in found if type(row).__name__ == "MetricRow" and row.name == "orders"}
    assert orders == {"counter": 7, "delta": 7}
