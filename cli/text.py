"""Text for people: honest numbers, aligned tables, colour where it is welcome, nothing that a terminal would obey."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from ..core.records.base import Record

R = TypeVar("R", bound="Record")

MARKS: dict[str, tuple[str, str]] = {
    "APPROVED": ("green", "✅"),
    "APPROVED_WITH_WARNINGS": ("yellow", "⚠️ "),
    "PENDING_APPROVAL": ("yellow", "⏳"),
    "INCONCLUSIVE": ("magenta", "❔"),
    "BLOCKED": ("red", "🛑"),
    "LOW": ("green", "🟢"),
    "MEDIUM": ("yellow", "🟡"),
    "HIGH": ("red", "🟠"),
    "CRITICAL": ("red", "🔴"),
    "PASSED": ("green", "✅"),
    "ATTESTED": ("cyan", "✍️ "),
    "FAILED": ("red", "🚫"),
    "NO_EVIDENCE": ("magenta", "❔"),
    "NOT_APPLICABLE": ("blue", "⚪"),
    "ok": ("green", "✅"),
    "warn": ("yellow", "⚠️ "),
    "fail": ("red", "🚫"),
}
"""Word -> colour and sign; the word itself is always printed."""


def clean(text: str) -> str:
    """The text as one line without control characters.

    What comes from production (messages, file names, events) must not move the cursor, change the window's title, or
    turn the direction of the text around.
    """
    return "".join(c if c.isprintable() else " " for c in text)


def cleaned(record: R) -> R:
    """The record with every text in it clean, for a renderer to print."""
    return type(record).from_value(_clean_all(record.to_dict()), where="record")


def _clean_all(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): _clean_all(item) for key, item in value.items()}
        case list():
            return [_clean_all(item) for item in value]
        case _:
            return value


@dataclass(frozen=True)
class Look:
    """What the output can show: by default neither colours nor signs."""

    color: bool = False
    emoji: bool = False

    @classmethod
    def of(cls, stream: TextIO, *, color: bool) -> "Look":
        """Of a stream; only terminals get more than plain text.

        Args:
            color: False when the user wants none (NO_COLOR).
        """
        if not stream.isatty():
            return cls()
        return cls(color=color, emoji=stream.encoding.lower().replace("-", "") == "utf8")

    def word(self, word: str, *, width: int = 0) -> str:
        """A word of MARKS with its colour and sign, filled up to `width`."""
        color, sign = MARKS[word]
        text = f"{sign} {word:<{width}}" if self.emoji else f"{word:<{width}}"
        return click.style(text, fg=color, bold=True) if self.color else text

    def title(self, text: str) -> list[str]:
        """A line, underlined."""
        line = ("━" if self.emoji else "-") * 60
        return [click.style(text, bold=True) if self.color else text, line]


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; the last one is not filled up."""
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    lines = [list(headers), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """`Name:  value` lines, aligned; None is left out. Values are printed as they are: of a `cleaned` record."""
    shown = [(f"{name}:", str(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in shown)


def risk_number(risk: float) -> str:
    """A risk from 0 to 100, rounded up to one decimal: 20.01 reads 20.1 beside MEDIUM; "100" only when it is 100.

    >>> [risk_number(risk) for risk in (20, 20.01, 78.25, 99.99, 100)]
    ['20', '20.1', '78.3', '99.9', '100']
    """
    return _tenths(risk, ROUND_FLOOR if 99 < risk < 100 else ROUND_CEILING)


def confidence_number(confidence: float) -> str:
    """A confidence from 0 to 100, rounded down to one decimal: "100" only when it is 100."""
    return _tenths(confidence, ROUND_FLOOR)


def percent(share: float) -> str:
    """A share from 0 to 1, rounded down: "100 %" only when it is all, "0 %" only when it is nothing.

    >>> [percent(share) for share in (0, 0.004, 0.29, 0.996, 1)]
    ['0 %', 'under 1 %', '29 %', '99 %', '100 %']
    """
    whole = int(Decimal(str(share)) * 100)
    return "under 1 %" if share > 0 and whole == 0 else f"{whole} %"


def value_text(value: object) -> str:
    """A measured value in four digits, but never 0 or 100 when it is not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{value:.15g}" if float(short) in (0, 100) and float(short) != value else short


def time_text(at: datetime | None) -> str:
    """`2026-01-10 12:00:05 UTC`; a dash for None."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def duration_text(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `5 min`, `3 h`, `2 d`; a dash for None.

    >>> [duration_text(s) for s in (0.42, 59, 60, 7200, 200_000, None)]
    ['0.4 s', '59 s', '1 min', '2 h', '2 d', '-']
    """
    if seconds is None:
        return "-"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _tenths(number: float, rounding: str) -> str:
    return f"{Decimal(str(number)).quantize(Decimal('0.1'), rounding):f}".removesuffix(".0")
