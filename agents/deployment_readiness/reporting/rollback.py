"""Will it be taken back, and what happens if it is."""

from collections.abc import Callable
from typing import Any

from ....core.records.report import (
    Block,
    Column,
    Fact,
    Facts,
    Figure,
    Item,
    Items,
    Line,
    Paragraph,
    Reliability,
    ReliabilityBin,
    Section,
    Table,
    Tone,
)
from ...traced import Stored
from .rollback_plan import rollout_facts, triggers
from .words import date_words, duration_words, probability_words, spoken, tone_of


def rollback_fact(prediction: Stored) -> Fact:
    """The probability and its level."""
    probability = prediction["probabilityPercent"]
    if not probability:
        return Fact(label="Rollback risk", line=(probability.say(),), tone=Tone.UNKNOWN)
    level = prediction["level"]
    line: Line = (level.say(tone=_tone(prediction)), ", ", probability.say(probability_words))
    return Fact(label="Rollback risk", line=(*line, *_method(prediction)), tone=_tone(prediction))


def _tone(prediction: Stored) -> Tone:
    # A base rate says nothing about this release, so it is no good news.
    return tone_of(prediction["level"].value) if not _method(prediction) else Tone.UNKNOWN


def _method(prediction: Stored) -> Line:
    return (" (base rate)",) if prediction["method"].value == "base-rate" else ()


def rollback_metric(prediction: Stored) -> tuple[Line, ...]:
    """The row of the key metrics: there is no target, the base rate stands in its place."""
    level, base = prediction["level"], prediction["baseRatePercent"]
    return (
        ("rollback risk",),
        (level.say(tone=_tone(prediction)),) if level else (),
        (prediction["probabilityPercent"].say(probability_words),),
        ("average ", base.say(probability_words)) if base else (),
    )


def prediction(stored: Stored) -> Section:
    """How likely, from what, and what may be done."""
    title = "Rollback prediction"
    if not stored:
        return Section(title=title, blocks=(Paragraph(line=stored.why()),))
    low, high = stored["intervalPercent"][0], stored["intervalPercent"][1]
    line: Line = (
        "Probability that the deployment fails or is taken back: ",
        stored["probabilityPercent"].say(probability_words),
        ", between ",
        low.say(probability_words),
        " and ",
        high.say(probability_words),
        "; the average is ",
        stored["baseRatePercent"].say(probability_words),
        ".",
    )
    blocks: list[Block] = [
        Paragraph(line=line),
        Paragraph(line=("Method: ", stored["method"].say(), "; ", stored["reason"].say())),
    ]
    blocks += _held_out(stored["heldOut"])
    if stored["factors"]:
        columns = (Column(title="Factor"), *(Column(title=t, numeric=True) for t in ("Here", "Typical", "Effect")))
        blocks.append(Table(columns=columns, rows=tuple(map(_factor, stored["factors"]))))
    if stored["similar"]:
        blocks += [
            Paragraph(line=("Most alike in the past:",)),
            Items(items=tuple(Item(line=_alike(d), tone=tone_of(d["outcome"].value)) for d in stored["similar"])),
        ]
    if stored["mitigation"]:
        blocks.append(Items(items=tuple(Item(line=(words.say(),)) for words in stored["mitigation"])))
    return Section(title=title, blocks=tuple(blocks))


def _held_out(calibration: Stored) -> list[Block]:
    """How good earlier predictions were, on outcomes that they had not seen."""
    if not calibration["bins"]:
        return []
    facts = (
        Fact(label="Held-out predictions", line=(calibration["predictions"].say(),)),
        Fact(label="Brier skill", line=calibration["brierSkill"].why(str(calibration["reason"].value or ""))),
        Fact(label="Calibration error", line=calibration["ece"].why(str(calibration["reason"].value or ""))),
        Fact(label="Ranking (AUC)", line=calibration["auc"].why(str(calibration["reason"].value or ""))),
    )
    figure = Figure(
        title="Reliability of earlier predictions",
        description=("On the diagonal, what was predicted is what came; the size of a dot is that of its group.",),
        chart=Reliability(
            bins=tuple(
                ReliabilityBin(
                    predicted=group["predictedPercent"].say(probability_words),
                    observed=group["observedPercent"].say(probability_words),
                    cases=group["predictions"].say(),
                )
                for group in calibration["bins"]
            ),
            predicted_words="predicted",
            observed_words="observed",
        ),
    )
    return [Facts(facts=facts), figure]


def _factor(factor: Stored) -> tuple[Line, ...]:
    return (
        (factor["feature"].say(spoken),),
        (factor["value"].say(),),
        (factor["typical"].say(),),
        (factor["points"].say(lambda points: f"{points:+.1f} points"),),
    )


def _alike(deployment: Stored) -> Line:
    outcome = deployment["outcome"].say(spoken)
    return (deployment["version"].say(), ", ", deployment["deployedAt"].say(date_words), ": ", outcome)


def plan(stored: Stored) -> Section:
    """How it would be taken back: when, by which steps, how long that took in the past, who is told."""
    title = "Deployment and rollback plan"
    if not stored:
        return Section(title=title, blocks=(Paragraph(line=stored.why()),))
    strategy = stored["strategy"]
    facts = (
        Fact(label="Strategy", line=(strategy.say(),) if strategy else ("nobody said",)),
        *rollout_facts(stored),
        Fact(label="Back to", line=_reading(stored["returnTo"])),
        Fact(label="Rollback time", line=_reading(stored["estimatedS"], duration_words)),
        Fact(label="Longest so far", line=_reading(stored["worstS"], duration_words)),
        Fact(label="Migrations", line=_reading(stored["migrationsKnown"])),
    )
    blocks: list[Block] = [Facts(facts=facts), *triggers(stored)]
    for words, items in (
        ("Steps:", list(map(_step, stored["steps"]))),
        ("Who is told:", list(map(_notice, stored["notices"]))),
    ):
        if items:
            blocks += [Paragraph(line=(words,)), Items(items=tuple(items), numbered=words == "Steps:")]
    return Section(title=title, blocks=tuple(blocks))


def _reading(reading: Stored, text: Callable[[Any], str] | None = None) -> Line:
    value = reading["value"]
    return (value.say(text),) if value else value.why(str(reading["reason"].value))


def _step(step: Stored) -> Item:
    line: Line = (step["action"].say(),)
    if step["destructive"].value:
        why = step["whyDestructive"]
        return Item(line=(*line, " (destructive: ", why.say(), ")"), tone=Tone.BAD)
    return Item(line=(*line, " (automatic)") if step["automated"].value else line)


def _notice(notice: Stored) -> Item:
    return Item(line=(notice["who"].say(), ", ", notice["channel"].say(), ": ", notice["when"].say()))
