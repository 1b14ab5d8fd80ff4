"""What must answer before traffic moves, and whether it has moved."""

from ....core.records.rollouts.rollout import RolloutPlan, Sample, Strategy

CLOSE = 0.5
"""Points: proxies weigh in whole numbers. None and all of the traffic are exact."""
_EXACT = 1e-6
WAIT_FIRST = (Strategy.BLUE_GREEN, Strategy.ROLLING)
"""They take instances out of service for the new ones; a canary only adds some."""


def waits_first(plan: RolloutPlan) -> bool:
    """True when nothing moves at once."""
    return plan.strategy in WAIT_FIRST or _all_at_once(plan)


def lacking(plan: RolloutPlan, sample: Sample, percent: float) -> str | None:
    """Why the new version may not have this share yet; None = it may.

    Blue-green needs the whole pool, since a share of the traffic says little of a pool that is to take all; rolling
    needs the instances of the batch. An executor that does not tell how its instances are is believed.

    Args:
        plan: of the rollout.
        sample: the look.
        percent: share of the traffic that it would get.
    """
    if not waits_first(plan):
        return None
    if sample.percent is None:
        return "the executor does not answer" + (f": {sample.problem}" if sample.problem else "")
    ready = sample.ready_percent
    if ready is None and sample.canary.up is not None:
        ready = 100.0 if sample.canary.up else 0.0
    needed = percent if plan.strategy is Strategy.ROLLING else 100.0
    if ready is None or ready >= needed - _EXACT:
        return None
    return f"{ready:g} % of the new version's instances answer, {needed:g} % must"


def unseen_s(plan: RolloutPlan, seen_s: float) -> float:
    """Seconds for which the old version must still be measured: where all traffic moves at once, none of it is left to
    compare with, so it is watched before for as long as the stage will last.

    Args:
        plan: of the rollout.
        seen_s: since it began.
    """
    return max(0.0, plan.stages[0].duration_s - seen_s) if _all_at_once(plan) else 0.0


def _all_at_once(plan: RolloutPlan) -> bool:
    return plan.stages[0].percent >= 100


def is_there(placed: float | None, wanted: float) -> bool:
    """True when the executor has the share that it is to have.

    Args:
        placed: percent, as it says; None = it does not answer.
        wanted: percent.
    """
    if placed is None:
        return False
    if wanted <= 0 or wanted >= 100 or placed <= 0:
        return abs(placed - wanted) < _EXACT
    return abs(placed - wanted) <= CLOSE
