"""Lifecycle hooks: observers around tasks that cannot hurt.

A hook is a subclass that overrides what it wants to see. An observer that fails is logged and the task goes on; only
TaskVetoed stops a task, and only from `on_pre_task`. The names are those of the specification in Python's spelling:
onPreTask is `on_pre_task`, and so on.
"""

from typing import Any

from ..core.records.tasks import TaskAssignment


class LifecycleHook:
    """Base with methods that do nothing; `before` methods run in order, `after` methods in reverse."""

    async def on_pre_task(self, task: TaskAssignment) -> None:
        """Before the agent loads its inputs.

        Raises:
            TaskVetoed: the task must not run; it fails with this reason and is not retried.
        """

    async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
        """After the task's effects are in memory."""

    async def on_task_error(self, task: TaskAssignment, error: Exception) -> None:
        """After a task failed or was vetoed."""

    async def on_agent_start(self, agent_id: str) -> None:
        """When an agent is ready."""

    async def on_agent_stop(self, agent_id: str) -> None:
        """When an agent leaves in good order."""
