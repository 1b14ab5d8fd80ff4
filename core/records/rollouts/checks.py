"""Argo's counters of a limit: how often a look may fail, decide nothing or have no value, and how often it did.

What they mean stands in agents/deployment_readiness/judging/counters.py, whose values these are when saved.
"""

from typing import Annotated

from pydantic import Field, FiniteFloat

from ..base import Record

Count = Annotated[int, Field(ge=0)]
CountOrOff = Annotated[int, Field(ge=-1)]
"""So often is tolerated; -1 = any number."""


class CheckLimits(Record):
    """How much of a stage's looks may be bad; the defaults are Argo's."""

    failure_limit: CountOrOff = 0
    inconclusive_limit: CountOrOff = 0
    consecutive_error_limit: Count = 4
    """Looks in a row without a value."""
    success: FiniteFloat | None = None
    """A value on this side of it is good; between it and the limit nothing is decided. None = what is no failure is."""

    @property
    def words(self) -> str:
        """`at more than 2 looks of a stage, or without a value at more than 4 in a row`."""
        often = "at any number of looks of a stage is tolerated"
        failures = often if self.failure_limit < 0 else f"at more than {self.failure_limit} looks of a stage"
        rest = f", or without a value at more than {self.consecutive_error_limit} in a row"
        if self.success is None or self.inconclusive_limit < 0:
            return failures + rest
        unclear = f"undecided ({self.success:g} is good) at more than {self.inconclusive_limit}"
        return f"{failures}{rest}; paused when {unclear}"


class Checked(Record):
    """Looks of a stage so far; a look without a value is none of `count`."""

    count: Count = 0
    successful: Count = 0
    failed: Count = 0
    inconclusive: Count = 0
    consecutive_success: Count = 0
    consecutive_error: Count = 0
    error: Count = 0
