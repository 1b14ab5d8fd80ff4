"""Which approvals and overrides count, here and now.

An approval counts for one version, commit, environment and policy, until it expires, and only while nothing is worse
than what the approver saw: no higher risk of any metric or of the whole, no gate criterion that has ceased to hold,
none that failed and has a worse value now. What became better does not void it. Each signature is checked against
aqe.yaml as it is now. A refusal needs none of this: it stands for its version, commit and environment until somebody
asks again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from ....core.errors import InputError
from ....core.records.audit import AuditEntry
from ....core.records.decisions.approvals import Approval, ApprovalState, Override, Seen, SeenCriterion, Situation, Vote
from ....core.records.decisions.approvers import Approver
from ....core.records.decisions.attestations import Attestation
from ....core.records.decisions.policy import Policy
from ....core.records.decisions.readiness import GateResult, GateStatus, Lifted, RiskAssessment
from ....core.records.release import Release, same_commit

EMERGENCY = "emergency approval"
REQUESTED, REJECTED = LOGGED = ("approval:requested", "approval:rejected")
"""Actions of the audit log that are looked at."""
HOLDS = frozenset({GateStatus.PASSED, GateStatus.ATTESTED, GateStatus.NOT_APPLICABLE})


@dataclass(frozen=True)
class Papers:
    """What stands in memory about one release, and who may sign.

    Args:
        approvals, overrides, attestations: of this version, in any order.
        approvers: id -> approver, from aqe.yaml.
        unreadable: why some value is none of them.
    """

    approvals: tuple[Approval, ...] = ()
    overrides: tuple[Override, ...] = ()
    approvers: Mapping[str, Approver] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    logged: tuple[AuditEntry, ...] = ()
    """Of LOGGED and any version, the oldest first: a record can be deleted, the log tells that it was."""


@dataclass(frozen=True)
class Here:
    """The situation that is judged."""

    release: Release
    policy: Policy
    seen: Seen
    now: datetime
    approvers: Mapping[str, Approver]


@dataclass(frozen=True)
class Standing:
    """What people have said that counts.

    Args:
        approvals: state of the latest request; empty = none, or one that has lapsed. An emergency approval is one, too.
        said: how that state came about, in a few words.
        overridden: gate or dimension -> the override that lifts it.
        emergency: an emergency approval counts.
        lifted: all that counts, for the decision to name.
        remarks: what is there and does not count, and why.
    """

    approvals: tuple[ApprovalState, ...] = ()
    said: str = ""
    overridden: Mapping[str, Lifted] = field(default_factory=dict)
    emergency: bool = False
    lifted: tuple[Lifted, ...] = ()
    remarks: tuple[str, ...] = ()


def read_papers(values: Mapping[str, object], approvers: Mapping[str, Approver]) -> Papers:
    """From the values at `aqe/releases/<version>/{approvals,overrides,attestations}/*`; the unreadable do not count."""
    approvals: list[Approval] = []
    overrides: list[Override] = []
    attestations: list[Attestation] = []
    unreadable: list[str] = []
    for key, value in sorted(values.items()):
        try:
            if "/approvals/" in key:
                approvals.append(Approval.from_value(value, where=key))
            elif "/attestations/" in key:
                attestations.append(Attestation.from_value(value, where=key))
            else:
                overrides.append(Override.from_value(value, where=key))
        except InputError as error:
            unreadable.append(error.message)
    return Papers(tuple(approvals), tuple(overrides), approvers, tuple(unreadable), tuple(attestations))


def stand(papers: Papers, here: Here) -> Standing:
    """What counts of it."""
    overridden, emergency, lifted, remarks = _overrides(papers.overrides, here)
    states: tuple[ApprovalState, ...] = ()
    said = ""
    latest = latest_approval(papers.approvals, here)
    if latest is not None:
        state, detail = state_of(latest, here)
        if state is ApprovalState.LAPSED:
            remarks.append(f"approval {latest.request.id} does not count: {detail}")
        else:
            states, said = (state,), detail
        if state is ApprovalState.GRANTED:
            lifted += [_lifted("approval", (), vote) for vote in counted(latest, here)]
    for attestation in papers.attestations:
        if objection := attestation.objection(here.release, here.approvers, here.now):
            remarks.append(f"the attestation of {attestation.item} does not count: {objection}")
    if ApprovalState.REFUSED not in states and (refusal := _deleted_refusal(papers, latest, here)):
        states, said = (ApprovalState.REFUSED,), ""
        remarks.append(refusal)
    if emergency and ApprovalState.REFUSED not in states:
        states = (ApprovalState.GRANTED,)
    return Standing(states, said, overridden, emergency, tuple(lifted), (*papers.unreadable, *remarks))


def seen_now(risk: RiskAssessment, gates: Iterable[GateResult]) -> Seen:
    """What somebody who approves now approves."""
    return Seen(
        risk=risk.risk,
        metrics={f"{d.dimension}.{m.metric}": m.risk for d in risk.dimensions for m in d.metrics},
        criteria={
            f"{gate.gate}.{c.criterion}": SeenCriterion(status=c.status, value=c.reading.value)
            for gate in gates
            for c in gate.criteria
        },
    )


def worse(now: Seen, then: Seen) -> str | None:
    """The first thing that is worse than it was; None = nothing is."""
    if now.risk > then.risk:
        return f"risk was {then.risk:.4g} when it was given and is {now.risk:.4g}"
    for name, risk in now.metrics.items():
        if risk > then.metrics.get(name, -1):
            return f"{name} is worse than when it was given"
    for name, criterion in now.criteria.items():
        if criterion.status not in HOLDS and _is_worse(name, criterion, then.criteria.get(name)):
            return f"{name} is worse than when it was given"
    return None


def _is_worse(name: str, now: SeenCriterion, then: SeenCriterion | None) -> bool:
    if then is None or now.status is not then.status:
        return True
    if now.value == then.value:
        return False
    if isinstance(now.value, int | float) and isinstance(then.value, int | float):
        return (now.value < then.value) == name.rpartition(".")[2].startswith("min_")
    # Grades by letter, A being the best; of other words each change is another situation.
    words = isinstance(now.value, str) and isinstance(then.value, str) and name.endswith("min_grade")
    return not (words and str(now.value) < str(then.value))


# Approvals -----------------------------------------------------------------------------------------------------------


def latest_approval(approvals: Iterable[Approval], here: Here) -> Approval | None:
    """The one that was asked for last, of those about this commit and environment."""
    about = [a for a in approvals if _same_release(a.request.situation, here.release)]
    return max(about, key=lambda a: (a.request.requested_at, a.request.id), default=None)


def _deleted_refusal(papers: Papers, latest: Approval | None, here: Here) -> str | None:
    """What the log tells of a refusal whose record is gone, or says something else; None = there is none.

    It stands, like any other, until somebody asks again.
    """
    about = [entry for entry in papers.logged if _is_about(entry, here.release)]
    refused = next((entry for entry in reversed(about) if entry.action in LOGGED), None)
    if refused is None or refused.action == REQUESTED:
        return None
    if latest is not None and latest.request.id != refused.details["id"] and latest.request.requested_at > refused.at:
        return None  # asked again where another log is kept
    return (
        f"approval {refused.details['id']} was refused by {refused.actor}: entry {refused.sequence} of the audit log "
        "says so, its record does not"
    )


def _is_about(entry: AuditEntry, release: Release) -> bool:
    details = entry.details
    commit = details.get("commit")
    return (
        entry.subject == release.version
        and details.get("environment") == release.environment
        and isinstance(details.get("id"), str)
        and (commit is None or isinstance(commit, str))
        and same_commit(commit, release.commit)
    )


def state_of(approval: Approval, here: Here) -> tuple[ApprovalState, str]:
    """Its state, and how that came about in a few words."""
    request, needed = approval.request, here.policy.approvals.people
    refusals = [vote for vote in _authentic(approval, here.approvers) if not vote.granted]
    if refusals:
        return ApprovalState.REFUSED, f"by {refusals[0].approver}: {refusals[0].justification}"
    grants = counted(approval, here)
    if len(grants) < needed:
        progress = f"{len(grants)} of {needed} approval{'s' * (needed != 1)}"
        if here.now >= request.expires_at:
            return ApprovalState.EXPIRED, f"{request.expires_at:%Y-%m-%d %H:%M} UTC, with {progress}"
        return ApprovalState.PENDING, progress
    until = min(vote.expires_at for vote in grants)
    if here.now >= until:
        return ApprovalState.EXPIRED, f"{until:%Y-%m-%d %H:%M} UTC"
    if objection := _objection(request.situation, here):
        return ApprovalState.LAPSED, objection
    return ApprovalState.GRANTED, f"by {', '.join(vote.approver for vote in grants)}"


def counted(approval: Approval, here: Here) -> list[Vote]:
    """The grants that count, one a person, the one that lasts longest."""
    found: dict[str, Vote] = {}
    for vote in _authentic(approval, here.approvers):
        if vote.granted and may_grant(here.approvers[vote.approver], approval, here.policy) is None:
            known = found.get(vote.approver)
            found[vote.approver] = vote if known is None or vote.expires_at > known.expires_at else known
    return list(found.values())


def may_grant(approver: Approver, approval: Approval, policy: Policy) -> str | None:
    """Why this approver may not grant this request; None = they may."""
    rules, request = policy.approvals, approval.request
    if not approver.has_role(rules.roles):
        return f"{approver.id} is not {' or '.join(rules.roles)}, as the policy asks"
    if approver.is_called(request.requested_by):
        return f"{approver.id} asked for this approval: it takes somebody else to grant it"
    return _not_an_author(approver, request.situation, policy)


def _not_an_author(approver: Approver, situation: Situation, policy: Policy) -> str | None:
    if policy.approvals.commit_author_may_approve:
        return None
    if situation.commit_authors is None:
        return "the policy bars commit authors, and who they are is not known: ask from within the git clone"
    if any(map(approver.is_called, situation.commit_authors)):
        return f"{approver.id} is an author of this commit: the policy asks for somebody else"
    return None


def _authentic(approval: Approval, approvers: Mapping[str, Approver]) -> Iterator[Vote]:
    digest = approval.request.digest()
    return (vote for vote in approval.votes if vote.request == digest and vote.signer(approvers) is not None)


def _same_release(situation: Situation, release: Release) -> bool:
    theirs = situation.release
    return (
        theirs.version == release.version
        and theirs.environment == release.environment
        and same_commit(theirs.commit, release.commit)
    )


def _objection(situation: Situation, here: Here) -> str | None:
    """Why what was signed for this situation does not hold here; None = it does."""
    if not _same_release(situation, here.release):
        return "it is for another commit or environment"
    if situation.policy != here.policy.label:
        return f"it is for policy {situation.policy}"
    return worse(here.seen, situation.seen)


# Overrides -----------------------------------------------------------------------------------------------------------


def may_override(approver: Approver, situation: Situation, policy: Policy) -> str | None:
    """Why this approver may not override under this policy; None = they may."""
    rules = policy.gate_overrides
    if not rules.enabled:
        return f"policy {policy.name} permits no overrides (its gate_overrides are not enabled)"
    if not approver.has_role(rules.requires_approval_from):
        return f"{approver.id} is not {' or '.join(rules.requires_approval_from)}, as the policy asks"
    return _not_an_author(approver, situation, policy)


def _overrides(overrides: Sequence[Override], here: Here) -> tuple[dict[str, Lifted], bool, list[Lifted], list[str]]:
    valid, remarks = [], []
    for override in overrides:
        if objection := _override_objection(override, here):
            remarks.append(f"override {override.id} by {override.approver} does not count: {objection}")
        else:
            valid.append(override)
    needed = here.policy.gate_overrides.people

    def by_enough(found: Iterable[Override]) -> bool:
        return len({override.approver for override in found}) >= needed

    names = sorted(set(chain.from_iterable(override.names for override in valid)))
    overridden = {}
    for name in names:
        theirs = [override for override in valid if name in override.names]
        if by_enough(theirs):
            overridden[name] = _lifted("override", (name,), *theirs)
        else:
            remarks.append(f"override of {name} does not count yet: the policy asks for {needed} people")
    emergencies = [override for override in valid if override.emergency]
    emergency = bool(emergencies) and by_enough(emergencies)
    lifted = list(overridden.values())
    if emergency:
        lifted.append(_lifted(EMERGENCY, (), *emergencies))
    return overridden, emergency, lifted, remarks


def _override_objection(override: Override, here: Here) -> str | None:
    signer = override.signer(here.approvers)
    if signer is None:
        return "nobody whom aqe.yaml knows has signed it"
    if objection := may_override(signer, override.situation, here.policy):
        return objection
    if here.now >= override.expires_at:
        return f"it expired {override.expires_at:%Y-%m-%d %H:%M} UTC"
    return _objection(override.situation, here)


def _lifted(kind: str, names: tuple[str, ...], *papers: Vote | Override) -> Lifted:
    return Lifted(
        kind=kind,
        names=names,
        by=", ".join(sorted({paper.approver for paper in papers})),
        reason="; ".join(dict.fromkeys(paper.justification for paper in papers)),
        until=min(paper.expires_at for paper in papers),
    )
