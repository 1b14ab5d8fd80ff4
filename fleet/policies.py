"""The policies a fleet knows: the project's own as "default", and the one that comes with aqe as "specification"."""

from ..config.policy import default_policy, load_policy
from ..config.settings import Settings
from ..core.records.policy import Policy

SPECIFICATION = "specification"


def load_policies(settings: Settings) -> dict[str, Policy]:
    """Name -> policy.

    Raises:
        InputError: a policy file that cannot be used, with file and line.
    """
    shipped = default_policy()
    own = load_policy(settings.policy.file) if settings.policy.file else shipped
    policies = {"default": own, SPECIFICATION: shipped}
    if settings.policy.fast_track:
        policies["fast-track"] = load_policy(settings.policy.fast_track)
    return policies
