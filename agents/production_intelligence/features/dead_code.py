"""Dead code, where production and source agree: nobody asked for a route, and nothing else leads to its code.

A route is USED when it was asked for and fewer than `minDays` observed days have passed since. It is a CANDIDATE when
as many observed days passed without a request and nothing in the source mentions its handler or asks for its path. All
else is UNDECIDED, with what is missing. Code that only candidates lead to is named with them. Nothing is ever called
safe to remove: a request may be made once a year, or by somebody whose traffic is not imported.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from ....analysis.series.traffic_profile import DAY_S
from ....analysis.source.route_index import RouteIndex
from ....core.errors import InputError, NoData, TaskVetoed
from ....core.numbers import counted
from ....core.records.bulk.rows import ACCESS, RUM, SPANS
from ....core.records.evidence import NotMeasured
from ....core.records.production.dead_code import (
    CodeInventory,
    DeadCodeReport,
    RouteVerdict,
    StaticRoute,
    StaticUnit,
    UnitVerdict,
    Verdict,
)
from ....core.records.production.findings import FindingPriority, Insight
from ...outcome import Outcome
from ..loaded import MAX_WINDOW_DAYS, Loaded

DEFAULT_MIN_DAYS = 90
LISTED_UNREFERENCED = 100

_REQUESTS = ((ACCESS, "method", "path"), (SPANS, "request_method", "request_path"))
# What a browser asked for shows use, but browsers do not see every request: such days do not count as observed.
_BROWSERS = ((RUM, "request_method", "request_url"), (RUM, None, "page"))


@dataclass
class _Seen:
    """What production says.

    Args:
        days: UTC days with requests, since 1970-01-01.
        requests, last: by number of the route.
    """

    sources: list[str] = field(default_factory=list)
    days: set[int] = field(default_factory=set)
    first_s: float = float("inf")
    last_s: float = float("-inf")
    requests: Counter[int] = field(default_factory=Counter)
    last: dict[int, float] = field(default_factory=dict)

    def quiet_days(self, route: int) -> int:
        """Observed days since the route was last asked for; all of them when it never was."""
        last_day = int(self.last[route] // DAY_S) if route in self.last else -1
        return sum(day > last_day for day in self.days)


def dead_code(loaded: Loaded) -> Outcome:
    """The task `dead-code`; payload `minDays` (1 or more) and `code`, an inventory of the source; optional `keptDays`:
    how long requests are kept, for who waits for more.

    Raises:
        TaskVetoed: no request was ever imported, or `minDays` is none.
        InputError: `code` is no inventory.
    """
    min_days = int(loaded.number("minDays", DEFAULT_MIN_DAYS))
    if not 1 <= min_days <= MAX_WINDOW_DAYS:
        raise TaskVetoed(f"minDays is {min_days}, expected 1 to {MAX_WINDOW_DAYS}")
    if "code" not in loaded.payload:
        raise InputError("code is missing: an inventory of the source, as `aqe production dead-code` makes it")
    code = CodeInventory.from_value(loaded.payload["code"], where="code")
    seen = _look(loaded.between(loaded.now - timedelta(days=MAX_WINDOW_DAYS), loaded.until), code)
    if not seen.days:
        raise NoData("no requests or spans: `aqe import access.log` brings them in; without them nothing is dead")
    judged = [_judge(number, route, seen, min_days) for number, route in enumerate(code.routes)]
    dead = _agreed(judged, code)
    behind = [unit for unit in code.units if unit.routes and dead.issuperset(unit.routes)]
    verdicts = [
        _verdict(number, route, seen, *judged[number], lines=sum(u.lines for u in behind if number in u.routes))
        for number, route in enumerate(code.routes)
    ]
    order = list(Verdict)
    report = DeadCodeReport(
        min_days=min_days,
        sources=tuple(seen.sources),
        observed_from=datetime.fromtimestamp(seen.first_s, UTC),
        observed_to=datetime.fromtimestamp(seen.last_s, UTC),
        observed_days=len(seen.days),
        root=code.root,
        python_files=code.python_files,
        routes=tuple(
            sorted(verdicts, key=lambda v: (v.verdict is not Verdict.CANDIDATE, -order.index(v.verdict), v.path))
        ),
        units=tuple(_unit(unit, code) for unit in behind),
        unreferenced=tuple(unit for unit in code.units if not unit.routes)[:LISTED_UNREFERENCED],
        not_analysed=_not_analysed(code),
        caveats=tuple(_caveats(seen, min_days, loaded.payload.get("keptDays"))),
        left_out=code.left_out,
        insights=tuple(_insights(verdicts, min_days, loaded.now)),
    )
    return Outcome(report, {"aqe/production/dead-code": report})


def _look(loaded: Loaded, code: CodeInventory) -> _Seen:
    """What was ever asked for, against the routes."""
    index = RouteIndex()
    for number, route in enumerate(code.routes):
        index.add(route.path, number)
    seen = _Seen()
    for kind, *columns in (*_REQUESTS, *_BROWSERS):
        counts = (kind, *columns) in _REQUESTS
        days = {int(start // DAY_S) for start, *_ in loaded.tally(kind, bucket_s=DAY_S)} if counts else set()
        if days:
            seen.sources.append(kind)
        seen.days |= days
        for row in loaded.tally(kind, [column for column in columns if column]):
            *named, times, first_s, last_s = row
            path, method = named[-1], named[0] if columns[0] else None
            if counts:
                seen.first_s, seen.last_s = min(seen.first_s, first_s), max(seen.last_s, last_s)
            for number in index.find(_path_of(path)) if path else ():
                if _answers(code.routes[number], method):
                    seen.requests[number] += times
                    seen.last[number] = max(seen.last.get(number, last_s), last_s)
    return seen


def _path_of(url: str) -> str:
    """`https://shop.example/a?b` -> `/a?b`."""
    scheme, separator, rest = url.partition("://")
    return f"/{rest.partition('/')[2]}" if separator and "/" not in scheme else url


def _answers(route: StaticRoute, method: str | None) -> bool:
    """A HEAD is answered by what answers GET; a method that is not said may be any."""
    asked = "GET" if method == "HEAD" else method
    return not route.methods or not asked or asked.upper() in route.methods


def _judge(number: int, route: StaticRoute, seen: _Seen, min_days: int) -> tuple[Verdict, str]:
    """The rule in the module's docstring."""
    quiet = seen.quiet_days(number)
    if number in seen.last and quiet < min_days:
        return Verdict.USED, f"asked for {counted(seen.requests[number], 'time')}, last on {_day(seen.last[number])}"
    never = f"no request in {quiet} observed days"
    if quiet < min_days:
        return Verdict.UNDECIDED, f"{never}, {min_days} are asked for"
    if not route.analysed:
        why = "only a document names it" if route.line is None else "what leads to it is not known"
        return Verdict.UNDECIDED, f"{never}, but its code was not analysed: {why}"
    if route.references:
        return Verdict.UNDECIDED, f"{never}, but it is mentioned at {', '.join(route.references)}"
    return Verdict.CANDIDATE, f"{never}, and nothing in the source mentions it but its registration"


