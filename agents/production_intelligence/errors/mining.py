"""Error mining: the capability `error-pattern-mining`."""

from ....core.errors import NoData
from ....core.records.bulk.rows import LOGS
from ....core.records.production.scenarios import MinedErrors
from ...outcome import Outcome
from ..loaded import Loaded
from ..scenario_keys import READS as SCENARIO_KEYS
from ..scenario_keys import offered
from .insights import insights_from
from .patterns import mine
from .scenarios import scenarios_from

READS = SCENARIO_KEYS
DEFAULT_MIN_OCCURRENCES = 2
MAX_SCENARIOS = 20
"""Scenarios kept, most important first: tests that people are to review."""


def mine_errors(loaded: Loaded) -> Outcome:
    """Error patterns of the log records, what they mean, and scenarios that would show them.

    Raises:
        NoData: there are no log records in the window.
    """
    mined = mine(
        loaded.rows(LOGS),
        min_occurrences=int(loaded.number("minOccurrences", DEFAULT_MIN_OCCURRENCES)),
        previous=loaded.previous_rows(LOGS),
    )
    if not mined.total_records:
        raise NoData(
            f"no log records in the last {loaded.window.days} days: `aqe import app.jsonl` brings them in"
            + loaded.older(LOGS)
        )
    insights = insights_from(mined, now=loaded.now)
    scenarios = tuple(scenarios_from(mined, include_unsafe=bool(loaded.payload.get("includeUnsafe"))))[:MAX_SCENARIOS]
    return Outcome(
        MinedErrors(patterns=mined, insights=insights, scenarios=scenarios),
        {"aqe/production/patterns": mined, **offered(scenarios, "scenario-err-", loaded)},
    )
