"""What the agent can be asked: task type -> pure function. A new capability is a function and a line in the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.records.base import Record
from ...core.records.policy import Policy
from ...core.records.readiness import Decision, GateResult, RiskAssessment
from ...core.registry import by_name
from .counterfactuals import advised
from .decide import decide
from .gates import evaluate
from .inputs import ReadinessInputs
from .risk import score


@dataclass(frozen=True)
class Loaded:
    """What a task is decided from.

    Args:
        inputs: everything that is known of the release.
        policy: the one the task names.
        payload: the task's own arguments.
        records: memory key -> JSON value of what the capability `reads` and is there; a history as a list.
    """

    inputs: ReadinessInputs
    policy: Policy
    payload: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a capability concludes.

    Args:
        answer: the task's result.
        stores: memory key -> value, written when the task succeeds.
        appends: memory key -> items, added to that history when the task succeeds.
    """

    answer: Record
    stores: Mapping[str, Record] = field(default_factory=dict)
    appends: Mapping[str, Sequence[Record]] = field(default_factory=dict)


def _nothing(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Capability:
    """One line of the table.

    Args:
        task_type: as submitted.
        serves: the specification's name of the capability.
        perform: pure; the same input gives the same outcome.
        reads: of version and payload: the memory keys it needs besides signals and history.
    """

    task_type: str
    serves: str
    perform: Callable[[Loaded], Outcome]
    reads: Callable[[str, Mapping[str, Any]], Sequence[str]] = _nothing


@dataclass(frozen=True)
class Judged:
    """A release with everything that was concluded about it.

    Args:
        risk: the decision's.
        decision: with its gates.
    """

    risk: RiskAssessment
    decision: Decision


def judge(loaded: Loaded) -> Judged:
    """Risk, gates and the decision: the one place where they are put together."""
    inputs, policy = loaded.inputs, loaded.policy
    risk = advised(score(inputs, policy), inputs, policy)
    return Judged(risk, decide(inputs, risk, evaluate(inputs, policy), policy))


def assess(loaded: Loaded) -> Outcome:
    """Judge and store; only an assessment decides."""
    judged = judge(loaded)
    risk, decision = judged.risk, judged.decision
    version = decision.version
    stores = {"aqe/deployment/decision": decision, f"aqe/releases/{version}/decision": decision}
    return Outcome(decision, {**_risk_stores(version, risk), **stores})


def risk_score(loaded: Loaded) -> Outcome:
    """Risk alone."""
    risk = judge(loaded).risk
    return Outcome(risk, _risk_stores(risk.version, risk))


def gate_check(loaded: Loaded) -> Outcome:
    """The gate that the payload names; stores nothing."""
    gates = [_NamedGate(gate.gate, gate) for gate in evaluate(loaded.inputs, loaded.policy)]
    return Outcome(by_name(gates, str(loaded.payload.get("gate", "")), "gate").result)


CAPABILITIES: tuple[Capability, ...] = (
    Capability("deployment-assessment", "deployment-gate-enforcement", assess),
    Capability("risk-score", "risk-scoring", risk_score),
    Capability("gate-check", "deployment-gate-enforcement", gate_check),
)


@dataclass(frozen=True)
class _NamedGate:
    name: str
    result: GateResult


def _risk_stores(version: str, risk: Record) -> dict[str, Record]:
    return {"aqe/deployment/risk-score": risk, f"aqe/risk-scores/{version}": risk}
