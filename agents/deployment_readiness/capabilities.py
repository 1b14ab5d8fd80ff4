"""What the agent can be asked: task type -> pure function. A new capability is a function and a line in the table.

What an assessment does not need is imported by the function that does: a command of its own waits for every import.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...core.errors import InputError
from ...core.records.base import Record
from ...core.records.decisions.learnt import Learnt
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.readiness import Decision, RiskAssessment
from ...core.registry import by_name
from ..outcome import Outcome
from .approving.approvals import Here, seen_now, stand
from .counterfactuals import advised
from .decide import Judged, decide
from .foresight.statements import Foreseen, foresee, learnt_key, note, told
from .gates import evaluate
from .inputs import ReadinessInputs, Readings
from .names import AUDIT_LOG, PROJECT, RESOLUTIONS_KEY
from .risk import score
from .summary import summary

T = TypeVar("T")
FORESIGHTS = 1000
"""Of one release that are kept, the newest: who assesses every minute shall not fill the server."""

if TYPE_CHECKING:
    from ...core.records.decisions.blockers import Blockers
    from ...core.records.decisions.checklist import ChecklistDefinition


@dataclass(frozen=True)
class Loaded:
    """What a task is decided from.

    Args:
        inputs: everything that is known of the release.
        policy: the one the task names.
        payload: the task's own arguments.
        checklist: what is asked, for the capabilities that check it.
        learnt: the models of an earlier assessment, for the capabilities that look ahead.
        records: memory key -> JSON value of what the capability `reads` and is there; a history as a list.
    """

    inputs: ReadinessInputs
    policy: Policy
    payload: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)
    checklist: "ChecklistDefinition | None" = None
    learnt: Learnt | None = None


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
        wants_checklist: it checks the checklist.
        foresees: it looks ahead, with the models that were learnt of the history.
    """

    task_type: str
    serves: str
    perform: Callable[[Loaded], Outcome]
    reads: Callable[[str, Mapping[str, Any]], Sequence[str]] = _nothing
    wants_checklist: bool = False
    foresees: bool = False


def judge(loaded: Loaded) -> Judged:
    """Risk, gates and the decision: the one place where they are put together."""
    inputs, policy = loaded.inputs, loaded.policy
    risk = advised(score(inputs, policy), inputs, policy)
    gates = evaluate(inputs, policy)
    here = Here(inputs.release, policy, seen_now(risk, gates), inputs.now, inputs.papers.approvers)
    decision = decide(inputs, risk, gates, policy, stand(inputs.papers, here))
    lines = summary(Readings(inputs, policy), gates, policy)
    return Judged(risk, decision.model_copy(update={"summary": lines}))


def foreseen_of(loaded: Loaded) -> Foreseen:
    """What is said of the release ahead."""
    return foresee(loaded.inputs, loaded.policy, loaded.learnt)


def assess(loaded: Loaded) -> Outcome:
    """Judge and store; only an assessment decides."""
    judged = judge(loaded)
    foreseen = foreseen_of(loaded)
    risk, decision = judged.risk, told(judged.decision, foreseen)
    version = decision.version
    stores = {"aqe/deployment/decision": decision, _decision_key(version): decision}
    kept = note(decision, foreseen, loaded.inputs, loaded.policy)
    return Outcome(
        decision,
        {**_risk_stores(version, risk), **_foresight_stores(loaded, foreseen), **stores},
        {f"aqe/releases/{version}/foresights": [kept]},
        newest=FORESIGHTS,
    )


def risk_score(loaded: Loaded) -> Outcome:
    """Risk alone."""
    risk = judge(loaded).risk
    return Outcome(risk, _risk_stores(risk.version, risk))


def confidence(loaded: Loaded) -> Outcome:
    """Release confidence and rollback prediction; the answer is the former."""
    foreseen = foreseen_of(loaded)
    return Outcome(foreseen.confidence, _foresight_stores(loaded, foreseen))


