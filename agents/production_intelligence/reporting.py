"""The production report: what all analyses found, read from their records alone, and what was not looked at."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from ...core.numbers import duration_text, percent, value_text
from ...core.records.feedback import LoopState
from ...core.records.findings import MiningResult, Prioritization
from ...core.records.incident_analysis import IncidentAnalysis
from ...core.records.load import LoadPatterns
from ...core.records.report import (
    Block,
    Column,
    Fact,
    Facts,
    Item,
    Items,
    Line,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from ...core.records.rum import RumData
from ...core.records.rum_analysis import RumAnalysis
from ..outcome import Outcome
from ..traced import NOT_MEASURED, Shelf, Stored, counted, joined
from .loaded import Loaded

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
READS = (PRIORITIES, INSIGHTS, PATTERNS, INCIDENTS, ANOMALIES, STATUS, RUM, VISITS, LOAD, LOOP)
NOTHING_RAN = "no analysis has run; aqe production feedback-loop --once"
MOST_ROWS = 15
"""Of a table; how many more there are is said."""
MOST_INSIGHTS = 25

TONES = {
    "healthy": Tone.GOOD, "degraded": Tone.WARN, "unhealthy": Tone.BAD, "critical": Tone.BAD,
    "HIGH": Tone.BAD, "CRITICAL": Tone.BAD, "MEDIUM": Tone.WARN, "LOW": Tone.NEUTRAL,
    "INCREASING": Tone.BAD, "DECREASING": Tone.GOOD,
}  # fmt: skip


def production_report(loaded: Loaded) -> Outcome:
    """The task type `production-report`; the answer is a Report."""
    return Outcome(report_of(Shelf(loaded.records), loaded.now))


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
    anomalies = shelf.get(ANOMALIES, missing="not looked for; aqe production detect-anomalies")
    rum = shelf.get(RUM, RumData, missing="no real-user monitoring was imported")
    visits = shelf.get(VISITS, RumAnalysis, missing="not analysed; aqe production rum-analysis")
    load = shelf.get(LOAD, LoadPatterns, missing="not analysed; aqe production load-patterns")
    insights = shelf.get(INSIGHTS, missing=NOTHING_RAN)
    return Report(
        title=("Production Intelligence Report",),
        subtitle=_subtitle(shelf),
        verdict=status["status"].say(tone=_tone(status["status"].value)),
        highlights=(
            Fact(label="First to do", line=_first(priorities)),
            Fact(label="High priority", line=(_count(priorities["findings"], "priority", "HIGH", priorities),)),
            Fact(label="Open anomalies", line=(_count(anomalies, "status", "open", anomalies),)),
            Fact(label="Incidents", line=(_number(incidents["incidents"], incidents),)),
            Fact(label="Errors logged", line=(patterns["totalErrors"].say(),)),
            Fact(label="Sessions of the last day", line=(rum["totalSessions"].say(),)),
        ),
        sections=(
            _priorities(priorities),
            _incidents(incidents),
            _anomalies(anomalies),
            _patterns(patterns),
            _users(rum),
            _visits(visits),
            _load(load),
            _insights(insights),
        ),
        footer=("Made from the records that the analyses left in memory.",),
        generated_at=now,
    )


def _tone(word: Any) -> Tone:
    return TONES.get(str(word), Tone.UNKNOWN if word is None else Tone.NEUTRAL)


def _subtitle(shelf: Shelf) -> Line:
    loop = shelf.get(LOOP, LoopState, missing="the feedback loop never ran")
    if not loop:
        return ("Feedback loop: ", *loop.why())
    ended = loop["roundEndedAt"].say(_moment, reason="the first round is not over")
    return ("Feedback loop: round ", loop["round"].say(), ", last ended ", ended)


def _moment(text: Any) -> str:
    return f"{datetime.fromisoformat(str(text)):%Y-%m-%d %H:%M} UTC"


def _first(priorities: Stored) -> Line:
    first = next(iter(priorities["findings"]), None)
    return priorities["findings"].why("nothing was found") if first is None else (first["title"].say(),)


def _number(items: Stored, whole: Stored) -> Any:
    return counted(len(list(items)), (items,)) if whole.value is not None else whole.say()


def _count(items: Stored, field: str, word: str, whole: Stored) -> Any:
    """How many items hold this word; not measured where there is no record at all."""
    if whole.value is None:
        return whole.say()
    number = sum(item[field].value == word for item in items)
    return counted(number, (items,), tone=_tone(word) if number and word in TONES else None)


def _section(title: str, whole: Stored, blocks: Callable[[], Iterator[Block]]) -> Section:
    if whole.value is None:
        return Section(title=title, blocks=(Paragraph(line=whole.why(), tone=Tone.UNKNOWN),))
    return Section(title=title, blocks=tuple(blocks()))


def _table(items: Stored, columns: tuple[Column, ...], row: Callable[[Stored], tuple[Line, ...]]) -> Iterator[Block]:
    found = list(items)
    if not found:
        yield Paragraph(line=("None.",))
        return
    yield Table(columns=columns, rows=tuple(row(item) for item in found[:MOST_ROWS]))
    if len(found) > MOST_ROWS:
        yield Paragraph(line=(counted(len(found) - MOST_ROWS, (items,), "count"), " more are in the record."))


def _priorities(whole: Stored) -> Section:
    columns = (Column(title="Rank", numeric=True), Column(title="Priority"), Column(title="Finding", wide=True))

    def row(item: Stored) -> tuple[Line, ...]:
        priority = item["priority"].say(tone=_tone(item["priority"].value))
        finding = (item["title"].say(), ": ", item["because"].say(), "; found by ", item["capability"].say())
        return (item["rank"].say(),), (priority,), finding

    def blocks() -> Iterator[Block]:
        yield Paragraph(line=("In order of ", whole["rule"].say(), "."))
        yield from _table(whole["findings"], columns, row)

    return _section("What to do first", whole, blocks)


def _incidents(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        found = list(whole["incidents"])
        yield Items(items=tuple(_incident(item) for item in found)) if found else Paragraph(line=("None.",))

    return _section("Incidents", whole, blocks)


def _incident(item: Stored) -> Item:
    severity = item["severity"].say(tone=_tone(item["severity"].value))
    traces, little = item["traces"], item["little"]
    details: list[Line] = [
        (
            "began ", item["startedAt"].say(_moment), ", lasted ",
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


def _anomalies(whole: Stored) -> Section:
    columns = (Column(title="Severity"), Column(title="State"), Column(title="What", wide=True), Column(title="Since"))

    def row(item: Stored) -> tuple[Line, ...]:
        severity = item["severity"].say(tone=_tone(item["severity"].value))
        what = item["explanation"] or item["series"]
        return (severity,), (item["status"].say(),), (what.say(),), (item["beganAt"].say(_moment),)

    return _section("Anomalies", whole, lambda: _table(whole, columns, row))


def _patterns(whole: Stored) -> Section:
    columns = (
        Column(title="Priority"), Column(title="Error", wide=True), Column(title="Times", numeric=True),
        Column(title="Users", numeric=True), Column(title="Trend"),
    )  # fmt: skip

    def row(item: Stored) -> tuple[Line, ...]:
        priority, trend = item["priority"], item["trend"]
        return (
            (priority.say(tone=_tone(priority.value)),), (item["title"].say(),), (item["occurrences"].say(),),
            (item["affectedUsers"].say(reason="the records name none"),), (trend.say(tone=_tone(trend.value)),),
        )  # fmt: skip

    return _section("Error patterns", whole, lambda: _table(whole["patterns"], columns, row))


_RUM = (
    ("Sessions", "totalSessions", ""),
    ("Page views", "totalPageViews", ""), ("Users", "totalUsers", ""), ("Errors", "totalErrors", ""),
    ("LCP", "lcpP75Ms", " ms"), ("INP", "inpP75Ms", " ms"), ("CLS", "clsP75", ""), ("FCP", "fcpP75Ms", " ms"),
    ("TTFB", "ttfbP75Ms", " ms"),
)  # fmt: skip


def _users(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        facts = [Fact(label="Day", line=(whole["day"].say(),))]
        facts += [
            Fact(label=name, line=whole[field].or_missing("no row tells it").why() if whole[field].value is None
                 else (whole[field].say(_with(unit)),))
            for name, field, unit in _RUM
        ]  # fmt: skip
        yield Facts(facts=tuple(facts))
        yield Paragraph(line=("Vitals are third quartiles, as search engines and browsers judge them.",))

    return _section("Real users, the last day there is", whole, blocks)


def _visits(whole: Stored) -> Section:
    """The way to a purchase, and why visits leave it."""
    columns = (
        Column(title="Step"), Column(title="Visits", numeric=True), Column(title="Leave there", numeric=True),
        Column(title="Errors that go with leaving", wide=True),
    )  # fmt: skip

    def row(step: Stored) -> tuple[Line, ...]:
        reasons = step["reasons"]
        found = joined(reason["error"].say() for reason in reasons) or ("none",)
        left = step["dropShare"].say(percent, reason="the last step")
        unknown = reasons["reason"].value is not None
        return (step["step"].say(),), (step["visits"].say(),), (left,), (reasons["reason"].say(),) if unknown else found

    def blocks() -> Iterator[Block]:
        conversion, funnel = whole["conversion"], whole["funnel"]
        known = conversion["share"].value is not None
        visits: Line = (
            whole["counts"]["visits"].say(), ", ", whole["windowFrom"].say(_moment), " to ",
            whole["windowTo"].say(_moment),
        )  # fmt: skip
        bought: Line = (conversion["share"].say(percent), " by ", conversion["by"].say())
        yield Facts(
            facts=(
                Fact(label="Visits", line=visits),
                Fact(label="Conversion", line=bought if known else (NOT_MEASURED, ": ", conversion["reason"].say())),
            )
        )
        if funnel["steps"]:
            yield from _table(funnel["steps"], columns, row)
        else:
            yield Paragraph(line=("Funnel ", NOT_MEASURED, ": ", funnel["reason"].say()), tone=Tone.UNKNOWN)

    return _section("Visits", whole, blocks)


def _with(unit: str) -> Callable[[Any], str]:
    return lambda value: f"{value_text(value)}{unit}"


def _load(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        peak, rate = whole["peak"], _with(" /s")
        window: Line = (whole["windowFrom"].say(_moment), " to ", whole["windowTo"].say(_moment))
        yield Facts(
            facts=(
                Fact(label="Window", line=window),
                Fact(label="Total", line=(whole["total"].say(), " ", whole["unit"].say())),
                Fact(label="Mean", line=(whole["meanRps"].say(rate),)),
                Fact(label="Busiest minute", line=(peak["rps"].say(rate), " at ", peak["at"].say(_moment))),
            )
        )

    return _section("Load", whole, blocks)


def _insights(whole: Stored) -> Section:
    def blocks() -> Iterator[Block]:
        found = list(whole)
        if not found:
            yield Paragraph(line=("None.",))
        else:
            yield Items(items=tuple(_insight(item) for item in found[:MOST_INSIGHTS]))
        if len(found) > MOST_INSIGHTS:
            yield Paragraph(line=(counted(len(found) - MOST_INSIGHTS, (whole,), "count"), " more are in the record."))

    return _section("All findings", whole, blocks)


def _insight(item: Stored) -> Item:
    details: list[Line] = [(item["detail"].say(),)]
    if item["benefit"].value:
        details.append(("benefit: ", item["benefit"].say()))
    details.append(("do: ", item["recommendation"].say()))
    return Item(
        line=(item["priority"].say(tone=_tone(item["priority"].value)), " ", item["title"].say()),
        details=tuple(details),
    )
