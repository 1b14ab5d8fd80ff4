"""What is tried again, by whom, and when it ends: effects happen once all the same."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aqe.agents import base, work
from aqe.agents.base import TaskContext, task_key
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.core.records.tasks import TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.agents.doubler import (
    Doubler,
    ended,
    ended_meanwhile,
    events,
    queue,
    record,
    working,
)
from aqe.tests.integration.conftest import Open, OwnServer, eventually


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
        task = await asyncio.wait_for(ended_meanwhile(parts), base.TASK_LEASE_S - 1)
    assert task.status is TaskStatus.COMPLETED and task.agent == agent.id
    assert len(await parts.memory.retrieve("aqe/history")) == 1
