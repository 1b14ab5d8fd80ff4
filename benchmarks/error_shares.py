"""Error shares of simulated endpoints: anomalies told where nothing happened, outages told, the second as the first.

Requests of a bucket are Poisson, failures binomial; nothing changes but in the outages. Beside the product's way the
fixed rule of 3 standard deviations, which goes through the same judging (severity, chance).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..agents.production_intelligence.anomalies.report import judge
from ..agents.production_intelligence.anomalies.rules import Method
from ..agents.production_intelligence.anomalies.search import Search
from ..agents.production_intelligence.anomalies.series import About, Measure, Series
from ..core.records.bulk.levels import Scope
from .report import table

Array = NDArray[np.float64]
BUCKET_S = 300.0
A_DAY, DAYS, ENDPOINTS = 288, 10, 40
REQUESTS = (10, 30, 100)
"""Of a bucket."""
USUAL = (0.0005, 0.003, 0.01)
"""Share that fails."""
FIRST, SECOND = range(7 * A_DAY, 7 * A_DAY + 24), range(7 * A_DAY + 324, 7 * A_DAY + 336)
"""Buckets of the outages: two hours, and one hour 27 hours later."""
WORSE = (0.1, 0.3)
"""Share that fails besides, in an outage."""
METHODS = {"ours": Method(), "fixed 3 sigma": Method(sigmas=3.0)}


def measured() -> list[dict[str, Any]]:
    """Print the table; one row a method, traffic and usual share."""
    rows = [
        {"method": name, "requests": requests, "usual": usual, **_of(method, requests, usual)}
        for name, method in METHODS.items()
        for requests in REQUESTS
        for usual in USUAL
    ]
    header = ("method", "requests a bucket", "usual share", "false, a series and week", *_outages())
    cells = [
        [str(row["method"]), str(row["requests"]), f"{row['usual']:.2%}", f"{row['false']:.3f}"]
        + [f"{row[name]:.2f}" for name in _outages()]
        for row in rows
    ]
    table(f"Error shares, {ENDPOINTS} endpoints of {DAYS} days a row; share of outages told", header, cells)
    return rows


def _outages() -> list[str]:
    return [f"+{worse:.0%}, {which}" for worse in WORSE for which in ("first", "second")]


def _of(method: Method, requests: int, usual: float) -> dict[str, float]:
    steady = np.full(DAYS * A_DAY, usual)
    found = {"false": len(list(_told(method, requests, steady))) / ENDPOINTS / DAYS * 7}
    for worse in WORSE:
        share = steady.copy()
        share[[*FIRST, *SECOND]] += worse
        told = list(_told(method, requests, share))
        for which, outage in (("first", FIRST), ("second", SECOND)):
            hit = {name for name, begin in told if outage.start - 2 <= begin < outage.stop}
            found[f"+{worse:.0%}, {which}"] = len(hit) / ENDPOINTS
    return found


def _told(method: Method, requests: int, share: Array) -> Iterator[tuple[str, int]]:
    """Endpoint and first bucket of every anomaly told."""
    for found in Search(method).events(_endpoint(n, requests, share) for n in range(ENDPOINTS)):
        judged = judge(found, ())
        if not (judged.better or judged.chance):
            yield found.about.name, round(found.event.began_s / BUCKET_S)


def _endpoint(n: int, requests: int, share: Array) -> Series:
    draws = np.random.default_rng(n)
    totals = draws.poisson(requests, len(share))
    known = totals >= 5
    values = np.where(known, draws.binomial(totals, share), 0).astype(float) / np.maximum(totals, 1)
    times = np.arange(0.0, len(share) * BUCKET_S, BUCKET_S)
    about = About(f"GET /{n}", "access", Measure.ERRORS, Scope("", f"GET /{n}"), "share", BUCKET_S)
    return Series(about, times, values, known, totals.astype(float), float(times[-1]))
