"""Which metrics say that a resource was used more: near its limit, or without one that anybody recorded.

The name of a metric alone does not tell: `go_memstats_mallocs` has memory in it and runs out of nothing.
"""

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from ....core.numbers import amount, percent
from ....core.records.bulk.apm import MetricRow

NEAR_LIMIT = 0.8
"""Share of its limit from which a resource is called saturated."""

Series = tuple[str | None, str, str, str]
"""Service, name, statistic, labels."""

_RESOURCES = re.compile("cpu|memory|heap|connection|queue|pool|thread|disk|descriptor|fds|pending|backlog|waiting")
_WAITING = re.compile("queue|pending|backlog|waiting")
_COUNTED = re.compile("m?alloc|allocat(?:ed|ion)|free|total|count|created|gc|fault")
"""Words, without a plural's s, of what is counted up instead of in use."""
_SHARE = re.compile("percent|pct|ratio|utili[sz]ation")
_LIMIT = frozenset({"limit", "max", "maximum", "capacity", "quota"})
_USED = frozenset({"used", "usage", "use", "in", "active", "busy", "current", "open", "working", "set", "resident"})


class Use(NamedTuple):
    """How much of a resource is in use.

    Args:
        words: for people, with units, and with the limit where it is recorded.
        saturated: it is near its limit, or it is work that waits.
    """

    words: str
    saturated: bool


def use_of(series: Series, usual: float, is_now: float, when: str, metrics: Sequence[MetricRow]) -> Use | None:
    """What a higher value of this series says; None = it is of no resource, counts something up, or is a limit.

    Args:
        usual, is_now: its values before and during the incident.
        when: the time before, in words.
        metrics: all points of the incident's time.
    """
    name = series[1].lower()
    words = _words(series[1])
    if not _RESOURCES.search(name) or any(map(_COUNTED.fullmatch, words)) or words & _LIMIT:
        return None
    unit = next((m.unit for m in metrics if _series(m) == series), None) or ("percent" if "percent" in words else None)
    share = bool(_SHARE.search(name)) or unit == "percent"
    if share and is_now <= 1.0:
        unit = "share"
    before, now = f"{amount(usual, unit)} in {when}", amount(is_now, unit)
    if share:
        return Use(f"{before}, {now} while it lasted", is_now >= NEAR_LIMIT * (1.0 if unit == "share" else 100.0))
    if limit := _limit(series, metrics):
        used = is_now / limit
        of = f"{now} of {amount(limit, unit)} while it lasted ({percent(used) if used <= 1 else 'above it'})"
        return Use(f"{before}, {of}", used >= NEAR_LIMIT)
    if _WAITING.search(name):  # work that waits has no limit that it may come near to
        return Use(f"{before}, {now} while it lasted", True)
    return Use(f"{before}, {now} while it lasted; its limit is not recorded", False)


def _limit(series: Series, metrics: Sequence[MetricRow]) -> float | None:
    """The value of the metric that is called like this one but for the word that makes it a limit."""
    thing = _words(series[1]) - _USED
    found = [
        m.value
        for m in metrics
        if (m.service, m.labels) == (series[0], series[3])
        and (words := _words(m.name)) & _LIMIT
        and words - _LIMIT - _USED == thing
    ]
    limit = median(found) if found else 0.0
    return limit if limit > 0 else None


def _series(row: MetricRow) -> Series:
    return row.service, row.name, row.statistic, row.labels


def _words(name: str) -> frozenset[str]:
    """`db_connection_pool_in_use` and `dbConnectionPool.inUse` have the same ones."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return frozenset(word.removesuffix("s") or word for word in re.split("[^a-z0-9]+", apart) if word)
