"""What was said of past deployments against what came of them, and what a policy of today would have said."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Literal

import numpy as np

from ....analysis.inference.online_risk import PRIOR_FAILURES, PRIOR_SUCCESSES
from ....core.records.decisions.calibration import Calibration
from ....core.records.decisions.history import DeploymentOutcome, Foresight
from ....core.records.decisions.policy import Policy
from ....core.records.decisions.readiness import GO
from ....core.records.decisions.replay import CalibrationReport, PolicyReplay, ReplayedRelease, VerdictErrors
from ....core.records.release import Release
from ....core.records.signals import Signal
from ..decide import decide
from ..gates import evaluate
from ..inputs import ReadinessInputs, StoredSignal, signal_key
from ..risk import score
from .calibrate import calibrate
from .features import known_before

_SAID: dict[Literal["risk", "confidence", "rollback"], Callable[[Foresight], float | None]] = {
    "risk": lambda before: before.risk,
    "confidence": lambda before: None if before.confidence is None else 100 - before.confidence,
    "rollback": lambda before: before.rollback_percent,
}
"""What stands for a probability of failure, percent. Risk is none; it is read as one to be held against the others."""


def in_window(
    history: Sequence[DeploymentOutcome], environment: str, days: float, now: datetime
) -> tuple[DeploymentOutcome, ...]:
    """Deployments to the environment in the last `days`, oldest first."""
    since = now - timedelta(days=days)
    found = [item for item in history if item.environment == environment and since <= item.deployed_at <= now]
    return tuple(sorted(found, key=lambda item: item.deployed_at))


def calibration_report(
    history: Sequence[DeploymentOutcome], *, environment: str, days: float, now: datetime
) -> CalibrationReport:
    """How good predictions and decisions were.

    Args:
        history: all of it: the base rate of a moment is that of everything known by then.
        environment: whose deployments.
        days: window before `now`.
        now: aware UTC.
    """
    items = in_window(history, environment, days, now)
    rates = _base_rates(items, [item for item in history if item.environment == environment])
    decided = [(item, before.decision in GO) for item in items if (before := known_before(item)) and before.decision]
    return CalibrationReport(
        environment=environment,
        days=days,
        deployments=len(items),
        calibrations=tuple(_calibration(of, items, rates) for of in _SAID),
        verdicts=_errors(decided),
        computed_at=now,
    )


def replay(
    history: Sequence[DeploymentOutcome], policy: Policy, *, environment: str, days: float, now: datetime
) -> PolicyReplay:
    """What the policy would have decided on the evidence that there was then.

    Approvals and overrides are left out: they are people's, not the policy's.

    Args:
        history: all of it: a release is judged by the deployments before it, too.
        policy: today's.
        environment: whose deployments.
        days: window before `now`.
        now: aware UTC.
    """
    items = in_window(history, environment, days, now)
    judged = [(item, before) for item in items if (before := known_before(item))]
    replayed = [_replayed(item, before, history, policy) for item, before in judged]
    return PolicyReplay(
        policy=f"{policy.name} sha256:{policy.digest}",
        environment=environment,
        days=days,
        releases=tuple(replayed),
        not_replayable=len(items) - len(replayed),
        verdicts=_errors([(item, not release.blocked) for (item, _), release in zip(judged, replayed, strict=True)]),
        computed_at=now,
    )


def _replayed(
    item: DeploymentOutcome, before: Foresight, history: Sequence[DeploymentOutcome], policy: Policy
) -> ReplayedRelease:
    release = Release(version=item.version, commit=before.commit, environment=before.environment)
    at = before.assessed_at
    signals = {
        kind: (
            StoredSignal(
                signal_key(item.version, kind),
                Signal(kind=kind, release=release, measured_at=at, tool="foresight", metrics=metrics),
            ),
        )
        for kind, metrics in before.signals.items()
    }
    inputs = ReadinessInputs(release, at, signals, tuple(past for past in history if past.learnt_at <= at))
    decision = decide(inputs, score(inputs, policy), evaluate(inputs, policy), policy)
    return ReplayedRelease(
        version=item.version,
        deployed_at=item.deployed_at,
        outcome=item.outcome,
        decided=before.decision,
        decision=decision.decision,
        blocked=decision.decision not in GO,
        because=decision.rule,
    )


def _calibration(
    of: Literal["risk", "confidence", "rollback"], items: Sequence[DeploymentOutcome], rates: Sequence[float]
) -> Calibration:
    said = [
        (percent / 100, float(item.failed), rate)
        for item, rate in zip(items, rates, strict=True)
        if (before := known_before(item)) and (percent := _SAID[of](before)) is not None
    ]
    columns = np.array(said).reshape(len(said), 3)
    return calibrate(of, columns[:, 0], columns[:, 1], columns[:, 2])


def _base_rates(items: Sequence[DeploymentOutcome], known: Sequence[DeploymentOutcome]) -> list[float]:
    """What counting would have said when each was deployed: from the outcomes known by then."""
    known = sorted(known, key=lambda item: item.learnt_at)
    learnt = np.array([item.learnt_at.timestamp() for item in known])
    failures = [0, *accumulate(item.failed for item in known)]
    counts = [int(np.searchsorted(learnt, item.deployed_at.timestamp(), "right")) for item in items]
    return [(failures[count] + PRIOR_FAILURES) / (count + PRIOR_FAILURES + PRIOR_SUCCESSES) for count in counts]


def _errors(judged: Sequence[tuple[DeploymentOutcome, bool]]) -> VerdictErrors:
    """Of deployments and whether each was a GO."""
    failed = [go for item, go in judged if item.failed]
    succeeded = [go for item, go in judged if not item.failed]
    false_blocks, false_passes = succeeded.count(False), failed.count(True)
    return VerdictErrors(
        releases=len(judged),
        blocked=false_blocks + failed.count(False),
        false_blocks=false_blocks,
        false_passes=false_passes,
        false_block_percent=100 * false_blocks / len(succeeded) if succeeded else None,
        false_pass_percent=100 * false_passes / len(failed) if failed else None,
    )
