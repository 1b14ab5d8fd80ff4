"""Where scenarios are offered: one list that several analyses write, each its own part."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.records.production.scenarios import TestScenario
from .loaded import Loaded

SCENARIOS = "aqe/production/test-scenarios"
READS = (SCENARIOS,)


def offered(own: Sequence[TestScenario], prefix: str, loaded: Loaded) -> Mapping[str, Any]:
    """Memory keys with the scenarios: our part is replaced, what other analyses found stays, and so does coverage.

    Args:
        own: our scenarios, most important first.
        prefix: that the ids of ours begin with.
        loaded: with the list as it was.
    """
    before = [one for one in loaded.records.get(SCENARIOS) or () if isinstance(one, Mapping)]
    others = [one for one in before if not str(one.get("id", "")).startswith(prefix)]
    covered = {one.get("id"): tuple(one.get("coveredBy") or ()) for one in before}
    mine = (one.model_copy(update={"covered_by": covered[one.id]}) if covered.get(one.id) else one for one in own)
    both = (*mine, *others)
    return {SCENARIOS: both, "aqe/test-scenarios/production-derived": both, "aqe/test-requirements": both}
