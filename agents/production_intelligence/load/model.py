"""A day of traffic into what a load test follows: at most twelve ramps with the day's shape and its peak."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ....analysis.series.arrivals import dispersion
from ....analysis.series.ramps import Knot, ramps
from ....analysis.series.traffic_profile import DAY_S, Minutes
from ....core.records.evidence import NotMeasured
from ....core.records.production.load import Arrivals, EndpointMix, LoadModel, Ramp, UserClasses

MAX_RAMPS = 12
"""More stages than that nobody reads."""
MINUTE_S = 60
LEAST_MINUTES = 30
"""Of uninterrupted traffic, below which there is no shape."""
POISSON_BAND = 1.25
"""Dispersion up to which, and down to one over it, arrivals pass for a Poisson process: no load test would differ."""
SIGNIFICANCE = 0.01

Array = NDArray[np.float64]


def load_model(
    name: str,
    minutes: Minutes,
    day: int,
    *,
    unit: str,
    mix: EndpointMix,
    users: UserClasses | NotMeasured,
    scale: float = 1.0,
) -> LoadModel | NotMeasured:
    """The model of one day.

    Args:
        name: what it is a model of: "busiest day", "black-friday".
        minutes: the traffic.
        day: row of it.
        unit: of the counts.
        scale: what its rates are multiplied with, above 0.
    """
    first, counts = minutes.run(day)
    if len(counts) < LEAST_MINUTES:
        return NotMeasured(
            reason=f"the busiest day has {len(counts)} minutes of traffic without a break, {LEAST_MINUTES} are needed"
        )
    rates = counts * (scale / MINUTE_S)
    knots = ramps(rates, MAX_RAMPS)
    drawn = np.interp(np.arange(len(rates)), [knot.at for knot in knots], [knot.rate for knot in knots])
    at = day_date(minutes, day)
    return LoadModel(
        name=name,
        unit=unit,
        day=at,
        starts_at=datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(minutes=first),
        scale=scale,
        ramps=tuple(_ramps(knots)),
        peak_rps=float(drawn.max()),
        mean_rps=float(rates.mean()),
        fit_nrmse=float(np.sqrt(np.mean((drawn - rates) ** 2)) / rates.mean()),
        peak_error=float(abs(drawn.max() / rates.max() - 1)),
        mix=mix,
        users=users,
        arrivals=arrivals(counts),
    )


def day_date(minutes: Minutes, day: int) -> date:
    """The UTC day of a row."""
    return datetime.fromtimestamp((minutes.first_day + day) * DAY_S, UTC).date()


def arrivals(counts: Array) -> Arrivals | NotMeasured:
    """How requests arrive around their rate.

    Args:
        counts: by the minute, NaN where not observed.
    """
    found = dispersion(counts)
    if found is None:
        return NotMeasured(reason="no whole hour with 5 or more a minute: too little to tell bursts from chance")
    poisson = found.p_value >= SIGNIFICANCE or 1 / POISSON_BAND <= found.ratio <= POISSON_BAND
    process = "poisson" if poisson else "bursty" if found.ratio > 1 else "regular"
    return Arrivals(process=process, dispersion=found.ratio, p_value=found.p_value, bucket_s=MINUTE_S)


def _ramps(knots: Sequence[Knot]) -> list[Ramp]:
    return [
        Ramp(start_rps=start.rate, end_rps=end.rate, duration_s=(end.at - start.at) * MINUTE_S)
        for start, end in pairwise(knots)
    ]
