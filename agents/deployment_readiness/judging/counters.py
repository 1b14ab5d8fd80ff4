"""Thresholds and counters: each check succeeds, fails, decides nothing or could not be made; limits make it a phase.

The rules are those of Argo Rollouts' analysis runs, whose limits people know: a metric fails when it failed more often
than `failure_limit`, and so on; a later rule overrides an earlier one. Conditions are data, not expressions: nothing of
a configuration is ever evaluated as code.

Source of the rules: argoproj/argo-rollouts, analysis/analysis.go, as of 2024.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

OFF = -1
"""As a limit: never."""


class Phase(StrEnum):
    """Of a check, a metric or a run."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"

    @property
    def is_final(self) -> bool:
        """True when nothing more is measured."""
        return self not in (Phase.PENDING, Phase.RUNNING)


def measurement_phase(success: bool | None, failure: bool | None, *, error: bool = False) -> Phase:
    """One check.

    Args:
        success, failure: whether the condition holds; None = there is none.
        error: the value could not be had, or a condition could not be decided on it.
    """
    if error:
        return Phase.ERROR
    if failure:
        return Phase.FAILED
    if success is None:
        return Phase.SUCCESSFUL
    if success:
        return Phase.SUCCESSFUL
    return Phase.FAILED if failure is None else Phase.INCONCLUSIVE


@dataclass(frozen=True)
class Limits:
    """When a metric is decided; the defaults are Argo's.

    Args:
        failure_limit, inconclusive_limit: so often is tolerated; OFF = any number.
        consecutive_error_limit: so often in a row.
        consecutive_success_limit: so often in a row succeeds; 0 = off.
        count: checks; None = one without an interval, else until it is ended.
        repeated: checks are made at an interval.
    """

    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    consecutive_success_limit: int = 0
    count: int | None = None
    repeated: bool = True

    @property
    def planned(self) -> int | None:
        """Checks that are made at most; None = no end."""
        return self.count or (None if self.repeated else 1)


@dataclass(frozen=True)
class Tally:
    """Checks so far.

    Args:
        count: that had a value: an error is none of them, so a metric that is to be checked so often is.
        error: that had none.
    """

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    consecutive_success: int = 0
    consecutive_error: int = 0
    error: int = 0

    def after(self, phase: Phase) -> "Tally":
        """With one more check; whatever is no success ends a row of them, whatever is no error a row of those."""
        good, error = phase is Phase.SUCCESSFUL, phase is Phase.ERROR
        return Tally(
            count=self.count + (not error),
            error=self.error + error,
            successful=self.successful + good,
            failed=self.failed + (phase is Phase.FAILED),
            inconclusive=self.inconclusive + (phase is Phase.INCONCLUSIVE),
            consecutive_success=self.consecutive_success + 1 if good else 0,
            consecutive_error=self.consecutive_error + 1 if error else 0,
        )


def metric_phase(limits: Limits, tally: Tally, *, terminating: bool = False) -> Phase:
    """Where a metric stands.

    Args:
        limits: its own.
        tally: of its checks.
        terminating: no more checks are made.
    """
    if tally.count + tally.error == 0:
        return Phase.SUCCESSFUL if terminating else Phase.PENDING
    if (overstepped := _overstepped(limits, tally)) is not None:
        return overstepped
    success_limit = limits.consecutive_success_limit
    if success_limit > 0 and tally.consecutive_success >= success_limit:
        return Phase.SUCCESSFUL
    if limits.planned is not None and tally.count >= limits.planned:
        return _at_the_end(limits)
    return Phase.SUCCESSFUL if terminating else Phase.RUNNING


def _overstepped(limits: Limits, tally: Tally) -> Phase | None:
    if tally.consecutive_error > limits.consecutive_error_limit:
        return Phase.ERROR
    if limits.inconclusive_limit != OFF and tally.inconclusive > limits.inconclusive_limit:
        return Phase.INCONCLUSIVE
    return Phase.FAILED if limits.failure_limit != OFF and tally.failed > limits.failure_limit else None


def _at_the_end(limits: Limits) -> Phase:
    """Which limits apply decides: a wanted row of successes that did not come, no failures too many, or both."""
    if limits.consecutive_success_limit <= 0:
        return Phase.SUCCESSFUL
    return Phase.FAILED if limits.failure_limit == OFF else Phase.INCONCLUSIVE


_ORDER = (Phase.SUCCESSFUL, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)


def run_phase(metrics: Iterable[Phase]) -> Phase:
    """The worst metric decides, and one that failed at once; else it runs as long as any metric runs."""
    phases = list(metrics)
    worst = max((phase for phase in phases if phase.is_final), key=_ORDER.index, default=Phase.SUCCESSFUL)
    if worst is Phase.SUCCESSFUL and any(not phase.is_final for phase in phases):
        return Phase.RUNNING
    return worst
