"""Named days: what they did to traffic against the same weekdays before, and the load to expect of the next ones.

The usual days of an occurrence are the same weekdays of the six weeks before it that were observed whole and are no
named days themselves. What the data do not hold is NOT_MEASURED: last year's logs can be imported at any time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from ....analysis.series.event_effect import LEAST_WEEKS, Effect, effect, next_effect
from ....analysis.series.traffic_profile import DAY_S, Minutes
from ....core.errors import NoData, TaskVetoed
from ....core.numbers import counted, value_text
from ....core.occasions import ASKED_BY_DEFAULT, OCCASIONS, Occasion, occasions
from ....core.records.evidence import NotMeasured
from ....core.records.production.findings import FindingPriority, Insight
from ....core.records.production.load import LoadModel
from ....core.records.production.season import EventEffect, Multiplier, Occurrence, SeasonalAnalysis
from ....core.registry import did_you_mean
from ...outcome import Outcome
from ..loaded import MAX_WINDOW_DAYS, Loaded
from .model import load_model
from .traffic import Traffic, endpoint_mix, traffic_of
from .visitors import user_classes

USUAL_WEEKS = 6
"""Before an occurrence, whose same weekdays it is compared with; more would reach into another season."""
WEEKS_BACK = range(1, USUAL_WEEKS + 1)
SOON = timedelta(days=60)
"""Before an event, from which an insight speaks of it."""

Array = NDArray[np.float64]
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class _Days:
    """The traffic by day, and which days are no usual ones."""

    minutes: Minutes
    named: frozenset[date]

    def total(self, day: date) -> float:
        """NaN where not all of it was observed."""
        row = self.row(day)
        return float(self.minutes.totals[row]) if 0 <= row < len(self.minutes.totals) else float("nan")

    def row(self, day: date) -> int:
        return (day - EPOCH).days - self.minutes.first_day

    def usual(self, days: Sequence[date]) -> Array:
        """(USUAL_WEEKS, days) totals of the same weekdays in the weeks before; NaN for what is named or not known."""
        weeks = [[day - timedelta(weeks=(day - days[0]).days // 7 + back) for day in days] for back in WEEKS_BACK]
        totals = np.array([[np.nan if day in self.named else self.total(day) for day in week] for week in weeks])
        return np.where(totals > 0, totals, np.nan)


def seasonal_analysis(loaded: Loaded) -> Outcome:
    """The task `seasonal-analysis`: payload `events`, names of core/occasions.

    Raises:
        TaskVetoed: an unknown event, or no traffic at all.
    """
    names = _names(loaded.payload.get("events") or ASKED_BY_DEFAULT)
    if "days" not in loaded.payload:
        loaded = loaded.between(loaded.now - timedelta(days=MAX_WINDOW_DAYS), loaded.until)
    traffic = traffic_of(loaded)
    if traffic is None:
        raise NoData("no requests, spans or page views: `aqe import access.log` brings them in")
    days = _Days(traffic.minutes, _named(traffic.minutes))
    analysis = SeasonalAnalysis(
        source=traffic.source.kind,
        unit=traffic.source.unit,
        window_from=datetime.fromtimestamp(traffic.first_s, UTC),
        window_to=datetime.fromtimestamp(traffic.last_s, UTC),
        observed_days=int((~np.isnan(traffic.minutes.counts)).any(axis=1).sum()),
        events=tuple(_event(loaded, traffic, days, name) for name in names),
    )
    analysis = analysis.model_copy(update={"insights": tuple(_insights(analysis, loaded.now))})
    return Outcome(analysis, {"aqe/production/seasonal-analysis": analysis})


def _names(asked: object) -> tuple[str, ...]:
    if not isinstance(asked, Sequence) or isinstance(asked, str):
        raise TaskVetoed(f"events is {asked!r:.80}, expected a list of names")
    for name in asked:
        if not isinstance(name, str) or name not in OCCASIONS:
            raise TaskVetoed(
                f"no event {name!r:.80}{did_you_mean(str(name), OCCASIONS)}; known: {', '.join(OCCASIONS)}"
            )
    return tuple(dict.fromkeys(asked))


def _named(minutes: Minutes) -> frozenset[date]:
    first = EPOCH + timedelta(days=minutes.first_day)
    last = first + timedelta(days=len(minutes.counts))
    found = (occasions(name, first, last) for name in OCCASIONS)
    return frozenset(day for occasion in found for one in occasion for day in one.days())


def _event(loaded: Loaded, traffic: Traffic, days: _Days, name: str) -> EventEffect:
    today = loaded.now.date()
    first = EPOCH + timedelta(days=traffic.minutes.first_day)
    past = [one for one in occasions(name, first, today) if all(days.total(day) > 0 for day in one.days())]
    found = [(one, effect(np.array([days.total(d) for d in one.days()]), days.usual([*one.days()]))) for one in past]
    known = [(one, its) for one, its in found if its is not None]
    coming = next(occasions(name, today, today + timedelta(days=800)))
    promised: Effect | None = next_effect([its for _, its in known]) if known else None
    return EventEffect(
        event=name,
        occurrences=tuple(_occurrence(days, one, its) for one, its in found),
        multiplier=_multiplier(promised) if promised else _unknown(name, traffic, past),
        next_first_day=coming.first,
        next_last_day=coming.last,
        model=_model(loaded, traffic, days, known[-1], promised.ratio) if promised else _unknown(name, traffic, past),
    )


def _unknown(name: str, traffic: Traffic, past: Sequence[Occasion]) -> NotMeasured:
    if past:
        return NotMeasured(
            reason=f"too few usual days before {name}: whole ones of {LEAST_WEEKS} weeks are needed, of the"
            f" {USUAL_WEEKS} weeks before"
        )
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (traffic.first_s, traffic.last_s))
    return NotMeasured(
        reason=f"the data hold no whole {name}: they go from {first} to {last}; older logs can be imported"
    )


def _multiplier(of: Effect) -> Multiplier:
    return Multiplier(value=of.ratio, low=of.low, high=of.high)


def _occurrence(days: _Days, one: Occasion, its: Effect | None) -> Occurrence:
    totals = [days.total(day) for day in one.days()]
    usual = days.usual([*one.days()])
    means = [float(np.nanmean(u)) for u in usual.T if not np.isnan(u).all()]
    count = int((~np.isnan(usual)).sum())
    rows = [days.row(day) for day in one.days()]
    return Occurrence(
        first_day=one.first,
        last_day=one.last,
        rps=float(np.mean(totals)) / DAY_S,
        usual_rps=float(np.mean(means)) / DAY_S if means else None,
        usual_days=count,
        peak_rps=float(days.minutes.counts[rows].max()) / 60,
        multiplier=_multiplier(its)
        if its
        else NotMeasured(reason=f"{counted(count, 'usual day')} before it, of {LEAST_WEEKS} weeks are needed"),
    )


def _model(
    loaded: Loaded, traffic: Traffic, days: _Days, known: tuple[Occasion, Effect], promised: float
) -> LoadModel | NotMeasured:
    """The last time's busiest day, raised or lowered to what is expected at the level of now."""
    last, its = known
    busiest = max(last.days(), key=lambda day: float(days.minutes.counts[days.row(day)].max()))
    newest = EPOCH + timedelta(days=traffic.minutes.first_day + len(traffic.minutes.counts))
    # The same weekday as the busiest day had, in the weeks up to the newest data.
    like_it = newest + timedelta(days=(busiest.weekday() - newest.weekday()) % 7)
    now = days.usual([like_it])
    if np.isnan(now).all():
        return NotMeasured(
            reason=f"no whole {busiest:%A} in the last {USUAL_WEEKS} weeks: the level of now is not known"
        )
    then = days.usual([*last.days()])[:, (busiest - last.first).days]
    at_it = loaded.between(_midnight(last.first), _midnight(last.last + timedelta(days=1)))
    return load_model(
        last.name,
        traffic.minutes,
        days.row(busiest),
        unit=traffic.source.unit,
        mix=endpoint_mix(at_it, traffic.source),
        users=user_classes(at_it),
        scale=float(np.nanmean(now) / np.nanmean(then)) * promised / its.ratio,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _insights(analysis: SeasonalAnalysis, now: datetime) -> Iterator[Insight]:
    """What comes soon and is known to bring more."""
    for event in analysis.events:
        expected, until = event.multiplier, event.next_first_day - now.date()
        measured = sum(isinstance(one.multiplier, Multiplier) for one in event.occurrences)
        if isinstance(expected, Multiplier) and expected.low > 1 and until <= SOON:
            rate = (
                f", {value_text(event.model.peak_rps)} {analysis.unit} a second at its peak"
                if isinstance(event.model, LoadModel)
                else ""
            )
            yield Insight(
                id=f"insight-season-{event.event}",
                title=f"{event.event} in {counted(until.days, 'day')}: {expected.value:.1f} times the usual traffic",
                detail=f"95 % interval {expected.low:.1f} to {expected.high:.1f}, from"
                f" {counted(measured, 'occurrence')}{rate}.",
                priority=FindingPriority.HIGH,
                evidence=("aqe/production/seasonal-analysis", analysis.source),
                recommendation="Test at that rate before.",
                created_at=now,
            )
