"""The rollback plan for people: when, which way, what of the data, whom to tell."""

from collections.abc import Iterable

from ....core.records.decisions.rollback_plan import RollbackPlan
from ....core.records.report import Block, Fact, Facts, Item, Items, Line, Paragraph, Report, Section, Tone
from ....core.records.rollouts.rollback_rules import ROLLOUT_METRICS
from ...traced import Shelf, Stored, joined
from .words import duration_words, probability_words, spoken, time_words


def rollback_report(plan: RollbackPlan) -> Report:
    """The whole plan."""
    key = f"aqe/rollback-plans/{plan.version}"
    stored = Shelf({key: plan.to_dict()}).get(key)
    return Report(
        title=("Rollback plan: ", stored["version"].say()),
        highlights=rollback_facts(stored),
        sections=(
            Section(title="Triggers", blocks=tuple(triggers(stored))),
            Section(title="Steps", blocks=(rollback_steps(stored),)),
            Section(title="Data", blocks=tuple(_data(stored))),
            Section(title="Communication", blocks=(_notices(stored),)),
        ),
        footer=("Policy ", stored["policy"].say(), ", planned ", stored["createdAt"].say(time_words), "."),
        generated_at=plan.created_at,
    )


def rollback_facts(plan: Stored) -> tuple[Fact, ...]:
    """Where it goes back to, how it is brought out, how long the way back takes."""
    return (
        _fact("Return to", plan["returnTo"]),
        Fact(label="Environment", line=(plan["environment"].say(),)),
        Fact(label="Strategy", line=plan["strategy"].why("nobody said: --strategy")),
        *rollout_facts(plan),
        *_predicted(plan),
        _fact("Estimated time", plan["estimatedS"], seconds=True),
        _fact("Longest so far", plan["worstS"], seconds=True),
    )


def rollback_steps(plan: Stored) -> Block:
    """In their order; what may lose data is marked."""
    return Items(items=tuple(_step(step) for step in plan["steps"]), numbered=True)


def _predicted(plan: Stored) -> tuple[Fact, ...]:
    percent = plan["predictedPercent"]
    if not percent:
        return ()
    level, by = plan["predictedLevel"].say(), plan["predictedBy"].say()
    line = (percent.say(probability_words), " (", level, ", ", by, ")")
    return (Fact(label="Will be needed", line=line),)


def _fact(label: str, reading: Stored, *, seconds: bool = False) -> Fact:
    value = reading["value"]
    if value:
        return Fact(label=label, line=(value.say(duration_words if seconds else None),))
    return Fact(label=label, line=("not measured: ", reading["reason"].say()), tone=Tone.UNKNOWN)


def rollout_facts(plan: Stored) -> tuple[Fact, ...]:
    """How aqe would bring it out; nothing where it would not."""
    rollout = plan["rollout"]
    if not rollout:
        return ()
    stages = joined((stage.say(lambda percent: f"{percent:g} %") for stage in rollout["stages"]), ", ")
    times: Line = (
        " of the traffic, ",
        rollout["stageS"].say(duration_words),
        " each; then watched for ",
        rollout["watchS"].say(duration_words),
    )
    moved: Line = (" (", rollout["executor"].say(), ")")
    return (Fact(label="Rollout", line=(*stages, *times, *moved)),)


def triggers(plan: Stored) -> list[Block]:
    """What takes it back by itself, and when somebody is to take it back."""
    watched = {trigger["metric"].value for trigger in plan["watched"]}
    # What a rollout watches by itself, nobody else has to.
    asked = _listed(one for one in plan["triggers"] if _rollout_name(one["metric"].value) not in watched)
    if not plan["rollout"]:
        alone = "No rollout of aqe.yaml is known for this environment: nothing here watches it."
        if not asked:
            return [Paragraph(line=(f"{alone} The policy has no trigger either.",), tone=Tone.WARN)]
        return [Paragraph(line=(f"{alone} The policy asks for a rollback at:",)), *asked]
    limits = _listed(plan["watched"])
    itself = "aqe deploy execute takes it back by itself when the new version fails more often than the old one"
    blocks: list[Block] = [Paragraph(line=(f"{itself}{', and at:' if limits else '.'}",)), *limits]
    return [*blocks, Paragraph(line=("The policy asks somebody to take it back at:",)), *asked] if asked else blocks


def _rollout_name(metric: object) -> str:
    return ROLLOUT_METRICS.get(str(metric), str(metric))


def _listed(found: Iterable[Stored]) -> list[Block]:
    items = tuple(Item(line=(trigger["words"].say(),)) for trigger in found)
    return [Items(items=items)] if items else []


def _step(step: Stored) -> Item:
    destructive = bool(step["destructive"].value)
    details: list[Line] = [(step["command"].say(),)] if step["command"] else []
    if destructive:
        details.append(("destructive, never automatic: ", step["whyDestructive"].say()))
    elif step["automated"].value:
        details.append(("automatic",))
    return Item(line=(step["action"].say(),), tone=Tone.BAD if destructive else None, details=tuple(details))


def _data(plan: Stored) -> list[Block]:
    known, tested = plan["migrationsKnown"], plan["migrationsTested"]
    count: Line = (
        ("Database migrations in the change: ", known["value"].say(), " (", known["evidence"]["file"].say(), ")")
        if known["evidence"]
        else ("Database migrations in the change: not measured: ", known["reason"].say())
    )
    words: Line = (tested["value"].say(),) if tested["value"] else ("not measured: ", tested["reason"].say())
    blocks: list[Block] = [Paragraph(line=count), Facts(facts=(Fact(label="Tested, the way back too", line=words),))]
    if plan["migrations"]:
        blocks.append(Items(items=tuple(_migration(migration) for migration in plan["migrations"])))
    return blocks


def _migration(migration: Stored) -> Item:
    line = (migration["path"].say(), " (", migration["tool"].say(), "): way back ", migration["wayBack"].say(spoken))
    return Item(line=line, details=tuple(("loses: ", lost.say()) for lost in migration["loses"]))


def _notices(plan: Stored) -> Block:
    if not plan["notices"]:
        words = "Nobody is named: on_call in aqe.yaml, or a channel of notify with the event deployment:rolled-back."
        return Paragraph(line=(words,), tone=Tone.WARN)
    return Items(items=tuple(Item(line=_notice(notice)) for notice in plan["notices"]))


def _notice(notice: Stored) -> Line:
    return (notice["who"].say(), " (", notice["channel"].say(), "): ", notice["when"].say())
