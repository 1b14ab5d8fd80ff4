"""The fields of a protobuf message, told apart without knowing its type.

The wire format (https://protobuf.dev/programming-guides/encoding): a message is a run of fields, each a tag (number and
wire type) and a value whose length the wire type tells.
"""

from collections.abc import Iterator

VARINT, I64, LEN, I32 = 0, 1, 2, 5
"""Wire types; 3 and 4, the groups, are of protobuf 1."""
_FIXED = {I64: 8, I32: 4}
_MAX_VARINT_BYTES = 10

Field = tuple[int, int, int, int]
"""Number, wire type, where the value begins and ends."""


class Damaged(ValueError):
    """The bytes are no protobuf message. The text says why."""


class CutShort(Damaged):
    """They end too early."""


def fields(data: bytes, at: int, end: int, *, cut: bool = False) -> Iterator[Field]:
    """The fields between two places.

    Args:
        data: what the message lies in.
        at: where it begins.
        end: where it ends.
        cut: more of it is not seen: a field that reaches beyond the end then ends there.

    Raises:
        Damaged: they do not fill the place exactly.
    """
    while at < end:
        try:
            tag, at = varint(data, at, end)
            number, wire = tag >> 3, tag & 7
            length = _FIXED.get(wire)
            if wire == VARINT:
                length = varint(data, at, end)[1] - at
            elif wire == LEN:
                length, at = varint(data, at, end)
        except CutShort:
            if cut:
                return
            raise
        if length is None or not 0 < number < 1 << 29:
            raise Damaged(f"no field has the tag {tag}")
        if at + length > end:
            if not cut:
                raise CutShort("a field reaches beyond the end")
            length = end - at
        yield number, wire, at, at + length
        at += length


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number of variable length, and where it ends.

    Raises:
        Damaged: it is cut short, or longer than 64 bits.
    """
    if at < end and (byte := data[at]) < 0x80:  # most are: a loop is slow to begin
        return byte, at + 1
    value = shift = 0
    for place in range(at, min(end, at + _MAX_VARINT_BYTES)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    if end - at < _MAX_VARINT_BYTES:
        raise CutShort("a number is cut short")
    raise Damaged("a number is longer than 64 bits")
