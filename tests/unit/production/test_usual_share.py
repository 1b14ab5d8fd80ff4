"""Chance is reckoned with the share that was usual, not with the expectation of the next bucket."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.anomalies.report import Judged, judge
from aqe.agents.production_intelligence.anomalies.rules import Method
from aqe.agents.production_intelligence.anomalies.search import Search
from aqe.agents.production_intelligence.anomalies.series import About, Array, Measure, Series
from aqe.agents.production_intelligence.anomalies.usual_share import UsualShare
from aqe.core.records.bulk.levels import Scope

BUCKET_S = 300.0
DAYS = 10


def errors_of(name: str, seed: int, share: Array) -> Series:
    """Of about thirty requests a bucket, the given share."""
    draws = np.random.default_rng(seed)
    totals = draws.poisson(30, len(share))
    times = np.arange(1.7e9, 1.7e9 + BUCKET_S * len(share), BUCKET_S)
    about = About(name, "access", Measure.ERRORS, Scope("", name), "share", BUCKET_S)
    known = totals >= 5
    values = np.where(known, draws.binomial(totals, share), 0).astype(float) / np.maximum(totals, 1)
    return Series(about, times, values, known, totals.astype(float), float(times[-1]))


def judged(share: Array, series: int = 20) -> list[Judged]:
    """What is told of so many series."""
    search = Search(Method())
    found = [judge(one, ()) for one in search.events(errors_of(f"GET /{n}", n, share) for n in range(series))]
    return [one for one in found if not (one.better or one.chance)]


def test_rare_errors_of_steady_traffic_are_no_anomalies() -> None:
    """Two failures in one bucket of an endpoint that fails once in 300 requests happen once a day."""
    assert len(judged(np.full(DAYS * 288, 0.003))) <= 4  # in 200 days of series; it was 11


def test_an_outage_is_told_again_the_day_after() -> None:
    """No record is broken by the second, a day is expected to be like the one before, and it is not in the way that
    between them nothing happened where something was expected.
    """
    share = np.full(DAYS * 288, 0.003)
    share[2000:2024] = share[2324:2336] = 0.3
    begins = [round((one.anomaly.began_at.timestamp() - 1.7e9) / BUCKET_S) for one in judged(share)]
    for outage in (2000, 2324):
        assert sum(outage - 1 <= begin < outage + 3 for begin in begins) == 20


@given(st.lists(st.integers(1, 40), max_size=4), st.integers(0, 60))
def test_blocks_of_any_size_come_to_the_same(cuts: list[int], until: int) -> None:
    """Looking often must tell what looking once tells, to the last bit."""
    one = errors_of("GET /", 1, np.full(60, 0.2))
    totals, times = one.totals, one.times_s
    assert totals is not None
    hits = np.round(one.values * totals)
    begin = UsualShare(float(times[0]))
    moment = float(times[0] + until * BUCKET_S)
    (once,) = begin.at_each([moment], times, hits, totals, BUCKET_S)
    share, at = begin, 0
    for stop in sorted({min(cut, until) for cut in cuts} | {until}):
        here = slice(at, stop)
        if at < stop:
            (share,) = share.at_each(
                [float(times[0] + stop * BUCKET_S)], times[here], hits[here], totals[here], BUCKET_S
            )
        at = stop
    assert (share.hits, share.total) == (once.hits, once.total)
    assert share.least <= share.most


def test_what_is_long_ago_fades() -> None:
    """A fault of last week is not usual any more."""
    share = np.r_[np.full(12, 0.5), np.full(7 * 288, 0.0)]
    one = errors_of("GET /", 2, share)
    assert one.totals is not None
    hits = np.round(one.values * one.totals)
    moments = [float(one.times_s[12]), float(one.times_s[-1])]
    then, now = UsualShare(0.0).at_each(moments, one.times_s, hits, one.totals, BUCKET_S)
    assert then.most > 0.3 and now.most < 0.003
