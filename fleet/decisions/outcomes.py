"""The outcome loop: what came of deployments is appended to the history, and read back as a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ...core.errors import InputError, NotFoundError
from ...core.log import Logger
from ...core.records.audit import AuditDraft
from ...core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, Foresight, of_region, read_history
from ...core.records.decisions.replay import HistoryReport
from ...core.records.release import DeploymentResult, same_commit
from ...core.registry import did_you_mean
from ...core.writes import Write
from ...memory.audit import audited
from ..runtime import Runtime
from ..signals import stored_release

log = Logger("rollout")


@dataclass(frozen=True)
class Recorded:
    """What is known of a deployment's end.

    Args:
        version, outcome: of what, and what came of it.
        environment, service, commit: None = as stored for the release.
        region: None = the whole environment.
        deployed_at: None = now.
        known_at: when the outcome was known; None = now.
        restored_at: when the service was healthy again.
        rollback_s: how long the rollback took, seconds.
        incidents: how many it caused.
        correct: replace what is recorded of this deployment instead of adding one.
    """

    version: str
    outcome: DeploymentResult
    environment: str | None = None
    region: str | None = None
    service: str | None = None
    commit: str | None = None
    deployed_at: datetime | None = None
    known_at: datetime | None = None
    restored_at: datetime | None = None
    rollback_s: float | None = None
    incidents: int = 0
    correct: bool = False


async def record_outcome(runtime: Runtime, recorded: Recorded, *, by: str = "cli") -> DeploymentOutcome:
    """Append the outcome, with what was known and said before the deployment; a correction is audited.

    Args:
        runtime: the open parts.
        recorded: what is known.
        by: who says so.

    Raises: as `outcome_item`.
    """
    item, memory = await outcome_item(runtime, recorded, runtime.clock.now()), runtime.memory
    details = {"corrects": item.corrects, "outcome": item.outcome, "deployedAt": item.deployed_at.isoformat()}
    draft = AuditDraft(action="outcome:corrected", actor=by, subject=item.version, details=details)
    appended = memory.prepare_append(HISTORY_KEY, item)
    await audited(
        memory,
        [draft] if item.corrects else [],
        runtime.clock.now(),
        lambda chained: memory.apply([appended, *chained]),
    )
    return item


async def outcome_writes(runtime: Runtime, recorded: Recorded, rollout: str) -> list[Write]:
    """What records the end of a rollout; nothing where it cannot be: that must not stop a rollback."""
    # The rollout's own clock goes on where the machine's is set back: what it ended is no future.
    now = max(runtime.clock.now(), recorded.known_at or runtime.clock.now())
    try:
        item = await outcome_item(runtime, recorded, now)
    except InputError as error:
        log.error("the outcome was not recorded", rollout=rollout, error=error.message)
        return []
    return [runtime.memory.prepare_append(HISTORY_KEY, item)]


async def outcome_item(runtime: Runtime, recorded: Recorded, now: datetime) -> DeploymentOutcome:
    """The item to append, with what was known and said before the deployment.

    Args:
        runtime: the open parts.
        recorded: what is known.
        now: nothing can have been deployed later.

    Raises:
        InputError: this deployment has an outcome already, times that cannot be, or a history that cannot be read.
        NotFoundError: there is none to be corrected.
    """
    release = await stored_release(runtime, recorded.version)
    environment = recorded.environment or release.environment
    service = recorded.service or release.service
    history = await _history(runtime)
    place = (recorded.version, environment, recorded.region)
    ours = [d for d in history if (d.version, d.environment, d.region) == place]
    old = _corrected(recorded, ours) if recorded.correct else None
    if not recorded.correct and recorded.deployed_at is None and ours:
        raise _already(ours[-1])
    deployed_at = recorded.deployed_at or (old.deployed_at if old else now)
    item = DeploymentOutcome(
        version=recorded.version,
        commit=recorded.commit or release.commit,
        service=service,
        environment=environment,
        region=recorded.region,
        deployed_at=deployed_at,
        outcome=recorded.outcome,
        known_at=recorded.known_at or now,
        restored_at=recorded.restored_at,
        rollback_s=recorded.rollback_s,
        incidents=recorded.incidents,
        corrects=old.id if old else None,
    )
    _check_times(item, now)
    if old is None and (same := next((d for d in ours if d.id == item.id), None)):
        raise _already(same)
    return item.model_copy(update={"before": await _last_word(runtime, item)})


async def append_past(runtime: Runtime, items: Sequence[DeploymentOutcome]) -> None:
    """Append outcomes that another program kept; one that is recorded already is left as it is.

    Raises:
        InputError: times that cannot be, or a history that cannot be read; then nothing is appended.
    """
    if not items:
        return
    known, now = {item.id for item in await _history(runtime)}, runtime.clock.now()
    fresh = {item.id: item for item in items if item.id not in known}
    for item in fresh.values():
        _check_times(item, now)
    await runtime.memory.apply([runtime.memory.prepare_append(HISTORY_KEY, item) for item in fresh.values()])


async def history_report(
    runtime: Runtime, *, environment: str, days: float, replay_policy: str | None = None
) -> HistoryReport:
    """Deployments of the last `days`, how good what was said of them was, and what a policy would have said.

    Raises:
        InputError: an unknown policy, or a history that cannot be read.
    """
    # Here: imports and rollouts, which append to the history, must not wait for NumPy and all that decides.
    from ...agents.deployment_readiness.foresight.outcomes import calibration_report, in_window, replay

    history, now = await _history(runtime), runtime.clock.now()
    policies = await runtime.policies()
    if replay_policy is not None and replay_policy not in policies:
        raise InputError(
            f"unknown policy {replay_policy!r}{did_you_mean(replay_policy, policies)}",
            hint=f"known: {', '.join(policies)}",
        )
    items = in_window(history, environment, days, now)
    whole = of_region(history, None)
    return HistoryReport(
        deployments=items,
        ids=tuple(item.id for item in items),
        calibration=calibration_report(whole, environment=environment, days=days, now=now),
        replay=replay(whole, policies[replay_policy], environment=environment, days=days, now=now)
        if replay_policy
        else None,
    )


async def _history(runtime: Runtime) -> tuple[DeploymentOutcome, ...]:
    return read_history(await runtime.memory.retrieve(HISTORY_KEY) or ())


def _corrected(recorded: Recorded, ours: list[DeploymentOutcome]) -> DeploymentOutcome:
    """The latest deployment of the version, or the one of that moment."""
    at = recorded.deployed_at
    fitting = [d for d in ours if at is None or abs((d.deployed_at - at).total_seconds()) < 1]
    if not fitting:
        raise NotFoundError(
            f"no outcome of {recorded.version} to be corrected", hint="`aqe deploy history` shows what is recorded"
        )
    return fitting[-1]


def _already(item: DeploymentOutcome) -> InputError:
    return InputError(
        f"{item.version} is recorded as {item.outcome}: {item.environment}, {_moment(item.deployed_at)}",
        hint="--correct replaces that; --deployed-at TIME records another deployment",
    )


def _check_times(item: DeploymentOutcome, now: datetime) -> None:
    if item.deployed_at > now:
        raise InputError(f"{item.version} cannot have an outcome before it is deployed, {_moment(item.deployed_at)}")
    for name, at in (("known", item.known_at), ("restored", item.restored_at)):
        if at is not None and at < item.deployed_at:
            raise InputError(
                f"{item.version} cannot be {name} at {_moment(at)}: it was deployed at {_moment(item.deployed_at)}"
            )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


async def _last_word(runtime: Runtime, item: DeploymentOutcome) -> Foresight | None:
    """The last assessment before the deployment: a later one may know how it ended."""
    key = f"aqe/releases/{item.version}/foresights"
    foresights = [Foresight.from_value(value, where=key) for value in await runtime.memory.retrieve(key) or ()]
    fitting = [
        before
        for before in foresights
        if before.assessed_at <= item.deployed_at
        and before.environment == item.environment
        and not (before.commit and item.commit and not same_commit(before.commit, item.commit))
    ]
    return max(fitting, key=lambda before: before.assessed_at, default=None)
