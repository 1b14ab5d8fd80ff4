"""Two environments beside each other: what only one of them is asked for, and where it fails more often.

Differences of error rates are tested exactly and corrected for the number of endpoints (Bonferroni); means of durations
are told without a verdict, since a mean alone has none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ....analysis.inference.rate_ratio import rate_ratio_p_value
from ....core.errors import NoData, TaskVetoed
from ....core.numbers import counted, fine_percent
from ....core.records.bulk.levels import GAVE_UP
from ....core.records.bulk.rows import ACCESS
from ....core.records.evidence import NotMeasured
from ....core.records.production.environments import EndpointDifference, EnvironmentComparison, EnvironmentTraffic
from ....core.records.production.findings import FindingPriority, Insight
from ....core.registry import did_you_mean
from ...outcome import Outcome
from ..endpoints import endpoint
from ..loaded import Loaded

DEFAULT_BASELINE = "staging"
DEFAULT_CANDIDATE = "production"
KEY = "aqe/production/environments"
LEVEL = 0.01
MAX_LISTED = 100
"""Endpoints in each list."""
MAX_ENDPOINTS = 20_000
"""Counted an environment; requests of others are one endpoint, `(others)`."""
OTHERS = "(others)"
UNSEEN_SHARE = 0.01
"""Of the candidate's requests, from which what the baseline never sees is an insight."""


@dataclass
class _Count:
    requests: int = 0
    errors: int = 0
    duration_ms: float = 0.0
    bytes_sent: float = 0.0


@dataclass
class _Traffic:
    whole: _Count = field(default_factory=_Count)
    endpoints: dict[str, _Count] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, status: int, count: int, sums: tuple[float, float]) -> None:
        """Requests of one path and status."""
        if name not in self.endpoints and len(self.endpoints) >= MAX_ENDPOINTS:
            name = OTHERS
        for one in (self.whole, self.endpoints.setdefault(name, _Count())):
            one.requests += count
            one.errors += count if status >= 500 else 0
            one.bytes_sent += sums[0]
            one.duration_ms += sums[1]
        known = str(status) if status == GAVE_UP else f"{status // 100}xx" if 100 <= status < 600 else "unknown"
        self.statuses[known] = self.statuses.get(known, 0) + count


def compare_environments(loaded: Loaded) -> Outcome:
    """The task `environment-comparison`; payload `baseline`, `candidate`: environments as given to `aqe import --env`.

    Raises:
        TaskVetoed: one of them has no rows in the window; names those that have.
    """
    asked = [
        str(loaded.payload.get("baseline", DEFAULT_BASELINE)),
        str(loaded.payload.get("candidate", DEFAULT_CANDIDATE)),
    ]
    if asked[0] == asked[1]:
        raise TaskVetoed(f"{asked[0]} is compared with itself")
    found = _read(loaded)
    for name in asked:
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise NoData(
                f"no requests of environment {name!r} in the window{did_you_mean(name, found)}; there are: {known}",
                hint=f"aqe import access.log --env {name} --release VERSION",
            )
    base, own = (found[name] for name in asked)
    comparison = EnvironmentComparison(
        baseline=_summary(asked[0], base),
        candidate=_summary(asked[1], own),
        endpoints=tuple(_differences(base, own)),
        only_in_candidate=_only(own, base),
        only_in_baseline=_only(base, own),
        latency=None
        if base.whole.duration_ms and own.whole.duration_ms
        else NotMeasured(reason="an access log without durations: `%D` or `$request_time` in its format adds them"),
    )
    insights = tuple(_insights(comparison, loaded.now))
    comparison = comparison.model_copy(update={"insights": insights})
    return Outcome(comparison, {KEY: comparison})


def _read(loaded: Loaded) -> dict[str, _Traffic]:
    found: dict[str, _Traffic] = {}
    columns = ("of_environment", "method", "path", "status")
    for name, method, path, status, count, _, _, *sums in loaded.tally(
        ACCESS, columns, sums=("bytes_sent", "duration_ms")
    ):
        if name is not None:
            traffic = found.setdefault(name, _Traffic())
            traffic.add(f"{method or '?'} {endpoint(path)}"[:300], status, count, (sums[0], sums[1]))
    return found


def _summary(name: str, traffic: _Traffic) -> EnvironmentTraffic:
    whole = traffic.whole
    return EnvironmentTraffic(
        environment=name,
        requests=whole.requests,
        error_share=_share(whole.errors, whole.requests),
        mean_ms=_mean(whole.duration_ms, whole.requests),
        mean_bytes=_mean(whole.bytes_sent, whole.requests),
        endpoints=len(traffic.endpoints),
        statuses={name: count / whole.requests for name, count in sorted(traffic.statuses.items())},
    )


def _differences(base: _Traffic, own: _Traffic) -> Iterator[EndpointDifference]:
    both = sorted(own.endpoints.keys() & base.endpoints.keys(), key=lambda name: (-own.endpoints[name].requests, name))
    for name in both[:MAX_LISTED]:
        ours, theirs = own.endpoints[name], base.endpoints[name]
        alone = rate_ratio_p_value(ours.errors, ours.requests, theirs.errors, theirs.requests)
        p_value = None if alone is None else min(1.0, alone * len(both))
        yield EndpointDifference(
            endpoint=name,
            requests=ours.requests,
            share=ours.requests / own.whole.requests,
            baseline_share=theirs.requests / base.whole.requests,
            error_share=ours.errors / ours.requests,
            baseline_error_share=theirs.errors / theirs.requests,
            p_value=p_value,
            differs=p_value is not None and p_value < LEVEL,
            mean_ms=_mean(ours.duration_ms, ours.requests),
            baseline_mean_ms=_mean(theirs.duration_ms, theirs.requests),
        )


def _only(here: _Traffic, there: _Traffic) -> dict[str, int]:
    alone = {name: count.requests for name, count in here.endpoints.items() if name not in there.endpoints}
    return dict(sorted(alone.items(), key=lambda item: (-item[1], item[0]))[:MAX_LISTED])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(total: float, count: int) -> float | None:
    """None where nothing was summed up: no request lasts no time."""
    return total / count if total and count else None


def _insights(found: EnvironmentComparison, now: datetime) -> Iterator[Insight]:
    names = found.candidate.environment, found.baseline.environment
    unseen = sum(found.only_in_candidate.values())
    if unseen >= UNSEEN_SHARE * found.candidate.requests:
        first = ", ".join(list(found.only_in_candidate)[:3])
        yield _insight(
            "unseen",
            f"{fine_percent(unseen / found.candidate.requests)} of {names[0]}'s requests go where {names[1]} has none",
            f"{counted(len(found.only_in_candidate), 'endpoint')}, the most requested: {first}.",
            f"Ask for them in {names[1]}, too.",
            names,
            now,
        )
    worse = [one for one in found.endpoints if one.differs and one.error_share > one.baseline_error_share]
    if worse:
        yield _insight(
            "errors",
            f"More errors in {names[0]} than in {names[1]} at {counted(len(worse), 'endpoint')}",
            "; ".join(
                f"{o.endpoint} {fine_percent(o.error_share)} against {fine_percent(o.baseline_error_share)}"
                for o in worse[:3]
            ),
            "What differs between the environments there: data, load, configuration?",
            names,
            now,
        )


def _insight(id: str, title: str, detail: str, advice: str, names: Sequence[str], now: datetime) -> Insight:
    return Insight(
        id=f"insight-environments-{id}",
        title=title,
        detail=detail,
        priority=FindingPriority.MEDIUM,
        evidence=(KEY, *names),
        recommendation=advice,
        created_at=now,
    )
