"""A rollout on recorded metrics: the same `step` as a real one, and an executor that does at once what it is told.

The shares of bad requests are each arm's as recorded; how many requests an arm had is the recorded traffic of both, cut
as the stage would have cut it. What is expected is counted, nothing is drawn by chance: the same recording gives the
same answer, and a rise that a stage can barely see is found or missed as it would be on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ....analysis.inference.rate_excess import detectable_ratio
from ....core.errors import InputError
from ....core.records.rollouts.rollout import ArmReading, ArmTotals, Phase, RolloutPlan, RolloutState, Sample
from ....core.records.rollouts.simulation import SimulatedStage, Simulation
from ..judging.sequential import SHARE_ALPHA, TOLERATED_RATIO
from .look import SHARES, counted
from .step import begin, step, take_in

MIN_SAMPLES = 3
"""Recorded looks of which something can be said: counters need two for one difference."""


@dataclass(frozen=True)
class Recording:
    """What was measured.

    Args:
        samples: looks in order of time, with counters.
        source: where they are from, in words.
    """

    samples: Sequence[Sample]
    source: str


def simulate(plan: RolloutPlan, recording: Recording, *, errors_times: float = 1.0) -> Simulation:
    """What the rollout would have done.

    Args:
        plan: whose `started_at` is the first recorded look.
        recording: of both arms, or of the one that is served.
        errors_times: the canary fails so many times as often as recorded, 0 or more.

    Raises:
        InputError: too little is recorded.
    """
    samples = recording.samples
    if len(samples) < MIN_SAMPLES:
        raise InputError(f"{recording.source}: {len(samples)} looks are recorded, at least {MIN_SAMPLES} are needed")
    arms = _Arms(recorded=any(sample.canary.requests for sample in samples), times=errors_times)
    # The first recorded look is what a runner has seen before it moves anything.
    seen_before = arms.sample(samples[0], samples[0], 0.0)
    state, stages = begin(plan).model_copy(update={"last": seen_before}), _Stages(plan)
    for before, now in pairwise(samples):
        sample = arms.sample(before, now, state.percent)
        seen = take_in(plan, state, sample)
        state, _ = step(plan, state, sample)
        stages.note(seen, state)
        if state.phase.is_final:
            break
    last = state.last.at if state.last else plan.started_at
    return Simulation(
        version=plan.version,
        environment=plan.environment,
        strategy=plan.strategy,
        source=recording.source,
        begins_at=samples[0].at,
        ends_at=last,
        looks=len(samples) - 1,
        looks_every_s=(samples[-1].at - samples[0].at).total_seconds() / (len(samples) - 1),
        canary_recorded=arms.recorded,
        errors_times=errors_times,
        outcome=_outcome(state),
        reason=state.reason,
        detected_after_s=stages.detected_s,
        stages=stages.told(),
        timeline=state.timeline,
    )


def _outcome(state: RolloutState) -> str:
    if state.phase is Phase.ROLLING_BACK:
        return Phase.ROLLED_BACK
    return state.phase if state.phase.is_final or state.phase is Phase.PAUSED else "UNFINISHED"


@dataclass
class _Arms:
    """Counters as they would have been.

    Args:
        recorded: False = the baseline stands in for the canary.
        times: failures of the canary, of the recorded ones.
    """

    recorded: bool
    times: float
    canary: ArmTotals = field(default_factory=ArmTotals)
    baseline: ArmTotals = field(default_factory=ArmTotals)

    def sample(self, before: Sample, now: Sample, percent: float) -> Sample:
        """The look at `now`, with so much of the traffic on the canary since `before`."""
        kept = counted(ArmTotals(), before.baseline, now.baseline)
        tried = counted(ArmTotals(), before.canary, now.canary) if self.recorded else kept
        traffic = kept.requests + (tried.requests if self.recorded else 0)
        own = now.canary if self.recorded else now.baseline
        # A recorded canary without requests says nothing of itself; it is not measured, and not healthy.
        known = tried.requests > 0 or percent == 0
        self.canary = _more(self.canary, tried, traffic * percent / 100, self.times)
        self.baseline = _more(self.baseline, kept, traffic * (100 - percent) / 100, 1.0)
        return Sample(
            at=now.at,
            canary=_reading(self.canary, own) if known else ArmReading(up=own.up),
            baseline=_reading(self.baseline, now.baseline),
            metrics=now.metrics,
            baseline_metrics=now.baseline_metrics,
            percent=percent,
            ready_percent=100.0,
            problem=None if known else "the recorded canary has no requests here",
        )


def _more(totals: ArmTotals, recorded: ArmTotals, requests: float, times: float) -> ArmTotals:
    """Totals with so many requests more, of which as many are bad as are recorded."""
    if not recorded.requests:
        return totals
    part = requests / recorded.requests
    failed = min(requests, recorded.errors * part * times)
    return ArmTotals(
        requests=totals.requests + requests,
        errors=totals.errors + failed,
        slow=totals.slow + recorded.slow * part,
    )


def _reading(totals: ArmTotals, recorded: ArmReading) -> ArmReading:
    """What is not recorded is not measured here either."""
    counters = {n: getattr(totals, n) for n in ("requests", *SHARES) if getattr(recorded, n) is not None}
    return ArmReading(**counters, latency_p95_ms=recorded.latency_p95_ms, up=recorded.up)


@dataclass
class _Stages:
    """What came of each stage.

    Args:
        plan: of the rollout.
        seen: stage -> its last look as counted, and the phase that followed from it.
        detected_s: from the beginning of the stage, or of the watching after it, to the decision.
    """

    plan: RolloutPlan
    seen: dict[int, tuple[RolloutState, Phase]] = field(default_factory=dict)
    detected_s: float | None = None

    def note(self, seen: RolloutState, after: RolloutState) -> None:
        """One more look, before and after what was decided."""
        if seen.phase in (Phase.STAGE, Phase.PAUSED):
            self.seen[seen.stage] = (seen, after.phase if after.stage == seen.stage else Phase.WATCHING)
        if self.detected_s is None and after.phase in (Phase.ROLLING_BACK, Phase.PAUSED) and seen.last:
            began = seen.reached_at if seen.phase is Phase.WATCHING else seen.moved_at
            self.detected_s = (seen.last.at - (began or self.plan.started_at)).total_seconds()

    def told(self) -> tuple[SimulatedStage, ...]:
        """In order."""
        return tuple(self._stage(*pair) for pair in self.seen.values())

    def _stage(self, state: RolloutState, after: Phase) -> SimulatedStage:
        began = state.moved_at or self.plan.started_at
        lasted_s = (state.last.at - began).total_seconds() if state.last else 0.0
        pace = 60 * state.canary.requests / lasted_s if lasted_s > 0 else 0.0
        seen = _detectable(self.plan, state)
        able = f"this stage can only detect x{seen:.2g} at {pace:.3g} req/min" if seen else "nothing to compare with"
        return SimulatedStage(
            percent=self.plan.stages[state.stage].percent,
            began_s=(began - self.plan.started_at).total_seconds(),
            lasted_s=lasted_s,
            requests=state.canary.requests,
            requests_per_min=pace,
            failed=state.canary.errors,
            detectable=seen,
            words=able,
            outcome=_CAME_OF.get(after, "passed"),
        )


_CAME_OF = {
    Phase.ROLLING_BACK: "taken back",
    Phase.PAUSED: "paused",
    Phase.STAGE: "the recording ended",
}
"""Phase after a stage's last look -> what came of the stage."""


def _detectable(plan: RolloutPlan, state: RolloutState) -> float | None:
    baseline = state.baseline if state.baseline.requests >= plan.min_requests else state.reference
    if not state.canary.requests or not baseline.requests:
        return None
    share = state.canary.requests / (state.canary.requests + baseline.requests)
    return detectable_ratio(baseline.errors, tail=SHARE_ALPHA, ratio=TOLERATED_RATIO, share=share)
