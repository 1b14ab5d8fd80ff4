"""Who is lost: an agent that says it works and has no heartbeat."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from ...core.records.tasks import AgentRecord, AgentState

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
