"""Watching series: the same events whatever the blocks, also when the state went through JSON in between."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.series.alarms import AlarmRules
from aqe.analysis.series.excursions import Excursion
from aqe.analysis.series.packing import pack, unpack
from aqe.analysis.series.series_watch import SeriesWatch

INTERVAL_S = 1800.0
POINTS = 700
RULES = AlarmRules.for_interval(INTERVAL_S)


def watched(seed: int, cuts: list[int], *, sigmas: float | None, through_json: bool) -> list[list[Excursion]]:
    """Events of two series with faults, by their last state, in order of their begin."""
    random = np.random.default_rng(seed)
    values = random.normal(10.0, 1.0, (2, POINTS)) + 3 * np.sin(np.arange(POINTS) / 24 * np.pi)
    for begin in random.integers(200, POINTS, 4):
        values[random.integers(2), begin : begin + random.integers(1, 40)] += random.choice([-30.0, 60.0])
    times = np.arange(float(POINTS)) * INTERVAL_S
    watch = SeriesWatch(2, INTERVAL_S, RULES, sigmas, [1, seed % 3 - 1])
    found: list[dict[float, Excursion]] = [{}, {}]
    edges = sorted({0, POINTS, *cuts})
    for begin, end in pairwise(edges):
        for events, row in zip(found, watch.feed(times[begin:end], values[:, begin:end]), strict=True):
            events |= {event.began_s: event for event in row}
        if through_json:
            watch = unpack(SeriesWatch, json.loads(json.dumps(pack(watch))))
    return [list(events.values()) for events in found]


@given(
    st.integers(0, 200),
    st.lists(st.integers(0, POINTS), max_size=6),
    st.sampled_from([None, 3.0]),
    st.booleans(),
)
def test_going_on_where_it_stopped_equals_one_pass(
    seed: int, cuts: list[int], sigmas: float | None, through_json: bool
) -> None:
    """To the last bit: not only the same events, but the same floats in them."""
    whole = watched(seed, [], sigmas=sigmas, through_json=False)
    assert watched(seed, cuts, sigmas=sigmas, through_json=through_json) == whole


def test_some_of_these_series_have_events() -> None:
    """Else the property above would hold of nothing."""
    assert sum(len(events) for seed in range(5) for events in watched(seed, [], sigmas=None, through_json=False)) > 5


def test_a_stand_in_raises_no_alarm() -> None:
    """It is no value, however odd it looks."""
    values = np.append(np.random.default_rng(1).normal(10.0, 1.0, 400), [90.0, 90.0])[None, :]
    times = np.arange(402.0) * INTERVAL_S
    silent = np.zeros((1, 402), dtype=bool)
    silent[0, 400:] = True
    assert SeriesWatch(1, INTERVAL_S, RULES).feed(times, values)[0][-1].observed == 90.0
    (events,) = SeriesWatch(1, INTERVAL_S, RULES).feed(times, values, silent=silent)
    assert all(event.observed < 90.0 for event in events)


def errors_with(*outages: range) -> list[Excursion]:
    """Events of a small share of errors, of which more is worse."""
    values = np.abs(np.random.default_rng(2).normal(0.0, 0.01, 1500))
    for outage in outages:
        values[outage.start : outage.stop] += 0.4
    times = np.arange(1500.0) * INTERVAL_S
    return SeriesWatch(1, INTERVAL_S, RULES, worse=[1]).feed(times, values[None, :])[0]


def test_the_second_outage_is_as_bad_as_the_first() -> None:
    """It breaks no record, and the first makes it half expected."""
    begins = {
        event.began_s / INTERVAL_S for event in errors_with(range(900, 912), range(1044, 1054), range(1200, 1210))
    }
    assert {900, 1044, 1200} <= begins


def test_what_an_event_came_to_is_not_where_the_series_swings_back() -> None:
    """After a long outage it is the return to normal that is far from what is expected by then."""
    (event,) = [one for one in errors_with(range(900, 1100)) if one.began_s / INTERVAL_S == 900]
    assert event.deviation > 0.3


@pytest.mark.parametrize("packed", [None, {}, [], {"series": 1}, "x"])
def test_what_is_no_state_is_refused(packed: object) -> None:
    with pytest.raises(ValueError, match="no state of a SeriesWatch"):
        unpack(SeriesWatch, packed)
