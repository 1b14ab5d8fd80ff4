"""A task's way through an agent, on the real server: everything it does happens once, whatever goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from redis.exceptions import RedisError

from aqe.agents import base, work
from aqe.agents.base import BaseAgent, TaskContext, agent_key, task_key
from aqe.bus import lanes
from aqe.bus.deadletters import list_dead_letters
from aqe.bus.events import Event, ReadinessAssessed, TaskCancelled
from aqe.bus.lanes import into_lane
from aqe.bus.reading import read_event
from aqe.core.errors import AqeError, ConflictError, FencedOutError, InputError, ServiceUnavailable, TaskVetoed
from aqe.core.records.tasks import AgentRecord, AgentState, Priority, TaskAssignment, TaskStatus
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.hooks.base import LifecycleHook
from aqe.hooks.manager import HookManager
from aqe.tests.integration.conftest import Open, OwnServer, eventually, ids_in, pending

COMPLETED, FAILED = "aqe:events:task:completed", "aqe:events:task:failed"


class Doubler(BaseAgent):
    """Doubles a number; its payload says how it is to misbehave."""

    agent_type = "doubler"
    task_types: ClassVar[Mapping[str, str]] = {"double": "doubling", "describe": "describing"}
    misbehave: ClassVar[dict[str, Callable[["Doubler", TaskContext], Any]]] = {}

    def __init__(self, services: base.AgentServices) -> None:
        super().__init__(services)
        self.performed: list[str] = []
        self.errors: list[Exception] = []
        self.effects_on_error: Callable[[TaskContext], None] = lambda context: None

    async def on_pre_task(self, context: TaskContext) -> Any:
        inputs = await self.memory.retrieve("aqe/input")
        trouble = str(context.task.payload.get("trouble"))
        if trouble in self.misbehave:
            await _maybe(self.misbehave[trouble](self, context))
        return inputs

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        self.performed.append(task.id)
        trouble = task.payload.get("trouble")
        if trouble == "bug":
            raise ZeroDivisionError("division by zero")
        if trouble == "stop iteration":
            return next(iter([]))
        if trouble == "long message":
            raise ValueError("x" * 2_000_000)
        if trouble == "half a surrogate":
            raise OSError("no such file: \ud800.txt")
        if trouble == "a secret":
            raise ConnectionError("GET https://bob:geheim@host/?token=geheim was refused")
        return (inputs or task.payload.get("n", 1)) * 2

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        trouble = context.task.payload.get("trouble")
        if trouble == "after effects":
            context.store("aqe/result", result)
            raise ValueError("after naming effects")
        context.store("aqe/result", result)
        context.append("aqe/history", {"task": context.task.id, "result": result})
        context.emit(a_decision(), subject="v1")
        odd = {"no json": object(), "too large": "x" * 1_100_000, "wrong kind": None}
        if trouble == "wrong kind":
            context.append("aqe/a-value", 1)
        return odd.get(trouble or "", {"doubled": result})

    async def on_task_error(self, context: TaskContext, error: Exception) -> None:
        self.errors.append(error)
        self.effects_on_error(context)


async def _maybe(value: Any) -> None:
    if isinstance(value, Awaitable):
        await value


def a_decision() -> ReadinessAssessed:
    return ReadinessAssessed(
        version="v1", decision="APPROVED", approved=True, risk_level="LOW", risk=1.0, confidence=None
    )  # fmt: skip


async def queue(parts: Runtime, task_id: str = "task-1", **fields: Any) -> TaskAssignment:
    """As the commander does it: the record and its entry in the lane."""
    defaults = {"type": "double", "priority": Priority.MEDIUM, "submitted_at": parts.clock.now(), "payload": {}}
    task = TaskAssignment.model_validate({"id": task_id, "status": TaskStatus.QUEUED, **defaults, **fields})
    lane = parts.bus.names.lane("doubler", task.priority)
    await parts.memory.apply([parts.memory.prepare_store(task_key(task_id), task), into_lane(lane, task_id)])
    return task


async def record(parts: Runtime, task_id: str = "task-1") -> TaskAssignment:
    return TaskAssignment.from_value(await parts.memory.retrieve(task_key(task_id)), where=task_id)


async def ended(parts: Runtime, task_id: str = "task-1") -> TaskAssignment:
    async def final() -> TaskAssignment | None:
        task = await record(parts, task_id)
        return task if task.finished_at else None

    return await eventually(final)  # type: ignore[no-any-return]


def events(raw: Any, event_type: str) -> list[Event]:
    rows: Any = raw.xrange(f"aqe:events:{event_type}")
    return [read_event(fields) for _, fields in rows]


@asynccontextmanager
async def working(agent: BaseAgent) -> AsyncIterator[asyncio.Task[None]]:
    """The agent runs inside the block and is stopped in good order after it."""
    task = asyncio.create_task(agent.run())
    try:
        yield task
    finally:
        agent.stop()
        await asyncio.wait_for(task, 10)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that is told to stop notices it when its read ends."""
    monkeypatch.setattr(lanes, "UPKEEP_S", 0.1)


