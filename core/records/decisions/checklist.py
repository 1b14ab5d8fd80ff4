"""The deployment checklist: what is asked (from YAML), and the value at `aqe/deployment/checklist`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ...criteria import CRITERIA, limit_problem
from ...registry import did_you_mean
from ..base import Record
from ..evidence import Reading
from ..release import Release
from .policy import Limit


class ChecklistLevel(StrEnum):
    """How much is asked; each includes those before it."""

    ESSENTIAL = "essential"
    STANDARD = "standard"
    FULL = "full"

    def includes(self, other: "ChecklistLevel") -> bool:
        """Whether an item of the other level is asked at this one."""
        order = list(ChecklistLevel)
        return order.index(other) <= order.index(self)


def _known(criteria: dict[str, Limit]) -> dict[str, Limit]:
    for name, limit in criteria.items():
        if name not in CRITERIA:
            raise ValueError(f"no criterion {name!r}{did_you_mean(name, CRITERIA)}")
        if problem := limit_problem(name, limit):
            raise ValueError(f"{name} is {limit!r}: {problem}")
    return criteria


class ItemDefinition(Record):
    """One thing to be checked. It passes when all its criteria are measured and hold."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    item: str = Field(min_length=1)
    """In words."""
    level: ChecklistLevel = ChecklistLevel.FULL
    required: bool = False
    """Failed or pending it blocks; without evidence nothing is decided."""
    criteria: Annotated[dict[str, Limit], AfterValidator(_known)] = Field(default_factory=dict)
    """Name in core/criteria -> limit."""
    parts: tuple[str, ...] = ()
    """Only evidence of such tools or files counts: globs without regard to case, over a part's name, tool and file."""
    warn_within_percent: float = Field(default=0, ge=0, lt=100)
    """A measured value so near its limit is a warning; percent of the limit."""
    max_age_s: float | None = Field(default=None, gt=0)
    """Evidence older than this does not count; None = as the policy says."""
    attestable: bool = False
    """An approver may vouch for it where nothing is measured."""

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if not self.criteria and not self.attestable:
            raise ValueError("an item has criteria or is attestable, else nothing could ever pass it")
        return self


class ChecklistDefinition(Record):
    """What is asked."""

    name: str
    digest: str
    """SHA-256 of the file's bytes, hexadecimal."""
    categories: dict[str, tuple[ItemDefinition, ...]]

    @property
    def items(self) -> dict[str, ItemDefinition]:
        """Id -> item."""
        return {item.id: item for items in self.categories.values() for item in items}


class ItemStatus(StrEnum):
    """What came of an item."""

    PASSED = "PASSED"
    ATTESTED = "ATTESTED"
    """An approver vouches for it, nothing was measured."""
    WARNING = "WARNING"
    """It holds, but the value is close to its limit."""
    PENDING = "PENDING"
    """Somebody has still to decide."""
    FAILED = "FAILED"
    NO_EVIDENCE = "NO_EVIDENCE"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class ChecklistStatus(StrEnum):
    """What came of all of them, best first."""

    READY = "READY"
    READY_WITH_WARNINGS = "READY_WITH_WARNINGS"
    INCONCLUSIVE = "INCONCLUSIVE"
    """A required item has no evidence."""
    BLOCKED = "BLOCKED"
    """A required item failed or is pending."""


class Resolution(Record):
    """An item that was open and is not any more: one entry of `aqe/deployment/checklist-resolutions`."""

    item: str
    version: str
    opened_at: datetime
    resolved_at: datetime


class Estimate(Record):
    """How long an item took to be resolved, in the past."""

    median_s: float
    shortest_s: float
    longest_s: float
    cases: int


class ItemResult(Record):
    """One item, with what it was judged by."""

    id: str
    item: str
    category: str
    level: ChecklistLevel
    required: bool
    status: ItemStatus
    details: str
    """What was found, or why there is nothing."""
    validated_by: str | None = None
    """Tool, or the approver who attested."""
    readings: dict[str, Reading] = Field(default_factory=dict)
    """Criterion -> what it was judged by, with its evidence."""
    how: str | None = None
    """What would supply the evidence that is missing."""
    estimate: Estimate | None = None


class Checklist(Record):
    """All items of one level for one release."""

    version: str
    release: Release
    level: ChecklistLevel
    overall_status: ChecklistStatus
    readiness_score: float | None
    """0-100: PASSED and ATTESTED count whole, WARNING half, the rest nothing; never read as the status. None = nothing
    is asked."""
    items: tuple[ItemResult, ...]
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    missing: tuple[str, ...]
    estimated_resolution_s: float | None
    """Longest of the medians of what holds the release up; None = not known, see `estimated_resolution`."""
    estimated_resolution: str
    """The same in words, or why it is not known."""
    checklist: str
    """Name and digest of the definition."""
    open_since: dict[str, datetime] = Field(default_factory=dict)
    """Item -> when it was first seen not to be resolved for this release; also of items that this level leaves out."""
    checked_at: datetime
