"""Waivers: what does not hold and is let be for a while, named and tallied apart from what passed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ....core.records.decisions.policy import Policy, Waiver
from ....core.records.decisions.readiness import CriterionResult, GateStatus, Lifted


def waived(result: CriterionResult, gate: str, waivers: Sequence[Waiver], now: datetime) -> CriterionResult:
    """The result, WAIVED where it does not hold and a waiver in force is about it.

    A waiver with a bound needs the value: deleting a measurement must not bring in one beyond it.
    """
    for waiver in waivers:
        about = waiver.gate in (None, gate) and waiver.criterion in (None, result.criterion)
        if about and now < waiver.expires_at and _reaches(waiver, result):
            lifted = Lifted(
                kind="waiver",
                names=(f"{gate}.{result.criterion}",),
                by=waiver.owner,
                reason=waiver.reason,
                until=waiver.expires_at,
            )
            until = f"{waiver.expires_at:%Y-%m-%d %H:%M} UTC"
            words = f"{result.detail}; waived until {until} by {waiver.owner}: {waiver.reason}"
            return result.model_copy(update={"status": GateStatus.WAIVED, "detail": words, "lifted": lifted})
    return result


def _reaches(waiver: Waiver, result: CriterionResult) -> bool:
    if result.status not in (GateStatus.FAILED, GateStatus.NO_EVIDENCE, GateStatus.PENDING):
        return False
    if waiver.up_to is None:
        return True
    value = result.reading.value
    if not isinstance(value, int | float) or result.status is GateStatus.NO_EVIDENCE:
        return False
    return value >= waiver.up_to if result.criterion.startswith("min_") else value <= waiver.up_to


def lapsed_waivers(policy: Policy, now: datetime) -> Iterator[str]:
    """Waivers whose time is over, in words."""
    for waiver in policy.waivers:
        if now >= waiver.expires_at:
            yield f"the waiver of {waiver.names} expired {waiver.expires_at:%Y-%m-%d %H:%M} UTC; ask {waiver.owner}"
