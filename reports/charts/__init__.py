"""Charts of our own: a picture for pages, and lines of text where there are none."""

from ...core.records.report import Bars, Figure, Interval, Reliability, text_of
from . import bars, interval, reliability, timeline
from .svg import Ink


def draw(figure: Figure, ink: Ink) -> str:
    """The figure as SVG, without scripts and links; every text in it is escaped."""
    chart, words = figure.chart, (figure.title, text_of(figure.description))
    if isinstance(chart, Bars):
        return bars.draw(chart, *words, ink)
    if isinstance(chart, Interval):
        return interval.draw(chart, *words, ink)
    if isinstance(chart, Reliability):
        return reliability.draw(chart, *words, ink)
    return timeline.draw(chart, *words, ink)
