"""A rollout that is judged as Kayenta does: its configuration, and the points of the stage it is in."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record
from .canary import JudgedCanary

Pair = tuple[FiniteFloat | None, FiniteFloat | None]
"""A look at the canary and at the baseline; None = not measured."""


class KayentaJudging(Record):
    """How a plan's stages are judged."""

    config: dict[str, Any]
    """Canary configuration of Kayenta's, as JSON has it."""
    every_s: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """Between two judgements of a stage; None = one, at its end."""


class KayentaStage(Record):
    """What a stage has come to so far."""

    points: dict[str, tuple[Pair, ...]] = Field(default_factory=dict)
    """Metric -> looks in order of time, the latest MAX_POINTS."""
    judged_at: AwareDatetime | None = None
    final: bool = False
    """The stage's time was over when it was judged: the pass score decided."""
    judged: JudgedCanary | None = None
    """The latest judgement."""