def rollback_prediction(loaded: Loaded) -> Outcome:
    """The same; the answer is the latter."""
    foreseen = foreseen_of(loaded)
    return Outcome(foreseen.prediction, _foresight_stores(loaded, foreseen))


def gate_check(loaded: Loaded) -> Outcome:
    """The gate that the payload names; stores nothing."""
    gates = [_Named(gate.gate, gate) for gate in evaluate(loaded.inputs, loaded.policy)]
    return Outcome(by_name(gates, str(loaded.payload.get("gate", "")), "gate").value)


def what_if(loaded: Loaded) -> Outcome:
    """The decision for assumed signals; stores nothing."""
    from ...core.records.decisions.what_if import WhatIf
    from .what_if import assumed

    assumptions = WhatIf.from_value({"signals": loaded.payload.get("whatIf")}, where="whatIf")
    inputs = assumed(loaded.inputs, loaded.policy, assumptions)
    decision = told(judge(replace(loaded, inputs=inputs)).decision, foreseen_of(replace(loaded, inputs=inputs)))
    return Outcome(decision.model_copy(update={"hypothetical": True}))


def blockers(loaded: Loaded) -> Outcome:
    """What keeps the release from a GO; stores nothing."""
    return Outcome(_blockers(loaded, judge(loaded)))


def explanation(loaded: Loaded) -> Outcome:
    """Why it is decided so; stores nothing."""
    from .explain import explain

    judged = judge(loaded)
    decision = told(judged.decision, foreseen_of(loaded))
    stored = _decision(loaded, decision.version)
    return Outcome(explain(decision, judged.risk, _blockers(loaded, judged), stored))


def remediation(loaded: Loaded) -> Outcome:
    """A plan against what keeps the release from a GO, with the owners that the payload knows."""
    from ...core.records.decisions.remediation import OwnersOfFiles
    from .remediation import plan

    known = OwnersOfFiles.from_value({"owners": loaded.payload.get("owners", {})}, where="payload")
    made = plan(_blockers(loaded, judge(loaded)), known.owners, loaded.records.get(AUDIT_LOG) or (), loaded.inputs.now)
    return Outcome(made, {"aqe/deployment/remediation": made})


def comparison(loaded: Loaded) -> Outcome:
    """The release beside the baseline that the payload names; stores nothing.

    Raises:
        InputError: the baseline was never assessed.
    """
    from .compare import compare

    baseline = str(loaded.payload.get("baseline") or "")
    decision = _decision(loaded, baseline)
    risk = loaded.records.get(f"aqe/risk-scores/{baseline}")
    if decision is None or risk is None:
        raise InputError(f"{baseline!r} was never assessed", hint=f"aqe deploy assess --version {baseline}")
    before = Judged(RiskAssessment.from_value(risk, where=f"aqe/risk-scores/{baseline}"), decision)
    now = judge(loaded)
    return Outcome(compare(before, replace(now, decision=told(now.decision, foreseen_of(loaded)))))


def rollback(loaded: Loaded) -> Outcome:
    """How the release would be taken back."""
    from ...core.records.decisions.rollback_plan import Surroundings
    from .rollback_plan import rollback_plan

    around = Surroundings.from_value(loaded.payload.get("around") or {}, where="around")
    prediction = foreseen_of(loaded).prediction
    made = rollback_plan(loaded.inputs, loaded.policy, around, prediction)
    return Outcome(made, {"aqe/deployment/rollback-plan": made, f"aqe/rollback-plans/{made.version}": made})


