"""A value between two others on its scale: what is believed, and how firmly."""

from ...core.records.report import Interval
from .svg import WIDTH, Ink, dot, line, picture, rect, share_of, text, width_of

_LEFT, _RIGHT = 24.0, WIDTH - 24
_AXIS = 62.0


def draw(chart: Interval, title: str, description: str, ink: Ink) -> str:
    """The chart as SVG."""
    low, middle, high = (_x(chart, v.number) for v in (chart.low, chart.middle, chart.high))
    color = ink.tones[chart.tone]
    parts = [line(_LEFT, _AXIS, _RIGHT, _AXIS, ink.grid, width=2)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        at = chart.minimum + share * (chart.maximum - chart.minimum)
        x = _x(chart, at)
        parts.append(line(x, _AXIS - 5, x, _AXIS + 5, ink.grid))
        parts.append(text(x, _AXIS + 42, f"{at:g}", ink.muted, ink, anchor="middle", size=11))
    parts.append(rect(low, _AXIS - 9, high - low, 18, color, opacity=0.3, radius=4))
    if chart.reference is not None and chart.reference.number is not None:
        parts += _reference(chart, _x(chart, chart.reference.number), ink)
    parts.append(dot(middle, _AXIS, color, ink, radius=7))
    parts += [_label(middle, _AXIS - 18, chart.middle.text, ink, bold=True)]
    ends = ((low, chart.low.text, "end", -4), (high, chart.high.text, "start", 4))
    if high - low < width_of(chart.low.text + chart.high.text):
        parts += [_clamped(x + gap, _AXIS + 24, words, ink, anchor) for x, words, anchor, gap in ends]
    else:
        parts += [_label(x, _AXIS + 24, words, ink) for x, words, _, _ in ends]
    return picture(title, description, _AXIS + 50, parts)


def _x(chart: Interval, value: float | None) -> float:
    return _LEFT + share_of(value, chart.maximum, chart.minimum) * (_RIGHT - _LEFT)


def _label(x: float, y: float, words: str, ink: Ink, *, bold: bool = False) -> str:
    half = width_of(words) / 2
    inside = min(max(x, half), WIDTH - half)
    return text(inside, y, words, ink.text, ink, anchor="middle", bold=bold)


def _clamped(x: float, y: float, words: str, ink: Ink, anchor: str) -> str:
    width = width_of(words)
    x = max(x, width) if anchor == "end" else min(x, WIDTH - width)
    return text(x, y, words, ink.text, ink, anchor=anchor)


def _reference(chart: Interval, x: float, ink: Ink) -> list[str]:
    assert chart.reference is not None
    words = f"{chart.reference_words} {chart.reference.text}".strip()
    return [
        # Not through the number in the middle, which may stand at the same place.
        line(x, 20, x, 27, ink.muted, dashed=True),
        line(x, _AXIS - 13, x, _AXIS + 13, ink.muted, dashed=True),
        text(*_beside(x, words), words, ink.muted, ink, size=11),
    ]


def _beside(x: float, words: str) -> tuple[float, float]:
    width = width_of(words, 11)
    return (x + 6 if x + width + 6 < WIDTH else x - width - 6), 16.0
