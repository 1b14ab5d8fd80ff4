"""Will it be rolled back? The value at `aqe/deployment/rollback-prediction`."""

from typing import Literal

from pydantic import AwareDatetime

from ..base import Record
from ..release import DeploymentResult
from .calibration import Calibration


class Factor(Record):
    """What one feature does to the prediction."""

    feature: str
    value: float
    """Of this release, raw."""
    typical: float
    """Median of the past deployments."""
    contribution: float
    """Log-odds it adds to those of a typical release: above 0 = towards a rollback."""
    points: float
    """The same in percentage points of the probability, on its own."""


class SimilarDeployment(Record):
    """A past deployment near this one."""

    version: str
    deployed_at: AwareDatetime
    outcome: DeploymentResult
    distance: float
    """Root mean square of the features' differences, in standard deviations."""


class RollbackPrediction(Record):
    """Probability that the deployment fails or is rolled back. All percentages are 0-100."""

    version: str
    probability_percent: float
    interval_percent: tuple[float, float]
    """95 %: of the rate of failures among deployments predicted like this one, or of the base rate."""
    level: Literal["LOW", "MEDIUM", "HIGH"]
    method: Literal["calibrated", "base-rate"]
    """`base-rate`: the features do not help yet, as far as held-out outcomes tell; see `reason`."""
    reason: str
    base_rate_percent: float
    deployments: int
    """With a known outcome."""
    failures: int
    held_out: Calibration | None = None
    """Of the model on outcomes that it had not seen; None = too few to say."""
    features: dict[str, float]
    """What it was predicted from, raw; what is not measured is absent."""
    factors: tuple[Factor, ...] = ()
    """Largest first; empty for the base rate."""
    similar: tuple[SimilarDeployment, ...] = ()
    mitigation: tuple[str, ...] = ()
    computed_at: AwareDatetime
