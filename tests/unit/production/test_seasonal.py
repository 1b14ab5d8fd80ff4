"""Named days: what they did to traffic, and nothing said where the data hold none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aqe.agents.production_intelligence.load.seasonal import seasonal_analysis
from aqe.analysis.series.event_effect import effect, next_effect
from aqe.core.errors import TaskVetoed
from aqe.core.occasions import OCCASIONS, occasions
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.load import LoadModel
from aqe.core.records.production.season import EventEffect, Multiplier, SeasonalAnalysis
from aqe.tests.unit.production.windows import loaded, request

LAST_YEAR = (date(2025, 10, 17), date(2025, 12, 2))
THIS_YEAR = (date(2026, 10, 12), date(2026, 11, 1))
BLACK_FRIDAY = date(2025, 11, 28)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def traffic(*stretches: tuple[date, date], level: float = 1.0, event: float = 4.0) -> Iterator[AccessRow]:
    """Twice as much on Fridays as else, a little more in every third week; `event` times that on Black Friday."""
    for first, last in stretches:
        for number in range((last - first).days):
            day = first + timedelta(days=number)
            times = (2 if day.weekday() == 4 else 1) * (1.1 if number // 7 % 3 == 0 else 1.0)
            times *= (event if day == BLACK_FRIDAY else 1.0) * (level if first.year == 2026 else 1.0)
            for hour in range(24):
                for n in range(round(5 * times * (2 if hour == 20 else 1))):
                    minute = 59 if n == 0 and hour == 23 else n % 60
                    yield request(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC), "/buy")


def found(rows: Iterator[AccessRow], *events: str, **payload: Any) -> SeasonalAnalysis:
    answer = seasonal_analysis(loaded(rows, now=NOW, events=list(events), **payload)).answer
    assert isinstance(answer, SeasonalAnalysis)
    return answer


def black_friday(rows: Iterator[AccessRow]) -> EventEffect:
    return found(rows, "black-friday").events[0]


def test_an_event_is_measured_against_the_same_weekdays_before() -> None:
    """Friday's double traffic is not taken for the event's; Halloween, a Friday too, is no usual day."""
    analysis = found(traffic(LAST_YEAR, THIS_YEAR), "black-friday")
    event = analysis.events[0]
    assert isinstance(event.multiplier, Multiplier)
    assert event.multiplier.value == pytest.approx(4, rel=0.08)
    assert event.multiplier.low < 4 < event.multiplier.high
    assert [(o.first_day, o.usual_days) for o in event.occurrences] == [(BLACK_FRIDAY, 5)]
    assert event.next_first_day == date(2026, 11, 27)
    assert [insight.id for insight in analysis.insights] == ["insight-season-black-friday"]


def test_the_load_expected_next_stands_at_the_level_of_now() -> None:
    """Twice the traffic of last year: twice the peak of last year's event, with its shape."""
    event = black_friday(traffic(LAST_YEAR, THIS_YEAR, level=2.0))
    model = event.model
    assert isinstance(model, LoadModel)
    assert model.peak_rps == pytest.approx(2 * event.occurrences[0].peak_rps, rel=0.1)
    assert model.starts_at.date() == BLACK_FRIDAY and len(model.ramps) <= 12
    assert model.mix.endpoints[0].path == "/buy"


def test_an_event_that_did_nothing_has_an_interval_around_one_and_no_insight() -> None:
    analysis = found(traffic(LAST_YEAR, THIS_YEAR, event=1.0), "black-friday")
    multiplier = analysis.events[0].multiplier
    assert isinstance(multiplier, Multiplier)
    assert multiplier.low < 1 < multiplier.high
    assert analysis.insights == ()


def test_data_without_the_event_say_so() -> None:
    event = black_friday(traffic(THIS_YEAR))
    assert isinstance(event.multiplier, NotMeasured) and isinstance(event.model, NotMeasured)
    assert "2026-10-12" in event.multiplier.reason and event.occurrences == ()


def test_an_event_at_the_begin_of_the_data_has_nothing_to_be_compared_with() -> None:
    """It is listed, without a multiplier."""
    event = black_friday(traffic((date(2025, 11, 20), date(2025, 12, 2))))
    assert isinstance(event.multiplier, NotMeasured)
    assert isinstance(event.occurrences[0].multiplier, NotMeasured)


def test_a_mistyped_event_is_told() -> None:
    with pytest.raises(TaskVetoed, match="did you mean 'black-friday'"):
        found(traffic(THIS_YEAR), "blackfriday")


def test_no_traffic_is_one_sentence() -> None:
    with pytest.raises(TaskVetoed, match="aqe import"):
        found(iter(()), "black-friday")


@pytest.mark.parametrize("name", OCCASIONS)
def test_every_event_comes_once_a_year(name: str) -> None:
    found = list(occasions(name, date(2019, 12, 1), date(2030, 1, 31)))
    assert 10 <= len(found) <= 11
    assert all(350 <= (b.first - a.first).days <= 385 for a, b in pairwise(found))


@pytest.mark.parametrize("days", [1, 4, 23])
def test_the_interval_of_an_effect_covers_as_often_as_it_says_where_the_level_wanders(days: int) -> None:
    """95 of 100, of days that also scatter by themselves; 4 of 100 is the error of so many draws and freedoms."""
    draws = np.random.default_rng(1)
    inside = 0
    for _ in range(600):
        weeks = np.cumsum(draws.normal(0.0, 0.2, 11))
        logs = np.repeat(weeks, 7) + draws.normal(0.0, 0.02, 77)
        one = effect(3 * np.exp(logs[42 : 42 + days]), np.exp(_weeks_before(logs, 42, days)))
        assert one is not None
        inside += one.low <= 3 <= one.high
    assert inside / 600 == pytest.approx(0.95, abs=0.04)


def test_days_that_rise_and_fall_together_are_not_so_many_witnesses() -> None:
    """The interval of four such days is as wide as that of one."""
    weeks = np.array([[0.9], [1.1], [1.0], [1.2], [0.8], [1.0]])
    one, four = effect(np.array([2.0]), weeks), effect(np.full(4, 2.0), np.repeat(weeks, 4, axis=1))
    assert one is not None and four == pytest.approx(one)


def test_what_is_not_known_of_a_week_leaves_the_others() -> None:
    """Days of three weeks are needed, and each day of the event has to have been seen before."""
    usual = np.full((4, 2), 100.0) + np.arange(4.0)[:, None]
    usual[1] = np.nan
    assert effect(np.array([200.0, 200.0]), usual) is not None
    usual[:, 1] = np.nan
    assert effect(np.array([200.0, 200.0]), usual) is None


def _weeks_before(logs: NDArray[np.float64], first: int, days: int) -> NDArray[np.float64]:
    weekdays = first + np.arange(days) % 7
    return np.array([logs[weekdays - 7 * back] for back in range(1, 7)])


def test_occurrences_that_differ_widen_what_is_promised() -> None:
    one, other = (effect(np.array([ratio]), np.array([[0.9], [1.0], [1.1], [1.0]])) for ratio in (2.0, 6.0))
    assert one is not None and other is not None
    alike, unlike = next_effect([one, one]), next_effect([one, other])
    assert unlike.high / unlike.low > 2 * alike.high / alike.low
