"""Which region comes when: waves, windows of local time, and when each is likely to begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ....core.errors import InputError
from ....core.records.rollouts.regions import Region, RegionalPlan, RegionOrder, Window


def opens_at(region: Region, now: datetime) -> datetime:
    """The first moment from `now` on at which the region's window is open; `now` when it is, or has none.

    Hours are those of the region's clocks, whatever summer time does to them.

    Args:
        region: with its window and time zone.
        now: aware.
    """
    if region.window is None or is_open(region, now):
        return now
    local = now.astimezone(ZoneInfo(region.timezone))
    for days in (0, 1):
        begins = datetime.combine(local.date() + timedelta(days=days), region.window.opens, local.tzinfo)
        # Compared as moments: two local times on one clock ignore a change to or from summer time between them.
        if begins.timestamp() > now.timestamp():
            return begins.astimezone(now.tzinfo)
    raise AssertionError("a window opens every day")


def is_open(region: Region, now: datetime) -> bool:
    """True while a rollout may begin in the region."""
    if region.window is None:
        return True
    local = now.astimezone(ZoneInfo(region.timezone)).time()
    return _within(region.window, local)


def _within(window: Window, local: time) -> bool:
    if window.opens <= window.closes:
        return window.opens <= local < window.closes
    return local >= window.opens or local < window.closes


def in_waves(regions: Sequence[Region], order: RegionOrder, now: datetime, *, wave_size: int = 1) -> tuple[Region, ...]:
    """The regions with their waves, in order.

    Args:
        regions: in the order in which they were named; their waves are not looked at.
        order: of the rollout.
        now: when it is planned: who is in the sun next depends on it.
        wave_size: regions that may begin together; all-at-once has one wave.

    Raises:
        InputError: follow-the-sun and a region without a window.
    """
    if order is RegionOrder.ALL_AT_ONCE:
        wave_size = max(1, len(regions))
    if order is RegionOrder.FOLLOW_THE_SUN:
        if windowless := [region.name for region in regions if region.window is None]:
            raise InputError(
                f"follow-the-sun needs the hours of every region, and {', '.join(windowless)} has none",
                hint='regions.NAME.window in aqe.yaml: "09:00-17:00", with its timezone',
            )
        regions = sorted(regions, key=lambda region: opens_at(region, now))
    return tuple(region.model_copy(update={"wave": number // wave_size}) for number, region in enumerate(regions))


@dataclass(frozen=True)
class Expected:
    """When a region is likely to begin, and to have all its traffic on the new version, if all goes well."""

    begins: datetime
    is_held: datetime


def schedule(plan: RegionalPlan, lasts_s: Mapping[str, float], start: datetime) -> dict[str, Expected]:
    """When what is likely to happen.

    Args:
        plan: the regions with their waves.
        lasts_s: region -> seconds of its stages and of its watch.
        start: of the first wave, when its windows are open.
    """
    expected: dict[str, Expected] = {}
    barrier = start
    for wave in sorted({region.wave for region in plan.regions}):
        of_wave = [region for region in plan.regions if region.wave == wave]
        for region in of_wave:
            begins = opens_at(region, barrier)
            expected[region.name] = Expected(begins, begins + timedelta(seconds=lasts_s[region.name]))
        last = max(expected[region.name].is_held for region in of_wave)
        barrier = last + timedelta(seconds=plan.bake_s)
    return expected
