"""What was different when an incident began: every factor has a record behind it, none is assumed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from ....analysis.inference.rate_ratio import rate_ratio_p_value
from ....analysis.root_services import change
from ....core.numbers import value_text
from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import ACCESS, METRICS, OPS, SPANS
from ....core.records.decisions.history import HISTORY_KEY, DeploymentOutcome
from ....core.records.production.incident_analysis import Factor, FactorKind
from .resources import Series, use_of
from .traces import Times
from .window import DEPLOYED_BEFORE, Around

SLOWER = 2.0
"""Median over that before, from which a call is degraded."""
SLOW_QUERY_MS = 1000.0
"""Slow for any query of a service that answers people."""
SPIKE = 1.5
MAX_CHANCE = 0.001
LEAST_CALLS = 5
UNUSUAL = 4.0
"""Robust standard deviations of a metric."""
MOST_OF_A_KIND = 5
MAX_TEXT = 120


_REPORTED = {
    "deploymentRecent": FactorKind.DEPLOYMENT,
    "trafficSpike": FactorKind.TRAFFIC_SPIKE,
    "externalServiceDegraded": FactorKind.DEGRADED_DEPENDENCY,
    "databaseSlowQuery": FactorKind.SLOW_QUERY,
}
"""What an incident's source may say was so -> what the records would show it as."""


def factors_of(here: Around, before: Times, during: Times, history: Sequence[DeploymentOutcome]) -> Iterator[Factor]:
    """All that the records show, deployments first; then what the incident says and no record shows."""
    shown = list(_shown(here, before, during, history))
    yield from shown
    for said in here.incident.reported:
        kind = _REPORTED.get(said.partition(":")[0])
        if kind is not None and kind not in {factor.kind for factor in shown}:
            what = f"the incident reports {said[:MAX_TEXT]}; no record here shows it"
            yield Factor(kind=kind, what=what, evidence=(here.incident.id,))


def _shown(here: Around, before: Times, during: Times, history: Sequence[DeploymentOutcome]) -> Iterator[Factor]:
    yield from _deployments(here, history)
    yield from _traffic(here, before, during)
    yield from _calls(here, FactorKind.DEGRADED_DEPENDENCY, lambda span: None if span.db_system else span.peer)
    yield from _calls(here, FactorKind.SLOW_QUERY, _query)
    yield from _metrics(here)


def _concerns(incident: Incident, service: str | None, environment: str | None) -> bool:
    other_service = service and incident.service and service != incident.service
    other_place = environment and incident.environment and environment != incident.environment
    return not other_service and not other_place


def _deployments(here: Around, history: Sequence[DeploymentOutcome]) -> Iterator[Factor]:
    incident, start = here.incident, here.incident.started_at
    found: dict[str, Factor] = {}
    for item in history:
        if start - DEPLOYED_BEFORE <= item.deployed_at <= start and _concerns(incident, item.service, item.environment):
            what = f"{item.version} was deployed {_ago(item.deployed_at, start)} before; outcome {item.outcome}"
            found[item.version] = _deployed(what, item.deployed_at, (HISTORY_KEY, item.id))
    for mark in here.marks:
        if (
            mark.at <= start
            and mark.event in ("deployment", "change")
            and _concerns(incident, mark.service, mark.environment)
        ):
            name = (mark.release or mark.name)[:MAX_TEXT]
            what = f"{mark.event} {name} {_ago(mark.at, start)} before{f', {mark.state}' if mark.state else ''}"
            found.setdefault(mark.release or name, _deployed(what, mark.at, tuple(filter(None, (OPS, mark.id)))))
    yield from sorted(found.values(), key=lambda factor: factor.at or start, reverse=True)[:MOST_OF_A_KIND]


def _deployed(what: str, at: datetime, evidence: tuple[str, ...]) -> Factor:
    return Factor(kind=FactorKind.DEPLOYMENT, what=what, at=at, evidence=evidence)


