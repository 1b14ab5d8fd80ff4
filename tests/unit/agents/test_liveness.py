from datetime import UTC, datetime, timedelta

import pytest

from aqe.agents.commander.liveness import GRACE, lost_agents
from aqe.core.records.tasks import AgentRecord, AgentState

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def an_agent(name: str = "a", state: AgentState = AgentState.IDLE, age: timedelta = timedelta(hours=1)) -> AgentRecord:
    return AgentRecord(
        id=name, type="t", capabilities=(), state=state, host="h", pid=1, started_at=NOW - age
    )  # fmt: skip


@pytest.mark.parametrize("state", [AgentState.STARTING, AgentState.IDLE, AgentState.BUSY])
def test_who_says_it_works_and_has_no_heartbeat_is_lost(state: AgentState) -> None:
    """Whatever it was doing."""
    assert lost_agents([an_agent(state=state)], set(), NOW) == [an_agent(state=state)]


@pytest.mark.parametrize("state", list(AgentState))
def test_who_has_a_heartbeat_is_not(state: AgentState) -> None:
    """In any state."""
    assert lost_agents([an_agent(state=state)], {"a"}, NOW) == []


@pytest.mark.parametrize("state", [AgentState.STOPPED, AgentState.LOST])
def test_who_said_goodbye_or_was_declared_lost_before_is_not(state: AgentState) -> None:
    """Once is enough, and stopping is no accident."""
    assert lost_agents([an_agent(state=state)], set(), NOW) == []


def test_who_has_only_just_started_gets_time_for_a_first_heartbeat() -> None:
    """Exactly the grace is still grace."""
    assert lost_agents([an_agent(age=GRACE)], set(), NOW) == []
    assert lost_agents([an_agent(age=GRACE + timedelta(seconds=0.001))], set(), NOW) != []


def test_only_the_lost_ones_are_returned_in_order() -> None:
    """The living do not hide them."""
    agents = [an_agent(name) for name in "dacb"]
    assert [agent.id for agent in lost_agents(agents, {"a", "b"}, NOW)] == ["d", "c"]
