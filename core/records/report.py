"""A report without a format: what is said, in which order, and where every number of it comes from.

Builders make it, `reports/` renders it, and nothing in it knows of Markdown, pages or terminals. A line is made of our
own words and of values; a value says from which field of which record it was read. Our own words hold no digit, so a
number without an origin cannot be written down.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from .base import Record


class Tone(StrEnum):
    """What a value means to the reader; formats make colours and signs of it, the words stay."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    """Not measured, or not decided."""
    PERSON = "person"
    """A person vouches for it."""
    NEUTRAL = "neutral"


class Origin(Record):
    """A place a value was read from."""

    key: str
    """Memory key, or `aqe.yaml`."""
    field: str = ""
    """Path in the value there, as its JSON spells it: `gates.0.status`; empty = the value as a whole."""


class Value(Record):
    """Something that was read, as it is printed, and where it was read."""

    text: str
    """With its unit: `87.2 %`."""
    value: int | FiniteFloat | bool | str | None
    """As it stands in the record; None = not measured."""
    origins: tuple[Origin, ...] = ()
    computed: str | None = None
    """How it follows from its origins: `count`, `sum`; None = it stands at the one origin."""
    reason: str | None = None
    """Why there is no value."""
    tone: Tone | None = None
    """Set where the value is a verdict: formats show it as such."""

    @model_validator(mode="after")
    def _traceable(self) -> Self:
        if self.value is None and not self.reason:
            raise ValueError(f"{self.text!r} is not measured: say why")
        if self.value is not None and not self.origins:
            raise ValueError(f"{self.text!r} does not say where it comes from")
        if len(self.origins) > 1 and not self.computed:
            raise ValueError(f"{self.text!r} comes from {len(self.origins)} places: say how")
        return self

    @property
    def number(self) -> float | None:
        """The value as a coordinate; None when it is no number."""
        return float(self.value) if isinstance(self.value, int | float) else None


def _without_digits(text: str) -> str:
    if any(c.isdigit() for c in text):
        raise ValueError(f"{text!r} holds a number: make it a Value, with its origin")
    return text


Words = Annotated[str, AfterValidator(_without_digits)]
"""Our own words."""
Line = tuple[Words | Value, ...]
"""Words and values, printed one after the other; spaces are the words' own."""


class Paragraph(Record):
    """Running text; with a tone it is a note that stands out."""

    kind: Literal["paragraph"] = "paragraph"
    line: Line
    tone: Tone | None = None


class Item(Record):
    """One of several."""

    line: Line
    tone: Tone | None = None
    details: tuple[Line, ...] = ()


class Items(Record):
    """A list."""

    kind: Literal["items"] = "items"
    items: tuple[Item, ...]
    numbered: bool = False


class Fact(Record):
    """A name and what is so called."""

    label: Words
    line: Line
    tone: Tone | None = None


class Facts(Record):
    """Names and values."""

    kind: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class Column(Record):
    """Head of a table's column."""

    title: Words
    numeric: bool = False
    """Set to the right."""
    wide: bool = False
    """Holds running text: gets more room than the others."""


class Table(Record):
    """Rows of lines under heads."""

    kind: Literal["table"] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"every row has {len(self.columns)} cells")
        return self


class Bar(Record):
    """One bar; `inner` is the part of it that stands on firm ground."""

    label: Line
    value: Value
    inner: Value | None = None
    tone: Tone = Tone.NEUTRAL


class Bars(Record):
    """Several values on one scale that begins at 0."""

    kind: Literal["bars"] = "bars"
    maximum: FiniteFloat = Field(gt=0)
    bars: tuple[Bar, ...] = Field(min_length=1)
    marks: tuple[FiniteFloat, ...] = ()
    """Lines that matter to the reader, such as the ends of levels."""
    value_words: Words
    inner_words: Words | None = None
    """What bars and their inner parts are, for the legend."""


class Interval(Record):
    """A value between two others, on its scale."""

    kind: Literal["interval"] = "interval"
    minimum: FiniteFloat = 0
    maximum: FiniteFloat
    low: Value
    middle: Value
    high: Value
    reference: Value | None = None
    """What it is compared with."""
    reference_words: Words = ""
    tone: Tone = Tone.NEUTRAL


class ReliabilityBin(Record):
    """Cases with about the same prediction: how often it came true."""

    predicted: Value
    """Percent, 0-100, as `observed`."""
    observed: Value
    cases: Value


class Reliability(Record):
    """Predicted against observed percentages; on the diagonal, predictions mean what they say."""

    kind: Literal["reliability"] = "reliability"
    bins: tuple[ReliabilityBin, ...] = Field(min_length=1)
    predicted_words: Words
    observed_words: Words


class Point(Record):
    """Something that happened."""

    at: datetime
    label: Value
    value: Value | None = None
    """On the timeline's scale; None = it has none."""
    tone: Tone = Tone.NEUTRAL


class Timeline(Record):
    """What happened, in order of time."""

    kind: Literal["timeline"] = "timeline"
    points: tuple[Point, ...] = Field(min_length=1)
    maximum: FiniteFloat = 100
    value_words: Words = ""
    tone_words: dict[Tone, Words] = Field(default_factory=dict)
    """What the tones stand for, for the legend."""


Chart = Annotated[Bars | Interval | Reliability | Timeline, Field(discriminator="kind")]


class Figure(Record):
    """A chart's data, with a title and what a reader who cannot see it should know."""

    kind: Literal["figure"] = "figure"
    title: Words
    description: Line
    chart: Chart


Block = Annotated[Paragraph | Items | Facts | Table | Figure, Field(discriminator="kind")]


class Section(Record):
    """A heading and what stands under it."""

    title: Words
    blocks: tuple[Block, ...]


class Report(Record):
    """All of it, from the top of the page to its foot."""

    title: Line
    subtitle: Line = ()
    verdict: Value | None = None
    """The one word the reader came for, with its tone."""
    because: Line = ()
    """Why, in one sentence."""
    highlights: tuple[Fact, ...] = ()
    """At most six, readable from afar."""
    sections: tuple[Section, ...]
    footer: Line = ()
    generated_at: datetime

    def values(self) -> Iterator[Value]:
        """Every value in it, charts included."""
        yield from _values(self)


def _values(part: object) -> Iterator[Value]:
    if isinstance(part, Value):
        yield part
    elif isinstance(part, Record):
        for name in type(part).model_fields:
            yield from _values(getattr(part, name))
    elif isinstance(part, tuple):
        for item in part:
            yield from _values(item)


def text_of(line: Line) -> str:
    """The line as one text, as it is read aloud."""
    return "".join(part if isinstance(part, str) else part.text for part in line)
