"""Heartbeats: keys that go by themselves when nobody writes them."""

from collections.abc import Sequence

from ..core.ports import CommandClient
from .names import StreamNames

HEARTBEAT_EVERY_S = 5.0
HEARTBEAT_TTL_S = 15.0
"""Without a heartbeat for this long an agent is lost."""


def heartbeat_key(names: StreamNames, agent_id: str) -> str:
    """Physical key of an agent's heartbeat."""
    return f"{names.prefix}aqe:heartbeat:{agent_id}"


async def alive(client: CommandClient, names: StreamNames, agent_ids: Sequence[str]) -> set[str]:
    """Those of the agents that have a heartbeat."""
    if not agent_ids:
        return set()
    pipeline = client.pipeline(transaction=False)
    for agent_id in agent_ids:
        pipeline.execute_command("EXISTS", heartbeat_key(names, agent_id))
    answers = await pipeline.execute()
    return {agent_id for agent_id, there in zip(agent_ids, answers, strict=True) if there}
