"""OTLP as protobuf: what SDKs send by default, and what the collector's file exporter writes with `format: proto`.

Items are parsed one at a time and not with their message: a few bytes in it may be an object of a hundred in memory,
and one that is damaged does not take the others with it.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from ....core.errors import InputError
from ....core.importing import HEAD_BYTES, About, Head, Parsed, Sample
from ....core.records.bulk.rows import LOGS, METRICS, SPANS, Row
from ....core.records.signals import Outcome
from ..documents import EMPTY_FILE
from ..lines import LineRows
from ..pages import Reading
from ..source import Source
from .otlp import resource_rows
from .otlp_frames import Framing, entries, framing_of
from .otlp_signals import ABOUT, ITEM, RESOURCE, SCOPE, items, signal_of
from .protobuf_wire import Damaged, fields

if TYPE_CHECKING:
    from .otlp_messages import Signal

MAX_ONE_BYTES = 4 * 1024 * 1024
"""One span, log record or metric with its points. Servers refuse whole messages of more by gRPC; parsed, a hostile one
takes a hundred times as much memory."""
_BATCH_BYTES = 65_536
"""Items that are held at a time."""


class OtlpProtobuf:
    """OTLP as protobuf -> rows of spans, logs, metric points."""

    name = "otlp-protobuf"
    produces: tuple[str, ...] = (SPANS, LOGS, METRICS)
    about = About(
        title="OTLP as protobuf (OpenTelemetry traces, logs, metrics)",
        producers="OpenTelemetry SDKs and collector, by default",
        versions="OTLP 0.9 to 1.x; the body of an export request, or messages with their length in front (4 bytes, big "
        "end first, or a varint)",
        recognised_by="the fields of a resource and its scopes down to a span, log record or metric point",
        fields="as of OTLP/JSON",
        sample=Sample.REAL,
        how_to_export="the collector's file exporter (exporters: file: path: otlp.pb, format: proto), packed or not; "
        "the body of the POST to /v1/traces, /v1/logs or /v1/metrics",
    )

    def recognises(self, head: Head) -> bool:
        """By its structure."""
        return framing_of(head.data, whole=head.whole) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read as far as the first row; the others are read while they are taken.

        Raises:
            InputError: damaged, cut short, a message too large, or not of this format.
        """
        what = self.about.title
        source = Source(stream)
        head = source.peek(HEAD_BYTES)
        framing = framing_of(head, whole=len(head) < HEAD_BYTES)
        if framing is None:
            if len(head) < HEAD_BYTES and not head.removeprefix(BOM_UTF8).strip():
                return EMPTY_FILE
            raise InputError(f"{what}: no message of OTLP begins here", hint="is the file of this format?")
        reading = Reading(what)
        rows = _rows(source, framing, reading)
        first = next(rows, None)
        if first is None and reading.unusable:
            raise InputError(f"{what}: {'; '.join(reading.notes())}", hint="is the file of this format?")
        if first is None:
            return Parsed(Outcome.NOT_MEASURED, reason="there is no value in it")
        return Parsed(Outcome.VALUE, rows=LineRows(chain((first,), rows), reading))


def _rows(source: Source, framing: Framing, reading: Reading) -> Iterator[Row]:
    signal = None
    for entry in entries(source, framing, reading):
        try:
            signal = signal_of(entry) or signal  # one that does not tell is hardly of another than the last
            yield from _entry_rows(entry, signal, reading)
        except Damaged as error:
            reading.refuse(f"a resource is damaged: {error}")
    reading.finish()


def _entry_rows(entry: bytes, name: str | None, reading: Reading) -> Iterator[Row]:
    """The rows of one resource.

    Args:
        entry: what is told of it.
        name: its signal; None = nothing tells it.
        reading: told of what cannot be used.

    Raises:
        Damaged: it is no message.
    """
    from .otlp_messages import SIGNALS, resource, scope

    if name is None:
        if any(items(entry, 0, len(entry))):
            reading.refuse("what is told of a resource is no span, log record or metric point")
        return
    signal = SIGNALS[name]
    told = resource(_first(entry, RESOURCE, 0, len(entry)))
    for start, stop in _places(entry, SCOPE, 0, len(entry)):
        about = scope(_first(entry, ABOUT, start, stop))
        for batch in _batches(entry, start, stop, signal, reading):
            yield from resource_rows(
                name, {"resource": told, signal.scopes: [{"scope": about, signal.items: batch}]}, reading
            )
            del batch  # or it would be there beside the next one


def _batches(entry: bytes, at: int, end: int, signal: "Signal", reading: Reading) -> Iterator[list[dict[str, Any]]]:
    """The items of one scope, some at a time."""
    batch: list[dict[str, Any]] = []
    size = 0
    for start, stop in _places(entry, ITEM, at, end):
        if stop - start > MAX_ONE_BYTES:
            reading.refuse(f"a {signal.one} is larger than {MAX_ONE_BYTES >> 20} MiB")
            continue
        try:
            batch.append(signal.read(entry[start:stop]))
        except Damaged as error:
            reading.refuse(f"a {signal.one} cannot be read: {error}")
            continue
        size += stop - start
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _places(data: bytes, wanted: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    return ((start, stop) for number, _, start, stop in fields(data, at, end) if number == wanted)


def _first(data: bytes, wanted: int, at: int, end: int) -> bytes:
    """The value of a field; nothing when it is not there, which is a message too."""
    start, stop = next(_places(data, wanted, at, end), (0, 0))
    return data[start:stop]
