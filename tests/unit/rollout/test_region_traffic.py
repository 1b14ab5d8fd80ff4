"""Where regions' users are sent."""

import asyncio

from aqe.core.errors import ServiceUnavailable
from aqe.core.records.rollouts.regions import RegionState
from aqe.core.records.rollouts.rollout import Placement
from aqe.fleet.rollouts.region_traffic import RegionTraffic
from aqe.tests.unit.rollout.test_regions import START


class Balancer:
    """What sends one region its users, and how often it was asked to."""

    def __init__(self, *, broken: bool = False, hangs: bool = False) -> None:
        self.percent, self.sets, self.broken, self.hangs = 0.0, list[float](), broken, hangs

    async def set_percent(self, percent: float) -> None:
        if self.broken:
            raise ServiceUnavailable("no answer")
        if self.hangs:
            await asyncio.Event().wait()
        self.percent = percent
        self.sets.append(percent)

    async def look(self) -> Placement:
        return Placement(percent=self.percent)


async def brought(traffic: RegionTraffic, **away: bool) -> None:
    for _ in range(3):
        traffic.bring({name: RegionState(since=START, away=is_away) for name, is_away in away.items()})
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_failing_regions_users_are_sent_away_once_and_back() -> None:
    east, west = Balancer(), Balancer()
    traffic = RegionTraffic({"east": east, "west": west}.get)
    await brought(traffic, east=False, west=False)
    await brought(traffic, east=True, west=False)
    await brought(traffic, east=False, west=False)
    assert (east.sets, west.sets) == ([100, 0, 100], [100])


async def test_a_tool_that_fails_or_hangs_keeps_no_other_region_waiting() -> None:
    east, hanging, broken = Balancer(), Balancer(hangs=True), Balancer(broken=True)
    traffic = RegionTraffic({"a": hanging, "b": broken, "east": east}.get)
    await brought(traffic, a=True, b=False, east=False, without=True)
    assert east.percent == 100
    broken.broken = False
    await brought(traffic, b=False)
    assert broken.percent == 100
    await traffic.stop()
