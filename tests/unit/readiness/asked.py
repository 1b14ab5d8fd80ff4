"""Policies, situations and requests with votes, for tests of approvals."""

from datetime import datetime, timedelta
from typing import Any

from aqe.agents.deployment_readiness.approving.approvals import (
    Here,
    state_of,
)
from aqe.config.policy import default_policy
from aqe.core.records.decisions.approvals import (
    Approval,
    ApprovalRequest,
    ApprovalState,
    Seen,
    Situation,
    Vote,
)
from aqe.core.records.decisions.policy import ApprovalRules, GateOverrides, Policy
from aqe.core.records.decisions.readiness import DecisionStatus
from aqe.tests.builders import NOW, a_release
from aqe.tests.people import everybody, signing

HOUR = timedelta(hours=1)
OTHER_COMMIT = "b" * 40
APPROVED, WARNINGS, PENDING, INCONCLUSIVE, BLOCKED = DecisionStatus
SEEN = Seen(risk=50, metrics={"d.m": 50.0}, criteria={})


def a_policy(*, fast_track: bool = False, overrides: dict[str, Any] | None = None, **rules: Any) -> Policy:
    may = GateOverrides(enabled=True, requires_approval_from=("CTO", "VP Engineering"), **(overrides or {}))
    update = {"approvals": ApprovalRules(**rules), "gate_overrides": may, "fast_track": fast_track}
    return default_policy().model_copy(update=update)


def a_situation(**changes: Any) -> Situation:
    fields: dict[str, Any] = {
        "release": a_release(),
        "policy": a_policy().label,
        "decision": PENDING,
        "rule": "An approval is needed",
        "decision_sha256": "0" * 64,
        "seen": SEEN,
        "commit_authors": ("author@example.org",),
    }
    return Situation(**(fields | changes))


def a_request(
    situation: Situation | None = None, *, at: datetime = NOW, by: str = "dev@example.org", valid: timedelta = 4 * HOUR
) -> Approval:
    request = ApprovalRequest(
        id=f"approval-{at:%H%M%S}",
        situation=situation or a_situation(),
        requested_by=by,
        requested_at=at,
        expires_at=at + valid,
    )
    return Approval(request=request)


def voted(
    approval: Approval, by: str, *, granted: bool = True, at: datetime = NOW, valid: timedelta = 4 * HOUR
) -> Approval:
    vote = Vote(
        approver="",
        request=approval.request.digest(),
        granted=granted,
        justification="because",
        at=at,
        expires_at=at + valid,
    )
    return approval.model_copy(update={"votes": (*approval.votes, vote.signed_by(signing(by)))})


def here(policy: Policy | None = None, *, seen: Seen = SEEN, now: datetime = NOW, **release: Any) -> Here:
    return Here(a_release(**release), policy or a_policy(), seen, now, everybody())


def state(approval: Approval, where: Here | None = None) -> ApprovalState:
    return state_of(approval, where or here())[0]
