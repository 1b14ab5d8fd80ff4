"""What the production report says about people: the last day, their visits, and the ways that they take."""

from collections.abc import Iterable, Iterator
from itertools import islice

from ....core.numbers import duration_text, percent
from ....core.records.bulk.rum_answers import vital_title
from ....core.records.production.journeys import StepKind
from ....core.records.report import Block, Column, Fact, Facts, Line, Paragraph, Section, Tone
from ...traced import NOT_MEASURED, Stored, joined
from .blocks import or_reason, section, table_of, verdict, window_of, with_unit

MOST_SHOWN = 8
"""Steps of a journey, and devices, browsers or regions of a line."""
_RUM = (
    ("Sessions", "totalSessions", ""),
    ("Page views", "totalPageViews", ""), ("Users", "totalUsers", ""), ("Errors", "totalErrors", ""),
    ("LCP", "lcpP75Ms", " ms"), ("INP", "inpP75Ms", " ms"), ("CLS", "clsP75", ""), ("FCP", "fcpP75Ms", " ms"),
    ("TTFB", "ttfbP75Ms", " ms"),
)  # fmt: skip


def last_day(whole: Stored) -> Section:
    """What the imports of the last day sum up to; of core/records/bulk/rum.RumData."""

    def blocks() -> Iterator[Block]:
        facts = [Fact(label="Day", line=(whole["day"].say(),))]
        facts += [
            Fact(label=name, line=whole[field].or_missing("no row tells it").why() if whole[field].value is None
                 else (whole[field].say(with_unit(unit)),))
            for name, field, unit in _RUM
        ]  # fmt: skip
        yield Facts(facts=tuple(facts))
        yield Paragraph(line=("Vitals are third quartiles, as search engines and browsers judge them.",))

    return section("Real users, the last day there is", whole, blocks)


def visits(whole: Stored) -> Section:
    """Who came, the way to a purchase and why visits leave it, what they waited for and met; of RumAnalysis."""

    def blocks() -> Iterator[Block]:
        bought = or_reason(
            whole["conversion"], lambda it: (it["share"].say(percent), " by ", it["by"].say()), holds="share"
        )
        bounced = or_reason(whole["bounceShare"], lambda it: (it.say(percent),))
        came: Line = (whole["counts"]["visits"].say(), ", ", *window_of(whole))
        yield Facts(
            facts=(
                Fact(label="Visits", line=came),
                Fact(label="Conversion", line=bought),
                Fact(label="Bounces", line=bounced),
                *(Fact(label=name.capitalize(), line=_mix(whole[name])) for name in ("devices", "browsers", "regions")),
            )
        )
        yield from _funnel(whole["funnel"])
        yield from table_of(whole["vitals"], _VITAL, _vital)
        yield from table_of(whole["errors"], _ERROR, _error)

    return section("Visits", whole, blocks)


def _mix(segments: Stored) -> Line:
    def one(segment: Stored) -> Line:
        value = segment["value"]
        return (value.say() if value.value else "not said", " ", segment["share"].say(percent))

    return _listed((one(segment) for segment in islice(segments, MOST_SHOWN)), ", ") or (
        NOT_MEASURED,
        ": ",
        segments["reason"].say(reason="nothing names one"),
    )


def _listed(lines: Iterable[Line], between: str) -> Line:
    """Lines one after the other."""
    return tuple(part for number, line in enumerate(lines) for part in ((between, *line) if number else line))


def _funnel(funnel: Stored) -> Iterator[Block]:
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

    if funnel["steps"]:
        yield from table_of(funnel["steps"], columns, row)
    else:
        yield Paragraph(line=("Funnel ", NOT_MEASURED, ": ", funnel["reason"].say()), tone=Tone.UNKNOWN)


_VITAL = (
    Column(title="Web vital"), Column(title="Rating"), Column(title="Median", numeric=True),
    Column(title="Third quartile", numeric=True), Column(title="Poor", numeric=True),
    Column(title="Samples", numeric=True),
)  # fmt: skip


