"""Runs the hooks of an agent; only methods that somebody overrides are called at all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..core.errors import TaskVetoed
from ..core.log import Logger
from ..core.records.tasks import TaskAssignment
from .base import LifecycleHook

log = Logger(__name__)

Call = Callable[..., Awaitable[None]]


class HookManager:
    """The hooks of one agent.

    Args:
        hooks: in order; `on_pre_task` runs first to last, the others last to first.
    """

    def __init__(self, hooks: Sequence[LifecycleHook] = ()) -> None:
        self._hooks = tuple(hooks)
        self._pre = self._overridden("on_pre_task")
        self._post = self._overridden("on_post_task")[::-1]
        self._error = self._overridden("on_task_error")[::-1]

    async def pre_task(self, task: TaskAssignment) -> None:
        """Call `on_pre_task`; the first veto ends it.

        Raises:
            TaskVetoed: by a hook.
        """
        for call in self._pre:
            try:
                await call(task)
            except TaskVetoed:
                raise
            except Exception:
                log.exception("hook failed, the task goes on", hook=call.__qualname__, task=task.id)

    async def post_task(self, task: TaskAssignment, result: Any) -> None:
        """Call `on_post_task`."""
        for call in self._post:
            try:  # _observe in place: a coroutine less
                await call(task, result)
            except Exception:
                _harmless(call, task.id)

    async def task_error(self, task: TaskAssignment, error: Exception) -> None:
        """Call `on_task_error`."""
        for call in self._error:
            await _observe(call, task.id, task, error)

    async def agent_start(self, agent_id: str) -> None:
        """Call `on_agent_start`."""
        for call in self._overridden("on_agent_start"):
            await _observe(call, agent_id, agent_id)

    async def agent_stop(self, agent_id: str) -> None:
        """Call `on_agent_stop`."""
        for call in self._overridden("on_agent_stop")[::-1]:
            await _observe(call, agent_id, agent_id)

    def _overridden(self, name: str) -> list[Call]:
        return [
            getattr(hook, name) for hook in self._hooks if getattr(type(hook), name) is not getattr(LifecycleHook, name)
        ]


async def _observe(call: Call, subject: str, *args: Any) -> None:
    try:
        await call(*args)
    except Exception:
        _harmless(call, subject)


def _harmless(call: Call, subject: str) -> None:
    log.exception("hook failed, nothing else is harmed", hook=call.__qualname__, subject=subject)
