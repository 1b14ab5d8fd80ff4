"""Risk by dimension and metric, and what could be done about it."""

from collections.abc import Iterator

from ....core.numbers import percent, risk_number
from ....core.records.report import (
    Bar,
    Bars,
    Block,
    Column,
    Figure,
    Item,
    Items,
    Line,
    Paragraph,
    Section,
    Table,
    Tone,
    Value,
)
from ...traced import Stored
from ..risk import LEVELS, level_of
from .words import metric_words, risk_words, spoken, tone_of

MAX_RECOMMENDED = 5
MIN_POINTS = 0.05
"""Of a contribution that is named; less would print as nothing."""


def assessment(decision: Stored, risk: Stored) -> Section:
    """The picture, the catastrophes, and the largest contributions."""
    level = decision["riskLevel"]
    overall: Line = (
        "Overall risk: ",
        level.say(tone=tone_of(level.value)),
        ", ",
        decision["risk"].say(risk_words),
        ".",
    )
    if not risk:
        return Section(title="Risk assessment", blocks=(Paragraph(line=(*overall, " ", *risk.why())),))
    measured: Line = (" Over what is measured alone it is ", risk["riskMeasured"].say(risk_words), ".")
    blocks: list[Block] = [Paragraph(line=overall + measured), _figure(risk)]
    if decision["riskLevel"].value != level_of(decision["risk"].value):
        words = "The level is above that of the number: a catastrophe, seen or not ruled out, does not average out."
        blocks.append(Paragraph(line=(words,), tone=Tone.WARN))
    blocks += [Paragraph(line=(veto.say(),), tone=Tone.BAD) for veto in risk["vetoes"]]
    largest = _largest(risk)
    if largest:
        blocks += [Paragraph(line=("What contributes most:",)), Items(items=tuple(largest))]
    recommended = list(risk["recommendations"])[:MAX_RECOMMENDED]
    if recommended:
        blocks += [Paragraph(line=("What would lower it most:",)), Items(items=tuple(map(_recommended, recommended)))]
    return Section(title="Risk assessment", blocks=tuple(blocks))


def _recommended(one: Stored) -> Item:
    points = one["points"].say(lambda found: f"{found:.1f} points")
    return Item(line=(one["action"].say(), " (up to ", points, ")"), details=((one["why"].say(),),))


def _figure(risk: Stored) -> Figure:
    bars = []
    for dimension in risk["dimensions"]:
        number = dimension["risk"]
        inner = dimension["riskMeasured"]
        bars.append(
            Bar(
                label=(dimension["dimension"].say(spoken),),
                value=number.say(risk_number),
                inner=inner.say(risk_number, reason="nothing of it is measured"),
                tone=Tone.UNKNOWN if inner.value is None else tone_of(level_of(number.value)),
            )
        )
    chart = Bars(
        maximum=100,
        marks=tuple(end for end, _ in LEVELS),
        bars=tuple(bars),
        inner_words="measured",
        value_words="what is not measured, at its worst",
    )
    words = "Higher is worse; the lines are where LOW, MEDIUM and HIGH end."
    return Figure(title="Risk by dimension", description=(words,), chart=chart)


def _largest(risk: Stored) -> Iterator[Item]:
    metrics = [metric for dimension in risk["dimensions"] for metric in dimension["metrics"]]
    metrics = [metric for metric in metrics if float(metric["contribution"].value or 0) >= MIN_POINTS]
    for metric in sorted(metrics, key=lambda m: -float(m["contribution"].value))[:5]:
        points = metric["contribution"].say(lambda found: f"{found:.1f} points")
        yield Item(line=(metric["metric"].say(spoken), " (", _measured(metric), "): ", points))


def _measured(metric: Stored) -> Value:
    field, reading = str(metric["field"].value), metric["reading"]
    reason = str(reading["reason"].value or "no reason given")
    return reading["value"].say(lambda found: metric_words(field, found), reason=reason)


def metrics(risk: Stored) -> Iterator[Section]:
    """Every metric: value, risk, weight, points; no section without a risk assessment."""
    if not risk:
        return
    columns = (
        Column(title="Metric"),
        Column(title="Value", numeric=True),
        Column(title="Risk", numeric=True),
        Column(title="Weight", numeric=True),
        Column(title="Points", numeric=True),
    )
    rows = tuple(_row(metric) for dimension in risk["dimensions"] for metric in dimension["metrics"])
    yield Section(title="Risk by metric", blocks=(Table(columns=columns, rows=rows),))


def _row(metric: Stored) -> tuple[Line, ...]:
    return (
        (metric["metric"].say(spoken),),
        (_measured(metric),),
        (metric["risk"].say(risk_number),),
        (metric["weight"].say(percent),),
        (metric["contribution"].say(lambda found: f"{found:.1f}"),),
    )
