"""What the agent can be asked: task type -> pure function. A new capability is a function and a line in the table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ...core.errors import TaskVetoed
from ...core.ports import DatasetReader
from ...core.records.logs import LogRow
from ...core.records.rows import LOGS
from ...core.records.scenarios import MinedErrors
from ..outcome import Outcome
from .error_patterns import mine
from .insights import insights_from
from .scenarios import scenarios_from

DEFAULT_WINDOW_DAYS = 7.0
DEFAULT_MIN_OCCURRENCES = 2
MAX_SCENARIOS = 20
"""Scenarios kept, most important first: tests that people are to review."""
CLOCK_TOLERANCE = timedelta(days=1)
"""A record is written with its own clock: one that is a little ahead of ours still belongs to this window."""


@dataclass(frozen=True)
class Loaded:
    """What a task is found from.

    Args:
        now: aware UTC.
        payload: the task's own arguments.
        datasets: bulk rows, read while they are looked at: there may be millions.
        records: memory key -> JSON value of what the capability `reads` and is there; a history as a list.
    """

    now: datetime
    payload: Mapping[str, Any]
    datasets: DatasetReader
    records: Mapping[str, Any] = field(default_factory=dict)

    @property
    def window(self) -> timedelta:
        """How far back is looked."""
        return timedelta(days=self.number("days", DEFAULT_WINDOW_DAYS))

    @property
    def release(self) -> str | None:
        """Only what was imported for this release; None = everything."""
        return self.payload.get("release")

    def rows(self, kind: str) -> Iterator[Any]:
        """Rows of the window in order of time."""
        since, until = self.now - self.window, self.now + CLOCK_TOLERANCE
        return self.datasets.rows(kind, since=since, until=until, release=self.release)

    def previous_rows(self, kind: str) -> Iterator[Any]:
        """Rows of the window before, for trends."""
        until = self.now - self.window
        return self.datasets.rows(kind, since=until - self.window, until=until, release=self.release)

    def number(self, name: str, default: float) -> float:
        """A positive number of the payload.

        Raises:
            TaskVetoed: it is none.
        """
        value = self.payload.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise TaskVetoed(f"{name} is {value!r}, expected a number above 0")
        return float(value)


def _nothing(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Capability:
    """One line of the table.

    Args:
        task_type: as submitted.
        serves: the specification's name of the capability.
        perform: pure; the same input gives the same outcome.
        reads: of the payload: the memory keys it needs besides bulk rows.
    """

    task_type: str
    serves: str
    perform: Callable[[Loaded], Outcome]
    reads: Callable[[Mapping[str, Any]], Sequence[str]] = _nothing


def mine_errors(loaded: Loaded) -> Outcome:
    """Error patterns of the log records, what they mean, and scenarios that would show them."""
    mined = mine(
        (LogRow(*row) for row in loaded.rows(LOGS)),
        min_occurrences=int(loaded.number("minOccurrences", DEFAULT_MIN_OCCURRENCES)),
        previous=(LogRow(*row) for row in loaded.previous_rows(LOGS)),
    )
    insights = insights_from(mined, now=loaded.now)
    scenarios = tuple(scenarios_from(mined, include_unsafe=bool(loaded.payload.get("includeUnsafe"))))[:MAX_SCENARIOS]
    return Outcome(
        MinedErrors(patterns=mined, insights=insights, scenarios=scenarios),
        {
            "aqe/production/patterns": mined,
            "aqe/production/insights": insights,
            "aqe/production/test-scenarios": scenarios,
            "aqe/test-scenarios/production-derived": scenarios,
        },
    )


CAPABILITIES: tuple[Capability, ...] = (Capability("error-pattern-mining", "error-pattern-mining", mine_errors),)
