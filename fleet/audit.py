"""The audit log as people ask for it."""

from ..core.audit import verify
from ..core.errors import InputError
from ..core.records.audit import AuditEntry, AuditVerdict
from ..memory.audit import AUDIT_LOG
from .runtime import Runtime


async def audit_entries(runtime: Runtime, *, subject: str | None, limit: int) -> list[AuditEntry]:
    """The latest entries, the oldest of them first.

    Args:
        runtime: the open parts.
        subject: only those about this version, policy or approver.
        limit: at most so many, >= 1.
    """
    if subject is None:
        _, items = await runtime.memory.tail(AUDIT_LOG, limit)
    else:
        everything = await runtime.memory.retrieve(AUDIT_LOG) or []
        items = [item for item in everything if isinstance(item, dict) and item.get("subject") == subject][-limit:]
    return [AuditEntry.from_value(item, where=AUDIT_LOG) for item in items]


async def verify_audit(runtime: Runtime, head: str | None) -> AuditVerdict:
    """Hold the log against itself, against a head that somebody kept, and against those in the stored decisions.

    Args:
        runtime: the open parts.
        head: from a decision, a report or an earlier `aqe audit verify`; what came before it cannot have been changed.
    """
    if head is not None and (len(head) != 64 or set(head) - set("0123456789abcdef")):
        raise InputError(f"--head {head!r} is no head of the audit log", hint="expected 64 hexadecimal digits")
    decisions = await runtime.memory.retrieve_pattern("aqe/releases/*/decision")
    stored = {d["auditHead"] for d in decisions.values() if isinstance(d, dict) and isinstance(d.get("auditHead"), str)}
    items = await runtime.memory.retrieve(AUDIT_LOG) or []
    return verify(items, [*([head] if head else []), *sorted(stored - {head})])