def _explained(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (_decision_key(version),)


def _reported(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    from .reporting.readiness import reads

    return reads(version, payload)


def _compared(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    baseline = payload.get("baseline")
    return (_decision_key(str(baseline)), f"aqe/risk-scores/{baseline}")


def checklist(loaded: Loaded) -> Outcome:
    """Every item of the payload's `level`; what was open and is not any more is remembered."""
    from ...core.records.decisions.checklist import ChecklistLevel
    from .checklist import check, read_previous
    from .resolutions import read_resolutions, resolved

    assert loaded.checklist is not None
    levels = tuple(_Named(level.value, level) for level in ChecklistLevel)
    version = loaded.inputs.release.version
    previous = read_previous(loaded.records.get(f"aqe/releases/{version}/checklist"))
    checked = check(
        loaded.inputs,
        loaded.policy,
        loaded.checklist,
        by_name(levels, str(loaded.payload.get("level", ChecklistLevel.FULL)), "level").value,
        previous=previous,
        resolutions=read_resolutions(loaded.records.get(RESOLUTIONS_KEY, ())),
    )
    stores = {"aqe/deployment/checklist": checked, f"aqe/releases/{version}/checklist": checked}
    return Outcome(checked, stores, {RESOLUTIONS_KEY: resolved(previous, checked)})


def _checklist_reads(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"aqe/releases/{version}/checklist", RESOLUTIONS_KEY)


def report(loaded: Loaded) -> Outcome:
    """What is stored about the release, as a report; `summary` in the payload = the executive summary."""
    from .reporting.readiness import readiness_report

    project = {PROJECT: given} if (given := loaded.payload.get("project")) else {}
    summary = bool(loaded.payload.get("summary"))
    inputs = loaded.inputs
    return Outcome(readiness_report(inputs.release.version, {**loaded.records, **project}, inputs.now, summary=summary))


def regions(loaded: Loaded) -> Outcome:
    """Judge the release for several regions; the worst decides."""
    from .regional import regional_assessment

    return regional_assessment(loaded)


def _regions_read(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    from .regional import reads

    return reads(version, payload)


CAPABILITIES: tuple[Capability, ...] = (
    Capability("deployment-assessment", "deployment-gate-enforcement", assess, foresees=True),
    Capability("regional-assessment", "deployment-gate-enforcement", regions, _regions_read, foresees=True),
    Capability("risk-score", "risk-scoring", risk_score),
    Capability("release-confidence", "release-confidence-calculation", confidence, foresees=True),
    Capability("rollback-prediction", "rollback-prediction", rollback_prediction, foresees=True),
    Capability("gate-check", "deployment-gate-enforcement", gate_check),
    Capability("what-if", "deployment-gate-enforcement", what_if, foresees=True),
    Capability("blockers", "deployment-gate-enforcement", blockers),
    Capability(
        "explanation", "stakeholder-reporting", explanation, lambda version, _: (_decision_key(version),), foresees=True
    ),
    Capability("remediation", "deployment-gate-enforcement", remediation, lambda *_: (AUDIT_LOG,)),
    Capability("comparison", "risk-scoring", comparison, _compared, foresees=True),
    Capability("rollback-plan", "rollback-prediction", rollback, foresees=True),
    Capability("checklist", "checklist-automation", checklist, _checklist_reads, wants_checklist=True),
    Capability("readiness-report", "stakeholder-reporting", report, _reported),
)


@dataclass(frozen=True)
class _Named(Generic[T]):
    name: str
    value: T


def _blockers(loaded: Loaded, judged: Judged) -> "Blockers":
    from .blockers import blockers_of

    return blockers_of(loaded.inputs, loaded.policy, judged.risk, judged.decision)


def _decision_key(version: str) -> str:
    return f"aqe/releases/{version}/decision"


def _decision(loaded: Loaded, version: str) -> Decision | None:
    key = _decision_key(version)
    stored = loaded.records.get(key)
    return None if stored is None else Decision.from_value(stored, where=key)


def _foresight_stores(loaded: Loaded, foreseen: Foreseen) -> dict[str, Record]:
    release = loaded.inputs.release
    stores: dict[str, Record] = {
        "aqe/deployment/confidence": foreseen.confidence,
        f"aqe/release-confidence/{release.version}": foreseen.confidence,
        "aqe/deployment/rollback-prediction": foreseen.prediction,
    }
    if foreseen.learnt != loaded.learnt:
        stores[learnt_key(release.environment)] = foreseen.learnt
    return stores


def _risk_stores(version: str, risk: Record) -> dict[str, Record]:
    return {"aqe/deployment/risk-score": risk, f"aqe/risk-scores/{version}": risk}
