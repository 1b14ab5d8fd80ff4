"""TestScenario: a finding as something that can be tested; generators turn it into a file that runs."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from .base import Record
from .findings import FindingPriority, Insight, MiningResult


class Expectation(Record):
    """What must hold after a step, taken from recorded outcomes."""

    kind: Literal["status-below", "status-is", "json-has-key", "json-equals", "latency-below-ms"]
    value: Any
    path: str | None = None
    """Dotted path in the JSON body, for the json kinds; None = anywhere in it."""
    because: str
    """Why this is expected, in one line, for the reader of the test."""


class RequestStep(Record):
    """One HTTP request to the service under test."""

    method: str
    path: str
    """Path with query, relative to the base URL."""
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    expectations: tuple[Expectation, ...]


class Provenance(Record):
    """What the scenario was derived from."""

    finding_id: str
    finding: str
    """The finding's title."""
    occurrences: int
    sample_size: int
    """Records looked at."""
    window_from: datetime | None = None
    window_to: datetime | None = None


class TestScenario(Record):
    """A test in the abstract; the value at `aqe/production/test-scenarios` is a list of these."""

    __test__ = False

    id: str
    """Stable over runs: derived from the finding."""
    title: str
    priority: FindingPriority
    service: str | None = None
    steps: tuple[RequestStep, ...]
    provenance: Provenance


class MinedErrors(Record):
    """What error-pattern mining answers: the patterns, what they mean, and tests that would show them."""

    patterns: MiningResult
    insights: tuple[Insight, ...]
    scenarios: tuple[TestScenario, ...]
