"""Where scenarios are offered: one list that several analyses write, each its own part."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.records.scenarios import TestScenario
from .loaded import Loaded

SCENARIOS = "aqe/production/test-scenarios"
READS = (SCENARIOS,)


def offered(own: Sequence[TestScenario], prefix: str, loaded: Loaded) -> Mapping[str, Any]:
    """Memory keys with the scenarios: our part is replaced, what other analyses found stays.

    Args:
        own: our scenarios, most important first.
        prefix: that the ids of ours begin with.
        loaded: with the list as it was.
    """
    others = [one for one in loaded.records.get(SCENARIOS) or () if not _is_ours(one, prefix)]
    both = (*own, *others)
    return {SCENARIOS: both, "aqe/test-scenarios/production-derived": both, "aqe/test-requirements": both}


def _is_ours(one: Any, prefix: str) -> bool:
    return isinstance(one, Mapping) and str(one.get("id", "")).startswith(prefix)
