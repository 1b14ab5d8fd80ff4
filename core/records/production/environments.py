"""Two environments beside each other, as their access logs tell of them."""

from typing import Annotated

from pydantic import Field, FiniteFloat

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class EnvironmentTraffic(Record):
    """One of them."""

    environment: str
    requests: Annotated[int, Field(ge=0)]
    error_share: Share | None
    """Answered with 5xx; None without requests."""
    mean_ms: FiniteFloat | None
    """Mean duration; None where the log has none."""
    mean_bytes: FiniteFloat | None
    endpoints: Annotated[int, Field(ge=0)]
    statuses: dict[str, Share]
    """`2xx` -> share of the requests."""


class EndpointDifference(Record):
    """An endpoint in both."""

    endpoint: str
    """`GET /item/{id}`."""
    requests: Annotated[int, Field(ge=0)]
    """In the candidate."""
    share: Share
    baseline_share: Share
    error_share: Share
    baseline_error_share: Share
    p_value: Share | None
    """Chance of so different error rates were they alike, times the number of endpoints; None = no error."""
    differs: bool
    """p below the level."""
    mean_ms: FiniteFloat | None
    baseline_mean_ms: FiniteFloat | None


class EnvironmentComparison(Record):
    """What `compare-environments` finds."""

    baseline: EnvironmentTraffic
    candidate: EnvironmentTraffic
    endpoints: tuple[EndpointDifference, ...]
    """In both, the most requested first."""
    only_in_candidate: dict[str, int]
    """Endpoint -> requests: what the baseline never sees."""
    only_in_baseline: dict[str, int]
    latency: NotMeasured | None = None
    """Set where a log has no durations."""
    insights: tuple[Insight, ...] = ()
