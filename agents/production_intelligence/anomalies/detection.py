"""Anomaly detection: the capability `anomaly-detection`.

Everything that was imported becomes series (series.py), every series is watched for events (search.py), every
event is judged (rules.py) and told (report.py). What was found before is not forgotten: an anomaly
keeps its id while it lasts, and is resolved when its series is as usual again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ....core.errors import TaskVetoed
from ....core.records.bulk.levels import LevelSource
from ....core.records.bulk.rows import METRICS, OPS
from ....core.records.decisions.history import HISTORY_KEY, read_history
from ....core.records.evidence import NotMeasured
from ....core.records.production.anomalies import ALERTS_KEY, ANOMALIES_KEY, Anomaly, AnomalyReport, AnomalyType
from ....core.records.production.watch_state import WATCH_KEY
from ...outcome import NothingToJudge, Outcome
from ..load.visitors import PURCHASE
from ..loaded import Loaded
from ..scenario_keys import READS as SCENARIO_KEYS
from ..scenario_keys import offered
from .kept_watch import PARTS, Kept, laid_down, shared
from .keys import INCIDENTS_KEY, Known, continued, keys, unjudged_keys
from .report import Deployment, Judged, in_events, judge, one_each
from .rules import Method
from .scenarios import ID as SCENARIO_ID
from .scenarios import anomaly_scenarios, stretch_of
from .search import Search
from .series import Measure, Series, bucket_s, of_levels, of_metrics

BUDGET = 50
"""Anomalies listed in one report: what people can look at, and what fits into a memory value."""
READS = (ANOMALIES_KEY, ALERTS_KEY, HISTORY_KEY, INCIDENTS_KEY, WATCH_KEY, PARTS, *SCENARIO_KEYS)
INSUFFICIENT = "insufficient data: "
_SIGMAS = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)[ -]?sigmas?")


def detect_anomalies(loaded: Loaded) -> Outcome:
    """Events of the window that are not as usual, and what they mean for how production is.

    What is asked of one release is answered and leaves the keys alone: they are about all of production.

    Raises:
        TaskVetoed: the payload's method or threshold is none.
        NothingToJudge: nothing was imported.
    """
    method = method_of(loaded.payload)
    kept = Kept.of(loaded, method)
    search = Search(method, kept.states)
    deployments = tuple(_deployments(loaded))
    judged = [
        judge(found, deployments)
        for found in search.events(every_series(loaded, kept))
        if found.event.ended_s is None or found.event.ended_s >= loaded.since.timestamp()
    ]
    known = Known.of(loaded.records)
    if not search.series and not search.unjudged_series:
        why = (
            f"no requests, spans, records, page views or metrics in the last {loaded.window.days} days, or only a few"
            " minutes of them"
        )
        raise NothingToJudge(f"{why}: `aqe import metrics.json` brings them in", _unjudged(why, known, loaded))
    report = _report(loaded, kept, search, judged, known)
    watch = laid_down(search.states, kept, loaded) if shared(loaded, method) else {}
    if not search.series:
        first = search.unjudged[0]
        why = (
            f"none of {search.unjudged_series} series can be judged; {first.series}:"
            f" {first.reason.removeprefix(INSUFFICIENT)}"
        )
        return Outcome(report, {**watch, **_unjudged(why, known, loaded)})
    if loaded.release is not None:
        return Outcome(report)  # its series are a part of those that the keys are about
    lasting = {j.anomaly.series for j in judged if j.anomaly.status == "open" and not (j.better or j.chance)}
    found = keys(report, known, search.seen, lasting, loaded.records)
    return Outcome(report, {**found, **watch, **offered(report.scenarios, SCENARIO_ID, loaded)})


def _unjudged(why: str, known: Known, loaded: Loaded) -> dict[str, Any]:
    """What stands in memory then; what was asked of one release says nothing of production."""
    if loaded.release is not None:
        return {}
    return unjudged_keys(f"{INSUFFICIENT}{why}", known, loaded.records, min(loaded.until, loaded.now))


def _report(loaded: Loaded, kept: Kept, search: Search, judged: Sequence[Judged], known: Known) -> AnomalyReport:
    worse = one_each(j.anomaly for j in judged if not (j.better or j.chance))
    budget = int(loaded.number("maxAnomalies", BUDGET))
    listed = in_events([with_people(continued(a, known), loaded) for a in worse[: min(budget, BUDGET)]])
    scenarios, untested = anomaly_scenarios(listed, loaded)
    return AnomalyReport(
        window_from=loaded.since,
        window_to=min(loaded.until, loaded.now),
        method="3sigma" if search.method.sigmas else "score",
        threshold=search.method.sigmas or search.method.threshold,
        series=search.series,
        points=search.points,
        continued=search.continued,
        not_continued=tuple(kept.words),
        anomalies=listed,
        new=tuple(anomaly.id for anomaly in listed if not known.same_as(anomaly)),
        improvements=tuple(one_each(j.anomaly for j in judged if j.better and not j.chance))[:BUDGET],
        by_chance=sum(j.chance for j in judged),
        held_back=len(worse) - len(listed),
        scenarios=scenarios,
        untested=untested,
        unjudged=tuple(search.unjudged),
        unjudged_series=search.unjudged_series,
    )


def every_series(loaded: Loaded, kept: Kept) -> Iterator[Series]:
    """All that can be made of what was imported, from where it must be read again."""

    def stretch(kind: str) -> dict[str, Any]:
        return {"since": kept.begin(kind, loaded), "until": loaded.until, "release": loaded.release}

    for source in LevelSource:
        begun = kept.begun(source)
        levels = loaded.datasets.levels(
            source, bucket_s=bucket_s(source), purchase=PURCHASE.pattern, **stretch(source.kind)
        )
        for series in of_levels(source, levels, begun):
            # Without any purchase in all that time nobody can tell what one is called here.
            if series.about.measure is not Measure.CONVERSION or begun or series.values.any():
                yield series
    yield from of_metrics(loaded.datasets.metric_points(**stretch(METRICS)))


def method_of(payload: Mapping[str, Any]) -> Method:
    """Out of `method` (`score`, `3sigma`) and `threshold` (a number, or `2.5-sigma`, which is the method too).

    Raises:
        TaskVetoed: they are something else, or contradict each other.
    """
    name, given = payload.get("method"), payload.get("threshold")
    match = _SIGMAS.fullmatch(given) if isinstance(given, str) else None
    if name not in (None, "score", "3sigma") or (match and name == "score"):
        raise TaskVetoed(f"method is {name!r} with threshold {given!r}, expected score or 3sigma")
    value: Any = float(match[1]) if match else given
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6):
        raise TaskVetoed(f"threshold is {given!r}, expected a number above 0 or such as 3-sigma")
    if match or name == "3sigma":
        return Method(sigmas=float(value or 3.0))
    return Method() if value is None else Method(threshold=float(value))


def _deployments(loaded: Loaded) -> Iterator[Deployment]:
    for one in read_history(loaded.records.get(HISTORY_KEY, ())):
        yield Deployment(one.deployed_at, one.version, one.service, HISTORY_KEY)
    window = loaded.between(loaded.since - timedelta(days=1), loaded.until)
    for row in window.rows(OPS):
        if row.event == "deployment":
            yield Deployment(row.at, row.release or row.name, row.service, OPS)


def with_people(anomaly: Anomaly, loaded: Loaded) -> Anomaly:
    """The anomaly with how many people were hit, as far as the rows tell."""
    return anomaly.model_copy(update={"affected_users": _people(anomaly, loaded)})


def _people(anomaly: Anomaly, loaded: Loaded) -> int | NotMeasured:
    if anomaly.type not in (AnomalyType.ERROR_RATE_SPIKE, AnomalyType.LATENCY_DEGRADATION):
        return NotMeasured(reason="who stayed away, gave up or would have done something else is not counted by person")
    if anomaly.source not in tuple(LevelSource):
        return NotMeasured(reason="a metric names nobody")
    slower_than_ms = anomaly.expected_high if anomaly.type is AnomalyType.LATENCY_DEGRADATION else None
    named, nameless = loaded.datasets.people(stretch_of(anomaly, slower_than_ms), release=loaded.release)
    if named == 0 or nameless > named:
        return NotMeasured(reason=f"{nameless} of the rows name nobody, {named} people are named")
    return named
