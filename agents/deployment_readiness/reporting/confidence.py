"""How sure one may be, from which past, and how well earlier predictions agreed with what came."""

from ....core.records.report import Fact, Facts, Figure, Interval, Line, Paragraph, Point, Section, Timeline, Tone
from ...traced import Stored, counted
from .words import CERTAINTY_TONES, percent_words, risk_words, tone_of

MAX_POINTS = 40
"""Deployments in the picture; the latest."""


def confidence_fact(decision: Stored, confidence: Stored) -> Fact:
    """Score and certainty, of the record if there is one, else of the decision."""
    if confidence:
        tone = CERTAINTY_TONES.get(str(confidence["certainty"].value), Tone.NEUTRAL)
        line: Line = (confidence["score"].say(percent_words), ", certainty ", confidence["certainty"].say(tone=tone))
        return Fact(label="Confidence", line=line, tone=tone)
    reason = str(decision["confidenceReason"].value or "no confidence was computed")
    line = (decision["confidence"].say(percent_words, reason=reason),)
    return Fact(label="Confidence", line=line, tone=None if decision["confidence"] else Tone.UNKNOWN)


def drivers(decision: Stored, confidence: Stored) -> Section:
    """The probability with its interval, and what it rests on."""
    if not confidence:
        return Section(title="Confidence drivers", blocks=(Paragraph(line=_not_computed(decision, confidence)),))
    low, high = confidence["interval"][0], confidence["interval"][1]
    tone = CERTAINTY_TONES.get(str(confidence["level"].value), Tone.NEUTRAL)
    chart = Interval(
        maximum=100,
        low=low.say(percent_words),
        middle=confidence["score"].say(percent_words),
        high=high.say(percent_words),
        reference=confidence["baseline"].say(percent_words) if confidence["baseline"] else None,
        reference_words="average",
        tone=tone,
    )
    figure = Figure(
        title="Probability that the deployment succeeds",
        description=("The dot is the estimate; the truth lies in the band, as far as the past tells.",),
        chart=chart,
    )
    facts = [
        Fact(label="Certainty", line=(confidence["certainty"].say(), ": ", confidence["reason"].say())),
        Fact(label="Against the average", line=(confidence["difference"].say(lambda d: f"{d:+.1f} points"),)),
        Fact(label="Past deployments", line=(confidence["deployments"].say(), " with a known outcome")),
        Fact(label="Similar releases", line=(confidence["similarReleases"].say(),)),
        Fact(label="Recommendation", line=(confidence["recommendation"].say(),)),
    ]
    return Section(title="Confidence drivers", blocks=(figure, Facts(facts=tuple(facts))))


def _not_computed(decision: Stored, confidence: Stored) -> Line:
    if decision["confidence"]:
        return ("Release confidence: ", decision["confidence"].say(percent_words), ".")
    return ("Release confidence: ", *decision["confidence"].why(str(decision["confidenceReason"].value or "")))


def past(history: Stored) -> Section:
    """What became of the latest deployments."""
    deployments = [d for d in history if d["deployedAt"] and d["outcome"]]
    if not deployments:
        return Section(title="Deployment history", blocks=(Paragraph(line=history.why()),))
    deployments = sorted(deployments, key=lambda d: str(d["deployedAt"].value))
    shown = deployments[-MAX_POINTS:]
    outcomes = [d["outcome"] for d in deployments]
    good = sum(outcome.value == "success" for outcome in outcomes)
    line = (counted(good, [history]), " of ", counted(len(outcomes), [history]), " recorded deployments succeeded.")
    figure = Figure(
        title="Past deployments",
        description=("How they went, and the risk that was seen before.",),
        chart=Timeline(
            points=tuple(map(_point, shown)),
            value_words="risk",
            tone_words={Tone.GOOD: "succeeded", Tone.WARN: "failed", Tone.BAD: "rolled back"},
        ),
    )
    return Section(title="Deployment history", blocks=(Paragraph(line=line), figure))


def _point(deployment: Stored) -> Point:
    risk = deployment["before"]["risk"]
    return Point(
        at=deployment["deployedAt"].value,
        label=deployment["version"].say(),
        value=risk.say(risk_words) if risk else None,
        tone=tone_of(deployment["outcome"].value),
    )
