"""Anomalies as test scenarios: requests of what failed or was slow, sent so often that the two can be told apart.

What was usual is the day before the anomaly, what was seen is the anomaly itself; both are counted in the same rows by
the same rule. The plan (analysis/inference/acceptance_plan.py) is exact, and where no plan of a sensible length keeps
both of its chances there is no test, but a reason.
"""

from datetime import timedelta
from math import sqrt

from ....analysis.inference.acceptance_plan import MOST_REQUESTS, plan_between
from ....core.records.bulk.levels import LevelSource, Requested, Scope, Stretch
from ....core.records.production.anomalies import Anomaly, AnomalyType, Untested
from ....core.records.production.scenarios import Provenance, RequestStep, Sample, TestScenario
from ..errors.scenarios import repeatable
from ..loaded import Loaded
from ..prioritize import priority_of
from .report import overlap
from .series import bucket_s

FALSE_ALARM, MISS = 0.001, 0.01
"""A suite of many such tests runs in every build; a test that cries wolf is deleted."""
USUAL = timedelta(days=1)
"""Before the anomaly; what was usual then."""
MAX_PATHS = 10
"""Of a scenario, those that were bad most often."""
MAX_SCENARIOS = 20
"""Of the worst anomalies: tests that people are to review."""
ID = "scenario-anm-"
"""That ids of scenarios begin with: anomalies are called `anm-...`."""
_MAX_PATH_CHARS = 500
_CANDIDATES = 100
_REQUESTS = (LevelSource.ACCESS, LevelSource.SPANS, LevelSource.LOG_REQUESTS)
_NO_ANSWER = {
    AnomalyType.THROUGHPUT_DROP: "how much traffic comes is no answer of the service",
    AnomalyType.THROUGHPUT_SURGE: "how much traffic comes is no answer of the service: `load-patterns --generate k6`",
    AnomalyType.USER_BEHAVIOR_ANOMALY: "what people decide is no answer of the service: `journey-to-tests`",
    AnomalyType.METRIC_ANOMALY: "a metric does not say which request moved it",
}


def anomaly_scenarios(
    anomalies: tuple[Anomaly, ...], loaded: Loaded
) -> tuple[tuple[TestScenario, ...], tuple[Untested, ...]]:
    """A scenario for each anomaly that requests can show, and why there is none for the others.

    Args:
        anomalies: the worst first.
        loaded: with the rows that they were found in.
    """
    scenarios: dict[str, TestScenario] = {}
    untested = {}
    # Endpoints before their services: what they show need not be shown a second time.
    for anomaly in sorted(anomalies, key=lambda one: one.endpoint is None):
        shown = (other for other in anomalies if other.id in scenarios and _within(other, anomaly))
        if len(scenarios) == MAX_SCENARIOS:
            untested[anomaly.id] = f"{MAX_SCENARIOS} other ones have tests"
        elif inner := next(shown, None):
            untested[anomaly.id] = f"the test of {inner.endpoint} shows it"
        elif isinstance(made := _scenario(anomaly, loaded), str):
            untested[anomaly.id] = made
        else:
            scenarios[anomaly.id] = made
    return (
        tuple(scenarios[one.id] for one in anomalies if one.id in scenarios),
        tuple(Untested(anomaly=a.id, series=a.series, reason=untested[a.id]) for a in anomalies if a.id in untested),
    )


def _within(inner: Anomaly, outer: Anomaly) -> bool:
    same = inner.type is outer.type and inner.source == outer.source and inner.service == outer.service
    return same and outer.endpoint is None and inner.endpoint is not None and overlap(inner, outer)


def _scenario(anomaly: Anomaly, loaded: Loaded) -> TestScenario | str:
    if anomaly.type is AnomalyType.USER_BEHAVIOR_ANOMALY and anomaly.source in _REQUESTS:
        return "how long clients wait is theirs to decide: tests of the latency at that time show it"
    if anomaly.type in _NO_ANSWER:
        return _NO_ANSWER[anomaly.type]
    if anomaly.source not in _REQUESTS:
        return f"{anomaly.source} hold no requests that could be sent again"
    stretch = stretch_of(anomaly, _limit_ms(anomaly))
    seen = loaded.datasets.requested(stretch, most=_CANDIDATES, release=loaded.release)
    paths = [(m, p) for m, p, _ in seen.worst if len(p) <= _MAX_PATH_CHARS and repeatable(m, p)][:MAX_PATHS]
    if not paths:
        return "its requests change something, or hold what was redacted: `recording-to-tests` takes a recording"
    before = stretch._replace(since=stretch.since - USUAL, until=stretch.since)
    usual = loaded.datasets.requested(before, most=1, release=loaded.release)
    if not usual.total:
        return "there are no requests of the day before it, so what was usual is not known"
    plan = plan_between((usual.bad, usual.total), (seen.bad, seen.total), false_alarm=FALSE_ALARM, miss=MISS)
    if plan is None:
        return (
            f"{usual.bad} of {usual.total} requests before and {seen.bad} of {seen.total} in it are too alike, or too"
            f" few, to be told apart by {MOST_REQUESTS} requests"
        )
    sample = Sample(
        requests=plan.requests,
        allowed=plan.allowed,
        slower_than_ms=stretch.slower_than_ms,
        usual_share=usual.bad / usual.total,
        seen_share=seen.bad / seen.total,
        false_alarm=FALSE_ALARM,
        miss=MISS,
    )
    return _written(anomaly, paths[: plan.requests], sample, seen)


def stretch_of(anomaly: Anomaly, slower_than_ms: float | None) -> Stretch:
    """The rows of its source and scope while it lasted, as far as the data go."""
    source = LevelSource(anomaly.source)
    until = anomaly.ended_at or anomaly.last_data_at + timedelta(seconds=bucket_s(source))
    scope = Scope(anomaly.service or "", anomaly.endpoint or "")
    return Stretch(source, scope, anomaly.began_at, until, slower_than_ms)


def _limit_ms(anomaly: Anomaly) -> float | None:
    """Between the slowest that was usual and what was seen, as many times one as the other; None = not about time."""
    if anomaly.type is not AnomalyType.LATENCY_DEGRADATION:
        return None
    return float(f"{sqrt(anomaly.expected_high * anomaly.observed):.3g}")


def _written(anomaly: Anomaly, paths: list[tuple[str, str]], sample: Sample, seen: Requested) -> TestScenario:
    where = anomaly.endpoint or anomaly.service or "the service"
    what = "fails as rarely as usual" if sample.slower_than_ms is None else "answers as fast as usual"
    return TestScenario(
        id=f"scenario-{anomaly.id}",
        title=f"{where} {what}",
        priority=priority_of(anomaly.severity),
        service=anomaly.service,
        steps=tuple(RequestStep(method=method, path=path, expectations=()) for method, path in paths),
        sample=sample,
        provenance=Provenance(
            finding_id=anomaly.id,
            finding=anomaly.explanation,
            occurrences=seen.bad,
            sample_size=seen.total,
            window_from=anomaly.began_at,
            window_to=anomaly.ended_at or anomaly.last_data_at,
        ),
    )
