"""SVG by hand: a few shapes, and the colours ("ink") that the page it is for has.

Every text goes through `text`, which escapes it. There is no script, style sheet or link in what comes out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from ...core.records.report import Tone

WIDTH = 640.0
"""Of every chart, in SVG units; the page scales it."""
_EM = 0.62
"""Width of a character, of its size: a little more than the widest common typeface has; none is at hand to measure."""


@dataclass(frozen=True)
class Ink:
    """Colours as CSS has them, and the typeface.

    Args:
        text: for words.
        muted: for what is less important: scales, legends.
        grid: for lines behind the data.
        paper: what lies beneath, for outlines around marks.
        tones: for data.
        font: a CSS font-family.
    """

    text: str
    muted: str
    grid: str
    paper: str
    tones: Mapping[Tone, str]
    font: str


def picture(title: str, description: str, height: float, parts: list[str]) -> str:
    """The SVG document, read aloud as its title and description.

    Args:
        title, description: for those who cannot see it.
        height: in SVG units.
        parts: the shapes, from the back to the front.
    """
    words = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img">'
        f"{words}{''.join(parts)}</svg>"
    )


def text(
    x: float, y: float, words: str, color: str, ink: Ink, *, anchor: str = "start", size: float = 13, bold: bool = False
) -> str:
    """Words at a point of their base line; `anchor` is start, middle or end."""
    weight = ";font-weight:600" if bold else ""
    style = f"fill:{color};font-family:{ink.font};font-size:{size:g}px{weight}"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{escape(style)}">{escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, color: str, *, opacity: float = 1, radius: float = 2) -> str:
    """A filled rectangle; one that would be invisible is drawn a hair wide."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" rx="{radius:g}" '
        f'style="fill:{color};fill-opacity:{opacity:g}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, color: str, *, width: float = 1, dashed: bool = False) -> str:
    """A straight line."""
    dashes = ";stroke-dasharray:4 4" if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'style="stroke:{color};stroke-width:{width:g}{dashes}"/>'
    )


_CORNERS: dict[Tone, tuple[tuple[float, float], ...]] = {
    Tone.BAD: ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    Tone.WARN: ((0, -1.2), (1.15, 1), (-1.15, 1)),
    Tone.UNKNOWN: ((-1, -1), (1, -1), (1, 1), (-1, 1)),
}
"""Shape of a mark of radius 1; other tones are dots."""


def mark(x: float, y: float, tone: Tone, ink: Ink, *, radius: float = 5) -> str:
    """A point of data; its shape says the tone to those who do not see its colour."""
    if tone not in _CORNERS:
        return dot(x, y, ink.tones[tone], ink, radius=radius)
    points = " ".join(f"{x + radius * dx:.1f},{y + radius * dy:.1f}" for dx, dy in _CORNERS[tone])
    return f'<polygon points="{points}" style="{_outlined(ink.tones[tone], ink)}"/>'


def dot(x: float, y: float, color: str, ink: Ink, *, radius: float = 5) -> str:
    """A filled circle with an outline that parts it from what lies beneath."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" style="{_outlined(color, ink)}"/>'


def _outlined(color: str, ink: Ink) -> str:
    return f"fill:{color};stroke:{ink.paper};stroke-width:1.5"


def share_of(value: float | None, maximum: float, minimum: float = 0.0) -> float:
    """Where a value lies on its scale, 0 to 1; beyond the scale means its end, no value its beginning."""
    return min(max(((value or 0.0) - minimum) / (maximum - minimum), 0.0), 1.0)


def width_of(words: str, size: float = 13) -> float:
    """About how wide words are, in SVG units."""
    return _EM * size * len(words)


def shortened(words: str, width: float, size: float = 13) -> str:
    """The words, cut with an ellipsis where they would not fit."""
    room = int(width / (_EM * size))
    return words if len(words) <= room else words[: max(room - 1, 1)] + "…"
