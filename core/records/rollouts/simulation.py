"""What a rollout would have done on recorded metrics; printed by `aqe deploy simulate`, stored nowhere."""

from pydantic import AwareDatetime

from ..base import Record
from .rollout import Moment, Strategy


class SimulatedStage(Record):
    """One stage, on the traffic that it would have had."""

    percent: float
    began_s: float
    """Since the rollout began, seconds."""
    lasted_s: float
    requests: float
    """Of the canary."""
    requests_per_min: float
    failed: float
    detectable: float | None
    """The smallest ratio of failures that so much traffic shows in 4 of 5 cases; None = nothing to compare with."""
    words: str
    """`this stage can only detect x3.1 at 20 req/min`."""
    outcome: str
    """`passed`, `taken back`, `paused`, or `the recording ended`."""


class Simulation(Record):
    """All of it."""

    version: str
    environment: str
    strategy: Strategy
    source: str
    """Where the metrics are from."""
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    looks: int
    looks_every_s: float
    canary_recorded: bool
    """False = the version that is served stands in for the canary."""
    errors_times: float
    """The canary's failures are so many times the recorded ones."""
    outcome: str
    """`PROMOTED`, `ROLLED_BACK`, `PAUSED`, or `UNFINISHED`: the recording ended before."""
    reason: str
    detected_after_s: float | None
    """From the beginning of the stage to the decision to take it back or to pause; None = nothing was detected."""
    stages: tuple[SimulatedStage, ...]
    timeline: tuple[Moment, ...]