def _ago(at: datetime, start: datetime) -> str:
    minutes = (start - at).total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _traffic(here: Around, before: Times, during: Times) -> Iterator[Factor]:
    for kind, then, now in (
        (ACCESS, here.before.requests, here.during.requests),
        (SPANS, before.traces, during.traces),
    ):
        chance = rate_ratio_p_value(now, here.during.seconds, then, here.before.seconds)
        was, is_now = then / here.before.seconds, now / here.during.seconds
        if chance is not None and chance <= MAX_CHANCE and was > 0 and is_now >= SPIKE * was:
            what = f"{is_now / was:.1f} times the requests of {here.usual}"
            yield Factor(
                kind=FactorKind.TRAFFIC_SPIKE, what=what, before=was, during=is_now, unit="/s", p_value=chance,
                evidence=(kind,),
            )  # fmt: skip
            return


def _query(span: SpanRow) -> str | None:
    return (span.statement or span.name)[:MAX_TEXT] if span.db_system else None


def _calls(here: Around, kind: FactorKind, key: Callable[[SpanRow], str | None]) -> Iterator[Factor]:
    then, now = _durations(here.before.spans, key), _durations(here.during.spans, key)
    found = []
    for name, durations in now.items():
        if len(durations) < LEAST_CALLS:
            continue
        usual, is_now = median(then[name]) if len(then.get(name, ())) >= LEAST_CALLS else None, median(durations)
        slower = usual is not None and is_now >= SLOWER * max(usual, 0.1)
        slow = kind is FactorKind.SLOW_QUERY and usual is None and is_now >= SLOW_QUERY_MS
        if slower or slow:
            than = "calls before are not known" if usual is None else f"{value_text(usual)} ms in {here.usual}"
            what = f"{name}: median {value_text(is_now)} ms in {len(durations)} calls, {than}"
            found.append(Factor(kind=kind, what=what, before=usual, during=is_now, unit="ms", evidence=(SPANS, name)))
    yield from sorted(found, key=lambda f: -((f.during or 0) - (f.before or 0)))[:MOST_OF_A_KIND]


def _durations(spans: Iterable[SpanRow], key: Callable[[SpanRow], str | None]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for span in spans:
        name = key(span) if span.kind == "client" else None
        if name and span.duration_ms is not None and span.duration_ms >= 0:
            found[name].append(span.duration_ms)
    return found


def series_of(metrics: Iterable[MetricRow]) -> dict[Series, list[float]]:
    """Values of each series that is no counter, in order of time."""
    found: dict[Series, list[float]] = defaultdict(list)
    for row in metrics:
        if row.kind != "counter":
            found[(row.service, row.name, row.statistic, row.labels)].append(row.value)
    return found


def _metrics(here: Around) -> Iterator[Factor]:
    then, now = series_of(here.before.metrics), series_of(here.during.metrics)
    found: list[tuple[float, Factor]] = []
    for series, values in now.items():
        moved = change(then.get(series, ()), values)
        if moved is None or abs(moved) < UNUSUAL:
            continue
        if factor := _moved(here, series, median(then[series]), median(values)):
            found.append((abs(moved), factor))
    yield from (factor for _, factor in sorted(found, key=lambda item: -item[0])[:MOST_OF_A_KIND])


def _moved(here: Around, series: Series, usual: float, is_now: float) -> Factor | None:
    service, name, statistic, _ = series
    if "cache" in name.lower() and "hit" in name.lower():
        kind, fell = FactorKind.CACHE_HIT_DROP, is_now < usual
        words = f"{value_text(usual)} in {here.usual}, {value_text(is_now)} while it lasted" if fell else None
    else:
        use = use_of(series, usual, is_now, here.usual, here.during.metrics) if is_now > usual else None
        kind = FactorKind.SATURATION if use and use.saturated else FactorKind.RESOURCE_USE
        words = use.words if use else None
    if words is None:
        return None
    return Factor(
        kind=kind,
        what=f"{name}{f' of {service}' if service else ''}: {words}",
        before=usual,
        during=is_now,
        evidence=(METRICS, f"{name} {statistic}"),
    )


def anomalies_at(here: Around, anomalies: Any) -> Iterator[str]:
    """Ids of recorded anomalies that began while it lasted or in the hour before; of other services none."""
    for item in anomalies if isinstance(anomalies, list) else ():
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            continue
        began = _time(item.get("beganAt") or item.get("detectedAt"))
        other = item.get("service") and here.incident.service and item["service"] != here.incident.service
        if began and here.before.since <= began < here.during.until and not other:
            yield item["id"]


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None
