"""How sure one may be that a release succeeds: the value at `aqe/deployment/confidence`."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from ..base import Record


class Certainty(StrEnum):
    """How much the history says, whatever it says."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class Pool(Record):
    """A group of past deployments that the estimate leans on."""

    name: str
    """`similar releases`, `other releases`."""
    deployments: int
    successes: int
    effective: float
    """Deployments it counts for, after recency and similarity, 0 to `deployments`."""


class ReleaseConfidence(Record):
    """Posterior probability that the release succeeds. All percentages are 0-100."""

    version: str
    score: float
    """100 x the posterior mean."""
    interval: tuple[float, float]
    """95 % equal-tailed credible interval of the success probability."""
    certainty: Certainty
    level: Literal["LOW", "MEDIUM", "HIGH", "VERY_HIGH"]
    """Of the interval's lower end, so that not knowing is never VERY_HIGH."""
    deployments: int
    """Past deployments with a known outcome that were looked at."""
    effective_deployments: float
    """What they count for, old and unlike ones less: the sample size behind the interval."""
    similar_releases: int
    window_days: float
    baseline: float
    """The same for a release of which nothing is known, from the same history."""
    difference: float
    """score - baseline, points."""
    method: Literal["prior", "beta-binomial", "bayesian-logistic"]
    reason: str
    """Why this method, and what the certainty rests on."""
    pools: tuple[Pool, ...] = ()
    recommendation: str
    computed_at: AwareDatetime
