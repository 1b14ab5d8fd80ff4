"""Who is lost: an agent that says it works and has no heartbeat, and the task of a command that was killed."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from ...core.records.tasks import FINAL, AgentRecord, AgentState, TaskAssignment

GRACE = timedelta(seconds=15)
"""An agent that started this recently may not have written its first heartbeat."""


def lost_agents(agents: Iterable[AgentRecord], alive: Collection[str], now: datetime) -> list[AgentRecord]:
    """Agents to be declared lost.

    Args:
        agents: all records.
        alive: ids with a heartbeat.
        now: aware UTC.
    """
    return [
        agent
        for agent in agents
        if agent.state not in (AgentState.STOPPED, AgentState.LOST)
        and agent.id not in alive
        and now - agent.started_at > GRACE
    ]


def orphaned_tasks(
    tasks: Iterable[TaskAssignment], own_lane: str, alive: Collection[str], now: datetime
) -> list[TaskAssignment]:
    """Unfinished tasks of processes that are gone: nobody else reads their lanes.

    Args:
        tasks: all records.
        own_lane: what the names of such lanes begin with.
        alive: ids with a heartbeat.
        now: aware UTC.
    """
    return [
        task
        for task in tasks
        if task.status not in FINAL
        and (task.lane or "").startswith(own_lane)
        and task.agent not in alive
        and now - (task.started_at or task.submitted_at) > GRACE
    ]
