"""Does a replay show the incident, and does the service stand it? Figures in, verdict out."""

from collections.abc import Iterator, Sequence

from ....core.numbers import fine_percent
from ....core.records.production.incident_replay import Check, Comparison, Figures, ReplayPlan, ReplayReport, ReplayRun

FAST = 0.5
"""Of the slowest dependency's time: a request that is answered sooner did not wait for it."""


def report_of(
    plan: ReplayPlan,
    runs: Sequence[ReplayRun],
    *,
    baseline: ReplayRun | None,
    tolerance: float,
    notes: Sequence[str] = (),
) -> ReplayReport:
    """The report over replays of one service.

    Args:
        runs: one or more, of the same target; the last one is judged and told.
        baseline: the replay of the service as it was; None = not given.
        tolerance: relative for times, absolute for shares of outcomes; 0 to 1.
    """
    symptoms = tuple(compared(plan.figures, (baseline or runs[-1]).figures, tolerance))
    verdicts = [_verdict(plan, run, baseline, tolerance) for run in runs]
    checks = tuple(checks_of(plan, runs[-1]))
    verdict, because = verdicts[-1]
    # The reason tells seconds, which no two runs share to the millisecond.
    same = sum(
        run.figures.outcomes == runs[-1].figures.outcomes and word == verdict
        for run, (word, _) in zip(runs, verdicts, strict=True)
    )
    return ReplayReport(
        incident=plan.incident,
        verdict=verdict,  # type: ignore[arg-type]
        because=because,
        baseline=baseline,
        run=runs[-1],
        symptoms=symptoms,
        checks=checks,
        identical_runs=same,
        runs=len(runs),
        notes=tuple(notes),
    )


def is_sure(plan: ReplayPlan, run: ReplayRun, tolerance: float) -> bool:
    """Whether its verdict would be the same with all times as much shorter or longer as they may be wrong."""
    exact = 1 + run.error_share
    return len({_verdict(plan, _stretched(run, by), None, tolerance)[0] for by in (1 / exact, 1.0, exact)}) == 1


def only_longer(plan: ReplayPlan, run: ReplayRun, tolerance: float) -> bool:
    """Whether it fails, and nothing but longer times sets it apart from the incident: a busy machine does that, too."""
    off = {c.what for c in compared(plan.figures, run.figures, tolerance) if not c.within}
    longer = {name for name, now, before in _times(run.figures, plan.figures) if now > before}
    return _verdict(plan, run, None, tolerance)[0] == "FAILS_OTHERWISE" and off <= longer


def same_times(run: ReplayRun, other: ReplayRun, tolerance: float) -> bool:
    """Whether two runs on different scales took equally long in production's time: a machine's own delays do not."""
    return all(abs(mine - theirs) <= tolerance * theirs for _, mine, theirs in _times(run.figures, other.figures))


def compared(incident: Figures, replay: Figures, tolerance: float) -> Iterator[Comparison]:
    """Each symptom of the incident beside the replay's."""
    detailed = any(" " in outcome for outcome in incident.outcomes)
    for outcome in sorted({_name(o, detailed) for o in (*incident.outcomes, *replay.outcomes)}):
        before, now = (_share(figures, outcome, detailed) for figures in (incident, replay))
        yield Comparison(
            what=f"share of {outcome}",
            incident=fine_percent(before),
            replay=fine_percent(now),
            within=abs(now - before) <= tolerance,
        )
    for name, before, now in _times(incident, replay):
        yield Comparison(
            what=name,
            incident=f"{before / 1000:.1f} s",
            replay=f"{now / 1000:.1f} s",
            within=abs(now - before) <= tolerance * before,
        )


def checks_of(plan: ReplayPlan, run: ReplayRun) -> Iterator[Check]:
    """What a repaired service owes its users under the same conditions."""
    unanswered = run.figures.outcomes.get("no answer", 0)
    yield Check(what="every request is answered", holds=unanswered == 0, found=f"{unanswered} were not")
    if plan.timeout_ms is not None:
        yield Check(
            what=f"no request takes the time-out of {plan.timeout_ms / 1000:g} s",
            holds=run.figures.max_ms < plan.timeout_ms,
            found=f"the longest took {run.figures.max_ms / 1000:.1f} s",
        )
    slowest = max((fault.value or 0 for fault in plan.conditions.faults if fault.kind == "latency"), default=0)
    if run.probe is not None and slowest:
        limit_ms = FAST * min(slowest, plan.timeout_ms or slowest)
        yield Check(
            what=f"after it, while dependencies are still slow, a request is answered within {limit_ms / 1000:g} s",
            holds=run.probe.max_ms < limit_ms,
            found=f"{', '.join(run.probe.outcomes)} after {run.probe.max_ms / 1000:.1f} s",
        )


def _verdict(plan: ReplayPlan, run: ReplayRun, baseline: ReplayRun | None, tolerance: float) -> tuple[str, str]:
    if run.figures.requests != plan.figures.requests:
        return "INCONCLUSIVE", f"{run.figures.requests} requests were sent, expected {plan.figures.requests}"
    if baseline is not None:
        missing = [c.what for c in compared(plan.figures, baseline.figures, tolerance) if not c.within]
        if missing:
            return "INCONCLUSIVE", f"the replay of the service as it was does not show the incident: {missing[0]}"
    failed = [check for check in checks_of(plan, run) if not check.holds]
    if not failed:
        return "FIXED", "every check holds under the incident's conditions"
    if all(c.within for c in compared(plan.figures, run.figures, tolerance)):
        return "REPRODUCED", "the service shows the incident's symptoms"
    return "FAILS_OTHERWISE", f"{failed[0].what}: {failed[0].found}"


def _times(one: Figures, other: Figures) -> list[tuple[str, float, float]]:
    """The times that are symptoms, milliseconds, of both."""
    return [("p50", one.p50_ms, other.p50_ms), ("p95", one.p95_ms, other.p95_ms)]


def _stretched(run: ReplayRun, by: float) -> ReplayRun:
    def times(figures: Figures) -> Figures:
        longer = {name: getattr(figures, name) * by for name in ("p50_ms", "p95_ms", "max_ms")}
        return figures.model_copy(update=longer)

    probe = run.probe and times(run.probe)
    return run.model_copy(update={"figures": times(run.figures), "probe": probe})


def _name(outcome: str, detailed: bool) -> str:
    return outcome if detailed else outcome.split(" ")[0]


def _share(figures: Figures, outcome: str, detailed: bool) -> float:
    count = sum(n for name, n in figures.outcomes.items() if _name(name, detailed) == outcome)
    return count / figures.requests if figures.requests else 0.0
