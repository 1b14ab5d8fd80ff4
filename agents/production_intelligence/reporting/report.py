"""The production report: what all analyses found, read from their records alone, and what was not looked at."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ....core.errors import NoData
from ....core.numbers import duration_text
from ....core.records.bulk.rum import RumData
from ....core.records.evidence import Status
from ....core.records.production.feedback import LoopState
from ....core.records.production.findings import MiningResult, Prioritization
from ....core.records.production.incident_analysis import IncidentAnalysis
from ....core.records.production.journeys import JOURNEYS_KEY, Journeys
from ....core.records.production.load import LoadPatterns
from ....core.records.production.rum_analysis import RumAnalysis
from ....core.records.report import Block, Column, Fact, Facts, Item, Items, Line, Paragraph, Report, Section
from ...outcome import Outcome
from ...traced import Shelf, Stored, counted, joined
from ..loaded import Loaded
from . import users
from .anomalies import anomalies as anomalies_section
from .anomalies import open_ones
from .blocks import TONES, moment, section, table_of, tone_of, verdict, window_of, with_unit
from .experiments import EXPERIMENTS, experiments

PRIORITIES = "aqe/production/prioritization"
INSIGHTS = "aqe/production/insights"
PATTERNS = "aqe/production/patterns"
INCIDENTS = "aqe/production/incident-analysis"
ANOMALIES = "aqe/production/anomalies"
STATUS = "aqe/production/status"
RUM = "aqe/production/rum-data"
VISITS = "aqe/production/rum-analysis"
LOAD = "aqe/production/load-patterns"
LOOP = "aqe/production/feedback-loop"
READS = (
    PRIORITIES,
    INSIGHTS,
    PATTERNS,
    INCIDENTS,
    ANOMALIES,
    STATUS,
    RUM,
    VISITS,
    JOURNEYS_KEY,
    LOAD,
    LOOP,
    EXPERIMENTS,
)
NOTHING_RAN = "no analysis has run; aqe production feedback-loop --once"
MOST_INSIGHTS = 25


def production_report(loaded: Loaded) -> Outcome:
    """The task type `production-report`; the answer is a Report.

    Raises:
        NoData: no analysis has left anything.
    """
    if not _analysed(loaded.records):
        raise NoData("nothing was analysed yet", hint="`aqe production feedback-loop --once` runs every analysis")
    return Outcome(report_of(Shelf(loaded.records), loaded.now))


def _analysed(records: Mapping[str, Any]) -> bool:
    """Whether any analysis had data; that somebody looked, and nothing could be judged, is none."""
    status = records.get(STATUS)
    judged = isinstance(status, dict) and status.get("status") != Status.NOT_MEASURED
    return judged or bool(records.keys() - {STATUS, ANOMALIES, LOOP})


def report_of(shelf: Shelf, now: datetime) -> Report:
    """The report.

    Args:
        shelf: what READS names, as far as it is there.
        now: when it is made, aware UTC.
    """
    status = shelf.get(STATUS, missing="nobody looked at it; aqe production detect-anomalies")
    priorities = shelf.get(PRIORITIES, Prioritization, missing=NOTHING_RAN)
    patterns = shelf.get(PATTERNS, MiningResult, missing="not mined; aqe production mine-errors")
    incidents = shelf.get(INCIDENTS, IncidentAnalysis, missing="not analysed; aqe production analyze-incidents")
    unjudged = status["reason"].value
    not_looked_for = "not looked for; aqe production detect-anomalies"
    anomalies = shelf.get(ANOMALIES, missing=unjudged if isinstance(unjudged, str) else not_looked_for)
    rum = shelf.get(RUM, RumData, missing="no real-user monitoring was imported")
    visits = shelf.get(VISITS, RumAnalysis, missing="not analysed; aqe production rum-analysis")
    ways = shelf.get(JOURNEYS_KEY, Journeys, missing="not looked at; aqe production journeys")
    load = shelf.get(LOAD, LoadPatterns, missing="not analysed; aqe production load-patterns")
    insights = shelf.get(INSIGHTS, missing=NOTHING_RAN)
    return Report(
        title=("Production Intelligence Report",),
        subtitle=_subtitle(shelf),
        verdict=verdict(status["status"]),
        because=_because(status),
        highlights=(
            Fact(label="First to do", line=_first(priorities)),
            Fact(label="High priority", line=(_count(priorities["findings"], "priority", "HIGH", priorities),)),
            Fact(label="Open anomalies", line=(open_ones(anomalies),)),
            Fact(label="Incidents", line=(_number(incidents["incidents"], incidents),)),
            Fact(label="Errors logged", line=(patterns["totalErrors"].say(),)),
            Fact(label="Sessions of the last day", line=(rum["totalSessions"].say(),)),
        ),
        sections=(
            _priorities(priorities),
            _incidents(incidents),
            anomalies_section(anomalies),
            _patterns(patterns),
            users.last_day(rum),
            users.visits(visits),
            users.journeys(ways),
            _load(load),
            experiments(shelf.records),
            _insights(insights),
        ),
        footer=("Made from the records that the analyses left in memory.",),
        generated_at=now,
    )


def _because(status: Stored) -> Line:
    """What the word is about: whatever else was found does not change it."""
    about = "By open anomalies alone; what else was found stands below."
    reason = status["reason"]
    return (f"{about} ", reason.say()) if isinstance(reason.value, str) else (about,)


def _subtitle(shelf: Shelf) -> Line:
    loop = shelf.get(LOOP, LoopState, missing="the feedback loop never ran")
    if not loop:
        return ("Feedback loop: ", *loop.why())
    ended = loop["roundEndedAt"].say(moment, reason="the first round is not over")
    return ("Feedback loop: round ", loop["round"].say(), ", last ended ", ended)


def _first(priorities: Stored) -> Line:
    findings = priorities["findings"]
    first = next(iter(findings), None)
    if first is not None:
        return (first["title"].say(),)
    return findings.why() if findings.value is None else (counted(0, (findings,)), " findings")


def _number(items: Stored, whole: Stored) -> Any:
    return counted(len(list(items)), (items,)) if whole.value is not None else whole.say()


def _count(items: Stored, field: str, word: str, whole: Stored) -> Any:
    """How many items hold this word; not measured where there is no record at all."""
    if whole.value is None:
        return whole.say()
    number = sum(item[field].value == word for item in items)
    return counted(number, (items,), tone=tone_of(word) if number and word in TONES else None)


def _priorities(whole: Stored) -> Section:
    columns = (Column(title="Rank", numeric=True), Column(title="Priority"), Column(title="Finding", wide=True))

    def row(item: Stored) -> tuple[Line, ...]:
        priority = verdict(item["priority"])
        finding = (item["title"].say(), ": ", item["because"].say(), "; found by ", item["capability"].say())
        return (item["rank"].say(),), (priority,), finding

    def blocks() -> Iterator[Block]:
        yield Paragraph(line=("In order of ", whole["rule"].say(), "."))
        yield from table_of(whole["findings"], columns, row)

    return section("What to do first", whole, blocks)


def _incidents(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        found = list(whole["incidents"])
        yield Items(items=tuple(_incident(item) for item in found)) if found else Paragraph(line=("None.",))
        if left_out := whole["alertsLeftOut"].value:
            of_all = "alert is" if left_out == 1 else "alerts are"
            how = f" {of_all} left out; aqe production analyze-incidents --alerts"
            yield Paragraph(line=(whole["alertsLeftOut"].say(), how))

    return section("Incidents", whole, blocks)


def _incident(item: Stored) -> Item:
    severity = verdict(item["severity"])
    traces, little = item["traces"], item["little"]
    details: list[Line] = [
        (
            "began ", item["startedAt"].say(moment), ", lasted ",
            item["durationS"].say(duration_text, reason="its end is not known"), ", users affected: ",
            item["affectedUsers"].say(reason="its source does not say"),
        )
    ]  # fmt: skip
    if traces["failing"]:
        details.append(("failing hop: ", traces["failing"]["service"].say(), ": ", traces["because"].say()))
    else:
        details.append(("failing hop: not measured: ", traces["reason"].say()))
    details += [("hidden: ", masking["words"].say()) for masking in item["masking"]]
    if little["words"].value is not None:
        details.append(("waiting: ", little["words"].say()))
    details += [("different then: ", factor["what"].say()) for factor in item["factors"]]
    suspects = joined(service["service"].say() for service in item["rootServices"])
    if suspects:
        details.append(("suspected: ", *suspects))
    return Item(line=(severity, " ", item["title"].say()), details=tuple(details))


def _patterns(whole: Stored) -> Section:
    columns = (
        Column(title="Priority"), Column(title="Error", wide=True), Column(title="Times", numeric=True),
        Column(title="Users", numeric=True), Column(title="Trend"),
    )  # fmt: skip

    def row(item: Stored) -> tuple[Line, ...]:
        priority, trend = item["priority"], item["trend"]
        return (
            (verdict(priority),), (item["title"].say(),), (item["occurrences"].say(),),
            (item["affectedUsers"].say(reason="the records name none"),), (verdict(trend),),
        )  # fmt: skip

    return section("Error patterns", whole, lambda: table_of(whole["patterns"], columns, row))


def _load(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        peak, rate = whole["peak"], with_unit(" /s")
        yield Facts(
            facts=(
                Fact(label="Window", line=window_of(whole)),
                Fact(label="Total", line=(whole["total"].say(), " ", whole["unit"].say())),
                Fact(label="Mean", line=(whole["meanRps"].say(rate),)),
                Fact(label="Busiest minute", line=(peak["rps"].say(rate), " at ", peak["at"].say(moment))),
            )
        )

    return section("Load", whole, blocks)


def _insights(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        found = list(whole)
        if not found:
            yield Paragraph(line=("None.",))
        else:
            yield Items(items=tuple(_insight(item) for item in found[:MOST_INSIGHTS]))
        if len(found) > MOST_INSIGHTS:
            yield Paragraph(line=(counted(len(found) - MOST_INSIGHTS, (whole,), "count"), " more are in the record."))

    return section("All findings", whole, blocks)


def _insight(item: Stored) -> Item:
    details: list[Line] = [(item["detail"].say(),)]
    if item["benefit"].value:
        details.append(("benefit: ", item["benefit"].say()))
    details.append(("do: ", item["recommendation"].say()))
    return Item(
        line=(verdict(item["priority"]), " ", item["title"].say()),
        details=tuple(details),
    )