def _vital(vital: Stored) -> tuple[Line, ...]:
    found = vital["overall"].or_missing("no samples")
    unknown = found["reason"].value is not None
    judged: Line = (found["reason"].say(),) if unknown else or_reason(found["rating"], lambda word: (verdict(word),))
    figures = (found["p50"].say(), found["p75"].say(), found["poorShare"].say(percent), found["samples"].say())
    return (vital["name"].say(vital_title),), judged, *((figure,) for figure in figures)


_ERROR = (
    Column(title="Error in the browser", wide=True), Column(title="Times", numeric=True),
    Column(title="Visits", numeric=True), Column(title="More than elsewhere", wide=True),
)  # fmt: skip


def _error(error: Stored) -> tuple[Line, ...]:
    places = joined(place["value"].say() for place in error["places"]) or ("nowhere",)
    met = or_reason(error["visits"], lambda number: (number.say(),))
    return (error["error"].say(),), (error["times"].say(),), met, places


# Journeys ------------------------------------------------------------------------------------------------------------


def journeys(whole: Stored) -> Section:
    """Which ways people take, how they end, where they leave, and which are new.

    Of core/records/production/journeys.Journeys.
    """
    steps = {step["id"].value: step for step in whole["steps"]}

    def title(step_id: Stored) -> Line:
        step = steps.get(step_id.value)
        if step is None or step["kind"].value == StepKind.OTHER:
            return ("(other)" if step else "(withheld)",)
        named = (step[name].say() for name in ("action", "page") if step[name].value)
        return joined(named, " @ ") or ("(unnamed)",)

    def way(journey: Stored) -> tuple[Line, ...]:
        line = _listed(map(title, islice(journey["steps"], MOST_SHOWN)), " > ")
        longer = len(list(journey["steps"])) > MOST_SHOWN or journey["cut"].value
        ended = journey["outcome"]
        return (
            (*line, " > ..." if longer else ""), (journey["sessions"].say(),),
            (journey["share"]["value"].say(percent),), (journey["durationMeanS"].say(duration_text),),
            (ended.say(),) if ended.value else ("ended",),
        )  # fmt: skip

    def left(drop: Stored) -> tuple[Line, ...]:
        why = drop["reason"]
        return title(drop["step"]), (drop["left"].say(),), (drop["share"]["value"].say(percent),), (
            (why.say(),) if why.value else ("nothing points anywhere",)
        )  # fmt: skip

    def blocks() -> Iterator[Block]:
        yield Facts(facts=tuple(_ends(whole)))
        yield from table_of(whole["journeys"], _WAY, way)
        if whole["dropOffs"]:
            yield from table_of(whole["dropOffs"], _DROP, left)
        yield from (Paragraph(line=("Not told: ", limit.say(), ".")) for limit in whole["limits"])

    return section("Journeys", whole, blocks)


_WAY = (
    Column(title="Journey", wide=True), Column(title="Sessions", numeric=True), Column(title="Share", numeric=True),
    Column(title="Mean", numeric=True), Column(title="Mostly"),
)  # fmt: skip
_DROP = (
    Column(title="Left at", wide=True), Column(title="Sessions", numeric=True), Column(title="Share", numeric=True),
    Column(title="What goes with it (an inference)", wide=True),
)  # fmt: skip


def _ends(whole: Stored) -> Iterator[Fact]:
    came: Line = (whole["sessions"].say(), " of ", whole["users"].say(), " people, told by ", whole["usersBy"].say())
    yield Fact(label="Sessions", line=(*came, ", ", *window_of(whole)))
    ends = whole["outcomes"]
    for label, name in (("Converted", "converted"), ("Ended in error", "errors"), ("Abandoned", "abandoned")):
        yield Fact(label=label, line=or_reason(ends[name], lambda number: (number.say(),)))
    yield Fact(label="Bounced", line=(ends["bounced"].say(),))
    few: Line = (whole["journeysWithheld"].say(), " journeys of fewer than ", whole["minUsers"].say(), " people")
    yield Fact(label="Withheld", line=few)
    known = or_reason(
        whole["conformance"],
        lambda it: (it["replay"]["value"].say(percent), " of ", it["sessions"].say(), " new sessions"),
        holds="sessions",
    )
    yield Fact(label="On known ways", line=known)
