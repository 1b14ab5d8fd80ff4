"""Approvals that were asked for, what was said to them, and overrides; each stands for one situation and no other."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from pydantic import Field

from ... import jsontext
from ..base import Record
from ..release import Release
from ..signals import MetricValue
from .approvers import Signed
from .readiness import DecisionStatus, GateStatus


def approval_key(version: str, id: str) -> str:
    """Where an approval lies."""
    return f"aqe/releases/{version}/approvals/{id}"


def override_key(version: str, id: str) -> str:
    """Where an override lies."""
    return f"aqe/releases/{version}/overrides/{id}"


class ApprovalState(StrEnum):
    """What became of an approval that was asked for."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    """Granted for a situation that is not this one: another commit or policy, or something is worse."""


class SeenCriterion(Record):
    """One criterion of a gate as the approver saw it."""

    status: GateStatus
    value: MetricValue | None


class Seen(Record):
    """The situation that somebody approved: a later one counts as approved only where nothing in it is worse."""

    risk: float
    metrics: dict[str, float]
    """`dimension.metric` -> risk, 0-100."""
    criteria: dict[str, SeenCriterion]
    """`gate.criterion`."""


class Situation(Record):
    """What an approval or override is bound to."""

    release: Release
    policy: str
    """Name and digest, as in the decision."""
    decision: DecisionStatus
    rule: str
    decision_sha256: str
    """Of the decision's JSON."""
    seen: Seen
    commit_authors: tuple[str, ...] | None
    """Addresses; None = not known."""


class ApprovalRequest(Record):
    """Somebody asks for a release to be approved."""

    id: str
    situation: Situation
    requested_by: str
    """As the asking process says; not authenticated."""
    recipients: tuple[str, ...] = ()
    requested_at: datetime
    expires_at: datetime

    def digest(self) -> str:
        """What votes name, so that a request cannot be changed under them."""
        return sha256(jsontext.canonical(self.to_dict())).hexdigest()


class Vote(Signed):
    """What an approver said to a request."""

    request: str
    """SHA-256 of the request."""
    granted: bool
    justification: str
    at: datetime
    expires_at: datetime


class Approval(Record):
    """The value at `aqe/releases/<version>/approvals/<id>`."""

    request: ApprovalRequest
    votes: tuple[Vote, ...] = ()
    settled: ApprovalState = ApprovalState.PENDING
    """What was announced; decisions do not look at it but at the votes."""


class Override(Signed):
    """The value at `aqe/releases/<version>/overrides/<id>`: failed gates and vetoes that do not count, by authority."""

    id: str
    situation: Situation
    names: tuple[str, ...]
    """Gates, vetoed dimensions."""
    emergency: bool = False
    """Given by `emergency-approve`: it is the approval, too."""
    justification: str
    at: datetime
    expires_at: datetime


class ApprovalView(Record):
    """One line of `aqe deploy approvals`."""

    id: str
    version: str
    environment: str
    state: ApprovalState
    detail: str
    """`1 of 2 approvals`, or why it does not count."""
    waits_for: tuple[str, ...]
    """Approvers who may still decide."""
    request: ApprovalRequest
    votes: tuple[Vote, ...] = Field(default=())
