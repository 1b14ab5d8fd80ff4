"""Measured, attested, or not measured with a reason: there is no fourth."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from .base import Record


class Status(StrEnum):
    """How a value is known."""

    MEASURED = "MEASURED"
    ATTESTED = "ATTESTED"
    """By an authenticated person, with evidence and an expiry; never shown as PASSED."""
    NOT_MEASURED = "NOT_MEASURED"


class Evidence(Record):
    """Where a value came from: enough to find the file and the run again."""

    key: str | None = None
    """Memory key the value was read from."""
    tool: str | None = None
    tool_version: str | None = None
    file: str | None = None
    sha256: str | None = None
    commit: str | None = None
    measured_at: datetime | None = None


class Reading(Record):
    """One value with its evidence, or the reason why there is none."""

    value: float | int | bool | str | None
    status: Status
    reason: str | None = None
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.value is None) != (self.status is Status.NOT_MEASURED):
            raise ValueError("a value is null exactly when its status is NOT_MEASURED")
        if self.status is Status.NOT_MEASURED and not self.reason:
            raise ValueError("NOT_MEASURED needs a reason")
        return self


class NotMeasured(Record):
    """What stands in the place of a record for which there was too little data."""

    value: None = None
    status: Literal[Status.NOT_MEASURED] = Status.NOT_MEASURED
    reason: str


def measured(value: float | int | bool | str, evidence: Evidence | None = None) -> Reading:
    """A measured value."""
    return Reading(value=value, status=Status.MEASURED, evidence=evidence)


def not_measured(reason: str, evidence: Evidence | None = None) -> Reading:
    """No value, and why."""
    return Reading(value=None, status=Status.NOT_MEASURED, reason=reason, evidence=evidence)
