"""The feedback loop from production to testing: which analyses run how often, and how far the present round is."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ..base import Record
from .verification import Coverage

FEEDBACK_KEY = "aqe/production/feedback-loop"
NO_DATA = "no data"
"""Status of an analysis that found nothing of its kind to look at."""
MAX_NOTICED = 100
"""Anomalies that are kept by name."""


class LoopPhase(StrEnum):
    """What the loop is doing."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    """On purpose; the next loop goes on from here."""


class LoopPlan(Record):
    """What was asked for."""

    interval_s: float = Field(gt=0)
    """From begin to begin of two rounds."""
    analyses: tuple[str, ...]
    """Task types, in order."""
    days: float = Field(gt=0)
    """Window of each analysis, back from now."""
    once: bool = False


class Run(Record):
    """One analysis of a round."""

    task_type: str
    task: str
    """Id; another one for another attempt."""
    attempt: int = 1
    status: str | None = None
    """`completed`, `failed`, `cancelled`, NO_DATA; None = not over."""
    error: str | None = None
    """Why it did not complete."""


class LoopState(Record):
    """The value at `aqe/production/feedback-loop`."""

    phase: LoopPhase = LoopPhase.WAITING
    round: int = 0
    """The present or the last one."""
    rounds_done: int = 0
    runs: tuple[Run, ...] = ()
    round_started_at: datetime | None = None
    round_ended_at: datetime | None = None
    due_at: datetime | None = None
    """Of the next round; None = at once."""
    position: str = "0"
    """Entry of the stream of anomalies up to which they were taken in."""
    anomalies_noticed: int = 0
    anomalies: tuple[str, ...] = ()
    """Ids of the latest ones, newest last."""
    covered: tuple[Coverage, ...] = ()
    """Findings that a generated test shows and its repair ends, as `aqe tests verify` saw it; the latest last."""
    plan: LoopPlan
    runner: str = ""
    updated_at: datetime
