"""Do the gates hold? Mandatory and optional ones, each criterion with the evidence it was judged by."""

from collections.abc import Callable, Mapping
from functools import partial

from ...core.criteria import CRITERIA
from ...core.numbers import shown
from ...core.records.decisions.attestations import Attestation, is_attestable
from ...core.records.decisions.policy import GatePolicy, Limit, NoData, Policy
from ...core.records.decisions.readiness import CriterionResult, GateResult, GateStatus
from ...core.records.evidence import Reading, Status
from .approving.attestations import in_force
from .approving.freezes import freezes
from .approving.waivers import waived
from .inputs import ReadinessInputs, Readings
from .rules import ruled, scored
from .words import label_of, unit_of

WORST_FIRST = (
    GateStatus.FAILED,
    GateStatus.NO_EVIDENCE,
    GateStatus.PENDING,
    GateStatus.WARNING,
    GateStatus.WAIVED,
    GateStatus.ATTESTED,
    GateStatus.PASSED,
)
_PENDING = "pending"
"""What a change ticket says that is still to be decided."""


def evaluate(inputs: ReadinessInputs, policy: Policy) -> tuple[GateResult, ...]:
    """Every gate of the policy, in its order, then its freeze windows."""
    readings, attested = Readings(inputs, policy), in_force(inputs)
    return (*(_gate(gate, policy, readings, inputs, attested) for gate in policy.gates), *freezes(policy, inputs))


def _gate(
    gate: GatePolicy,
    policy: Policy,
    readings: Readings,
    inputs: ReadinessInputs,
    attested: Mapping[str, Attestation],
) -> GateResult:
    def one(name: str, limit: Limit, judge: Callable[[Reading], CriterionResult]) -> CriterionResult:
        reading = readings.read(CRITERIA[name])
        left_out = policy.is_left_out(gate.gate, name)
        result = _not_judged(name, limit, reading, left_out, attested.get(name)) or judge(reading)
        if gate.no_data is NoData.FAIL and result.status is GateStatus.NO_EVIDENCE:
            missing = {"status": GateStatus.FAILED, "detail": f"{result.detail}; the policy calls that failed"}
            result = result.model_copy(update=missing)
        return waived(result, gate.gate, policy.waivers, inputs.now)

    results = (
        *(one(name, limit, partial(_limited, name, limit)) for name, limit in gate.criteria.items()),
        *(one(n, rule.text, partial(ruled, n, rule, gate.comparison, inputs)) for n, rule in gate.rules.items()),
    )
    statuses = {result.status for result in results}
    plain = GateResult(
        gate=gate.gate,
        mandatory=gate.mandatory,
        enforcement=gate.enforcement,
        status=next((status for status in WORST_FIRST if status in statuses), GateStatus.NOT_APPLICABLE),
        criteria=results,
    )
    return scored(plain, gate) if gate.scoring else plain


def judged(
    name: str, limit: Limit, reading: Reading, *, left_out: bool, attestation: Attestation | None = None
) -> CriterionResult:
    """One criterion held against what was measured.

    Args:
        name: in core/criteria.CRITERIA.
        limit: what is asked.
        reading: what there is.
        left_out: the policy calls it not applicable.
        attestation: what an approver vouches for; it stands in for a measurement, never against one.
    """
    return _not_judged(name, limit, reading, left_out, attestation) or _limited(name, limit, reading)


def _not_judged(
    name: str, limit: Limit, reading: Reading, left_out: bool, attestation: Attestation | None
) -> CriterionResult | None:
    """The result where there is nothing to hold against the limit; None = there is."""
    if left_out:
        status, detail = GateStatus.NOT_APPLICABLE, f"{name} is not applicable"
    elif reading.status is Status.NOT_MEASURED and attestation is not None and is_attestable(name):
        reading, status = attestation.reading, GateStatus.ATTESTED
        detail = f"{label_of(name)}: {attestation.words}"
    elif reading.status is Status.NOT_MEASURED:
        status, detail = GateStatus.NO_EVIDENCE, f"{name} has no evidence: {reading.reason}"
    elif reading.value == _PENDING:
        status, detail = GateStatus.PENDING, f"{name} is pending"
    else:
        return None
    return CriterionResult(criterion=name, limit=limit, reading=reading, status=status, detail=detail)


def _limited(name: str, limit: Limit, reading: Reading) -> CriterionResult:
    holds, detail = _judge(name, limit, reading)
    status = GateStatus.PASSED if holds else GateStatus.FAILED
    return CriterionResult(criterion=name, limit=limit, reading=reading, status=status, detail=detail)


def _judge(name: str, limit: Limit, reading: Reading) -> tuple[bool, str]:
    value = reading.value
    label, unit = label_of(name), unit_of(CRITERIA[name].field[0])
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


def _size(value: Limit | None) -> float:
    # Grades are compared by letter, A being the most.
    return -float(ord(value[0])) if isinstance(value, str) else float(value or 0)


def _shown(value: Limit | None, limit: Limit) -> str:
    # 84.996 must not read "85 < 85".
    return value if isinstance(value, str) else shown(float(value or 0), float(limit))
