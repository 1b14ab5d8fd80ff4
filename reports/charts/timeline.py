"""What happened in order of time; colour and shape say how it went, height how large it was."""

from datetime import datetime

from ...core.records.report import Point, Timeline, Tone
from .svg import WIDTH, Ink, line, mark, picture, share_of, text, width_of

_LEFT, _RIGHT = 44.0, WIDTH - 24
_TOP, _PLOT = 12.0, 110.0


def draw(chart: Timeline, title: str, description: str, ink: Ink) -> str:
    """The chart as SVG."""
    points = sorted(chart.points, key=lambda point: point.at)
    begin, end = points[0].at, points[-1].at
    flat = all(point.value is None or point.value.number is None for point in points)
    plot = 24.0 if flat else _PLOT
    bottom = _TOP + plot
    parts = [line(_LEFT, bottom, _RIGHT, bottom, ink.grid)]
    if not flat:
        parts += _scale(chart.maximum, plot, ink)
    for point in points:
        x, y = _x(point, begin, end), _y(point, chart.maximum, plot, flat=flat)
        if not flat:
            parts.append(line(x, bottom, x, y, ink.grid))
        parts.append(mark(x, y, point.tone, ink))
    parts.append(text(_LEFT, bottom + 18, f"{begin:%Y-%m-%d}", ink.muted, ink, size=11))
    if end > begin:
        parts.append(text(_RIGHT, bottom + 18, f"{end:%Y-%m-%d}", ink.muted, ink, anchor="end", size=11))
    legend = _legend(chart, bottom + 40, ink)
    return picture(title, description, bottom + (50 if legend else 28), parts + legend)


def _x(point: Point, begin: datetime, end: datetime) -> float:
    share = (point.at - begin) / (end - begin) if end > begin else 0.5
    return _LEFT + share * (_RIGHT - _LEFT)


def _y(point: Point, maximum: float, plot: float, *, flat: bool) -> float:
    if flat:
        return _TOP + plot / 2
    number = point.value.number if point.value else None
    return _TOP + plot * (1 - share_of(number, maximum))


def _scale(maximum: float, plot: float, ink: Ink) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + plot * (1 - share)
        parts.append(line(_LEFT, y, _RIGHT, y, ink.grid, dashed=share > 0))
        parts.append(text(_LEFT - 8, y + 4, f"{share * maximum:g}", ink.muted, ink, anchor="end", size=11))
    return parts


def _legend(chart: Timeline, y: float, ink: Ink) -> list[str]:
    parts, x = [], _LEFT
    for tone in Tone:
        words = chart.tone_words.get(tone)
        if words:
            parts += [mark(x + 5, y - 4, tone, ink), text(x + 16, y, words, ink.muted, ink, size=11)]
            x += 34 + width_of(words, 11)
    return parts
