"""What the release changes, and who is on call while it does."""

from collections.abc import Mapping

from ....core.records.report import Block, Column, Fact, Facts, Item, Items, Line, Paragraph, Section, Table, Tone
from ...traced import Stored

MAX_CHANGES = 12
"""Features and fixes named in a report; all are counted."""
_COUNTS: Mapping[str, str] = {
    "Commits": "commits",
    "New features": "features",
    "Fixes": "fixes",
    "Performance": "performance",
    "Other types": "other",
    "Without a type": "unconventional",
    "Breaking": "breaking",
}
"""Label -> field of ReleaseChanges."""
_NAMED: Mapping[str, str] = {"feature": "Feature", "fix": "Fix", "performance": "Performance"}


def changing(changes: Stored) -> Section:
    """Counts by kind, size, and the changes that users will notice."""
    title = "What is changing"
    if not changes:
        return Section(title=title, blocks=(Paragraph(line=changes.why()),))
    columns = tuple(Column(title=label, numeric=True) for label in _COUNTS)
    counts = Table(columns=columns, rows=(tuple((changes[field].say(),) for field in _COUNTS.values()),))
    size: Line = (
        "Files changed: ",
        changes["filesChanged"].say(),
        " (+",
        changes["linesAdded"].say(lambda n: f"{n:,}"),
        ", -",
        changes["linesDeleted"].say(lambda n: f"{n:,}"),
        " lines) since ",
        changes["previous"].say() if changes["previous"] else "the beginning",
        ".",
    )
    blocks: list[Block] = [Paragraph(line=size), counts]
    named = [c for c in changes["changes"] if c["kind"].value in _NAMED or c["breaking"].value][:MAX_CHANGES]
    if named:
        blocks.append(Items(items=tuple(Item(line=_change(c), tone=_tone(c)) for c in named)))
    return Section(title=title, blocks=tuple(blocks))


def _change(change: Stored) -> Line:
    scope: Line = (" (", change["scope"].say(), ")") if change["scope"] else ()
    return (_NAMED.get(str(change["kind"].value), "Change"), *scope, ": ", change["subject"].say())


def _tone(change: Stored) -> Tone | None:
    return Tone.WARN if change["breaking"].value else None


def on_call(project: Stored) -> Section:
    """Whom to reach, from aqe.yaml."""
    people = project["onCall"]
    facts = []
    for role in ("primary", "secondary", "escalation"):
        person = people[role]
        if person:
            parts = [person[part].say() for part in ("name", "contact") if person[part]]
            line: Line = ()
            for index, part in enumerate(parts):
                line += (", ", part) if index else (part,)
            facts.append(Fact(label=role.capitalize(), line=line))
    block = Facts(facts=tuple(facts)) if facts else Paragraph(line=people.why(), tone=Tone.UNKNOWN)
    return Section(title="On call and support", blocks=(block,))
