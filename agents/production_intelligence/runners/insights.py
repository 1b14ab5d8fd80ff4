"""The shell of the merged lists: a capability replaces its own part of the insights, and nobody else's."""

from collections.abc import Iterator
from typing import Any, TypeVar

from ....core.errors import InputError
from ....core.log import Logger
from ....core.records.base import Record
from ....core.records.production.anomalies import ANOMALIES_KEY, Anomaly, is_not_judged
from ....core.records.production.feedback import FEEDBACK_KEY
from ....core.records.production.findings import Insight
from ....core.records.production.scenarios import TestScenario
from ....core.records.production.verification import Coverage
from ....memory.store import MemoryStore
from ...context import TaskContext
from ...outcome import Outcome
from ..prioritize import MAX_INSIGHTS, merged, of_anomalies, prioritized, with_coverage

SCENARIOS = "aqe/production/test-scenarios"
ANOMALIES = "anomaly-detection"
"""The task type whose findings are no insights."""

R = TypeVar("R", bound=Record)

log = Logger(__name__)


async def merge_insights(memory: MemoryStore, context: TaskContext, outcome: Outcome) -> None:
    """Name all effects of an outcome; the insights of its answer become its part of the merged list.

    The list is read at the very end and written only if nobody wrote it meanwhile: of two tasks that end together, one
    is tried again and finds the other's part.

    Args:
        memory: the fleet's.
        context: of the task; gets the effects.
        outcome: one whose answer has no field `insights` leaves the list alone; open anomalies stand in the order of
            what to do first, and in no list of insights.
    """
    context.conclude(outcome)
    given: Any = getattr(outcome.answer, "insights", None)
    if given is None and ANOMALIES_KEY not in outcome.stores:
        return
    parts = await memory.retrieve_pattern("aqe/production/insights/*")
    found = {key.rpartition("/")[2]: tuple(_read(Insight, value, key)) for key, value in parts.items()}
    if given is not None:
        found[context.task.type] = tuple(given)[:MAX_INSIGHTS]
        context.store(f"aqe/production/insights/{context.task.type}", found[context.task.type])
    before = await memory.retrieve_record("aqe/production/insights")
    loop = await memory.retrieve("aqe/production/feedback-loop")
    covered = _read(Coverage, loop.get("covered") if isinstance(loop, dict) else (), FEEDBACK_KEY)

    async def now(key: str) -> Any:
        return outcome.stores[key] if key in outcome.stores else await memory.retrieve(key)

    found[ANOMALIES] = of_anomalies(_read(Anomaly, await now(ANOMALIES_KEY), ANOMALIES_KEY))
    ranked = with_coverage(merged(found), covered)
    insights = tuple(one for one in ranked if one.capability != ANOMALIES)[:MAX_INSIGHTS]
    context.store("aqe/production/insights", insights, expected_version=before.version if before else 0)
    tests = tuple(_read(TestScenario, await now(SCENARIOS), SCENARIOS))
    context.store("aqe/production/prioritization", prioritized(ranked, tests, context.now))


def _read(model: type[R], values: Any, where: str) -> Iterator[R]:
    """The records of a list; one that somebody else wrote wrongly must not stop our own."""
    for value in values if isinstance(values, list | tuple) else ():
        if is_not_judged(value):
            continue
        try:
            yield model.from_value(value, where=where)
        except InputError as error:
            log.warning("left out of the merged list", error=error.message)
