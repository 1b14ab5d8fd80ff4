"""The agents there are."""

from ..agents.base import BaseAgent
from ..agents.commander.routing import AgentProfile
from ..agents.deployment_readiness.agent import DeploymentReadinessAgent
from ..agents.production_intelligence.agent import ProductionIntelligenceAgent

AGENTS: tuple[type[BaseAgent], ...] = (ProductionIntelligenceAgent, DeploymentReadinessAgent)
"""A new agent is one line here."""
COMMANDER = "commander"
GATEWAY = "gateway"
ROLES = (COMMANDER, *(agent.agent_type for agent in AGENTS), GATEWAY)
"""What `aqe fleet run` can run."""


def profiles() -> tuple[AgentProfile, ...]:
    """What each agent type can do, for the commander."""
    return tuple(AgentProfile(agent.agent_type, agent.task_types) for agent in AGENTS)


def agent_class(agent_type: str) -> type[BaseAgent]:
    """The class of an agent type; KeyError when there is none."""
    return {agent.agent_type: agent for agent in AGENTS}[agent_type]
