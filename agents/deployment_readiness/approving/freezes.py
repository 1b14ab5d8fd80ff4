"""Freeze windows: times in which nothing is deployed, each a gate of its own that the clock decides."""

from ....core.criteria import OUTSIDE_FREEZE
from ....core.freezing import frozen_until, zone_of
from ....core.globs import compile_glob
from ....core.records.decisions.policy import FreezeWindow, Policy
from ....core.records.decisions.readiness import CriterionResult, GateResult, GateStatus
from ....core.records.evidence import Evidence, measured
from ..inputs import ReadinessInputs


def freezes(policy: Policy, inputs: ReadinessInputs) -> tuple[GateResult, ...]:
    """A gate for each window about this environment: passed outside of it, failed while it is on."""
    return tuple(
        _gate(window, inputs)
        for window in policy.freeze_windows
        if not window.environments or inputs.release.environment in window.environments
    )


def _gate(window: FreezeWindow, inputs: ReadinessInputs) -> GateResult:
    until = frozen_until(window.every, window.starts, window.ends, window.time_zone, inputs.now)
    excepted = _exception(window, inputs) if until else None
    local = f"{until.astimezone(zone_of(window.time_zone)):%Y-%m-%d %H:%M} {window.time_zone}" if until else ""
    detail = "no freeze is on"
    if until:
        detail = f"frozen until {local}" + (f", but {excepted}" if excepted else "")
    free = until is None or excepted is not None
    criterion = CriterionResult(
        criterion=OUTSIDE_FREEZE,
        limit=True,
        reading=measured(free, Evidence(tool="clock", measured_at=inputs.now)),
        status=GateStatus.PASSED if free else GateStatus.FAILED,
        detail=detail,
    )
    return GateResult(
        gate=window.name,
        mandatory=True,
        enforcement=window.enforcement,
        status=criterion.status,
        criteria=(criterion,),
    )


def _exception(window: FreezeWindow, inputs: ReadinessInputs) -> str | None:
    """Why it does not hold for this release today; None = it does."""
    version = inputs.release.version
    glob = next((glob for glob in window.except_versions if compile_glob(glob).fullmatch(version)), None)
    if glob is not None:
        return f"{version} is excepted by {glob}"
    today = inputs.now.astimezone(zone_of(window.time_zone)).date()
    return f"{today} is excepted" if today in window.except_dates else None
