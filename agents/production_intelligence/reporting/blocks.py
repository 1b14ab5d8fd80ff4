"""What sections of the production report are made of: tables and moments out of values that know where they stand."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ....core.numbers import value_text
from ....core.records.report import Block, Column, Line, Paragraph, Section, Table, Tone, Value
from ...traced import NOT_MEASURED, Stored, counted

MOST_ROWS = 15
"""Of a table; how many more there are is said."""
TONES = {
    "healthy": Tone.GOOD, "degraded": Tone.WARN, "unhealthy": Tone.BAD, "critical": Tone.BAD,
    "HIGH": Tone.BAD, "CRITICAL": Tone.BAD, "MEDIUM": Tone.WARN, "LOW": Tone.NEUTRAL,
    "INCREASING": Tone.BAD, "DECREASING": Tone.GOOD,
    "GOOD": Tone.GOOD, "NEEDS_IMPROVEMENT": Tone.WARN, "POOR": Tone.BAD,
}  # fmt: skip


def tone_of(word: Any) -> Tone:
    """What a word of a record means for its reader."""
    return TONES.get(str(word), Tone.UNKNOWN if word is None else Tone.NEUTRAL)


def verdict(item: Stored) -> Value:
    """A word of a record, with what it means."""
    return item.say(tone=tone_of(item.value))


def moment(text: Any) -> str:
    """A time of a record in print."""
    return f"{datetime.fromisoformat(str(text)):%Y-%m-%d %H:%M} UTC"


def window_of(whole: Stored) -> Line:
    """The stretch of time that a record is about."""
    return (whole["windowFrom"].say(moment), " to ", whole["windowTo"].say(moment))


def with_unit(unit: str) -> Callable[[Any], str]:
    """What prints a number with its unit."""
    return lambda value: f"{value_text(value)}{unit}"


def or_reason(value: Stored, shown: Callable[[Stored], Line], *, holds: str = "") -> Line:
    """What is measured, or that it is not and why.

    Args:
        value: a record's field that may be a NotMeasured.
        shown: of what is measured.
        holds: a field that it has then; "" = the value itself is no object then.
    """
    known = value[holds].value is not None if holds else value.value is not None and not isinstance(value.value, dict)
    return shown(value) if known else (NOT_MEASURED, ": ", value["reason"].say(reason="its record does not say why"))


def section(title: str, whole: Stored, blocks: Callable[[], Iterator[Block]]) -> Section:
    """A section, or that there is no record for it and why."""
    if whole.value is None:
        return Section(title=title, blocks=(Paragraph(line=whole.why(), tone=Tone.UNKNOWN),))
    return Section(title=title, blocks=tuple(blocks()))


def table_of(
    whole: Stored,
    columns: tuple[Column, ...],
    row: Callable[[Stored], tuple[Line, ...]],
    items: Sequence[Stored] | None = None,
) -> Iterator[Block]:
    """The first items of a list as a table.

    Args:
        items: those of the list that get a row; None = all.
    """
    found = list(whole) if items is None else items
    if not found:
        yield Paragraph(line=("None.",))
        return
    yield Table(columns=columns, rows=tuple(row(item) for item in found[:MOST_ROWS]))
    if len(found) > MOST_ROWS:
        yield Paragraph(line=(counted(len(found) - MOST_ROWS, (whole,), "count"), " more are in the record."))