def _agreed(judged: list[tuple[Verdict, str]], code: CodeInventory) -> set[int]:
    """The candidates; one that the code of a route leads to that is none itself is undecided after all."""
    dead = {number for number, (verdict, _) in enumerate(judged) if verdict is Verdict.CANDIDATE}
    while led := {number for number in dead if not dead.issuperset(code.routes[number].led_by)}:
        for number in led:
            leader = next(code.routes[n].path for n in code.routes[number].led_by if n not in dead)
            reason = judged[number][1].partition(",")[0]
            judged[number] = Verdict.UNDECIDED, f"{reason}, but code of the route {leader} leads to it"
        dead -= led
    return dead


def _verdict(
    number: int, route: StaticRoute, seen: _Seen, verdict: Verdict, reason: str, *, lines: int
) -> RouteVerdict:
    return RouteVerdict(
        methods=route.methods,
        path=route.path,
        handler=route.handler,
        file=route.file,
        line=route.line,
        verdict=verdict,
        reason=reason,
        requests=seen.requests[number],
        last_seen=_day(seen.last[number]) if number in seen.last else None,
        quiet_days=seen.quiet_days(number),
        references=route.references,
        tests=route.tests,
        lines=lines,
    )


def _unit(unit: StaticUnit, code: CodeInventory) -> UnitVerdict:
    return UnitVerdict(
        name=unit.name,
        file=unit.file,
        line=unit.line,
        lines=unit.lines,
        routes=tuple(code.routes[number].path for number in unit.routes),
    )


def _not_analysed(code: CodeInventory) -> dict[str, NotMeasured]:
    found = {
        f".{extension}": NotMeasured(reason=f"{counted(count, 'file')}: only Python's code is analysed")
        for extension, count in code.other_languages.items()
    }
    for problem in code.unreadable:
        file, _, reason = problem.partition(": ")
        found[file] = NotMeasured(reason=reason or "could not be read")
    return found


def _caveats(seen: _Seen, min_days: int, kept_days: object) -> Iterator[str]:
    yield "a request made once a year, or by somebody whose traffic is not imported, was not seen: ask the owner"
    if len(seen.days) < min_days and isinstance(kept_days, int) and kept_days < min_days:
        yield (
            f"requests are kept for {counted(kept_days, 'day')} after their import, {min_days} are asked for:"
            " `retention` in aqe.yaml keeps them longer"
        )
    if seen.sources == [SPANS]:
        yield "only traces were looked at, which are often a sample: rare requests may be missing"


def _insights(verdicts: list[RouteVerdict], min_days: int, now: datetime) -> Iterator[Insight]:
    dead = [verdict for verdict in verdicts if verdict.verdict is Verdict.CANDIDATE]
    if dead:
        named = ", ".join(verdict.path for verdict in dead[:5])
        yield Insight(
            id="insight-dead-code",
            title=f"Nobody asked for {counted(len(dead), 'route')} in {min_days} observed days or more",
            detail=f"{named}{' and more' if len(dead) > 5 else ''}; nothing in the source mentions them.",
            priority=FindingPriority.LOW,
            evidence=("aqe/production/dead-code",),
            recommendation="Ask their owners whether they may go; each is code to test and to attack.",
            created_at=now,
        )


def _day(at_s: float) -> date:
    return datetime.fromtimestamp(at_s, UTC).date()
