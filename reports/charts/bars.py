"""Values on one scale, one bar a line: how much, and how much of it stands on firm ground."""

from ...core.records.report import Bar, Bars, Tone, Value, text_of
from .svg import WIDTH, Ink, line, picture, rect, share_of, shortened, text, width_of

_ROW = 30.0
_LEFT, _RIGHT = 184.0, WIDTH - 64
"""Where the scale begins and ends; labels stand before it, values behind it."""
_CELL = 12.0
"""Width of one colour in the legend."""
_FAINT = 0.28
"""Opacity of what does not stand on firm ground."""


def draw(chart: Bars, title: str, description: str, ink: Ink) -> str:
    """The chart as SVG."""
    bottom = 8 + _ROW * len(chart.bars)
    parts = [part for at in (0.0, *chart.marks, chart.maximum) for part in _mark(at, chart.maximum, bottom, ink)]
    for index, bar in enumerate(chart.bars):
        top = 8 + _ROW * index
        color = ink.tones[bar.tone]
        label = shortened(text_of(bar.label), _LEFT - 16)
        parts.append(text(_LEFT - 12, top + 18, label, ink.text, ink, anchor="end"))
        parts.append(rect(_LEFT, top + 6, _length(bar.value, chart.maximum), 16, color, opacity=_FAINT))
        if bar.inner is None or bar.inner.number is not None:
            parts.append(rect(_LEFT, top + 6, _firm(bar, chart.maximum), 16, color))
        parts.append(text(_RIGHT + 12, top + 18, bar.value.text, ink.text, ink, bold=True))
    height = bottom + 22
    if chart.inner_words:
        parts += _legend(chart, height + 14, ink)
        height += 24
    return picture(title, description, height, parts)


def _length(value: Value | None, maximum: float) -> float:
    return _x(value.number if value else None, maximum) - _LEFT


def _firm(bar: Bar, maximum: float) -> float:
    """Length of the part that stands on firm ground."""
    whole = _length(bar.value, maximum)
    return whole if bar.inner is None else min(_length(bar.inner, maximum), whole)


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
    """Both parts of the bars, in the colours in which they are there."""
    firm = [bar for bar in chart.bars if _firm(bar, chart.maximum) > 0]
    faint = [bar for bar in chart.bars if _firm(bar, chart.maximum) < _length(bar.value, chart.maximum)]
    parts, x = [], _LEFT
    for bars, words, opacity in ((firm, chart.inner_words or "", 1.0), (faint, chart.value_words, _FAINT)):
        tones = [tone for tone in Tone if any(bar.tone is tone for bar in bars)]
        parts += [
            rect(x + _CELL * place, y - 9, _CELL, 10, ink.tones[tone], opacity=opacity, radius=0)
            for place, tone in enumerate(tones)
        ]
        if tones:
            x += _CELL * len(tones) + 6
            parts.append(text(x, y, words, ink.muted, ink, size=11))
            x += width_of(words, 11) + 24
    return parts