@pytest.fixture
def agent(parts: Runtime) -> Doubler:
    return Doubler(parts.services())


# The good way --------------------------------------------------------------------------------------------------------


async def test_effects_record_event_and_acknowledgement_are_one(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """After it: value, history, event, record and nothing left in the lane, each exactly once."""
    await parts.memory.store("aqe/input", 21)
    await queue(parts, correlation_id="build-7")
    async with working(agent):
        task = await ended(parts)
    assert (task.status, task.result, task.attempts, task.agent) == ("completed", {"doubled": 42}, 1, agent.id)
    assert task.started_at is not None and task.error is None
    assert await parts.memory.retrieve("aqe/result") == 42
    assert await parts.memory.retrieve("aqe/history") == [{"task": "task-1", "result": 42}]
    for event_type in ("task:started", "deployment-readiness:assessed", "task:completed"):
        [event] = events(raw, event_type)
        assert (event.source, event.correlation_id) == (agent.id, "build-7")
    assert raw.xlen("aqe:tasks:doubler:medium") == 0
    assert pending(raw, "aqe:tasks:doubler:medium", "agents") == 0
    written = await parts.memory.retrieve_record("aqe/result")
    assert written is not None and written.task == "task-1"
    assert 6 * 86_400 < raw.ttl(task_key("task-1")) <= 7 * 86_400


async def test_nothing_is_seen_before_everything_is(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """Somebody who polls all the time never sees the value without the completed record, or the other way round."""
    seen: set[tuple[bool, bool, bool]] = set()
    script = "return {redis.call('EXISTS', KEYS[1]), redis.call('GET', KEYS[2]), redis.call('XLEN', KEYS[3])}"
    async with working(agent):
        await queue(parts)
        while True:
            result, task, told = raw.eval(script, 3, "aqe/result", task_key("task-1"), COMPLETED)
            is_completed = json.loads(task)["status"] == "completed"
            seen.add((bool(result), is_completed, bool(told)))
            if is_completed:
                break
            await asyncio.sleep(0)
    assert seen == {(False, False, False), (True, True, True)}


async def test_an_agent_says_when_it_comes_and_goes(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """Record, heartbeat and events; its capabilities are types and what serves them."""
    async with working(agent):
        await eventually(lambda: raw.exists(f"aqe:heartbeat:{agent.id}"))
        await eventually(lambda: events(raw, "agent:started"))
        here = AgentRecord.from_value(await parts.memory.retrieve(agent_key(agent.id)), where="agent")
        assert (here.state, here.type) == (AgentState.IDLE, "doubler")
        assert here.capabilities == ("describe", "describing", "double", "doubling")
    gone = AgentRecord.from_value(await parts.memory.retrieve(agent_key(agent.id)), where="agent")
    assert gone.state is AgentState.STOPPED and gone.stopped_at is not None
    assert [event.data.agent for event in events(raw, "agent:stopped")] == [agent.id]


async def test_tasks_of_a_named_fleet_stay_in_it(open_parts: Open, raw: Any) -> None:
    """Two fleets on one server, the same task id: each agent does its own."""
    blue, green = await open_parts("blue", fleet="blue"), await open_parts("green", fleet="green")
    for n, parts in enumerate((blue, green), start=1):
        await queue(parts, payload={"n": n})
        async with working(Doubler(parts.services())):
            await ended(parts)
    assert (await record(blue)).result == {"doubled": 2}
    assert (await record(green)).result == {"doubled": 4}
    assert raw.keys("aqe*") == []


async def test_one_task_in_the_callers_process(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """`run_one` ends after it and announces nobody."""
    lane = parts.bus.names.own_lane("task-1")
    task = TaskAssignment(
        id="task-1", type="double", submitted_at=parts.clock.now(), lane=parts.bus.names.logical(lane)
    )
    await parts.memory.apply([parts.memory.prepare_store(task_key("task-1"), task), into_lane(lane, "task-1")])
    await asyncio.wait_for(agent.run_one(lane, "task-1"), 5)
    assert (await record(parts)).status is TaskStatus.COMPLETED
    assert events(raw, "agent:started") == []
    assert await parts.memory.keys("aqe/fleet/agents/*") == []


# Failing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("bug", "ZeroDivisionError: division by zero"),
        ("stop iteration", "StopIteration"),
        ("after effects", "ValueError: after naming effects"),
        ("no json", "object"),
        ("too large", "bytes, at most 1000000"),
        ("wrong kind", "aqe/a-value is a string, expected a list"),
        ("long message", "ValueError: xxxx"),
        ("half a surrogate", "OSError: no such file: ?.txt"),
        ("a secret", "ConnectionError: GET https://bob:***@host/?token=*** was refused"),
    ],
)
async def test_a_failed_task_says_why_has_no_effects_and_leaves_the_agent_usable(
    parts: Runtime, raw: Any, agent: Doubler, trouble: str, says: str
) -> None:
    """Not retried: the same would happen again. The next task is done by the same agent."""
    await parts.memory.store("aqe/a-value", 1)
    await queue(parts, "bad", payload={"trouble": trouble})
    await queue(parts, "good", payload={"n": 4})
    async with working(agent) as running:
        bad, good = await ended(parts, "bad"), await ended(parts, "good")
        assert not running.done()
    assert bad.status is TaskStatus.FAILED and says in (bad.error or "")
    assert good.result == {"doubled": 8}
    assert agent.performed == ["bad", "good"]
    assert [event.subject for event in events(raw, "task:completed")] == ["good"]
    [failed] = events(raw, "task:failed")
    assert failed.data.task_id == "bad" and not failed.data.vetoed and says in failed.data.error
    assert await parts.memory.retrieve("aqe/history") == [{"task": "good", "result": 8}]
    assert len(agent.errors) == 1
    assert raw.xlen("aqe:tasks:doubler:medium") == 0


async def test_effects_of_a_failure_happen_with_it(parts: Runtime, agent: Doubler) -> None:
    """What `on_task_error` names is stored with the failed record; what had been named before is not."""
    agent.effects_on_error = lambda context: context.store("aqe/why", "broken")
    await queue(parts, payload={"trouble": "after effects"})
    async with working(agent):
        await ended(parts)
    assert await parts.memory.retrieve("aqe/why") == "broken"
    assert await parts.memory.retrieve("aqe/result") is None


@pytest.mark.parametrize("effect", ["raises", "is refused"])
async def test_a_failure_is_told_even_when_its_own_effects_fail(parts: Runtime, agent: Doubler, effect: str) -> None:
    """`on_task_error` must not turn a failure into silence."""
    agent.effects_on_error = {
        "raises": lambda context: 1 / 0,
        "is refused": lambda context: context.store("aqe/why", "x" * 1_100_000),
    }[effect]
    await queue(parts, payload={"trouble": "bug"})
    async with working(agent) as running:
        task = await ended(parts)
        assert not running.done()
    assert task.error == "ZeroDivisionError: division by zero"
    assert await parts.memory.retrieve("aqe/why") is None


async def test_a_veto_fails_the_task_with_its_reason_and_is_not_retried(parts: Runtime, raw: Any) -> None:
    """By a hook, before anything was loaded."""

    class Forbid(LifecycleHook):
        async def on_pre_task(self, task: TaskAssignment) -> None:
            raise TaskVetoed("not on a Friday", hint="try on Monday")

    agent = Doubler(replace(parts.services(), hooks=HookManager([Forbid()])))
    await queue(parts)
    async with working(agent):
        task = await ended(parts)
    assert (task.status, task.error, task.attempts) == (TaskStatus.FAILED, "not on a Friday", 1)
    assert task.hint == "try on Monday"
    [failed] = events(raw, "task:failed")
    assert failed.data.vetoed
    assert agent.performed == []


async def test_requirements_in_the_payload_are_verified(parts: Runtime, agent: Doubler) -> None:
    """The verification hook is in place by default and names the key that is missing."""
    await queue(parts, payload={"verification": {"requiredKeys": ["aqe/missing"]}})
    async with working(agent):
        task = await ended(parts)
    assert task.error == "double may not start: key aqe/missing: no value in memory"


async def test_hooks_that_observe_see_the_outcome_and_cannot_hurt(parts: Runtime) -> None:
    """One that fails everywhere stands between: the other sees both tasks, and both end as they would."""
    seen: list[str] = []

    class Watch(LifecycleHook):
        async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
            seen.append(f"post {task.id} {result}")

        async def on_task_error(self, task: TaskAssignment, error: Exception) -> None:
            seen.append(f"error {task.id} {type(error).__name__}")

        async def on_agent_start(self, agent_id: str) -> None:
            seen.append("start")

        async def on_agent_stop(self, agent_id: str) -> None:
            seen.append("stop")

    class Broken(Watch):
        async def on_pre_task(self, task: TaskAssignment) -> None:
            raise ValueError

        on_post_task = on_task_error = on_agent_start = on_agent_stop = on_pre_task  # type: ignore[assignment]

    agent = Doubler(replace(parts.services(), hooks=HookManager([Watch(), Broken()])))
    await queue(parts, "good", payload={"n": 1})
    await queue(parts, "bad", payload={"trouble": "bug"})
    async with working(agent):
        assert (await ended(parts, "good")).status is TaskStatus.COMPLETED
        assert (await ended(parts, "bad")).status is TaskStatus.FAILED
    assert seen == ["start", "post good {'doubled': 2}", "error bad ZeroDivisionError", "stop"]


async def test_a_deadline_that_passed_fails_the_task_unstarted(parts: Runtime, agent: Doubler) -> None:
    """Better no answer than one nobody waits for any more; a deadline ahead changes nothing."""
    now = parts.clock.now()
    await queue(parts, "late", deadline=now - timedelta(seconds=1))
    await queue(parts, "in time", deadline=now + timedelta(hours=1))
    async with working(agent):
        late = await ended(parts, "late")
        assert (await ended(parts, "in time")).status is TaskStatus.COMPLETED
    assert late.status is TaskStatus.FAILED and "deadline" in (late.error or "")
    assert agent.performed == ["in time"]


async def test_a_type_it_does_not_serve_fails(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """Somebody put it into the wrong lane: it is told, not left lying."""
    await queue(parts, type="triple")
    async with working(agent):
        task = await ended(parts)
    assert task.error == "doubler does not serve 'triple'"
    assert events(raw, "task:failed")[0].data.vetoed


# Trying again --------------------------------------------------------------------------------------------------------


def trouble_times(times: int, error: Exception) -> Callable[[Doubler, TaskContext], None]:
    left = [times]

    def act(agent: Doubler, context: TaskContext) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return act


async def test_a_retryable_error_is_retried_until_it_passes(
    parts: Runtime, raw: Any, agent: Doubler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts are counted in the record; effects happen once."""
    monkeypatch.setattr(work, "RETRY_PAUSE_S", (0.01, 0.02))
    agent.misbehave["away"] = trouble_times(2, ServiceUnavailable("the platform is away"))
    await queue(parts, payload={"trouble": "away"})
    async with working(agent):
        task = await ended(parts)
    assert (task.status, task.attempts) == (TaskStatus.COMPLETED, 3)
    assert [event.data.attempt for event in events(raw, "task:started")] == [1, 2, 3]
    assert len(await parts.memory.retrieve("aqe/history")) == 1


async def test_a_retryable_error_that_does_not_pass_fails_in_the_end(
    parts: Runtime, agent: Doubler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After MAX_ATTEMPTS, with the last reason."""
    monkeypatch.setattr(work, "RETRY_PAUSE_S", (0.01, 0.02))
    agent.misbehave["away"] = trouble_times(99, ServiceUnavailable("the platform is away"))
    await queue(parts, payload={"trouble": "away"})
    async with working(agent):
        task = await ended(parts)
    assert (task.status, task.attempts) == (TaskStatus.FAILED, work.MAX_ATTEMPTS)
    assert task.error == "the platform is away"


@pytest.mark.parametrize("error", [InputError("unusable"), ValueError("bug")], ids=["input", "bug"])
async def test_other_errors_are_not_retried(parts: Runtime, agent: Doubler, error: Exception) -> None:
    """The first attempt is the last."""
    agent.misbehave["broken"] = trouble_times(1, error)
    await queue(parts, payload={"trouble": "broken"})
    async with working(agent):
        task = await ended(parts)
    assert (task.status, task.attempts) == (TaskStatus.FAILED, 1)


async def test_a_task_taken_over_meanwhile_has_the_successors_effects_only(
    open_parts: Open, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first agent's keeper stalls; the second does the task; the first one's commit is refused."""
    monkeypatch.setattr(base, "TASK_LEASE_S", 0.5)
    one, two = await open_parts("one"), await open_parts("two")
    started, go_on = asyncio.Event(), asyncio.Event()
    stalled, quick = Doubler(one.services()), Doubler(two.services())

    async def wait(agent: Doubler, context: TaskContext) -> None:
        if agent is stalled:
            started.set()
            await go_on.wait()

    monkeypatch.setitem(Doubler.misbehave, "stall", wait)
    await queue(one, payload={"trouble": "stall", "n": 3})
    async with working(stalled):
        await started.wait()
        await asyncio.to_thread(one.keeper.stop)
        async with working(quick):
            task = await ended(one)
            go_on.set()
            await eventually(lambda: len(stalled.performed) == 1)
    assert task.agent == quick.id
    assert (await record(one)).agent == quick.id
    assert len(await one.memory.retrieve("aqe/history")) == 1
    assert len(events(raw, "task:completed")) == 1


@pytest.mark.xdist_group("own server")
@pytest.mark.parametrize("moment", ["before it starts", "while it works"])
async def test_a_task_survives_the_servers_death(open_parts: Open, own_server: OwnServer, moment: str) -> None:
    """SIGKILL and restart under a working agent: the very same agent finishes the task, once."""
    parts = await open_parts("agent", url=own_server.url)
    agent = Doubler(parts.services())

    async def restart(agent: Doubler, context: TaskContext) -> None:
        if len(agent.performed) == 0:
            await asyncio.to_thread(own_server.restart)

    agent.misbehave["restart"] = restart
    await queue(parts, payload={"trouble": "restart" if moment == "while it works" else None})
    if moment == "before it starts":
        retrieve_record, killed = parts.memory.retrieve_record, False

        async def first_kill(key: str) -> Any:
            nonlocal killed
            if not killed and key == task_key("task-1"):
                killed = True
                await asyncio.to_thread(own_server.kill)
                asyncio.get_running_loop().call_later(0.5, own_server.start)
            return await retrieve_record(key)

        parts.memory.retrieve_record = first_kill  # type: ignore[method-assign]
    async with working(agent):
        # Before the lease has run out: the agent itself goes on, nobody has to take over from it.
        task = await asyncio.wait_for(_ended_meanwhile(parts), base.TASK_LEASE_S - 1)
    assert task.status is TaskStatus.COMPLETED and task.agent == agent.id
    assert len(await parts.memory.retrieve("aqe/history")) == 1


async def _ended_meanwhile(parts: Runtime) -> TaskAssignment:
    while True:
        with suppress(RedisError, AqeError):
            return await ended(parts)


# Cancelled -----------------------------------------------------------------------------------------------------------


async def cancel(parts: Runtime, task_id: str = "task-1") -> None:
    """As `aqe task cancel` does it."""
    current = await parts.memory.retrieve_record(task_key(task_id))
    assert current is not None
    task = TaskAssignment.from_value(current.value, where=task_id)
    cancelled = task.model_copy(update={"status": TaskStatus.CANCELLED, "finished_at": parts.clock.now()})
    told = Event.of(TaskCancelled(task_id=task_id, type=task.type), source="cli", time=parts.clock.now())
    await parts.memory.apply(
        [
            parts.memory.prepare_store(task_key(task_id), cancelled, expected_version=current.version),
            parts.bus.prepare(told),
        ]
    )


async def test_a_cancelled_task_is_not_run_and_leaves_the_lane(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """Its entry is taken away when an agent comes to it."""
    await queue(parts)
    await cancel(parts)
    async with working(agent):
        await queue(parts, "next")
        await ended(parts, "next")
    assert agent.performed == ["next"]
    assert (await record(parts)).status is TaskStatus.CANCELLED
    assert raw.xlen("aqe:tasks:doubler:medium") == 0


@pytest.mark.parametrize("moment", ["after the record was read", "while the record is read"])
async def test_a_task_cancelled_in_the_last_moment_is_not_run(
    open_parts: Open, raw: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Between the agent's look at the record and its first write: one of the two wins, never both."""
    parts, other = await open_parts("agent"), await open_parts("cli")
    agent = Doubler(parts.services())
    await queue(parts)
    cancelled = False

    async def cancel_once() -> None:
        nonlocal cancelled
        if not cancelled:
            cancelled = True
            await cancel(other)

    if moment == "after the record was read":
        apply = parts.memory.apply

        async def late(writes: Sequence[Write]) -> list[object]:
            if any(write.key.endswith(task_key("task-1")) for write in writes):
                await cancel_once()
            return await apply(writes)

        monkeypatch.setattr(parts.memory, "apply", late)
    else:
        execute: Any = parts.clients.commands.execute_command

        async def interrupted(*args: Any, **options: Any) -> Any:
            answer = await execute(*args, **options)
            if (task_key("task-1") in args and not args[0].startswith("FCALL")) or args[1:2] == ("aqe_record",):
                await cancel_once()
            return answer

        monkeypatch.setattr(parts.clients.commands, "execute_command", interrupted)
    async with working(agent):
        await eventually(lambda: raw.xlen("aqe:tasks:doubler:medium") == 0)
    assert cancelled
    assert agent.performed == []
    assert (await record(parts)).status is TaskStatus.CANCELLED
    assert events(raw, "task:started") == []


async def test_a_running_task_cannot_be_cancelled_under_the_agent(parts: Runtime, agent: Doubler) -> None:
    """Who read the record before it started gets a conflict."""
    await queue(parts)
    before = await parts.memory.retrieve_record(task_key("task-1"))
    assert before is not None
    async with working(agent):
        await ended(parts)
    with pytest.raises(ConflictError):
        await parts.memory.store(task_key("task-1"), {"status": "cancelled"}, expected_version=before.version)


# Broken records ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ['{"id": "x"}', "no json", '{"status": "unheard-of"}', "[]"])
async def test_a_record_nobody_can_read_takes_no_agent_down(
    parts: Runtime, raw: Any, agent: Doubler, value: str
) -> None:
    """It becomes a dead letter and a failure that whoever waits can hear of; the next task is done."""
    await queue(parts, "bad")
    raw.set(task_key("bad"), value)
    await queue(parts, "good")
    async with working(agent) as running:
        await ended(parts, "good")
        assert not running.done()
    [letter] = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert letter.name == "doubler:medium" and letter.fields == {"taskId": "bad"}
    assert [event.data.task_id for event in events(raw, "task:failed")] == ["bad"]


async def test_an_entry_without_a_record_is_put_aside(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """The record expired, or somebody wrote into the lane by hand."""
    raw.xadd("aqe:tasks:doubler:high", {"taskId": "ghost"})
    raw.xadd("aqe:tasks:doubler:high", {"something": "else"})
    async with working(agent):
        await eventually(lambda: raw.xlen("aqe:dead:doubler:high") == 2)
    letters = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert {letter.error for letter in letters} == {"no task record for 'ghost'", "no task record for ''"}
    assert raw.xlen("aqe:tasks:doubler:high") == 0


# Priorities ----------------------------------------------------------------------------------------------------------


async def test_the_more_urgent_comes_first_whenever_it_was_queued(parts: Runtime, agent: Doubler) -> None:
    """Queued from low to critical, done from critical to low; within a lane in order."""
    for priority in reversed(Priority):
        for n in range(2):
            await queue(parts, f"{priority}-{n}", priority=priority)
    async with working(agent):
        for priority in Priority:
            await ended(parts, f"{priority}-1")
    assert agent.performed[:7] == [
        "critical-0", "critical-1", "high-0", "high-1", "medium-0", "medium-1", "low-0",
    ]  # fmt: skip


async def test_a_low_task_is_not_starved_by_a_stream_of_critical_ones(parts: Runtime, agent: Doubler) -> None:
    """Every FAIR_EVERY-th pick looks from the other end."""
    for n in range(3 * lanes.FAIR_EVERY):
        await queue(parts, f"critical-{n}", priority=Priority.CRITICAL)
    for n in range(2):
        await queue(parts, f"low-{n}", priority=Priority.LOW)
    async with working(agent):
        await ended(parts, f"critical-{3 * lanes.FAIR_EVERY - 1}")
    position = agent.performed.index
    assert position("low-0") < lanes.FAIR_EVERY
    assert position("low-1") < 2 * lanes.FAIR_EVERY


async def test_many_agents_share_a_lane_and_do_each_task_once(open_parts: Open, raw: Any) -> None:
    """Four agents, sixty tasks: all done, none twice."""
    processes = [await open_parts(f"p{n}") for n in range(4)]
    agents = [Doubler(process.services()) for process in processes]
    for n in range(60):
        await queue(processes[0], f"t{n}", priority=list(Priority)[n % 4])
    running = [asyncio.create_task(agent.run()) for agent in agents]
    await eventually(lambda: raw.xlen(COMPLETED) == 60, within_s=20)
    for agent in agents:
        agent.stop()
    await asyncio.gather(*running)
    done = [task_id for agent in agents for task_id in agent.performed]
    assert sorted(done) == sorted(f"t{n}" for n in range(60))
    assert sum(bool(agent.performed) for agent in agents) >= 2
    assert len(set(ids_in(raw, COMPLETED))) == 60


async def test_tasks_of_a_dead_agent_are_shared_out(open_parts: Open, raw: Any) -> None:
    """It held six. Three others take one each; nobody hoards what it has not begun, and nobody's wait is an attempt."""
    processes = [await open_parts(f"p{n}") for n in range(4)]
    names = processes[0].bus.names
    for n in range(6):
        await queue(processes[0], f"t{n}", priority=Priority.HIGH if n % 2 else Priority.LOW)
    streams = [names.lane("doubler", priority) for priority in Priority]
    dead = processes[0].bus.consumer(lanes.GROUP, lease_s=30)
    await dead.ensure(streams)
    held = await dead.read(streams, count=10, block_ms=None)
    assert len(held) == 6
    for entry in held:  # for a minute already
        raw.xclaim(entry.stream, lanes.GROUP, dead.consumer, 0, [entry.id], idle=60_000, justid=True)
    takers = [
        lanes.LaneConsumer(process.bus.consumer(lanes.GROUP, lease_s=30), streams, process.clock)
        for process in processes[1:]
    ]
    taken = [await taker.next(wait_s=0.01) for taker in takers]
    assert [entry.fields[b"taskId"] for entry in taken if entry] == [b"t1", b"t3", b"t5"], "the urgent ones first"
    assert [entry.attempts for entry in taken if entry] == [2, 2, 2]
    rows = raw.xpending_range("aqe:tasks:doubler:low", "agents", "-", "+", 10)
    assert [(row["consumer"], row["times_delivered"]) for row in rows] == [(dead.consumer.encode(), 1)] * 3


async def test_a_lane_whose_group_was_lost_begins_at_its_beginning(open_parts: Open, raw: Any) -> None:
    """One agent has finished the younger task, another holds the older one: that is not behind anybody's position."""
    one, two = [await open_parts(f"p{n}") for n in range(2)]
    await queue(one, "older")
    await queue(one, "younger")
    streams = [one.bus.names.lane("doubler", Priority.MEDIUM)]
    slow, quick = [
        lanes.LaneConsumer(process.bus.consumer(lanes.GROUP, lease_s=60), streams, process.clock)
        for process in (one, two)
    ]
    older, younger = await slow.next(wait_s=0.01), await quick.next(wait_s=0.01)
    assert older is not None and younger is not None
    await quick.finish(younger, [])
    raw.xgroup_destroy(streams[0], lanes.GROUP)
    assert await quick.next(wait_s=0.01) is None
    again = await quick.next(wait_s=0.01)
    assert again is not None and again.fields == older.fields
    with pytest.raises(FencedOutError):
        await slow.finish(older, [])
    await quick.finish(again, [])
    assert raw.xlen(streams[0]) == 0


async def test_no_task_is_lost_with_the_groups_of_its_lanes(open_parts: Open, raw: Any) -> None:
    """The group of every lane is destroyed while two agents work: what lies in a lane is begun again, and done once."""
    processes = [await open_parts(f"p{n}") for n in range(2)]
    agents = [Doubler(process.services()) for process in processes]

    async def pause(agent: Doubler, context: TaskContext) -> None:
        await asyncio.sleep(0.02)

    for agent in agents:
        agent.misbehave["pause"] = pause
    for n in range(40):
        await queue(processes[0], f"t{n}", payload={"trouble": "pause"})
    running = [asyncio.create_task(agent.run()) for agent in agents]
    for threshold in (5, 15, 25):
        await eventually(lambda threshold=threshold: raw.xlen(COMPLETED) >= threshold)  # type: ignore[misc]
        for priority in Priority:
            raw.xgroup_destroy(f"aqe:tasks:doubler:{priority}", "agents")
    await eventually(lambda: raw.xlen(COMPLETED) == 40, within_s=20)
    for agent in agents:
        agent.stop()
    await asyncio.gather(*running)
    history = await processes[0].memory.retrieve("aqe/history")
    assert sorted(item["task"] for item in history) == sorted(f"t{n}" for n in range(40))
    assert raw.xlen("aqe:tasks:doubler:medium") == 0


# Stopping ------------------------------------------------------------------------------------------------------------


async def test_stopping_finishes_the_task_at_hand_and_starts_no_other(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """What waits stays in the lane for the next agent, which gets it at once."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait(agent: Doubler, context: TaskContext) -> None:
        started.set()
        await go_on.wait()

    agent.misbehave["wait"] = wait
    await queue(parts, "first", payload={"trouble": "wait"})
    await queue(parts, "second")
    running = asyncio.create_task(agent.run())
    await started.wait()
    agent.stop()
    await asyncio.sleep(0.05)
    assert not running.done()
    go_on.set()
    await asyncio.wait_for(running, 10)
    assert (await record(parts, "first")).status is TaskStatus.COMPLETED
    assert (await record(parts, "second")).status is TaskStatus.QUEUED
    successor = Doubler(parts.services())
    async with working(successor):
        await ended(parts, "second")
    rows: Any = raw.xinfo_consumers("aqe:tasks:doubler:medium", "agents")
    assert [row["name"] for row in rows if row["name"] != b"handed-back"] == []


async def test_a_shutdown_that_fails_does_not_keep_the_agent(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """It has left in good order all the same."""

    async def broken() -> None:
        raise ValueError("cannot close")

    agent.shutdown = broken  # type: ignore[method-assign]
    async with working(agent):
        await eventually(lambda: events(raw, "agent:started"))
    assert len(events(raw, "agent:stopped")) == 1
