"""The policies a fleet knows: the project's own as "default", the one that comes with aqe, and the fast track.

And the checklist, the project's own or the one that comes with aqe.
"""

from ..config.checklist import default_checklist, load_checklist
from ..config.policy import FAST_TRACK_POLICY, default_policy, load_policy
from ..config.settings import Settings
from ..core.records.checklist import ChecklistDefinition
from ..core.records.policy import Policy

SPECIFICATION = "specification"
FAST_TRACK = "fast-track"


def load_policies(settings: Settings) -> dict[str, Policy]:
    """Name -> policy.

    Raises:
        InputError: a policy file that cannot be used, with file and line.
    """
    shipped = default_policy()
    own = load_policy(settings.policy.file) if settings.policy.file else shipped
    fast = load_policy(settings.policy.fast_track or FAST_TRACK_POLICY)
    fast = fast.model_copy(update={"name": FAST_TRACK, "fast_track": True})
    return {"default": own, SPECIFICATION: shipped, FAST_TRACK: fast}


def project_checklist(settings: Settings) -> ChecklistDefinition:
    """What is asked before a release; raises like `load_policies`."""
    file = settings.checklist.file
    return load_checklist(file) if file else default_checklist()
