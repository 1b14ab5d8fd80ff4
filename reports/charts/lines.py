"""Charts where there are only characters: bars of blocks, one line a value."""

from ...core.records.report import Bars, Interval, Reliability, Timeline, Tone, text_of
from .svg import share_of

WIDTH = 30
"""Characters a scale is long."""
_ASCII = str.maketrans("█░─●▏◆▲■", "#.-o|xv?")
_MARKS = {Tone.BAD: "◆", Tone.WARN: "▲", Tone.UNKNOWN: "■"}


def lines(chart: Bars | Interval | Reliability | Timeline, *, unicode: bool = True) -> list[str]:
    """The chart as lines of text.

    Args:
        unicode: False = ASCII signs only.
    """
    if isinstance(chart, Bars):
        drawn = _bars(chart)
    elif isinstance(chart, Interval):
        drawn = _interval(chart)
    elif isinstance(chart, Reliability):
        drawn = _reliability(chart)
    else:
        drawn = _timeline(chart)
    return drawn if unicode else [line.translate(_ASCII) for line in drawn]


def _at(value: float | None, minimum: float, maximum: float) -> int:
    return round(share_of(value, maximum, minimum) * WIDTH)


def _bars(chart: Bars) -> list[str]:
    labels = [text_of(bar.label) for bar in chart.bars]
    width = max(map(len, labels))
    drawn = []
    for label, bar in zip(labels, chart.bars, strict=True):
        whole = _at(bar.value.number, 0, chart.maximum)
        inner = whole if bar.inner is None else min(_at(bar.inner.number, 0, chart.maximum), whole)
        drawn.append(f"{label:<{width}}  {'█' * inner}{'░' * (whole - inner)}{' ' * (WIDTH - whole)}  {bar.value.text}")
    if chart.inner_words:
        drawn.append(f"{'':<{width}}  █ {chart.inner_words}  ░ {chart.value_words}")
    return drawn


def _interval(chart: Interval) -> list[str]:
    low, middle, high = (_at(v.number, chart.minimum, chart.maximum) for v in (chart.low, chart.middle, chart.high))
    scale = ["─"] * (WIDTH + 1)
    scale[low : high + 1] = ["█"] * (high + 1 - low)
    scale[middle] = "●"
    ends = f"{chart.minimum:g} ▏{''.join(scale)}▏ {chart.maximum:g}"
    reference = f"  ({chart.reference_words} {chart.reference.text})" if chart.reference else ""
    return [ends, f"{chart.middle.text}, from {chart.low.text} to {chart.high.text}{reference}"]


def _reliability(chart: Reliability) -> list[str]:
    bins = [(b.predicted.text, b.observed.text, b.cases.text) for b in chart.bins]
    heads = (chart.predicted_words, chart.observed_words, "cases")
    widths = [max(len(row[column]) for row in (heads, *bins)) for column in range(3)]
    return ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in (heads, *bins)]


def _timeline(chart: Timeline) -> list[str]:
    drawn = []
    for point in sorted(chart.points, key=lambda p: p.at):
        words = point.label.text
        if point.value is not None:
            words = f"{'█' * _at(point.value.number, 0, chart.maximum):<{WIDTH}}  {point.value.text}  {words}"
        drawn.append(f"{point.at:%Y-%m-%d %H:%M}  {_MARKS.get(point.tone, '●')} {words}")
    return drawn
