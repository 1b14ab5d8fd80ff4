"""Which program is to be run before a rollout goes on: after the stage that has passed, before the one that begins."""

from ....core.records.rollouts.hooks import DueHook
from ....core.records.rollouts.rollout import RolloutPlan, RolloutState


def next_hook(plan: RolloutPlan, state: RolloutState, *, left: int | None, entered: int | None) -> DueHook | None:
    """The first that is not done; None = nothing is in the way.

    Args:
        plan: of the rollout.
        state: that knows what is done.
        left: number of the stage that has passed; None = the rollout begins.
        entered: number of the stage that would begin; None = it was the last.
    """
    for when, stage in (("after", left), ("before", entered)):
        if stage is None:
            continue
        percent = plan.stages[stage].percent
        for hook in plan.hooks:
            due = DueHook(key=f"{hook.name} {when} {percent:g} %", percent=percent, hook=hook)
            if hook.when == when and percent in (hook.stages or (percent,)) and due.key not in state.hooks_done:
                return due
    return None


def begins_with_hook(plan: RolloutPlan) -> bool:
    """True when one is to be run before anything moves."""
    return next_hook(plan, RolloutState(), left=None, entered=0) is not None
