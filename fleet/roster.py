"""The agents there are. Each is imported when it is asked for: one may need libraries that the others do not."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ..agents.commander.routing import AgentProfile

if TYPE_CHECKING:
    from ..agents.base import BaseAgent


class Entry(NamedTuple):
    """Where an agent type's class is; `agent_type` is the class's own."""

    agent_type: str
    module: str
    name: str


AGENTS: tuple[Entry, ...] = (
    Entry("production-intelligence", "production_intelligence", "ProductionIntelligenceAgent"),
    Entry("deployment-readiness", "deployment_readiness", "DeploymentReadinessAgent"),
)
"""A new agent is one line here. The first that serves a task gets it, and the later ones are then not imported: what is
quick to import comes first."""
COMMANDER = "commander"
GATEWAY = "gateway"
ROLES = (COMMANDER, *(agent.agent_type for agent in AGENTS), GATEWAY)
"""What `aqe fleet run` can run."""


def profiles() -> Iterator[AgentProfile]:
    """What each agent type can do, for the commander."""
    for entry in AGENTS:
        yield AgentProfile(entry.agent_type, agent_class(entry.agent_type).task_types)


def agent_class(agent_type: str) -> "type[BaseAgent]":
    """The class of an agent type; KeyError when there is none."""
    entry = {agent.agent_type: agent for agent in AGENTS}[agent_type]
    module = import_module(f"..agents.{entry.module}.agent", __package__)
    found: type[BaseAgent] = getattr(module, entry.name)
    return found
