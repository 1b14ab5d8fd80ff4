"""Why a release is decided as it is: one sentence, and everything that stands behind it."""

from ..base import Record
from .blockers import Blockers
from .readiness import Decision, RiskAssessment


class Explanation(Record):
    """What `aqe deploy explain` prints, as a tree."""

    why: str
    """One sentence."""
    stored: str | None
    """Where the stored decision says otherwise: what it says, and since when."""
    decision: Decision
    blockers: Blockers
    risk: RiskAssessment
