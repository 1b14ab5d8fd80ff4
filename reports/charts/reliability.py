"""Predicted against observed percentages: on the diagonal, a prediction of 10 % comes true in 10 of 100 cases."""

from itertools import pairwise
from math import sqrt

from ...core.records.report import Reliability, Tone
from .svg import WIDTH, Ink, line, mark, picture, share_of, text

_TOP, _SIDE = 14.0, 240.0
_LEFT = (WIDTH - _SIDE) / 2
_SCALES = (5.0, 10.0, 20.0, 50.0, 100.0)
"""Ends of the scale; rare things need a closer look."""


def draw(chart: Reliability, title: str, description: str, ink: Ink) -> str:
    """The chart as SVG; the size of a mark follows the number of cases."""
    points = [(b.predicted.number or 0.0, b.observed.number or 0.0, b.cases.number or 0.0) for b in chart.bins]
    largest = max(max(p, o) for p, o, _ in points)
    scale = next((s for s in _SCALES if s >= largest), _SCALES[-1])
    most = max(1.0, *(cases for _, _, cases in points))
    parts = _frame(chart, scale, ink)
    spots = [(_x(p, scale), _y(o, scale), cases) for p, o, cases in sorted(points)]
    for (x1, y1, _), (x2, y2, _) in pairwise(spots):
        parts.append(line(x1, y1, x2, y2, ink.tones[Tone.NEUTRAL], width=1.5))
    parts += [mark(x, y, Tone.NEUTRAL, ink, radius=3 + 6 * sqrt(share_of(cases, most))) for x, y, cases in spots]
    return picture(title, description, _TOP + _SIDE + 44, parts)


def _frame(chart: Reliability, scale: float, ink: Ink) -> list[str]:
    parts = [line(_x(0, scale), _y(0, scale), _x(scale, scale), _y(scale, scale), ink.muted, dashed=True)]
    for share in (0.0, 0.5, 1.0):
        x, y = _x(share * scale, scale), _y(share * scale, scale)
        label = f"{share * scale:g} %"
        parts += [
            line(x, _TOP, x, _TOP + _SIDE, ink.grid),
            line(_LEFT, y, _LEFT + _SIDE, y, ink.grid),
            text(x, _TOP + _SIDE + 16, label, ink.muted, ink, anchor="middle", size=11),
            text(_LEFT - 8, y + 4, label, ink.muted, ink, anchor="end", size=11),
        ]
    middle = _TOP + _SIDE / 2
    return [
        *parts,
        text(_LEFT + _SIDE / 2, _TOP + _SIDE + 36, chart.predicted_words, ink.text, ink, anchor="middle", size=12),
        text(_LEFT - 56, middle, chart.observed_words, ink.text, ink, anchor="end", size=12),
    ]


def _x(share: float, scale: float) -> float:
    return _LEFT + share_of(share, scale) * _SIDE


def _y(share: float, scale: float) -> float:
    return _TOP + _SIDE - share_of(share, scale) * _SIDE
