"""The situation that somebody approves or overrides: the latest decision about a release, and who made the release."""

import getpass
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...agents.deployment_readiness.approving.approvals import Here, seen_now
from ...bus.events import Event, Payload
from ...config.settings import known_approvers
from ...core.errors import InputError
from ...core.records.decisions.approvals import Situation
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.readiness import Decision, RiskAssessment
from ...core.records.release import check_version
from ...core.writes import Write
from ..repository.git import ask_git
from ..runtime import Runtime


@dataclass(frozen=True)
class Assessed:
    """A release as it was last judged."""

    decision: Decision
    here: Here


async def last_assessed(runtime: Runtime, version: str) -> Assessed:
    """The latest decision about a release, and what it was made from.

    Raises:
        InputError: there is none, or its policy is no longer the one that is in force.
    """
    assess = f"aqe deploy assess --version {check_version(version)}"
    decided = await runtime.memory.retrieve(f"aqe/releases/{version}/decision")
    scored = await runtime.memory.retrieve(f"aqe/risk-scores/{version}")
    if decided is None or scored is None:
        elsewhere = "or, where that was done elsewhere, the same AQE_REDIS_URL, or `aqe memory export` and `import`"
        raise InputError(
            f"{version} has not been assessed: nobody can approve or deploy what is not known",
            hint=f"{assess}, {elsewhere}",
        )
    decision = Decision.from_value(decided, where=f"the decision about {version}")
    risk = RiskAssessment.from_value(scored, where=f"the risk of {version}")
    if risk.risk != decision.risk:
        raise InputError(f"the risk of {version} was computed anew after its decision", hint=f"{assess}, once more")
    policy = await _policy(runtime, decision, assess)
    seen = seen_now(risk, decision.gates)
    return Assessed(
        decision, Here(decision.release, policy, seen, runtime.clock.now(), known_approvers(runtime.settings))
    )


async def _policy(runtime: Runtime, decision: Decision, assess: str) -> Policy:
    policies = await runtime.policies()
    found = next((policy for policy in policies.values() if policy.label == decision.policy), None)
    if found is None:
        raise InputError(
            f"{decision.policy}, by which it was judged, is no longer in force", hint=f"{assess}, once more"
        )
    return found


def situation_of(assessed: Assessed, folder: Path) -> Situation:
    """What an approval or override of the release is bound to.

    Args:
        assessed: the release.
        folder: asked for the git clone that knows the commit's authors.

    Raises:
        InputError: the release's commit is not known.
    """
    decision = assessed.decision
    commit = decision.release.commit
    if commit is None:
        raise InputError(
            f"the commit of {decision.version} is not known: an approval is for one commit and no other",
            hint=f"aqe deploy assess --version {decision.version} --commit HASH",
        )
    return Situation(
        release=decision.release,
        policy=decision.policy,
        decision=decision.decision,
        rule=decision.rule,
        decision_sha256=sha256(decision.to_json().encode()).hexdigest(),
        seen=assessed.here.seen,
        commit_authors=_authors(commit, folder),
    )


def asking_person(folder: Path) -> str:
    """Who runs this process: the address that git signs commits with, else the login."""
    return ask_git(folder, "config", "user.email") or getpass.getuser()


def _authors(commit: str, folder: Path) -> tuple[str, ...] | None:
    """Author and co-authors; None where no clone knows the commit."""
    co_authors = "%(trailers:key=Co-authored-by,valueonly,unfold)"
    said = ask_git(folder, "log", "-1", f"--format=%ae%n{co_authors}", commit, "--")
    if said is None:
        return None
    lines = (line.strip() for line in said.splitlines())
    return tuple(dict.fromkeys(line.rpartition("<")[2].rstrip(">") for line in lines if line))


def audit_details(situation: Situation, id: str, **more: Any) -> dict[str, Any]:
    """What the audit log says of an approval or override, besides who and which release."""
    return {
        "id": id,
        "commit": situation.release.commit,
        "environment": situation.release.environment,
        "policy": situation.policy,
        "decisionSha256": situation.decision_sha256,
        **more,
    }


def published(runtime: Runtime, payload: Payload, now: datetime) -> Write:
    """The event about a release that is part of a transaction."""
    subject = str(getattr(payload, "version", ""))
    return runtime.bus.prepare(Event.of(payload, source="cli", time=now, subject=subject))
