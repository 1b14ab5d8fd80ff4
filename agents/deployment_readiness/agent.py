"""The deployment-readiness agent: loads signals and history, lets the pure modules decide, stores and publishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ...bus.events import ReadinessAssessed
from ...core.errors import InputError, TaskVetoed
from ...core.records.policy import Policy
from ...core.records.readiness import Decision, GateResult, RiskAssessment
from ...core.records.release import Release
from ...core.records.tasks import TaskAssignment
from ...core.registry import by_name
from ..base import BaseAgent, TaskContext
from .decide import decide
from .gates import evaluate
from .history import HISTORY_KEY
from .inputs import ReadinessInputs, read_inputs
from .risk import score


@dataclass(frozen=True)
class Loaded:
    """What a task is decided from."""

    inputs: ReadinessInputs
    policy: Policy


@dataclass(frozen=True)
class Assessment:
    """Everything the agent concludes about a release."""

    risk: RiskAssessment
    gates: tuple[GateResult, ...]
    decision: Decision


class DeploymentReadinessAgent(BaseAgent):
    """Risk, gates and decision for one release.

    Task payload: `version` (required), `commit`, `environment`, `policy` (a name the fleet knows; default "default"),
    for `gate-check` also `gate`.
    """

    agent_type = "deployment-readiness"
    task_types: ClassVar[Mapping[str, str]] = {
        "deployment-assessment": "deployment-gate-enforcement",
        "risk-score": "risk-scoring",
        "gate-check": "deployment-gate-enforcement",
    }

    async def on_pre_task(self, context: TaskContext) -> Loaded:
        """All signals of the release, the latest ones of any release, and the deployment history."""
        release = await self._release(context.task)
        signals = {
            **await self.memory.retrieve_pattern(f"aqe/releases/{_literal(release.version)}/signals/*"),
            **await self.memory.retrieve_pattern("aqe/quality-signals/*"),
        }
        history = await self.memory.retrieve(HISTORY_KEY)
        self.log.info(
            "assessment started",
            version=release.version,
            quality_signals_collected=len(signals),
            historical_deployments=len(history or ()),
        )
        policy = self._policy(context.task)
        return Loaded(read_inputs(release, signals, history, context.now), policy)

    def perform_task(self, task: TaskAssignment, inputs: Loaded) -> Assessment:
        """Pure: the same inputs give the same assessment."""
        risk = score(inputs.inputs, inputs.policy)
        gates = evaluate(inputs.inputs, inputs.policy)
        return Assessment(risk, gates, decide(inputs.inputs, risk, gates, inputs.policy))

    async def on_post_task(self, context: TaskContext, result: Assessment) -> Any:
        """Stores what the task asked for; only an assessment decides."""
        version = result.decision.version
        if context.task.type == "gate-check":
            return _gate(result.gates, str(context.task.payload.get("gate", "")))
        context.store("aqe/deployment/risk-score", result.risk)
        context.store(f"aqe/risk-scores/{version}", result.risk)
        if context.task.type == "risk-score":
            return result.risk
        decision = result.decision
        context.store("aqe/deployment/decision", decision)
        context.store(f"aqe/releases/{version}/decision", decision)
        context.emit(
            ReadinessAssessed(
                version=version,
                decision=decision.decision,
                approved=decision.approved,
                risk_level=decision.risk_level,
                risk=decision.risk,
                confidence=decision.confidence,
                commit=decision.release.commit,
                environment=decision.release.environment,
            ),
            subject=version,
        )
        return decision

    async def _release(self, task: TaskAssignment) -> Release:
        payload = task.payload
        version = payload.get("version")
        if not isinstance(version, str) or not version:
            raise TaskVetoed(f"{task.type} needs a version in its payload")
        key = f"aqe/releases/{version}/release"
        stored = await self.memory.retrieve(key)
        known = Release.from_value(stored, where=key) if stored else Release(version=version)
        given = {name: payload[name] for name in ("commit", "environment") if payload.get(name)}
        return known.model_copy(update=given)

    def _policy(self, task: TaskAssignment) -> Policy:
        name = str(task.payload.get("policy") or "default")
        policies = self.services.policies()
        if name not in policies:
            raise InputError(f"unknown policy {name!r}", hint=f"known: {', '.join(sorted(policies))}")
        policy: Policy = policies[name]
        return policy


@dataclass(frozen=True)
class _NamedGate:
    name: str
    result: GateResult


def _gate(gates: tuple[GateResult, ...], name: str) -> GateResult:
    return by_name([_NamedGate(gate.gate, gate) for gate in gates], name, "gate").result


def _literal(text: str) -> str:
    """A version inside a glob: nothing in it is a wildcard."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
