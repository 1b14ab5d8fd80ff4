"""The deployment-readiness agent: loads signals and history, lets the pure modules decide, stores and publishes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar

from ...bus.events import DeploymentApproved, DeploymentBlocked, ReadinessAssessed
from ...core.errors import InputError, TaskVetoed
from ...core.records.base import Record
from ...core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, HistoryReader, read_history
from ...core.records.decisions.learnt import Learnt
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.readiness import Decision, DecisionStatus
from ...core.records.decisions.regional_assessment import RegionalAssessment
from ...core.records.release import Release
from ...core.records.tasks import TaskAssignment
from ...memory.audit import AuditReader, audit_head
from ...memory.values import decode
from ..base import AgentServices, BaseAgent, TaskContext
from ..outcome import Outcome
from .approving.approvals import LOGGED, Papers, read_papers
from .capabilities import CAPABILITIES, Loaded
from .foresight.statements import learnt_key
from .inputs import read_inputs
from .production import PRODUCTION_KEYS, Written

_CAPABILITY = {capability.task_type: capability for capability in CAPABILITIES}


class DeploymentReadinessAgent(BaseAgent):
    """Judges one release a task.

    Task payload: `version` (required), `commit`, `environment`, `policy` (a name the fleet knows; default "default"),
    and what the capability asks for, such as `gate` for `gate-check`.
    """

    agent_type = "deployment-readiness"
    task_types: ClassVar[Mapping[str, str]] = {c.task_type: c.serves for c in CAPABILITIES}

    _log_reader: AuditReader | None = None

    def __init__(self, services: AgentServices, *, agent_id: str | None = None) -> None:
        super().__init__(services, agent_id=agent_id)
        self._history = HistoryReader()

    async def on_pre_task(self, context: TaskContext) -> Loaded:
        """All signals of the release, the latest ones of any release, and the deployment history."""
        release = await self._release(context.task)
        signals = {
            **await self.memory.retrieve_pattern(f"aqe/releases/{_literal(release.version)}/signals/*"),
            **await self.memory.retrieve_pattern("aqe/quality-signals/*"),
        }
        history, read = await self._stored_history()
        self.log.info(
            "assessment started",
            version=release.version,
            quality_signals_collected=len(signals),
            historical_deployments=len(history),
        )
        inputs = read_inputs(release, signals, history, context.now, await self._production(), read)
        inputs = replace(inputs, audit_head=await audit_head(self.memory), papers=await self._papers(release.version))
        return Loaded(
            inputs,
            await self._policy(context.task),
            context.task.payload,
            await self._records(context.task, release.version),
            self.services.checklist() if _CAPABILITY[context.task.type].wants_checklist else None,
            await self._learnt(release.environment) if _CAPABILITY[context.task.type].foresees else None,
        )

    def perform_task(self, task: TaskAssignment, inputs: Loaded) -> Outcome:
        """Pure: the same inputs give the same outcome."""
        return _CAPABILITY[task.type].perform(inputs)

    async def on_post_task(self, context: TaskContext, result: Outcome) -> Any:
        """Stores what was concluded; a decision is an event, too."""
        context.conclude(result)
        if (decision := _decided(result.answer)) is not None:
            context.emit(_assessed(decision), subject=decision.version)
            if verdict := _verdict(decision):
                context.emit(verdict, subject=decision.version)
            context.audit("release:assessed", decision.version, **_audited(decision))
        return result.answer

    async def _release(self, task: TaskAssignment) -> Release:
        payload = task.payload
        version = payload.get("version")
        if not isinstance(version, str) or not version:
            raise TaskVetoed(f"{task.type} needs a version in its payload")
        key = f"aqe/releases/{version}/release"
        stored = await self.memory.retrieve(key)
        known = Release.from_value(stored, where=key).to_dict() if stored else {"version": version}
        given = {name: payload[name] for name in ("commit", "environment") if payload.get(name)}
        return Release.from_value({**known, **given}, where=f"payload of {task.type}")

    async def _stored_history(self) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[DeploymentOutcome, ...]]]:
        """The history's items and what reads them."""
        stored = await self.memory.retrieve_raw(HISTORY_KEY)
        if isinstance(stored, list):
            return stored, self._history.read
        return decode(stored, HISTORY_KEY) or [], read_history  # somebody stored a JSON list in its place

    async def _papers(self, version: str) -> Papers:
        name = _literal(version)
        signed = {
            **await self.memory.retrieve_pattern(f"aqe/releases/{name}/approvals/*"),
            **await self.memory.retrieve_pattern(f"aqe/releases/{name}/overrides/*"),
            **await self.memory.retrieve_pattern(f"aqe/releases/{name}/attestations/*"),
        }
        papers = read_papers(signed, self.services.approvers())
        self._log_reader = self._log_reader or AuditReader(self.memory, LOGGED)
        return replace(papers, logged=await self._log_reader.entries())

    async def _production(self) -> dict[str, Written]:
        found = {key: await self.memory.retrieve_record(key) for key in PRODUCTION_KEYS}
        return {key: Written(record.value, record.updated_at) for key, record in found.items() if record is not None}

    async def _records(self, task: TaskAssignment, version: str) -> dict[str, Any]:
        keys = _CAPABILITY[task.type].reads(version, task.payload)
        values = {key: await self.memory.retrieve(key) for key in keys}
        return {key: value for key, value in values.items() if value is not None}

    async def _learnt(self, environment: str) -> Learnt | None:
        key = learnt_key(environment)
        try:
            stored = await self.memory.retrieve(key)
            return None if stored is None else Learnt.from_value(stored, where=key)
        except InputError:  # of another version, or somebody wrote there: learnt again, and written over
            return None

    async def _policy(self, task: TaskAssignment) -> Policy:
        name = str(task.payload.get("policy") or "default")
        policies = await self.services.policies()
        if name not in policies:
            raise InputError(f"unknown policy {name!r}", hint=f"known: {', '.join(sorted(policies))}")
        policy: Policy = policies[name]
        return policy


def _decided(answer: Record) -> Decision | None:
    """The decision about the release that was stored; None when none was."""
    if isinstance(answer, RegionalAssessment):
        return answer.decision
    return answer if isinstance(answer, Decision) and not answer.hypothetical else None


def _assessed(decision: Decision) -> ReadinessAssessed:
    return ReadinessAssessed(
        version=decision.version,
        decision=decision.decision,
        approved=decision.approved,
        risk_level=decision.risk_level,
        risk=decision.risk,
        confidence=decision.confidence,
        commit=decision.release.commit,
        environment=decision.release.environment,
    )


def _verdict(decision: Decision) -> DeploymentApproved | DeploymentBlocked | None:
    """None while it is open: something is not measured, or waits for people."""
    said: dict[str, Any] = {
        "version": decision.version,
        "environment": decision.release.environment,
        "decision": decision.decision,
        "rule": decision.rule,
        "commit": decision.release.commit,
    }
    if decision.approved:
        return DeploymentApproved(**said)
    return DeploymentBlocked(**said) if decision.decision is DecisionStatus.BLOCKED else None


def _audited(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "rule": decision.rule,
        "policy": decision.policy,
        "commit": decision.release.commit,
        "environment": decision.release.environment,
        "gates": {gate.gate: gate.status for gate in decision.gates},
        "sha256": sha256(decision.to_json().encode()).hexdigest(),
    }


def _literal(text: str) -> str:
    """A version inside a glob: nothing in it is a wildcard."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
