"""Asking for approvals and deciding about them: each step is one transaction of record, event and audit entry."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ...agents.deployment_readiness.approving.approvals import (
    Here,
    counted,
    latest_approval,
    may_grant,
    read_papers,
    state_of,
    worse,
)
from ...bus.events import ApprovalGranted, ApprovalRejected, ApprovalRequested, Payload
from ...core.errors import ConflictError, InputError
from ...core.ids import dated_id
from ...core.ports import Notifier
from ...core.records.audit import AuditDraft
from ...core.records.decisions.approvals import (
    Approval,
    ApprovalRequest,
    ApprovalState,
    ApprovalView,
    Vote,
    approval_key,
)
from ...core.records.decisions.approvers import AuthenticatedApprover
from ...core.records.decisions.readiness import Decision
from ...core.records.notices import Notice
from ...memory.audit import audited
from ..runtime import Runtime
from .approvers import find_approver
from .situations import Assessed, asking_person, audit_details, last_assessed, published, situation_of


async def request_approval(
    runtime: Runtime,
    version: str,
    *,
    recipients: Sequence[str],
    requested_by: str | None,
    folder: Path,
    notifiers: Sequence[Notifier],
) -> Approval:
    """Ask for a release to be approved as it was last judged; takes the place of an earlier request.

    Args:
        runtime: the open parts.
        version: the release.
        recipients: ids or addresses of approvers; none = all who may grant it.
        requested_by: who asks; None = whom git or the system names.
        folder: asked for the git clone.
        notifiers: who tells them.

    Raises:
        InputError: not assessed, no commit, or nobody who could grant it.
    """
    assessed = await last_assessed(runtime, version)
    policy, now = assessed.here.policy, runtime.clock.now()
    request = ApprovalRequest(
        id=dated_id("approval", now),
        situation=situation_of(assessed, folder),
        requested_by=requested_by or asking_person(folder),
        requested_at=now,
        expires_at=now + timedelta(seconds=policy.approvals.valid_s),
    )
    approval = Approval(request=request.model_copy(update={"recipients": _told(assessed, request, recipients)}))
    event = ApprovalRequested(
        **_named(approval),
        requested_by=request.requested_by,
        recipients=approval.request.recipients,
        expires_at=request.expires_at,
    )
    await _write(runtime, approval, event, actor=request.requested_by, expected_version=0)
    for notifier in notifiers:
        await notifier.notify(_notice(approval, assessed.decision))
    return approval


async def vote(
    runtime: Runtime, who: AuthenticatedApprover, version: str, *, granted: bool, justification: str
) -> ApprovalView:
    """Grant or refuse the latest request about a release, in somebody's name.

    Raises:
        InputError: nothing waits, they may not, or something is worse than when it was asked for.
    """
    assessed = await last_assessed(runtime, version)
    approval, stored_version = await _latest(runtime, assessed)
    here, now = assessed.here, runtime.clock.now()
    _check_open(approval, here, granted)
    if granted and (objection := may_grant(who.approver, approval, here.policy)):
        raise InputError(objection)
    said = Vote(
        approver="",
        request=approval.request.digest(),
        granted=granted,
        justification=justification,
        at=now,
        expires_at=now + timedelta(seconds=here.policy.approvals.valid_s),
    ).signed_by(who)
    decided = approval.model_copy(update={"votes": (*approval.votes, said)})
    view = _view(decided, here)
    decided = decided.model_copy(update={"settled": view.state})
    event: Payload
    if granted:
        remaining = max(0, here.policy.approvals.people - len(counted(decided, here)))
        event = ApprovalGranted(
            **_named(decided), approver=said.approver, remaining=remaining, expires_at=said.expires_at
        )
    else:
        event = ApprovalRejected(**_named(decided), approver=said.approver)
    await _write(
        runtime, decided, event, actor=said.approver, expected_version=stored_version, justification=justification
    )
    return view


async def list_approvals(runtime: Runtime, version: str | None) -> list[ApprovalView]:
    """Requests that were not followed by another one, the latest first: what waits for whom, and what became of it."""
    found = await runtime.memory.retrieve_pattern(f"aqe/releases/{version or '*'}/approvals/*")
    approvals = read_papers(found, {}).approvals
    views = []
    for about in dict.fromkeys(approval.request.situation.release.version for approval in approvals):
        try:
            assessed = await last_assessed(runtime, about)
        except InputError as error:
            # The others are still to be seen.
            views.append(_lapsed(about, approvals, str(error)))
            continue
        latest = latest_approval(approvals, assessed.here)
        if latest is not None:
            views.append(_view(latest, assessed.here))
    return sorted(views, key=lambda view: view.request.requested_at, reverse=True)


async def _latest(runtime: Runtime, assessed: Assessed) -> tuple[Approval, int]:
    """The latest request about the release as it was last judged, and the version of its record."""
    version = assessed.decision.version
    found = await runtime.memory.retrieve_pattern(f"aqe/releases/{version}/approvals/*")
    latest = latest_approval(read_papers(found, assessed.here.approvers).approvals, assessed.here)
    if latest is None:
        raise InputError(
            f"nobody has asked for an approval of {version} at this commit",
            hint=f"aqe deploy approve-request --version {version}",
        )
    record = await runtime.memory.retrieve_record(approval_key(version, latest.request.id))
    if record is None:
        raise InputError(f"approval {latest.request.id} has just been deleted")
    return Approval.from_value(record.value, where=latest.request.id), record.version


def _check_open(approval: Approval, here: Here, granted: bool) -> None:
    state, detail = state_of(approval, here)
    closed = {ApprovalState.REFUSED, ApprovalState.EXPIRED, ApprovalState.LAPSED, *([ApprovalState.GRANTED] * granted)}
    ask = f"aqe deploy approve-request --version {here.release.version}"
    if state in closed:
        raise InputError(f"approval {approval.request.id} is {state}: {detail}", hint=f"to ask again: {ask}")
    if granted and (objection := worse(here.seen, approval.request.situation.seen)):
        raise InputError(f"since it was asked for, something got worse: {objection}", hint=f"to ask again: {ask}")


def _told(assessed: Assessed, request: ApprovalRequest, recipients: Sequence[str]) -> tuple[str, ...]:
    approvers, policy = assessed.here.approvers, assessed.here.policy
    if recipients:
        told = {known.id: known for known in (find_approver(approvers, name) for name in recipients)}
        objections = [may_grant(one, Approval(request=request), policy) for one in told.values()]
        if all(objections):
            raise InputError(
                f"none of the recipients may grant it: {'; '.join(filter(None, objections))}",
                hint="leave out --recipients: all who may are told",
            )
        return tuple(told)
    able = tuple(a.id for a in approvers.values() if may_grant(a, Approval(request=request), policy) is None)
    if not able:
        raise InputError(
            "no approver in aqe.yaml may grant this: "
            + ("there is none" if not approvers else "by role, or because they asked for it or made the commit"),
            hint="`aqe approver list`; the policy's `approvals:` says who may",
        )
    return able


def _view(approval: Approval, here: Here) -> ApprovalView:
    state, detail = state_of(approval, here)
    voted = {vote.approver for vote in approval.votes}
    waits = [a.id for a in here.approvers.values() if a.id not in voted and may_grant(a, approval, here.policy) is None]
    return ApprovalView(
        id=approval.request.id,
        version=here.release.version,
        environment=here.release.environment,
        state=state,
        detail=detail,
        waits_for=tuple(waits) if state is ApprovalState.PENDING else (),
        request=approval.request,
        votes=approval.votes,
    )


def _lapsed(version: str, approvals: Sequence[Approval], why: str) -> ApprovalView:
    """The latest request about a release that cannot be looked at as it was judged."""
    about = [approval for approval in approvals if approval.request.situation.release.version == version]
    latest = max(about, key=lambda approval: approval.request.requested_at)
    return ApprovalView(
        id=latest.request.id,
        version=version,
        environment=latest.request.situation.release.environment,
        state=ApprovalState.LAPSED,
        detail=why,
        waits_for=(),
        request=latest.request,
        votes=latest.votes,
    )


async def _write(
    runtime: Runtime,
    approval: Approval,
    event: Payload,
    *,
    actor: str,
    expected_version: int,
    justification: str | None = None,
) -> None:
    situation, now = approval.request.situation, runtime.clock.now()
    memory, version = runtime.memory, situation.release.version
    more = {"justification": justification} if justification else {}
    draft = AuditDraft(
        action=event.event_type,
        actor=actor,
        subject=version,
        details=audit_details(situation, approval.request.id, **more),
    )
    key = approval_key(version, approval.request.id)
    writes = [
        memory.prepare_store(key, approval, expected_version=expected_version),
        published(runtime, event, now),
    ]
    try:
        await audited(memory, [draft], now, lambda chain: memory.apply([*writes, *chain]))
    except ConflictError as error:
        raise InputError(
            f"approval {approval.request.id} has changed at this moment", hint="look, then try again"
        ) from error


def _named(approval: Approval) -> dict[str, Any]:
    release = approval.request.situation.release
    return {
        "version": release.version,
        "approval": approval.request.id,
        "environment": release.environment,
        "commit": release.commit,
    }


def _notice(approval: Approval, decision: Decision) -> Notice:
    request, version = approval.request, decision.version
    closed = all(reason.startswith("an approval is ") for reason in decision.blockers)
    lifts = decision.decision == "PENDING_APPROVAL" or (closed and decision.blockers and not decision.inconclusive)
    waits = [] if lifts else ["an approval alone will not let it pass"]
    return Notice(
        event=ApprovalRequested.event_type,
        subject=f"approval of {version} for {decision.release.environment} is asked for by {request.requested_by}",
        lines=(
            f"decision: {decision.decision}: {decision.rule}",
            *waits,
            f"risk: {decision.risk_level}, {decision.risk:.4g} of 100; commit {decision.release.commit:.12}",
            f"it waits until {request.expires_at:%Y-%m-%d %H:%M} UTC",
            f"to look: aqe deploy assess --version {version}",
            f'to decide: aqe deploy approve --version {version} --approver ID --justification "..."',
            f'       or: aqe deploy reject --version {version} --approver ID --justification "..."',
        ),
        recipients=request.recipients,
    )
