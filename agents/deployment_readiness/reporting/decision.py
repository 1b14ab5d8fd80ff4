"""What was decided, by which rule, on which evidence, and what still stands in the way."""

from collections.abc import Iterator

from ....core.criteria import OUTSIDE_FREEZE
from ....core.numbers import percent
from ....core.records.report import (
    Block,
    Column,
    Fact,
    Facts,
    Item,
    Items,
    Line,
    Origin,
    Paragraph,
    Section,
    Table,
    Tone,
    Value,
    text_of,
)
from ...traced import Shelf, Stored, counted, joined, quoted
from .words import date_words, label_words, limit_words, reading_words, risk_words, spoken, time_words, tone_of


def verdict(decision: Stored) -> Value:
    """The one word."""
    status = decision["decision"]
    return status.say(spoken, tone=tone_of(status.value))


def risk_fact(decision: Stored) -> Fact:
    """Level and number of the risk."""
    level = decision["riskLevel"]
    tone = tone_of(level.value)
    return Fact(label="Risk", line=(level.say(tone=tone), ", ", decision["risk"].say(risk_words)), tone=tone)


def share_fact(decision: Stored) -> Fact:
    """How much of what risk is made of was measured."""
    share = decision["measuredShare"]
    tone = Tone.GOOD if share.value == 1 else Tone.WARN
    return Fact(label="Evidence measured", line=(share.say(percent), " of the weight"), tone=tone)


def gates_fact(decision: Stored) -> Fact:
    """How many gates hold."""
    gates = [gate for gate in decision["gates"] if gate["status"].value != "NOT_APPLICABLE"]
    holding = [gate for gate in gates if gate["status"].value in ("PASSED", "ATTESTED")]
    statuses = [gate["status"] for gate in gates] or [decision["gates"]]
    tone = Tone.GOOD if len(holding) == len(gates) else Tone.WARN
    if any(g["status"].value == "FAILED" and g["enforcement"].value == "BLOCKING" for g in gates):
        tone = Tone.BAD
    line = (counted(len(holding), statuses), " of ", counted(len(gates), statuses), " hold")
    return Fact(label="Gates", line=line, tone=tone)


def key_metrics(decision: Stored, *rows: tuple[Line, ...]) -> Section:
    """Every criterion of the gates: what was measured, and what was asked for.

    Args:
        rows: more of them, from other records.
    """
    columns = (
        Column(title="Metric"),
        Column(title="Status"),
        Column(title="Measured", numeric=True),
        Column(title="Target", numeric=True),
    )
    found = [_metric(gate, c) for gate in decision["gates"] for c in gate["criteria"] if _applies(c)]
    return Section(title="Key metrics", blocks=(Table(columns=columns, rows=(*found, *rows)),))


def _applies(criterion: Stored) -> bool:
    return bool(criterion["status"].value != "NOT_APPLICABLE")


def _metric(gate: Stored, criterion: Stored) -> tuple[Line, ...]:
    name, limit, reading = str(criterion["criterion"].value), criterion["limit"], criterion["reading"]
    status, value = criterion["status"], reading["value"]
    measured = value.say(
        lambda found: reading_words(name, found, limit.value), reason=str(reading["reason"].value or "no reason given")
    )
    label = (criterion["criterion"].say(label_words),)
    return (
        (*label, ": ", gate["gate"].say(spoken)) if name == OUTSIDE_FREEZE else label,
        (status.say(spoken, tone=tone_of(status.value)),),
        (measured,),
        (limit.say(lambda asked: limit_words(name, asked)),),
    )


def gates(decision: Stored) -> Section:
    """Gate by gate, with the evidence each criterion was judged by."""
    items = []
    for gate in decision["gates"]:
        status = gate["status"]
        line = (
            status.say(spoken, tone=tone_of(status.value)),
            " ",
            gate["gate"].say(spoken),
            " (",
            gate["enforcement"].say(),
            ")",
        )
        details = [(*_detail(c), *_evidence(c["reading"]["evidence"])) for c in gate["criteria"] if _applies(c)]
        items.append(Item(line=line, tone=tone_of(status.value), details=tuple(details)))
    blocks: list[Block] = [Items(items=tuple(items))] if items else [Paragraph(line=("The policy has no gates.",))]
    left_out = tuple(
        Item(line=(entry["metric"].say(spoken), ": ", entry["reason"].say())) for entry in decision["notApplicable"]
    )
    if left_out:
        blocks += [Paragraph(line=("Not applicable, by the policy:",)), Items(items=left_out)]
    return Section(title="Gates and their evidence", blocks=tuple(blocks))


