"""What a policy says about taking a release back: when, and which steps of one's own."""

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from ..base import Record
from .checks import CheckLimits

Number = Annotated[FiniteFloat, Field(strict=True)]


ROLLOUT_METRICS = {"p95_latency_ms": "latency_p95_ms"}
"""Metric of a policy's trigger -> what a rollout calls it, where that is another word."""


class RollbackTrigger(Record):
    """A measurement that, when it lasts, takes the release back."""

    above: Number | None = None
    below: Number | None = None
    for_s: Annotated[FiniteFloat, Field(gt=0)]
    """How long without a break, seconds; `for: 2m` in YAML."""

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("a trigger has `above` or `below`, one of them")
        return self


class RolloutTrigger(RollbackTrigger):
    """A limit that a rollout watches by itself: for a time, or by the number of looks."""

    for_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    counters: CheckLimits | None = None


class OwnStep(Record):
    """A step that this project takes besides."""

    action: Annotated[str, Field(min_length=1)]
    command: str | None = None
    automatic: bool = False
    """Asked for; a destructive step is never automatic."""


class RollbackRules(Record):
    """Section `rollback` of a policy."""

    triggers: dict[str, RollbackTrigger] = Field(default_factory=dict)
    """Metric -> trigger."""
    steps: tuple[OwnStep, ...] = ()
    """In this order, after traffic has gone back."""
