"""Limits with Argo's counters: each look of a stage is a check, and the counters say how many may be bad.

A stage, and each phase after the last one, is an analysis run of its own: its counters begin at 0. Failed too often, or
without a value too often in a row, takes the release back; undecided too often pauses it, and raises an alert once all
traffic is on the new version.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace

from ....core.records.rollouts.checks import Checked, CheckLimits
from ....core.records.rollouts.rollout import MetricVerdict, Trigger
from ..judging.counters import OFF, Limits, Phase, Tally, measurement_phase, metric_phase
from ..judging.limits import LimitState

INCONCLUSIVE = "INCONCLUSIVE"
"""State of a verdict: undecided more often than is tolerated."""


def checks_after(
    triggers: Iterable[Trigger], known: Mapping[str, Checked], values: Mapping[str, float | None]
) -> dict[str, Checked]:
    """Every counter with one more look taken in.

    Args:
        triggers: that hold now; those without counters are left out.
        known: metric -> its looks so far.
        values: metric -> what this look measured; None = no value.
    """
    after = {}
    for trigger, limits in _counting(triggers):
        tally = Tally(**known.get(trigger.metric, Checked()).model_dump())
        after[trigger.metric] = Checked(**asdict(tally.after(check(trigger, limits, values[trigger.metric]))))
    return after


def check(trigger: Trigger, limits: CheckLimits, value: float | None) -> Phase:
    """What one look came to."""
    if value is None:
        return measurement_phase(None, None, error=True)
    failure = value < trigger.limit if trigger.below else value > trigger.limit
    if limits.success is None:
        return measurement_phase(None, failure)
    return measurement_phase(value >= limits.success if trigger.below else value <= limits.success, failure)


def stands(limits: CheckLimits, checked: Checked) -> Phase:
    """Where a metric stands after so many looks.

    Argo ends a run that is inconclusive; a rollout that waits for a person is still looked at, so what fails meanwhile
    comes first.
    """
    tally = Tally(**checked.model_dump())
    waits = Limits(limits.failure_limit, limits.inconclusive_limit, limits.consecutive_error_limit)
    found = metric_phase(replace(waits, inconclusive_limit=OFF), tally)
    return found if found in (Phase.FAILED, Phase.ERROR) else metric_phase(waits, tally)


def counted_verdict(trigger: Trigger, limits: CheckLimits, checked: Checked, value: float | None) -> MetricVerdict:
    """What is to be said of it after this look, with the numbers."""
    shown = "not measured" if value is None else f"{value:.4g}"
    side = "below" if trigger.below else "above"
    state = _STATES.get(stands(limits, checked)) or _unbroken(trigger, limits, value)
    reason = f"{shown}, the limit is {side} {trigger.limit:g}; {tally_words(limits, checked)}"
    return MetricVerdict(metric=trigger.metric, state=state, reason=reason)


def tally_words(limits: CheckLimits, checked: Checked) -> str:
    """`failed at 1 look of 3 allowed; undecided at 0 of 0; without a value at 2 in a row of 4`."""
    parts = [f"failed at {checked.failed} of {_allowed(limits.failure_limit)} looks allowed"]
    if limits.success is not None:
        parts.append(f"undecided at {checked.inconclusive} of {_allowed(limits.inconclusive_limit)}")
    if checked.consecutive_error:
        parts.append(f"without a value at {checked.consecutive_error} in a row of {limits.consecutive_error_limit}")
    return "; ".join(parts)


def undecided(triggers: Iterable[Trigger], known: Mapping[str, Checked]) -> dict[str, str]:
    """Metric -> its counters in words, where it was undecided more often than is tolerated."""
    return {
        trigger.metric: tally_words(limits, known[trigger.metric])
        for trigger, limits in _counting(triggers)
        if trigger.metric in known and stands(limits, known[trigger.metric]) is Phase.INCONCLUSIVE
    }


def grown(triggers: Iterable[Trigger], before: Mapping[str, Checked], after: Mapping[str, Checked]) -> Iterator[str]:
    """What this look added to counters that have an end, in words."""
    for trigger, limits in _counting(triggers):
        was, now = before.get(trigger.metric, Checked()), after.get(trigger.metric, Checked())
        if now.failed > was.failed and limits.failure_limit != OFF:
            yield f"{trigger.metric} fails: {tally_words(limits, now)}"
        elif now.inconclusive > was.inconclusive and limits.inconclusive_limit != OFF:
            yield f"{trigger.metric} is undecided: {tally_words(limits, now)}"


def used(triggers: Iterable[Trigger], known: Mapping[str, Checked]) -> str:
    """What of the counters a stage has used, in words; empty = nothing."""
    return "; ".join(
        f"{trigger.metric} {tally_words(limits, known[trigger.metric])}"
        for trigger, limits in _counting(triggers)
        if trigger.metric in known and (known[trigger.metric].failed or known[trigger.metric].inconclusive)
    )


_STATES = {
    Phase.FAILED: LimitState.BROKEN,
    Phase.ERROR: LimitState.BROKEN,
    Phase.INCONCLUSIVE: INCONCLUSIVE,
    Phase.PENDING: LimitState.NO_DATA,
}
"""Where Argo's counters stand -> the state that is shown."""


def _unbroken(trigger: Trigger, limits: CheckLimits, value: float | None) -> str:
    came_to = check(trigger, limits, value)
    return {Phase.ERROR: LimitState.NO_DATA, Phase.SUCCESSFUL: LimitState.WITHIN}.get(came_to, LimitState.BREAKING)


def _allowed(limit: int) -> str:
    return "any" if limit == OFF else str(limit)


def _counting(triggers: Iterable[Trigger]) -> Iterator[tuple[Trigger, CheckLimits]]:
    return ((trigger, trigger.counters) for trigger in triggers if trigger.counters is not None)