def _detail(criterion: Stored) -> Line:
    return (criterion["detail"].say(),)


def _evidence(evidence: Stored) -> Line:
    if not evidence:
        return ()
    parts = [evidence[name].say() for name in ("tool", "file") if evidence[name]]
    if evidence["measuredAt"]:
        parts.append(evidence["measuredAt"].say(date_words))
    line: Line = (" — ",)
    for index, part in enumerate(parts):
        line += (", ", part) if index else (part,)
    return line if parts else ()


def people(decision: Stored) -> Iterator[Section]:
    """Approvals, overrides and waivers that counted, and those that did not; no section where there are none."""
    lifted = [Item(line=_lifted(one), tone=Tone.PERSON) for one in decision["lifted"]]
    refused = [Item(line=(remark.say(),), tone=Tone.UNKNOWN) for remark in decision["remarks"]]
    if lifted or refused:
        yield Section(title="Approvals, overrides and waivers", blocks=(Items(items=(*lifted, *refused)),))


def _lifted(one: Stored) -> Line:
    line: Line = (one["kind"].say(), " by ", one["by"].say(), " until ", one["until"].say(date_words))
    names = tuple(name.say(spoken) for name in one["names"])
    about: Line = (" of ", *joined(names)) if names else ()
    return (*line, *about, ": ", one["reason"].say())


def outstanding(decision: Stored, *more: Item) -> Section:
    """What holds the release up, what to watch, what nobody measured.

    Args:
        more: open items from other records.
    """
    items = [
        *_listed(decision["blockers"], Tone.BAD),
        *_listed(decision["inconclusive"], Tone.UNKNOWN),
        *_listed(decision["pending"], Tone.WARN),
        *_listed(decision["warnings"], Tone.WARN),
        *more,
        *_listed(decision["advisories"], Tone.NEUTRAL),
    ]
    told: dict[str, Item] = {}
    for item in items:  # several rules may hold for one reason: it is told once, where it weighs most
        told.setdefault(text_of(item.line), item)
    blocks: list[Block] = (
        [Items(items=tuple(told.values()))] if told else [Paragraph(line=("Nothing is outstanding.",))]
    )
    missing = list(decision["missingEvidence"])
    if missing:
        line = (counted(len(missing), [decision["missingEvidence"]]), " gates' criteria and metrics have no evidence.")
        blocks.append(Paragraph(line=line, tone=Tone.UNKNOWN))
    return Section(title="Outstanding items", blocks=tuple(blocks))


def missing_evidence(decision: Stored) -> Iterator[Section]:
    """What nobody measured, each with what would supply it; no section where nothing is missing."""
    items = tuple(_listed(decision["missingEvidence"], Tone.UNKNOWN))
    if items:
        yield Section(title="Missing evidence, and what supplies it", blocks=(Items(items=items),))


def _listed(reasons: Stored, tone: Tone) -> list[Item]:
    return [Item(line=(reason.say(),), tone=tone) for reason in reasons]


def recommendation(decision: Stored) -> Section:
    """What the decision means for whoever has to act on it."""
    words = {
        "APPROVED": "Deploy.",
        "APPROVED_WITH_WARNINGS": "Deploy, and watch what the warnings name.",
        "PENDING_APPROVAL": "Wait for the approval that is asked for; nothing else stands in the way.",
        "INCONCLUSIVE": "Do not deploy yet: supply the evidence that is missing, and assess again.",
        "BLOCKED": "Do not deploy: resolve what blocks, and assess again.",
    }
    status = decision["decision"]
    line = (status.say(spoken, tone=tone_of(status.value)), ". ", words.get(str(status.value), ""))
    return Section(title="Recommendation", blocks=(Paragraph(line=line, tone=tone_of(status.value)),))


def evidence(shelf: Shelf, decision: Stored) -> Section:
    """Under which policy and audit head it was decided, and which records the report was made from."""
    facts = (
        Fact(label="Assessed", line=(decision["assessedAt"].say(time_words),)),
        Fact(label="Policy", line=(decision["policy"].say(),)),
        Fact(label="Audit log", line=decision["auditHead"].why("the decision carries no head of the audit log")),
    )
    read = tuple(Item(line=(quoted(key, Origin(key=key)),)) for key in shelf.records)
    words = Paragraph(line=("Every number above stands in one of these records; the JSON format says in which field.",))
    return Section(title="Where the numbers stand", blocks=(Facts(facts=facts), words, Items(items=read)))
