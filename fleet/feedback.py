"""Runs the feedback loop: look, step, save, act; one of it in a fleet.

The state is saved with the version it had: of two loops one is refused and ends. Its heartbeat is written from a thread
and goes HEARTBEAT_TTL_S after its death, so that the next loop need not wait long and two do not run side by side.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ..agents.production_intelligence.agent import ProductionIntelligenceAgent
from ..agents.production_intelligence.feedback import End, Perform, Seen, Wait, resumed, step
from ..bus.lease import Pulse
from ..bus.names import OWN_LANE
from ..core.errors import ConflictError, InputError, NotFoundError, ServiceUnavailable
from ..core.numbers import counted
from ..core.records.base import encode
from ..core.records.production.feedback import FEEDBACK_KEY, NO_DATA, LoopPlan, LoopState, Run
from ..core.records.tasks import FINAL, TaskAssignment, task_key
from .output import write_file
from .runtime import Runtime
from .suites.browser_setup import write_setup
from .suites.generated_tests import scenarios_of, write_tests
from .tasks import TaskFailedError, new_task, perform, show

HEARTBEAT_EVERY_S = 1.0
HEARTBEAT_TTL_S = 4.0
POLL_S = 1.0
"""Between two looks at a task that another process does, and at the stream of anomalies."""
ANALYSES = (
    "anomaly-detection",
    "error-pattern-mining",
    "recording-to-tests",
    "incident-analysis",
    "rum-analysis",
    "user-journey-reconstruction",
    "load-pattern-analysis",
    "feature-usage-analytics",
)
WRITTEN = ("insights", "prioritization", "test-scenarios")
"""`aqe/production/...` that each round writes into --output."""


def analyses() -> tuple[str, ...]:
    """What a round runs: those of ANALYSES that the agent can do."""
    return tuple(kind for kind in ANALYSES if kind in ProductionIntelligenceAgent.task_types)


def heartbeat(prefix: str) -> str:
    """Physical key of the loop's heartbeat."""
    return f"{prefix}aqe:feedback-loop"


class FeedbackLoop:
    """One process's hold of the loop.

    Args:
        runtime: the open parts.
        plan: what to do how often.
        output: folder that each round's findings are written into; None = memory keys only.
        write_tests: also write the tests there are, into the folder `tests` of it.
        said: called with a line at the end of each round and about each task.
    """

    def __init__(
        self,
        runtime: Runtime,
        plan: LoopPlan,
        *,
        output: Path | None = None,
        write_tests: bool = False,
        said: Callable[[str], None] = print,
    ) -> None:
        self._runtime = runtime
        self._plan = plan
        self._output = output
        self._write_tests = write_tests
        self._said = said
        self._stopping = asyncio.Event()
        self._version = 0

    def stop(self) -> None:
        """Finish the task at hand, save, end."""
        self._stopping.set()

    async def run(self) -> LoopState:
        """Until it is stopped, or after one round.

        Raises:
            InputError: another loop runs in this fleet, or took over.
        """
        key, name = heartbeat(self._runtime.settings.prefix), self._runtime.bus.name
        if await self._runtime.clients.commands.exists(key):
            raise InputError(
                "a feedback loop runs in this fleet already",
                hint=f"aqe memory get {FEEDBACK_KEY}; one that was killed is forgotten after {HEARTBEAT_TTL_S:g} s",
            )
        self._runtime.keeper.pulse(Pulse(key, name, HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S))
        state = await self._load(name)
        while True:
            before = state
            state, action = step(state, await self._look(state), self._runtime.clock.now())
            await self._save(state)
            if state.rounds_done > before.rounds_done:
                await self._tell(state)
            match action:
                case End():
                    return state
                case Wait(seconds):
                    await self._rest(min(seconds, POLL_S))
                case Perform(run):
                    await self._perform(run)

    async def _load(self, name: str) -> LoopState:
        record = await self._runtime.memory.retrieve_record(FEEDBACK_KEY)
        self._version = record.version if record else 0
        saved = LoopState.from_value(record.value, where=FEEDBACK_KEY) if record else None
        return resumed(saved, self._plan, name, self._runtime.clock.now())

    async def _save(self, state: LoopState) -> None:
        memory = self._runtime.memory
        try:
            write = memory.prepare_store("aqe/production/feedback-loop", state, expected_version=self._version)
            (self._version,) = await memory.apply([write])
        except ConflictError as error:
            raise InputError("another process runs the feedback loop by now") from error

    async def _look(self, state: LoopState) -> Seen:
        over, lost = {}, set()
        for run in state.runs:
            task = await self._task(run) if run.status is None else None
            if task and task.status in FINAL:
                over[run.task] = (NO_DATA if task.no_data else task.status.value, task.error)
            elif task and (task.lane or "").startswith(OWN_LANE):
                lost.add(run.task)  # we hold the loop and are not doing it: the process that was is dead
        ids, position = [], None
        async for position, event in self._runtime.bus.tail("anomaly:detected", start=state.position, follow=False):  # noqa: B007
            data = event.data if isinstance(event.data, dict) else event.data.to_dict()
            ids.append(str(data.get("anomaly") or event.id))
        return Seen(over, frozenset(lost), ids, position, self._stopping.is_set())

    async def _task(self, run: Run) -> TaskAssignment | None:
        try:
            return await show(self._runtime, run.task)
        except NotFoundError:
            return None

    async def _perform(self, run: Run) -> None:
        """Its outcome stands in its record: the next look finds it there."""
        if await self._runtime.memory.retrieve(task_key(run.task)) is not None:
            await self._rest(POLL_S)  # submitted to the fleet before we were killed
            return
        made = new_task(self._runtime, run.task_type, {"days": self._plan.days})
        task = made.model_copy(update={"id": run.task, "correlation_id": run.task.rsplit("-", 1)[0]})
        try:
            await perform(self._runtime, task, said=self._said)
        except (TaskFailedError, ServiceUnavailable) as error:
            self._said(error.message)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _tell(self, state: LoopState) -> None:
        ended = Counter(run.status for run in state.runs)
        without = f", {counted(ended[NO_DATA], 'had no data', 'had no data')}" if ended[NO_DATA] else ""
        self._said(
            f"round {state.round}: {ended['completed']} of {len(state.runs)} analyses done{without},"
            f" {counted(state.anomalies_noticed, 'anomaly', 'anomalies')} noticed so far"
        )
        if self._output is not None:
            for name in WRITTEN:
                value = await self._runtime.memory.retrieve(f"aqe/production/{name}")
                write_file(self._output / f"{name}.json", encode(value) + "\n", overwrite=True)
            if self._write_tests:
                await self._tests(self._output / "tests")

    async def _tests(self, folder: Path) -> None:
        """All that is offered; what cannot be read or written is told, and does not end the loop."""
        told = await self._runtime.memory.retrieve("aqe/production/test-scenarios")
        found, problems = scenarios_of(told, "aqe/production/test-scenarios")
        written = write_tests(found, folder, target=None)
        for problem in (*problems, *(test.problem for test in written if test.problem)):
            self._said(problem)
        if any(one.ui for one in found):
            write_setup(folder, "pytest-playwright", ())
