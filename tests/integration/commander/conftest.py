"""Short waits for every commander."""

import pytest

from aqe.agents.commander import agent as commander_module
from aqe.bus import lanes
from aqe.bus.subscription import Delivery


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of lease instead of thirty, so that reads and stops are short; the rest is as in production."""
    monkeypatch.setattr(commander_module, "DURABLE", Delivery(durable=True, lease_s=1.0, backoff_s=0.02))
    monkeypatch.setattr(commander_module, "WATCH_EVERY_S", 0.1)
    monkeypatch.setattr(lanes, "UPKEEP_S", 0.1)
