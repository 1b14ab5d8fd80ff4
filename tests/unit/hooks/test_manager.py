from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from aqe.core.errors import InputError, TaskVetoed
from aqe.core.records.tasks import TaskAssignment
from aqe.hooks.base import LifecycleHook
from aqe.hooks.manager import HookManager

TASK = TaskAssignment(id="task-1", type="risk-score", submitted_at=datetime(2026, 1, 10, tzinfo=UTC))


class Recorder(LifecycleHook):
    """Writes down every call."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls

    async def on_pre_task(self, task: TaskAssignment) -> None:
        self.calls.append(f"{self.name} pre {task.id}")

    async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
        self.calls.append(f"{self.name} post {result}")

    async def on_task_error(self, task: TaskAssignment, error: Exception) -> None:
        self.calls.append(f"{self.name} error {error}")

    async def on_agent_start(self, agent_id: str) -> None:
        self.calls.append(f"{self.name} start {agent_id}")

    async def on_agent_stop(self, agent_id: str) -> None:
        self.calls.append(f"{self.name} stop {agent_id}")


class Broken(LifecycleHook):
    """Fails wherever it is called."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def on_pre_task(self, task: TaskAssignment) -> None:
        raise self.error

    async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
        raise self.error

    async def on_task_error(self, task: TaskAssignment, error: Exception) -> None:
        raise self.error

    async def on_agent_start(self, agent_id: str) -> None:
        raise self.error

    async def on_agent_stop(self, agent_id: str) -> None:
        raise self.error


class Vetoing(LifecycleHook):
    """Forbids every task."""

    async def on_pre_task(self, task: TaskAssignment) -> None:
        raise TaskVetoed("not on a Friday")


async def call_all(manager: HookManager) -> None:
    await manager.agent_start("a")
    await manager.pre_task(TASK)
    await manager.post_task(TASK, "done")
    await manager.task_error(TASK, ValueError("oh"))
    await manager.agent_stop("a")


async def test_before_runs_first_to_last_and_after_last_to_first() -> None:
    """Like brackets: who comes first also leaves last."""
    calls: list[str] = []
    await call_all(HookManager([Recorder("1", calls), Recorder("2", calls)]))
    assert calls == [
        "1 start a", "2 start a",
        "1 pre task-1", "2 pre task-1",
        "2 post done", "1 post done",
        "2 error oh", "1 error oh",
        "2 stop a", "1 stop a",
    ]  # fmt: skip


async def test_a_veto_stops_the_task_and_the_hooks_after_it() -> None:
    """Nobody after the veto is asked; those before it have been."""
    calls: list[str] = []
    manager = HookManager([Recorder("1", calls), Vetoing(), Recorder("2", calls)])
    with pytest.raises(TaskVetoed, match="not on a Friday"):
        await manager.pre_task(TASK)
    assert calls == ["1 pre task-1"]


@pytest.mark.parametrize("error", [ValueError("broken"), InputError("broken"), KeyError("broken"), TimeoutError()])
async def test_an_observer_that_fails_harms_nobody_and_is_logged(error: Exception) -> None:
    """Every other hook is called as if it were not there, and the log names the one that failed."""
    calls: list[str] = []
    with capture_logs() as logs:
        await call_all(HookManager([Recorder("1", calls), Broken(error), Recorder("2", calls)]))
    assert len(calls) == 10
    assert [entry["hook"] for entry in logs] == [
        f"Broken.{name}" for name in ("on_agent_start", "on_pre_task", "on_post_task", "on_task_error", "on_agent_stop")
    ]


async def test_a_veto_outside_of_before_is_only_a_failure() -> None:
    """The effects are in memory by then: there is nothing left to forbid."""
    manager = HookManager([Broken(TaskVetoed("too late"))])
    await manager.post_task(TASK, None)
    await manager.task_error(TASK, ValueError())
    with pytest.raises(TaskVetoed):
        await manager.pre_task(TASK)


async def test_methods_that_nobody_overrides_are_not_called() -> None:
    """The no-op of the base class costs nothing, so a manager without hooks is free."""

    class OnlyPost(LifecycleHook):
        async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
            posted.append(result)

    posted: list[Any] = []
    manager = HookManager([LifecycleHook(), OnlyPost()])
    await call_all(manager)
    assert posted == ["done"]
    assert manager._pre == [] and len(manager._post) == 1


async def test_an_inherited_override_counts() -> None:
    """A subclass of a hook is as much a hook."""

    class Special(Recorder):
        pass

    calls: list[str] = []
    await HookManager([Special("s", calls)]).pre_task(TASK)
    assert calls == ["s pre task-1"]
