"""A model of recorded load into a test of so long and so many requests a second.

The day's shape is kept: time runs faster, rates are multiplied. What can be asked for without bodies and without
changing anything is asked for in its recorded proportion; what is left out is said.
"""

import re
from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import Literal
from urllib.parse import quote

from ....analysis.inference.run_limits import level_for, most_failures
from ....core.errors import InputError
from ....core.numbers import duration_text, fine_percent, value_text
from ....core.records.production.load import Arrivals, EndpointMix, EndpointShare, LoadModel, Ramp, ResponseTimes
from ....core.records.production.load_test import LoadLimit, LoadRequest, LoadStage, LoadTest

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, RFC 9110 section 9.2.1; TRACE is refused by most servers."""
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FALSE_ALARM = 0.01
"""Chance that a service as good as the record breaks any of a run's limits."""
LEAST_PLANNED = 100
"""Requests of the run to an endpoint, below which it gets no limits of its own."""
ASSUMED_MS = 500.0
"""Response time where none was recorded, only for the number of requests at the same time."""
LEAST_STAGE_S, LEAST_PARTS = 30.0, 24
"""No stage is shorter than so many seconds, or such a part of the test if that is less: pressed into ten minutes, the
busiest minute of a day would be over in half a second."""
STEP_S = 0.1
"""Stages last multiples of it."""
MAX_REQUESTS = 100_000_000
"""Of a run: beyond it somebody mistook a unit."""
# What RFC 3986 allows in a path, and `%` for what was encoded before.
_PATH_CHARACTERS = "/:@!$&'()*+,;=-._~%"
_ID = "{id}"

ShareFigure = Literal["errors", "refused"]
TimeFigure = Literal["p95", "p99"]
P95: tuple[TimeFigure, int] = ("p95", 95)
P99: tuple[TimeFigure, int] = ("p99", 99)


def plan_load_test(
    model: LoadModel, *, duration_s: float, peak_rps: float | None = None, include_unsafe: bool = False
) -> LoadTest:
    """What a load tool is to do.

    Args:
        duration_s: of the test, above 0: the model's whole time is pressed into it.
        peak_rps: highest rate, above 0; None = the model's.
        include_unsafe: also ask for what may change data.

    Raises:
        InputError: nothing of the mix can be asked for, or not a single request would be sent.
    """
    scale = 1.0 if peak_rps is None else peak_rps / model.peak_rps
    stages = tuple(_stages(model.ramps, duration_s, scale))
    start = model.ramps[0].start_rps * scale
    planned = _planned(start, stages)
    kept = _kept(model.mix, UNSAFE | SAFE if include_unsafe else SAFE)
    requests = tuple(_requests(kept))
    peak = model.peak_rps * scale
    in_flight, because = _in_flight(peak, model.mix.times)
    return LoadTest(
        name=_words(model.name) or "recorded",
        title=f"{model.name}, {model.day}, in {duration_s:g} s with a peak of {value_text(peak)} requests a second",
        derived=_derived(model, duration_s),
        notes=tuple(_notes(model, kept, duration_s, include_unsafe)),
        start_rps=start,
        stages=stages,
        peak_rps=peak,
        planned=planned,
        requests=requests,
        slots=tuple(sorted({slot for request in requests for slot in re.findall(r"\{(\w+)\}", request.path)})),
        limits=tuple(_limits(model.mix, kept, requests, planned)),
        in_flight=in_flight,
        in_flight_because=because,
    )


def _stages(ramps: tuple[Ramp, ...], duration_s: float, scale: float) -> Iterator[LoadStage]:
    lengths = [max(length, _least_stage_s(duration_s)) for length in _pressed(ramps, duration_s)]
    whole = sum(lengths)
    ends = [round(at / whole * duration_s / STEP_S) for at in accumulate(lengths, initial=0.0)]
    for ramp, (begin, end) in zip(ramps, pairwise(ends), strict=True):
        yield LoadStage(end_rps=ramp.end_rps * scale, duration_s=round((end - begin) * STEP_S, 1))


def _pressed(ramps: tuple[Ramp, ...], duration_s: float) -> list[float]:
    whole = sum(ramp.duration_s for ramp in ramps)
    return [ramp.duration_s / whole * duration_s for ramp in ramps]


def _least_stage_s(duration_s: float) -> float:
    return min(LEAST_STAGE_S, duration_s / LEAST_PARTS)


def _planned(start_rps: float, stages: tuple[LoadStage, ...]) -> int:
    rates = pairwise([start_rps, *(stage.end_rps for stage in stages)])
    total = sum((a + b) / 2 * stage.duration_s for (a, b), stage in zip(rates, stages, strict=True))
    if not total >= 1:  # also when it is NaN
        raise InputError(f"the test would send {total:.2g} requests", hint="a longer --duration or a higher --peak-rps")
    if total > MAX_REQUESTS:
        raise InputError(f"the test would send {total:.3g} requests, expected at most {MAX_REQUESTS:,}")
    return floor(total)


def _kept(mix: EndpointMix, methods: frozenset[str]) -> tuple[EndpointShare, ...]:
    kept = tuple(e for e in mix.endpoints if e.method in methods and e.path.startswith("/") and e.requests)
    if not kept:
        unsafe = any(e.method in UNSAFE and e.path.startswith("/") for e in mix.endpoints)
        hint = "--include-unsafe asks for POST, PUT, PATCH and DELETE too" if unsafe else None
        raise InputError("none of the recorded endpoints can be asked for with GET, HEAD or OPTIONS", hint=hint)
    return kept


