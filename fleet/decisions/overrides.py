"""Letting failed gates and vetoes not count: one transaction of the signed record, its event and its audit entry."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ...agents.deployment_readiness.approving.approvals import may_override
from ...bus.events import ApprovalGranted
from ...core.errors import InputError
from ...core.ids import dated_id
from ...core.records.audit import AuditDraft
from ...core.records.decisions.approvals import Override, override_key
from ...core.records.decisions.approvers import AuthenticatedApprover
from ...core.records.decisions.readiness import Decision, Enforcement, GateStatus
from ...core.registry import did_you_mean
from ...memory.audit import audited
from ..runtime import Runtime
from .situations import audit_details, last_assessed, published, situation_of


async def override(
    runtime: Runtime,
    who: AuthenticatedApprover,
    version: str,
    *,
    names: Sequence[str],
    justification: str,
    folder: Path,
    emergency: bool = False,
) -> Override:
    """Let failed gates and vetoes of a release not count, in somebody's name.

    Args:
        runtime: the open parts.
        who: who decides.
        version: the release.
        names: gates, or dimensions that veto; with `emergency` all that can be lifted, whatever is given.
        justification: why.
        folder: asked for the git clone.
        emergency: it is the approval, too.

    Raises:
        InputError: they may not, or there is nothing to lift.
    """
    assessed = await last_assessed(runtime, version)
    policy, now = assessed.here.policy, runtime.clock.now()
    situation = situation_of(assessed, folder)
    if objection := may_override(who.approver, situation, policy):
        raise InputError(objection)
    signed = Override(
        approver="",
        id=dated_id("override", now),
        situation=situation,
        names=_liftable(assessed.decision) if emergency else _checked(names, assessed.decision),
        emergency=emergency,
        justification=justification,
        at=now,
        expires_at=now + timedelta(seconds=policy.gate_overrides.valid_s),
    ).signed_by(who)
    await _write_down(runtime, signed)
    return signed


async def _write_down(runtime: Runtime, signed: Override) -> None:
    memory, release = runtime.memory, signed.situation.release
    writes = [memory.prepare_store(override_key(release.version, signed.id), signed, expected_version=0)]
    if signed.emergency:
        event = ApprovalGranted(
            version=release.version,
            approval=signed.id,
            environment=release.environment,
            commit=release.commit,
            approver=signed.approver,
            remaining=0,
            emergency=True,
            expires_at=signed.expires_at,
        )
        writes.append(published(runtime, event, signed.at))
    draft = AuditDraft(
        action="approval:emergency" if signed.emergency else "gate:overridden",
        actor=signed.approver,
        subject=release.version,
        details=audit_details(signed.situation, signed.id, names=signed.names, justification=signed.justification),
    )
    await audited(memory, [draft], signed.at, lambda chain: memory.apply([*writes, *chain]))


def _liftable(decision: Decision) -> tuple[str, ...]:
    """Gates that failed or wait, and dimensions that veto: what an override can let not count."""
    found = [
        gate.gate
        for gate in decision.gates
        if gate.enforcement is Enforcement.BLOCKING
        and any(c.status in (GateStatus.FAILED, GateStatus.PENDING) for c in gate.criteria)
    ]
    return tuple(dict.fromkeys([*found, *(veto.partition(":")[0] for veto in decision.vetoes)]))


def _checked(names: Sequence[str], decision: Decision) -> tuple[str, ...]:
    liftable = _liftable(decision)
    for name in names:
        if name not in liftable:
            raise InputError(
                f"{name!r} is no failed BLOCKING gate or veto of {decision.version}{did_you_mean(name, liftable)}",
                hint=f"an override could lift: {', '.join(liftable) or 'nothing'}",
            )
    return tuple(names)
