"""The policies a fleet knows, by name.

"default" is the file that aqe.yaml names, else what `aqe deploy configure-gates` stored, else the one that comes with
aqe; "fast-track" likewise. "specification" is always the one that comes with aqe. Whatever else was stored has its own
name. And the checklist, the project's own or the one that comes with aqe.
"""

from typing import TYPE_CHECKING

from ...config.policy import FAST_TRACK_POLICY, default_policy, load_policy, parse_policy
from ...config.settings import Settings
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.stored_policy import StoredPolicy
from ...memory.store import MemoryStore

if TYPE_CHECKING:
    from ...core.records.decisions.checklist import ChecklistDefinition

DEFAULT = "default"
SPECIFICATION = "specification"
FAST_TRACK = "fast-track"


def load_policies(settings: Settings) -> dict[str, Policy]:
    """Name -> policy, of the files and those that come with aqe.

    Raises:
        InputError: a policy file that cannot be used, with file and line.
    """
    shipped = default_policy()
    own = load_policy(settings.policy.file) if settings.policy.file else shipped
    fast = _as_fast_track(load_policy(settings.policy.fast_track or FAST_TRACK_POLICY))
    return {DEFAULT: own, SPECIFICATION: shipped, FAST_TRACK: fast}


async def known_policies(memory: MemoryStore, settings: Settings) -> dict[str, Policy]:
    """Name -> policy, the stored ones among them; raises like `load_policies`."""
    policies = load_policies(settings)
    files = {DEFAULT: settings.policy.file, FAST_TRACK: settings.policy.fast_track}
    for stored, _ in await stored_policies(memory):
        if files.get(stored.name) is None:
            policies[stored.name] = _parsed(stored.text, stored.name)
    return policies


def project_checklist(settings: Settings) -> "ChecklistDefinition":
    """What is asked before a release; raises like `load_policies`."""
    from ...config.checklist import default_checklist, load_checklist

    file = settings.checklist.file
    return load_checklist(file) if file else default_checklist()


async def stored_policies(memory: MemoryStore) -> list[tuple[StoredPolicy, int]]:
    """The latest of each name, and how many there were."""
    found = []
    for key in await memory.keys("aqe/policies/*"):
        length, last = await memory.tail(key, 1)
        found += [(StoredPolicy.from_value(item, where=key), length) for item in last]
    return found


def _parsed(text: str, name: str) -> Policy:
    policy = parse_policy(text.encode(), name=name, where=f"aqe/policies/{name}")
    return _as_fast_track(policy) if name == FAST_TRACK else policy


def _as_fast_track(policy: Policy) -> Policy:
    return policy.model_copy(update={"name": FAST_TRACK, "fast_track": True})
