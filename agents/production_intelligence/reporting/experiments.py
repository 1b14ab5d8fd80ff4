"""The report's section on experiments: every p-value beside the level that it was compared with."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ....core.numbers import value_text
from ....core.records.production.experiment import ExperimentImpact
from ....core.records.report import Block, Column, Line, Paragraph, Section, Table, Tone
from ...traced import NOT_MEASURED, Shelf, Stored, counted
from .blocks import MOST_ROWS, section, tone_of, window_of

EXPERIMENTS = "aqe/production/experiments/*"
MOST = 5
"""Experiments told, by name."""
_COLUMNS = (
    Column(title="Variant"), Column(title="Metric"), Column(title="Effect", numeric=True),
    Column(title="P", numeric=True), Column(title="Level", numeric=True), Column(title="Verdict"),
)  # fmt: skip


def experiments(records: Mapping[str, Any]) -> Section:
    """All that were analysed, MOST of them told.

    Args:
        records: memory key -> JSON value.
    """
    shelf, names = Shelf(records), sorted(key for key in records if fnmatchcase(key, EXPERIMENTS))
    if not names:
        missing = "none was analysed; aqe production ab-test-impact --experiment NAME"
        return section("Experiments", Stored(EXPERIMENTS, None, missing=missing), lambda: iter(()))

    def blocks() -> Iterator[Block]:
        for name in names[:MOST]:
            yield from _experiment(shelf.get(name, ExperimentImpact))
        if len(names) > MOST:
            rest = [shelf.get(name) for name in names[MOST:]]
            yield Paragraph(line=(counted(len(rest), rest, "count"), " more are in memory."))

    return Section(title="Experiments", blocks=tuple(blocks()))


def _experiment(whole: Stored) -> Iterator[Block]:
    if whole.value is None:
        yield Paragraph(line=whole.why(), tone=Tone.UNKNOWN)
        return
    yield Paragraph(
        line=(whole["experiment"].say(), ", ", *window_of(whole), ", against ", whole["control"].say(), ".")
    )
    if not whole["splitHolds"].value:
        yield Paragraph(
            line=("The arms are not as large as planned (p ", whole["splitPValue"].say(_digits), ", level ",
                  whole["splitAlpha"].say(_digits), "): no effect is told."), tone=Tone.BAD,
        )  # fmt: skip
        return
    measured = [effect for effect in whole["effects"] if effect["metric"].value is not None]
    if measured:
        yield Table(columns=_COLUMNS, rows=tuple(_row(effect) for effect in measured[:MOST_ROWS]))
        yield Paragraph(
            line=("A difference is told where P is at most the level: ", whole["alpha"].say(), " over ",
                  whole["comparisons"].say(), " comparisons, ", whole["correction"].say(), "."),
        )  # fmt: skip
    for effect in whole["effects"]:
        if effect["metric"].value is None:
            yield Paragraph(line=(NOT_MEASURED, ": ", effect["reason"].say()), tone=Tone.UNKNOWN)


def _row(effect: Stored) -> tuple[Line, ...]:
    change = effect["effect"].say(lambda share: f"{100 * share:+.1f} %", reason="the control is at 0")
    word = effect["verdict"]
    tone = {"BETTER": Tone.GOOD, "WORSE": Tone.BAD}.get(str(word.value), tone_of(word.value))
    return (
        (effect["variant"].say(),), (effect["metric"].say(),), (change,), (effect["pValue"].say(_digits),),
        (effect["alpha"].say(_digits),), (word.say(tone=tone),),
    )  # fmt: skip


def _digits(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else value_text(value)
