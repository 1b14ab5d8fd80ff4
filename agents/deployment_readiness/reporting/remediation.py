"""The remediation plan for people, by phase."""

from ....core.records.decisions.remediation import REMEDIATION_KEY, RemediationPlan
from ....core.records.report import Item, Items, Line, Paragraph, Report, Section, Tone
from ...traced import Shelf, Stored, joined
from .words import spoken, time_words, tone_of


def remediation_report(plan: RemediationPlan) -> Report:
    """What has to be done before the release may go."""
    stored = Shelf({REMEDIATION_KEY: plan.to_dict()}).get(REMEDIATION_KEY)
    decision = stored["decision"]
    sections = [_phase(phase) for phase in stored["phases"]]
    if not sections:
        sections.append(Section(title="Nothing to do", blocks=(Paragraph(line=("Nothing holds the release back.",)),)))
    if stored["warnings"]:
        items = tuple(Item(line=(warning.say(),), tone=Tone.WARN) for warning in stored["warnings"])
        sections.append(Section(title="Does not hold it back", blocks=(Items(items=items),)))
    commands = Items(items=tuple(Item(line=(command.say(),)) for command in stored["afterwards"]), numbered=True)
    sections.append(Section(title="Afterwards", blocks=(commands,)))
    return Report(
        title=("Remediation plan: ", stored["version"].say()),
        verdict=decision.say(spoken, tone=tone_of(decision.value)),
        because=(stored["rule"].say(),),
        sections=tuple(sections),
        footer=("Planned ", stored["createdAt"].say(time_words), "."),
        generated_at=plan.created_at,
    )


def _phase(phase: Stored) -> Section:
    # Numbers run through all phases, so they are the steps' own.
    return Section(title=str(phase["name"].value), blocks=(Items(items=tuple(_step(step) for step in phase["steps"])),))


def _step(step: Stored) -> Item:
    line = ("Step ", step["number"].say(), ": ", step["title"].say(spoken))
    details: list[Line] = [("because ", reason.say()) for reason in step["reasons"]]
    details += [("do: ", action.say()) for action in step["actions"]]
    details += [("found: ", finding.say()) for finding in step["findings"]]
    details += [("show it: ", command.say()) for command in step["verify"]]
    details.append(_owners(step["owners"]))
    details.append(_elapsed(step["elapsedMinutes"]))
    return Item(line=line, details=tuple(details))


def _owners(owners: Stored) -> Line:
    source = owners["source"].say()
    names = joined(name.say() for name in owners["names"])
    return ("owner: ", *names, " (", source, ")") if names else ("owner: ", source)


def _elapsed(reading: Stored) -> Line:
    if reading["value"]:
        tool = reading["evidence"]["tool"]
        return ("took ", reading["value"].say(lambda m: f"{m:.3g} min"), " from failing to passing, ", tool.say())
    return ("time: not measured: ", reading["reason"].say())
