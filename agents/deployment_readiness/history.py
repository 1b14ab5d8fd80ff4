"""What past deployments say: the four metrics of historical stability."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import fsum

from ...core.records.decisions.history import DeploymentOutcome


def stability(
    history: Sequence[DeploymentOutcome], *, environment: str, window_s: float, now: datetime
) -> dict[str, float | None]:
    """The metrics of core/criteria.HISTORY_METRICS over the deployments of one environment.

    Args:
        history: in any order; what lies before the window or after `now` is left out.
        environment: only its deployments count.
        window_s: seconds before `now`.
        now: aware UTC.

    Returns:
        Empty without a deployment in the window. `mttr_minutes` is None when the end of a failure is not recorded, and
        0 when nothing failed: otherwise a first, short failure would improve on a clean record.
    """
    window = timedelta(seconds=window_s)
    counted = [d for d in history if d.environment == environment and timedelta(0) <= now - d.deployed_at <= window]
    if not counted:
        return {}
    failed = [d for d in counted if d.failed]
    minutes = [(d.restored_at - d.deployed_at) / timedelta(minutes=1) for d in failed if d.restored_at]
    return {
        "failure_rate_percent": 100 * len(failed) / len(counted),
        "mttr_minutes": fsum(minutes) / (len(minutes) or 1) if len(minutes) == len(failed) else None,
        "rollback_percent": 100 * sum(d.outcome == "rolled_back" for d in counted) / len(counted),
        "incidents_per_deployment": sum(d.incidents for d in counted) / len(counted),
    }
