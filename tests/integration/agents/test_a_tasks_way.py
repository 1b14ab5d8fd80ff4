"""A task's way through an agent, on the real server: everything it does happens once, whatever goes wrong."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.base import agent_key, task_key
from aqe.bus.lanes import into_lane
from aqe.core.errors import TaskVetoed
from aqe.core.records.tasks import AgentRecord, AgentState, TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.hooks.base import LifecycleHook
from aqe.hooks.manager import HookManager
from aqe.tests.integration.agents.doubler import (
    COMPLETED,
    Doubler,
    ended,
    events,
    queue,
    record,
    working,
)
from aqe.tests.integration.conftest import Open, eventually, pending

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
