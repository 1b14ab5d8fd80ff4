"""Tasks that were cancelled, and entries and records that nobody can read."""

from collections.abc import Sequence
from typing import Any

import pytest

from aqe.agents.base import task_key
from aqe.bus.deadletters import list_dead_letters
from aqe.core.errors import ConflictError
from aqe.core.records.tasks import TaskStatus
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.agents.doubler import Doubler, cancel, ended, events, queue, record, working
from aqe.tests.integration.conftest import Open, eventually


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
