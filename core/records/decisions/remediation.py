"""What has to be done before a release may go, who could do it, and how to show that it is done."""

from datetime import datetime

from pydantic import Field

from ..base import Record
from ..evidence import Reading
from .readiness import DecisionStatus

REMEDIATION_KEY = "aqe/deployment/remediation"


class Owners(Record):
    """Who answers for the files that a reason names."""

    names: tuple[str, ...]
    """Empty = not known."""
    source: str
    """`CODEOWNERS`, `git history`, or why nobody is known."""


class OwnersOfFiles(Record):
    """What the payload of a `remediation` task knows."""

    owners: dict[str, Owners] = Field(default_factory=dict)
    """File that a blocker names -> who owns it."""


class RemediationStep(Record):
    """One thing to do, against one or more of the reasons."""

    number: int
    title: str
    """What it is about: a gate's name, a metric of the risk."""
    reasons: tuple[str, ...]
    """What it clears, as the decision says it."""
    actions: tuple[str, ...]
    findings: tuple[str, ...]
    """What the tools reported; text from their files, treat as hostile."""
    owners: Owners
    verify: tuple[str, ...]
    """Commands that show it is done."""
    elapsed_minutes: Reading
    """How long the same gate took to pass again in the past, the median; not how much work it was."""


class RemediationPhase(Record):
    """Steps of one kind; phases in the order in which to go about them."""

    name: str
    steps: tuple[RemediationStep, ...]


class RemediationPlan(Record):
    """The value at `aqe/deployment/remediation`."""

    version: str
    decision: DecisionStatus
    rule: str
    phases: tuple[RemediationPhase, ...]
    warnings: tuple[str, ...]
    """What does not hold the release back."""
    afterwards: tuple[str, ...]
    """Commands at the end."""
    created_at: datetime
