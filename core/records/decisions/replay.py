"""A policy against what came of the deployments: its errors, calibration report, policy replay."""

from pydantic import AwareDatetime

from ..base import Record
from ..release import DeploymentResult
from .calibration import Calibration
from .history import DeploymentOutcome
from .readiness import DecisionStatus


class VerdictErrors(Record):
    """A policy's GO and NO-GO against what came of the deployments."""

    releases: int
    blocked: int
    false_blocks: int
    """NO-GO, but it was deployed and succeeded."""
    false_passes: int
    """GO, and it failed or was rolled back."""
    false_block_percent: float | None = None
    """Of the deployments that succeeded; None when none did."""
    false_pass_percent: float | None = None
    """Of the deployments that failed; None when none did."""


class CalibrationReport(Record):
    """All of it for one window."""

    environment: str
    days: float
    deployments: int
    calibrations: tuple[Calibration, ...]
    verdicts: VerdictErrors
    computed_at: AwareDatetime


class ReplayedRelease(Record):
    """One past deployment under another policy."""

    version: str
    deployed_at: AwareDatetime
    outcome: DeploymentResult
    decided: DecisionStatus | None
    """What was decided then."""
    decision: DecisionStatus
    """What the policy says on the same evidence."""
    blocked: bool
    """NO-GO."""
    because: str
    """The rule that decides."""


class PolicyReplay(Record):
    """What a policy would have said of past deployments."""

    policy: str
    """Name and digest."""
    environment: str
    days: float
    releases: tuple[ReplayedRelease, ...]
    not_replayable: int
    """Deployments without recorded evidence: nobody assessed them."""
    verdicts: VerdictErrors
    computed_at: AwareDatetime


class HistoryReport(Record):
    """What `aqe deploy history --json` prints."""

    deployments: tuple[DeploymentOutcome, ...]
    """Of the window, oldest first, corrections applied."""
    ids: tuple[str, ...]
    """Of the deployments, as a correction names them."""
    calibration: CalibrationReport
    replay: PolicyReplay | None = None
