"""An agent to give tasks to."""

import pytest

from aqe.bus import lanes
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.agents.doubler import Doubler


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that is told to stop notices it when its read ends."""
    monkeypatch.setattr(lanes, "UPKEEP_S", 0.1)


@pytest.fixture
def agent(parts: Runtime) -> Doubler:
    return Doubler(parts.services())
