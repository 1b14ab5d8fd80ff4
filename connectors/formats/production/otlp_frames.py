"""The messages of a file of OTLP as protobuf, and what they tell of each resource, in constant memory.

A file is one message (the body of an export request; several of them in a row are one message too), or messages with
their length in front: 4 bytes, big end first, as the collector's file exporter writes them, or a varint, as protobuf's
own `writeDelimitedTo` does.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto

from ....core.errors import InputError
from ..json_stream import MAX_ITEM_BYTES
from ..pages import Reading
from ..source import Source
from .otlp_signals import ENTRY, message_signal
from .protobuf_wire import LEN, CutShort, Damaged, fields, varint

MAX_MESSAGE_BYTES = MAX_ITEM_BYTES
"""One message with its length in front, or what one without tells of one resource. Senders of OTLP split at some MB:
servers refuse more than 4 MiB by gRPC and 20 MiB by HTTP."""
_LENGTH_BYTES = 4
_TAG = bytes([ENTRY << 3 | LEN])


class Framing(Enum):
    """How a file's messages are kept apart."""

    NONE = auto()
    BIG_ENDIAN = auto()
    VARINT = auto()


def framing_of(head: bytes, *, whole: bool) -> Framing | None:
    """How the file with this beginning keeps its messages apart; None when it holds no OTLP.

    Args:
        head: its first bytes.
        whole: they are the whole file.
    """
    if head.startswith(_TAG) and message_signal(head, 0, cut=not whole):
        return Framing.NONE
    for framing, length_of in _LENGTHS.items():
        try:
            length, at = length_of(head)
        except Damaged:
            continue
        if length and message_signal(head[at : at + length], 0, cut=at + length > len(head)):
            return framing
    return None


def entries(source: Source, framing: Framing, reading: Reading) -> Iterator[bytes]:
    """What the messages tell of each resource, one at a time.

    Args:
        source: at the beginning of the file.
        framing: how it keeps its messages apart.
        reading: told of messages that cannot be read.

    Raises:
        InputError: a message is too large, or a file without lengths is damaged or cut short.
    """
    if framing is Framing.NONE:
        yield from _alone(source, reading.what)
        return
    for message in _framed(source, _LENGTHS[framing], reading):
        try:
            for number, wire, start, stop in fields(message, 0, len(message)):
                if (number, wire) == (ENTRY, LEN):
                    yield message[start:stop]
        except Damaged as error:
            reading.refuse(f"a message is damaged: {error}")


def _alone(source: Source, what: str) -> Iterator[bytes]:
    """The entries of one message without end: each has its tag and its length."""
    while tag := source.read(1):
        try:
            if tag != _TAG:
                raise Damaged("no resource begins where the last one ends")
            length = _taken(source, _varint_of)
            yield _read(source, length, what)
        except Damaged as error:
            raise InputError(f"{what}: the file is damaged or cut short: {error}", hint="export it again") from error


def _framed(source: Source, length_of: Callable[[bytes], tuple[int, int]], reading: Reading) -> Iterator[bytes]:
    """The messages; the last may be cut short, as in a file that is still being written."""
    while source.peek(1):
        try:
            length = _taken(source, length_of)
            message = _read(source, length, reading.what)
        except CutShort:
            reading.refuse("the last message is cut short")
            return
        except Damaged as error:
            raise InputError(f"{reading.what}: the file is damaged: {error}", hint="export it again") from error
        yield message


def _taken(source: Source, length_of: Callable[[bytes], tuple[int, int]]) -> int:
    start = source.peek(16)
    length, size = length_of(start)
    source.read(size)
    return length


def _read(source: Source, length: int, what: str) -> bytes:
    if length > MAX_MESSAGE_BYTES:
        raise InputError(
            f"{what}: a message says it has {length >> 20} MiB; at most {MAX_MESSAGE_BYTES >> 20} MiB are read",
            hint="is the file damaged? otherwise export smaller batches (the collector's batch processor)",
        )
    data = source.read(length)
    if len(data) < length:
        raise CutShort(f"{length} bytes are announced, {len(data)} are there")
    return data


def _big_endian_of(data: bytes) -> tuple[int, int]:
    if len(data) < _LENGTH_BYTES:
        raise CutShort("a length is cut short")
    return int.from_bytes(data[:_LENGTH_BYTES], "big"), _LENGTH_BYTES


def _varint_of(data: bytes) -> tuple[int, int]:
    return varint(data, 0, len(data))


_LENGTHS = {Framing.BIG_ENDIAN: _big_endian_of, Framing.VARINT: _varint_of}
"""Framing -> what reads a length at the beginning of bytes, and says how many bytes it takes."""