def _requests(kept: tuple[EndpointShare, ...]) -> Iterator[LoadRequest]:
    total = sum(e.requests for e in kept)
    names: set[str] = set()
    for endpoint in kept:
        words = _words(f"{endpoint.method} {endpoint.path}")
        name = next(n for n in (words, *(f"{words}_{i}" for i in range(2, len(kept) + 2))) if n not in names)
        names.add(name)
        yield LoadRequest(
            name=name, method=endpoint.method, path=_template(endpoint.path), share=endpoint.requests / total
        )


def _template(path: str) -> str:
    """The path as it goes over the wire; an id is named by the segment before: `/products/{products}`."""
    segments, before = [], "id"
    for segment in path.split("/"):
        if segment == _ID:
            segments.append(f"{{{before}}}")
            continue
        segments.append(quote(segment.encode("utf-8", "surrogatepass"), safe=_PATH_CHARACTERS))
        before = _words(segment) or before
    return "/".join(segments)


def _words(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:60].strip("_")


def _in_flight(peak_rps: float, times: ResponseTimes | None) -> tuple[int, str]:
    """Little's law, with the 95th percentile in place of the mean: enough in all but the worst moments."""
    recorded = {p.percent: p.ms for p in times.percentiles}.get(95.0) if times else None
    ms = ASSUMED_MS if recorded is None else max(1.0, recorded)
    of = "assumed, because none was recorded" if recorded is None else "recorded at the 95th percentile"
    return ceil(peak_rps * ms / 1000), f"{value_text(peak_rps)} requests a second x {value_text(ms)} ms, {of}"


def _derived(model: LoadModel, duration_s: float) -> str:
    whole = sum(ramp.duration_s for ramp in model.ramps)
    speed = whole / duration_s
    pace = f"{_times(speed)} times as fast" if speed >= 1 else f"{_times(1 / speed)} times as slowly"
    return f"From {model.starts_at:%Y-%m-%d %H:%M} UTC, {duration_text(whole)} of {model.unit}; time runs {pace}."


def _times(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.3g}"


def _notes(model: LoadModel, kept: tuple[EndpointShare, ...], duration_s: float, include_unsafe: bool) -> Iterator[str]:
    mix = model.mix
    shortest, least = min(_pressed(model.ramps, duration_s)), _least_stage_s(duration_s)
    if shortest < least:
        yield f"Stages are held for about {least:.3g} s at least; the shortest would be over in {shortest:.2g} s."
    sent = sum(e.share for e in kept)
    if sent < 0.9995:
        unsafe = sum(e.share for e in mix.endpoints if e.method in UNSAFE)
        because = []
        if unsafe and not include_unsafe:
            because.append(f"{fine_percent(unsafe)} may change data (--include-unsafe)")
        if mix.other_share >= 0.0005:
            because.append(f"{fine_percent(mix.other_share)} go to endpoints that are too rare to be listed")
        yield (
            f"{len(kept)} of {mix.distinct:,} endpoints, {fine_percent(sent)} of the {model.unit}, stand for all:"
            f" the whole rate goes to them. Of the others {', '.join(because) or 'none has a path to ask for'}."
        )
    if model.unit != "requests":
        yield f"The record counts {model.unit}: what a page loads besides is not in it."
    if isinstance(model.arrivals, Arrivals) and model.arrivals.process == "bursty":
        yield (
            "Recorded arrivals come in bursts (the variance of a minute is"
            f" {model.arrivals.dispersion:.3g} times its mean); here they are spaced evenly."
        )
    if mix.times is None:
        yield "No limits for response times: NOT_MEASURED, the record has none."
    if any("{id}" in e.path for e in kept):
        yield "Ids were taken out of the recorded paths; those in this file are made up."


def _limits(
    mix: EndpointMix, kept: tuple[EndpointShare, ...], requests: tuple[LoadRequest, ...], planned: int
) -> Iterator[LoadLimit]:
    each = [(r.name, e, floor(planned * r.share)) for r, e in zip(requests, kept, strict=True)]
    large = [(name, e, count) for name, e, count in each if count >= LEAST_PLANNED]
    # Shared among all that might be, so that the whole run keeps the promise.
    chance = FALSE_ALARM / (4 + 2 * len(large))
    yield from _share_limit("errors", None, kept, planned, chance)
    yield from _share_limit("refused", None, kept, planned, chance)
    yield from _time_limits(None, mix.times, planned, chance, P95, P99)
    for name, endpoint, count in large:
        yield from _share_limit("errors", name, (endpoint,), count, chance)
        yield from _time_limits(name, endpoint.times, count, chance, P95)


def _share_limit(
    figure: ShareFigure, name: str | None, of: tuple[EndpointShare, ...], planned: int, chance: float
) -> Iterator[LoadLimit]:
    shares = [e.error_share if figure == "errors" else e.refused_share for e in of]
    counts = [share * e.requests for share, e in zip(shares, of, strict=True) if share is not None]
    if len(counts) < len(of):
        return
    total = sum(e.requests for e in of)
    failed = min(total, round(sum(counts)))
    most = most_failures(failed, total, planned, false_alarm=chance)
    because = f"recorded {failed:,} of {total:,}, {planned:,} planned"
    yield LoadLimit(figure=figure, endpoint=name, most=ceil(most * 1e6) / 1e6, because=because)


def _time_limits(
    name: str | None, times: ResponseTimes | None, planned: int, chance: float, *figures: tuple[TimeFigure, int]
) -> Iterator[LoadLimit]:
    if times is None:
        return
    for figure, percent in figures:
        level = level_for(percent, recorded=times.timed, planned=planned, false_alarm=chance)
        above = [p for p in times.percentiles if level is not None and p.percent >= level]
        if above:
            because = f"recorded at the {above[0].percent:g}th percentile of {times.timed:,}, {planned:,} planned"
            yield LoadLimit(figure=figure, endpoint=name, most=ceil(above[0].ms * 10) / 10, because=because)
