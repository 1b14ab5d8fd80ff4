"""Do the gates hold? Mandatory and optional ones, each criterion with the evidence it was judged by."""

from ...core.criteria import CRITERIA
from ...core.numbers import shown
from ...core.records.evidence import Reading, Status
from ...core.records.policy import GatePolicy, Limit, Policy
from ...core.records.readiness import CriterionResult, GateResult, GateStatus
from .inputs import ReadinessInputs, Readings

_UNITS = {"_percent": " %", "_ms": " ms", "_rps": " rps"}
"""Ending of a field's name -> how its unit is printed."""
WORST_FIRST = (GateStatus.FAILED, GateStatus.NO_EVIDENCE, GateStatus.PASSED)
_PENDING = "pending"
"""A change ticket that is still to be decided: measured, but evidence for neither side."""


def evaluate(inputs: ReadinessInputs, policy: Policy) -> tuple[GateResult, ...]:
    """Every gate of the policy, in its order."""
    readings = Readings(inputs, policy)
    return tuple(_gate(gate, policy, readings) for gate in policy.gates)


def is_pending(criterion: CriterionResult) -> bool:
    """Without evidence only because somebody has still to decide."""
    return criterion.status is GateStatus.NO_EVIDENCE and criterion.reading.value == _PENDING


def _gate(gate: GatePolicy, policy: Policy, readings: Readings) -> GateResult:
    results = tuple(
        judged(name, limit, readings.read(CRITERIA[name]), left_out=policy.is_left_out(gate.gate, name))
        for name, limit in gate.criteria.items()
    )
    statuses = {result.status for result in results}
    return GateResult(
        gate=gate.gate,
        mandatory=gate.mandatory,
        enforcement=gate.enforcement,
        status=next((status for status in WORST_FIRST if status in statuses), GateStatus.NOT_APPLICABLE),
        criteria=results,
    )


def judged(name: str, limit: Limit, reading: Reading, *, left_out: bool) -> CriterionResult:
    """One criterion held against what was measured.

    Args:
        name: in core/criteria.CRITERIA.
        limit: what is asked.
        reading: what there is.
        left_out: the policy calls it not applicable.
    """
    if left_out:
        status, detail = GateStatus.NOT_APPLICABLE, f"{name} is not applicable"
    elif reading.status is Status.NOT_MEASURED:
        status, detail = GateStatus.NO_EVIDENCE, f"{name} has no evidence: {reading.reason}"
    elif reading.value == _PENDING:
        status, detail = GateStatus.NO_EVIDENCE, f"{name} is pending"
    else:
        holds, detail = _judge(name, limit, reading)
        status = GateStatus.PASSED if holds else GateStatus.FAILED
    return CriterionResult(criterion=name, limit=limit, reading=reading, status=status, detail=detail)


def _judge(name: str, limit: Limit, reading: Reading) -> tuple[bool, str]:
    value = reading.value
    label, unit = _words(name)
    if limit is True:
        holds = value in (True, "approved")
        return holds, f"{label}: {'yes' if holds else 'no'}"
    if name.startswith("min_"):
        holds = _size(value) >= _size(limit)
        sign = ">=" if holds else "<"
    else:
        holds = _size(value) <= _size(limit)
        sign = "<=" if holds else ">"
    return holds, f"{label} {_shown(value, limit)}{unit} {sign} {_shown(limit, limit)}{unit}"


def _words(name: str) -> tuple[str, str]:
    """Label and unit: `p95 latency` and ` ms` of `max_p95_latency_ms`."""
    label = name.removeprefix("min_").removeprefix("max_")
    field = CRITERIA[name].field[0]
    ending = next((ending for ending in _UNITS if field.endswith(ending)), "")
    return label.removesuffix(ending).replace("_", " "), unit_of(field)


def label_of(criterion: str) -> str:
    """`p95 latency` of `max_p95_latency_ms`."""
    return _words(criterion)[0]


def unit_of(field: str) -> str:
    """How the unit of a signal's field is printed after a value: ` ms`, or nothing."""
    return next((unit for ending, unit in _UNITS.items() if field.endswith(ending)), "")


def _size(value: Limit | None) -> float:
    # Grades are compared by letter, A being the most.
    return -float(ord(value[0])) if isinstance(value, str) else float(value or 0)


def _shown(value: Limit | None, limit: Limit) -> str:
    # 84.996 must not read "85 < 85".
    return value if isinstance(value, str) else shown(float(value or 0), float(limit))
