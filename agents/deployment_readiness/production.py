"""What production-intelligence found, as evidence: each key of `aqe/production/*` gives some metrics.

A key that is absent, stale or unreadable gives none, so that deleting it never makes a release look better; one item of
a list that cannot be read makes the whole key unusable, because it may be the severe one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from ...core.errors import InputError
from ...core.records.decisions.production import Health, OpenFinding, RankedFinding
from ...core.records.evidence import NotMeasured, Status
from ...core.records.production.findings import FindingPriority, Trend
from ...core.records.signals import MetricValue

F = TypeVar("F", OpenFinding, RankedFinding)


@dataclass(frozen=True)
class Written:
    """A value from memory and when it was written.

    Args:
        value: JSON.
        at: aware UTC, as the store noted it; None = a bare SET by another program, nobody knows.
    """

    value: object
    at: datetime | None


@dataclass(frozen=True)
class Watched:
    """One metric: its value, or why there is none.

    Args:
        key: where it was read.
        at: when that was written.
    """

    key: str
    value: MetricValue | None
    at: datetime | None = None
    reason: str | None = None


def watch(found: Mapping[str, Written], now: datetime, max_age: timedelta) -> dict[str, Watched]:
    """Every metric of the production signal.

    Args:
        found: what stands at PRODUCTION_KEYS; others are ignored.
        now: aware UTC.
        max_age: what was written earlier says nothing about production now.
    """
    return {
        metric: one for source in _SOURCES for metric, one in _read(source, found.get(source.key), now, max_age).items()
    }


def _read(source: "_Source", written: Written | None, now: datetime, max_age: timedelta) -> dict[str, Watched]:
    reason, at = _objection(source.key, written, now, max_age), written.at if written else None
    if written is not None and reason is None:
        try:
            values = source.read(source.key, written.value, now - max_age)
            return {name: _watched(source.key, v, at) for name, v in zip(source.metrics, values, strict=True)}
        except InputError as error:
            reason = str(error)
    return {name: Watched(source.key, None, at, reason) for name in source.metrics}


def _watched(key: str, value: MetricValue | NotMeasured, at: datetime | None) -> Watched:
    if isinstance(value, NotMeasured):
        return Watched(key, None, at, value.reason)
    return Watched(key, value, at)


def _objection(key: str, written: Written | None, now: datetime, max_age: timedelta) -> str | None:
    """Why this is no evidence; None = it is."""
    if written is None:
        return f"nothing at {key}"
    if written.at is None:
        return f"{key} was written by a bare SET: nobody knows when"
    if now - written.at > max_age:
        return f"stale: {key} was written {written.at.isoformat(timespec='seconds')}"
    return None


def _counts_of_open(key: str, value: object, oldest: datetime) -> tuple[int | NotMeasured, ...]:
    """How many, and how many severe ones: at least so many where the list says that nobody could judge."""
    items = _items(key, value, OpenFinding)
    findings = [finding for finding in items if finding.is_open]
    counts = len(findings), sum(finding.is_severe for finding in findings)
    unknown = next((item for item in items if item.is_unknown), None)
    if unknown is None:
        return counts
    return tuple(count or NotMeasured(reason=f"{key}: {unknown.title or Status.NOT_MEASURED}") for count in counts)


def _high_priority(key: str, value: object, oldest: datetime) -> tuple[int]:
    return (sum(finding.priority is FindingPriority.HIGH for finding in _items(key, value, RankedFinding)),)


def _rising(key: str, value: object, oldest: datetime) -> tuple[int]:
    high = [finding for finding in _items(key, value, RankedFinding) if finding.priority is FindingPriority.HIGH]
    return (sum(finding.trend is Trend.INCREASING for finding in high),)


def _health(key: str, value: object, oldest: datetime) -> tuple[bool]:
    health = Health.from_value(value, where=key)
    if health.status == Status.NOT_MEASURED:
        raise InputError(f"{key}: {health.reason or Status.NOT_MEASURED}")
    if health.data_until is not None and health.data_until < oldest:
        until = health.data_until.isoformat(timespec="seconds")
        raise InputError(f"stale: {key} knows nothing of what came after {until}")
    if health.well is None:
        raise InputError(f"{key}: status is {health.status!r:.80}, expected healthy, degraded, unhealthy or critical")
    return (health.well,)


def _items(key: str, value: object, model: type[F]) -> list[F]:
    """Of a list, or of the list that an object holds under the key's last word: `{"alerts": [...]}`."""
    name = key.rpartition("/")[2]
    items = value.get(name) if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise InputError(f"{key} holds no list of {name}")
    return [model.from_value(item, where=f"{key}[{index}]") for index, item in enumerate(items)]


class _Source(NamedTuple):
    """A key and what it says."""

    key: str
    metrics: tuple[str, ...]
    read: Callable[[str, object, datetime], tuple[MetricValue | NotMeasured, ...]]
    """Of key, value and the time before which data are too old: the metrics' values; InputError = it gives none."""


_SOURCES = (
    _Source("aqe/production/alerts", ("open_alerts", "severe_alerts"), _counts_of_open),
    _Source("aqe/production/anomalies", ("open_anomalies", "severe_anomalies"), _counts_of_open),
    _Source("aqe/production/insights", ("high_priority_insights",), _high_priority),
    _Source("aqe/production/patterns", ("rising_error_patterns",), _rising),
    _Source("aqe/production/status", ("healthy",), _health),
)
PRODUCTION_KEYS = tuple(source.key for source in _SOURCES)
"""Memory keys to load for `watch`."""
KEY_OF: dict[str, str] = {metric: source.key for source in _SOURCES for metric in source.metrics}
"""Metric -> the key that gives it."""
