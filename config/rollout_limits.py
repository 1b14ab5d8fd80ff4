"""A limit as YAML has it: which side is bad, and how long, or by Argo's counters how often, it may be."""

from typing import TYPE_CHECKING

from pydantic import FiniteFloat, model_validator

from ..core.records.rollouts.checks import Count, CountOrOff
from .section import Section

if TYPE_CHECKING:  # every command reads aqe.yaml, few make a rollout
    from ..core.records.rollouts.rollout import Trigger


class CountersSection(Section):
    """Argo's counters; -1 tolerates any number."""

    failure_limit: CountOrOff = 0
    inconclusive_limit: CountOrOff = 0
    consecutive_error_limit: Count = 4
    success: FiniteFloat | None = None
    """A value on the good side of it is good; between it and the limit nothing is decided."""


class LimitSection(Section):
    """One side of a metric."""

    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    counters: CountersSection | None = None
    """Instead of a time: how many looks of a stage may be beyond it, undecided, or without a value."""

    @model_validator(mode="after")
    def _one_side(self) -> "LimitSection":
        if (self.above is None) == (self.below is None):
            raise ValueError("a limit has `above` or `below`, one of them")
        good = self.counters.success if self.counters else None
        if good is not None and not (good <= self.above if self.above is not None else good >= (self.below or 0.0)):
            side = "at most `above`" if self.above is not None else "at least `below`"
            raise ValueError(f"counters.success is {good:g}, expected {side}: it is the good side of the limit")
        return self

    def trigger(self, metric: str, *, for_s: float, alert_only: bool = False) -> "Trigger":
        """As a rollout's plan has it; `for_s` counts where there are no counters."""
        from ..core.records.rollouts.rollout import Trigger

        limit = self.below if self.above is None else self.above
        assert limit is not None, "checked when it was read"
        return Trigger.model_validate(
            {
                "metric": metric,
                "limit": limit,
                "for_s": 0.0 if self.counters else for_s,
                "below": self.above is None,
                "alert_only": alert_only,
                "counters": self.counters.model_dump() if self.counters else None,
            }
        )
