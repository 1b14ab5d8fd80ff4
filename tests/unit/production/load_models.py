"""Models of load for tests of the plan and of the tools' files."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.load import EndpointMix, EndpointShare, LoadModel, Percentile, Ramp, ResponseTimes

SHOP = (("GET", "/api/products/{id}", 6000), ("GET", "/", 3000), ("GET", "/cart", 700), ("POST", "/api/orders", 300))
"""Method, path, requests."""
DAY = ((2.0, 2.0, 21_600), (2.0, 10.0, 10_800), (10.0, 60.0, 60), (60.0, 10.0, 60), (10.0, 0.0, 21_600))
"""From and to requests a second, seconds: a peak of two minutes and a night without traffic."""


def times(timed: int = 10_000) -> ResponseTimes:
    """Evenly from 1 to 1,000 ms, as far as a load test looks."""
    return ResponseTimes(
        timed=timed, percentiles=tuple(Percentile(percent=p, ms=10 * p) for p in (50, 95, 96, 97, 98, 99, 99.5))
    )


def a_mix(
    requests: Iterable[tuple[str, str, int]] = SHOP, *, other: int = 0, timed: int | None = 10_000
) -> EndpointMix:
    """One of 1,000 answered with 5xx, one of 100 with 4xx."""
    of = list(requests)
    total = sum(count for _, _, count in of) + other
    known = times(timed) if timed else None
    shares = (
        EndpointShare(
            method=method,
            path=path,
            requests=count,
            share=count / total,
            error_share=0.001,
            refused_share=0.01,
            times=known,
        )
        for method, path, count in of
    )
    return EndpointMix(endpoints=tuple(shares), other_share=other / total, distinct=len(of) + other, times=known)


def a_model(ramps: Iterable[tuple[float, float, int]] = DAY, *, mix: EndpointMix | None = None) -> LoadModel:
    lines = [Ramp(start_rps=start, end_rps=end, duration_s=seconds) for start, end, seconds in ramps]
    return LoadModel(
        name="busiest day",
        unit="requests",
        day=date(2026, 1, 9),
        starts_at=datetime(2026, 1, 9, tzinfo=UTC),
        ramps=tuple(lines),
        peak_rps=max(max(line.start_rps, line.end_rps) for line in lines),
        mean_rps=1.0,
        fit_nrmse=0.0,
        peak_error=0.0,
        mix=mix or a_mix(),
        users=NotMeasured(reason="no sessions"),
        arrivals=NotMeasured(reason="too few"),
    )
