"""The production-intelligence agent: loads what a capability needs, lets it find, stores and publishes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ...core.records.tasks import TaskAssignment
from ..base import BaseAgent, TaskContext
from ..outcome import NothingToJudge, Outcome
from .capabilities import CAPABILITIES
from .loaded import Loaded

_CAPABILITY = {capability.task_type: capability for capability in CAPABILITIES}


class ProductionIntelligenceAgent(BaseAgent):
    """One finding a task.

    Task payload, all optional: `days` (window back from now, > 0), `release` (only records imported for it), and what
    the capability asks for, such as `minOccurrences` (>= 1) and `includeUnsafe` (also make scenarios of requests that
    change something) of `error-pattern-mining`.
    """

    agent_type = "production-intelligence"
    task_types: ClassVar[Mapping[str, str]] = {c.task_type: c.serves for c in CAPABILITIES}

    async def on_pre_task(self, context: TaskContext) -> Loaded:
        """What the capability reads from memory; bulk rows are read while they are looked at."""
        incidents = await self.memory.retrieve("aqe/production/incidents")
        self.log.info("production intelligence analysis started", recent_incidents=len(incidents or ()))
        payload = context.task.payload
        keys = _CAPABILITY[context.task.type].reads
        values = {key: await self.memory.retrieve(key) for key in keys if "*" not in key}
        for glob in (key for key in keys if "*" in key):
            values |= await self.memory.retrieve_pattern(glob)
        records = {key: value for key, value in values.items() if value is not None}
        return Loaded(context.now, payload, self.services.datasets, records)

    def perform_task(self, task: TaskAssignment, inputs: Loaded) -> Outcome:
        """Pure: the same inputs give the same outcome."""
        return _CAPABILITY[task.type].function(inputs)

    async def on_post_task(self, context: TaskContext, result: Outcome) -> Any:
        """Stores what was found, and says so."""
        # Here: a command that asks which agent serves a task waits for all that stands above.
        from .runners.events import emit_events
        from .runners.insights import merge_insights

        await merge_insights(self.memory, context, result)
        emit_events(context, result.answer)
        return result.answer

    async def on_task_error(self, context: TaskContext, error: Exception) -> None:
        """That nothing could be judged is stored, too: an earlier state would be taken for today's."""
        if isinstance(error, NothingToJudge):
            for name, value in error.stores.items():
                context.store(name, value)
