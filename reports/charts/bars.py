"""Values on one scale, one bar a line: how much, and how much of it stands on firm ground."""

from ...core.records.report import Bars, text_of
from .svg import WIDTH, Ink, line, picture, rect, share_of, shortened, text

_ROW = 30.0
_LEFT, _RIGHT = 184.0, WIDTH - 64
"""Where the scale begins and ends; labels stand before it, values behind it."""


def draw(chart: Bars, title: str, description: str, ink: Ink) -> str:
    """The chart as SVG."""
    bottom = 8 + _ROW * len(chart.bars)
    parts = [part for at in (0.0, *chart.marks, chart.maximum) for part in _mark(at, chart.maximum, bottom, ink)]
    for index, bar in enumerate(chart.bars):
        top = 8 + _ROW * index
        color = ink.tones[bar.tone]
        whole = _x(bar.value.number, chart.maximum) - _LEFT
        inner = whole if bar.inner is None else min(_x(bar.inner.number, chart.maximum) - _LEFT, whole)
        label = shortened(text_of(bar.label), _LEFT - 16)
        parts.append(text(_LEFT - 12, top + 18, label, ink.text, ink, anchor="end"))
        parts.append(rect(_LEFT, top + 6, whole, 16, color, opacity=0.28))
        if bar.inner is None or bar.inner.number is not None:
            parts.append(rect(_LEFT, top + 6, inner, 16, color))
        parts.append(text(_RIGHT + 12, top + 18, bar.value.text, ink.text, ink, bold=True))
    height = bottom + 22
    if chart.inner_words:
        parts += _legend(chart, height + 14, ink)
        height += 24
    return picture(title, description, height, parts)


def _x(value: float | None, maximum: float) -> float:
    return _LEFT + share_of(value, maximum) * (_RIGHT - _LEFT)


def _mark(at: float, maximum: float, bottom: float, ink: Ink) -> list[str]:
    x = _x(at, maximum)
    inside = 0 < at < maximum
    return [
        line(x, 4, x, bottom, ink.grid, dashed=inside),
        text(x, bottom + 15, f"{at:g}", ink.muted, ink, anchor="middle", size=11),
    ]


def _legend(chart: Bars, y: float, ink: Ink) -> list[str]:
    middle = _LEFT + (_RIGHT - _LEFT) / 2
    return [
        rect(_LEFT, y - 9, 14, 10, ink.muted),
        text(_LEFT + 20, y, chart.inner_words or "", ink.muted, ink, size=11),
        rect(middle, y - 9, 14, 10, ink.muted, opacity=0.28),
        text(middle + 20, y, chart.value_words, ink.muted, ink, size=11),
    ]
