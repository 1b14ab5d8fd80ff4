"""The checklist as a section and as a report of its own."""

from ....core.records.decisions.checklist import Checklist, ChecklistStatus
from ....core.records.report import (
    Column,
    Fact,
    Item,
    Items,
    Line,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Value,
)
from ...traced import Shelf, Stored
from .words import CHECKLIST_TONES, duration_words, spoken, time_words, tone_of


def checklist_fact(checklist: Stored) -> Fact:
    """The status, and beside it the score, which never overrides it."""
    if not checklist:
        return Fact(label="Checklist", line=(checklist.say(),), tone=Tone.UNKNOWN)
    status = _status(checklist)
    return Fact(label="Checklist", line=(status, ", ", _score(checklist)), tone=status.tone)


def _status(checklist: Stored) -> Value:
    status = checklist["overallStatus"]
    return status.say(spoken, tone=CHECKLIST_TONES[ChecklistStatus(status.value)])


def _score(checklist: Stored) -> Value:
    return checklist["readinessScore"].say(lambda score: f"{int(score)} of 100", reason="nothing is asked")


def checklist_section(checklist: Stored) -> Section:
    """Every item with what it was judged by."""
    if not checklist:
        return Section(title="Checklist", blocks=(Paragraph(line=checklist.why()),))
    columns = (
        Column(title="Item", wide=True),
        Column(title="Status"),
        Column(title="What was found", wide=True),
        Column(title="Validated by"),
    )
    table = Table(columns=columns, rows=tuple(map(_row, checklist["items"])))
    return Section(title="Checklist", blocks=(_resolution(checklist), table))


def _row(item: Stored) -> tuple[Line, ...]:
    status, by = item["status"], item["validatedBy"]
    return (
        (item["item"].say(),),
        (status.say(spoken, tone=tone_of(status.value)),),
        (item["details"].say(),),
        (by.say(),) if by else ("nobody",),
    )


def _resolution(checklist: Stored) -> Paragraph:
    return Paragraph(line=("Estimated resolution: ", checklist["estimatedResolution"].say(), "."))


def open_items(checklist: Stored) -> tuple[Item, ...]:
    """What the checklist holds against the release."""
    named = ((checklist["blockers"], Tone.BAD), (checklist["warnings"], Tone.WARN))
    return tuple(Item(line=("Checklist: ", line.say()), tone=tone) for lines, tone in named for line in lines)


def checklist_report(checklist: Checklist) -> Report:
    """The checklist for people, by category."""
    key = f"aqe/releases/{checklist.version}/checklist"
    stored = Shelf({key: checklist.to_dict()}).get(key)
    status = _status(stored)
    highlights = [
        Fact(label="Readiness score", line=(_score(stored),), tone=status.tone),
        Fact(label="Level", line=(stored["level"].say(),)),
        Fact(label="Estimated resolution", line=(stored["estimatedResolution"].say(),)),
    ]
    return Report(
        title=("Deployment checklist: ", stored["version"].say()),
        verdict=status,
        highlights=tuple(highlights),
        sections=tuple(_categories(stored)),
        footer=("Checklist ", stored["checklist"].say(), ", checked ", stored["checkedAt"].say(time_words), "."),
        generated_at=checklist.checked_at,
    )


def _categories(checklist: Stored) -> list[Section]:
    by_category: dict[str, list[Item]] = {}
    for item in checklist["items"]:
        by_category.setdefault(str(item["category"].value), []).append(_item(item))
    return [
        Section(title=name.replace("_", " ").capitalize(), blocks=(Items(items=tuple(items)),))
        for name, items in by_category.items()
    ]


def _item(item: Stored) -> Item:
    status = item["status"]
    asked: Line = (" (required)",) if item["required"].value else ()
    line = (status.say(spoken, tone=tone_of(status.value)), "  ", item["item"].say(), *asked)
    details: list[Line] = [(item["details"].say(),)]
    if item["validatedBy"]:
        details.append(("validated by ", item["validatedBy"].say()))
    if item["how"]:
        details.append((item["how"].say(),))
    estimate = item["estimate"]
    if estimate:
        took = estimate["medianS"].say(duration_words)
        details.append(("took ", took, " in the past, median of ", estimate["cases"].say()))
    return Item(line=line, details=tuple(details))
