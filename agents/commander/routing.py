"""Which agent type serves a task: by its type, and by the capabilities it asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import InputError
from ...core.registry import did_you_mean


@dataclass(frozen=True)
class AgentProfile:
    """What an agent type can do.

    Args:
        agent_type: `deployment-readiness`.
        task_types: task type -> capability.
    """

    agent_type: str
    task_types: Mapping[str, str]

    @property
    def capabilities(self) -> set[str]:
        """Task types and capabilities."""
        return {*self.task_types, *self.task_types.values()}


def route(task_type: str, requirements: Sequence[str], profiles: Iterable[AgentProfile]) -> str:
    """The agent type that serves the task.

    Args:
        task_type: as submitted.
        requirements: capabilities it must have besides.
        profiles: every agent type there is; those after the one that is found are not looked at.

    Raises:
        InputError: nobody serves it, or nobody who does has the capabilities.
    """
    seen = []
    for profile in profiles:
        if task_type in profile.task_types and set(requirements) <= profile.capabilities:
            return profile.agent_type
        seen.append(profile)
    serving = [profile for profile in seen if task_type in profile.task_types]
    if not serving:
        known = sorted({name for profile in seen for name in profile.task_types})
        raise InputError(
            f"no agent serves {task_type!r}{did_you_mean(task_type, known)}", hint=f"known: {', '.join(known)}"
        )
    missing = sorted(set(requirements) - set().union(*[profile.capabilities for profile in serving]))
    raise InputError(f"no agent that serves {task_type!r} has the capabilities {missing or list(requirements)}")
