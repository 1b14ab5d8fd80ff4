"""What an experiment did: arms, their sizes, and the effect on each metric, valid however often one looks."""

from datetime import datetime
from enum import StrEnum

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight


class EffectVerdict(StrEnum):
    """What may be said at this look; later looks may say more, and the chance of ever being wrong stays bounded."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    NO_DIFFERENCE_SHOWN = "NO_DIFFERENCE_SHOWN"
    """Not: that there is none."""


class ArmValue(Record):
    """One arm of one metric."""

    units: int
    """Users or sessions that the metric is known of."""
    value: float
    """Share from 0 to 1, or the mean of the units' values."""
    median: float | None = None
    """Of values; None for shares."""


class MetricEffect(Record):
    """One metric of one variant against the control."""

    metric: str
    unit: str
    """`share`, `ms`, or a currency."""
    variant: str
    control: ArmValue
    treatment: ArmValue
    effect: float | None
    """Treatment over control, minus 1; None when the control is at 0."""
    low: float | None
    high: float | None
    """Interval of the effect at `1 - alpha`, valid at all looks at once; None = has no end."""
    p_value: float
    """Always-valid."""
    alpha: float
    """Level that the p-value was compared with: the experiment's, divided by the number of comparisons."""
    verdict: EffectVerdict


class Arm(Record):
    """A variant and how many were given it."""

    variant: str
    units: int


class ExperimentImpact(Record):
    """The value at `aqe/production/experiments/<name>`."""

    experiment: str
    unit: str
    """`user` or `session`: what was randomised, as far as the rows name it."""
    window_from: datetime
    window_to: datetime
    """First units seen."""
    control: str
    arms: tuple[Arm, ...]
    in_several_arms: int
    """Units seen in more than one arm: left out."""
    split_p_value: float
    """Always-valid: of arms this unequal under the planned split."""
    split_alpha: float = 0.001
    """Level of it, at or below which nothing is concluded."""
    split_holds: bool
    """False = sample ratio mismatch: no effect is told."""
    alpha: float = 0.05
    """Chance of ever calling anything different that is not, over all looks and comparisons."""
    comparisons: int = 0
    """Metrics times variants, those that were not measured included; 0 = not told."""
    correction: str = "Bonferroni"
    """How the level of one comparison follows from both."""
    effects: tuple[MetricEffect | NotMeasured, ...]
    left_out: int = 0
    """Units beyond the bound."""
    insights: tuple[Insight, ...] = ()
