"""A release in several regions: the plan, where every region stands, and the whole; `aqe/deployment/multi-region`."""

from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record
from ..release import RegionName as Name
from .rollout import MAX_TIMELINE as MAX_TIMELINE
from .rollout import Moment, Percent, Phase, Rollout, Seconds, Strategy

Share = Annotated[FiniteFloat, Field(gt=0, le=1)]

MULTI_REGION_KEY = "aqe/deployment/multi-region"
"""The release in several regions that changed last."""


def regional_key(id: str) -> str:
    """Where a release in several regions stands."""
    return f"aqe/deployment/regional/{id}"


def regional_plan_key(version: str) -> str:
    """Where the plan for a version's regions stands until it is carried out."""
    return f"aqe/deployment/region-plans/{version}"


class RegionOrder(StrEnum):
    """In which order regions get the new version."""

    STAGGERED = "staggered"
    """As they are named, so many at a time."""
    FOLLOW_THE_SUN = "follow-the-sun"
    """Each in its window of local time, whose window opens first comes first."""
    ALL_AT_ONCE = "all-at-once"


class Window(Record):
    """Hours of local time in which a rollout may begin; `closes` before `opens` = over midnight."""

    opens: time
    closes: time


class Region(Record):
    """What is planned for one region."""

    name: Name
    timezone: str = "UTC"
    """Of the IANA database: `America/New_York`."""
    window: Window | None = None
    """None = at any hour."""
    traffic_percent: Percent | None = None
    """Of all regions' traffic, as aqe.yaml says; for people."""
    can_shift: bool = True
    """Something sends its traffic to the other regions when it fails: `traffic` of its target."""
    wave: Annotated[int, Field(ge=0)]
    """Begins when all earlier waves have settled."""


class RegionalHow(Record):
    """How each region's rollout goes; None = as aqe.yaml has it."""

    strategy: Strategy = Strategy.CANARY
    stages: tuple[Percent, ...] | None = None
    stage_s: Seconds | None = None
    watch_s: Annotated[FiniteFloat, Field(ge=0)] | None = None


class RegionalPlan(Record):
    """What is to happen; never changed once it runs."""

    version: str
    commit: str | None = None
    environment: str
    order: RegionOrder
    regions: tuple[Region, ...] = Field(min_length=1)
    """In the order of their waves."""
    quorum: Share = 0.5
    """Of the regions begun, so many must be well before the next wave."""
    bake_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Seconds between the last region of a wave being well and the next wave."""
    max_failed: Annotated[int, Field(ge=0)] = 2
    """More failed regions than that, and all are taken back."""
    start_s: Seconds = 60.0
    """So long it is tried to begin in a region; then it pauses."""
    how: RegionalHow = RegionalHow()
    planned_at: AwareDatetime

    @property
    def names(self) -> tuple[str, ...]:
        """Of all regions."""
        return tuple(region.name for region in self.regions)


class RegionPhase(StrEnum):
    """Where one region stands. What the runner is to do stands in it, and is done again until it is so."""

    PENDING = "PENDING"
    """Waits for the barrier or for its window."""
    STARTING = "STARTING"
    """Its rollout is to begin."""
    RUNNING = "RUNNING"
    HELD = "HELD"
    """All its traffic is on the new version, was watched, and still is; the old version is kept ready."""
    PROMOTING = "PROMOTING"
    """Its rollout is to end well."""
    FAILING = "FAILING"
    """Its own rollout takes it back."""
    TAKING_BACK = "TAKING_BACK"
    """It is to be taken back with all others."""
    PROMOTED = "PROMOTED"
    FAILED = "FAILED"
    ROLLED_BACK = "ROLLED_BACK"
    SKIPPED = "SKIPPED"
    """Never began."""


FAILING = (RegionPhase.FAILING, RegionPhase.FAILED)


class RegionalPhase(StrEnum):
    """Where the whole stands."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    """No further region begins; those that run go on."""
    PROMOTING = "PROMOTING"
    ROLLING_BACK = "ROLLING_BACK"
    PROMOTED = "PROMOTED"
    """Every region that did not fail."""
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def is_final(self) -> bool:
        """True when nothing is left to be done."""
        return self in (RegionalPhase.PROMOTED, RegionalPhase.ROLLED_BACK)


class RegionState(Record):
    """Where one region stands."""

    phase: RegionPhase = RegionPhase.PENDING
    since: AwareDatetime
    percent: Percent = 0.0
    """Of its traffic that the new version has."""
    away: bool = False
    """Its traffic is to go to the other regions."""
    reason: str = ""
    """Why it waits or failed."""


class RegionalState(Record):
    """Where it stands; saved before anything is done about it."""

    phase: RegionalPhase = RegionalPhase.RUNNING
    regions: dict[str, RegionState]
    waived: int | None = None
    """The wave that a person let begin without a quorum."""
    reason: str = ""
    """Why it is paused, or was taken back."""
    decided_at: AwareDatetime | None = None
    """When it was decided to take all back."""
    promoted_at: AwareDatetime | None = None
    """When it was recorded as a success."""
    ended_at: AwareDatetime | None = None
    timeline: tuple[Moment, ...] = ()

    @property
    def failing(self) -> list[str]:
        """Regions that failed, or are being taken back by their own rollouts."""
        return [name for name, region in self.regions.items() if region.phase in FAILING]


class Regional(Record):
    """The value at the key."""

    id: str
    plan: RegionalPlan
    state: RegionalState
    runner: str
    """Process that coordinates it, or did so last."""
    started_at: AwareDatetime
    updated_at: AwareDatetime

    def rollout(self, region: str) -> str:
        """Id of a region's rollout: known before it begins, so that it is begun once."""
        return f"{self.id}-{region}"


class RolloutSeen(Record):
    """What a look says of a region's rollout."""

    phase: Phase
    percent: Percent
    reason: str = ""


class RegionalLook(Record):
    """One look at all regions."""

    at: AwareDatetime
    rollouts: dict[str, RolloutSeen] = Field(default_factory=dict)
    """Region -> its rollout; absent = it has not begun."""
    problems: dict[str, str] = Field(default_factory=dict)
    """Region -> why it could not begin."""


class ExpectedRegion(Record):
    """When a region is likely to begin and to have all its traffic on the new version, if all goes well."""

    region: str
    begins_at: AwareDatetime
    held_at: AwareDatetime


class PlannedRegions(Record):
    """What `plan-regions` answers."""

    plan: RegionalPlan
    expected: tuple[ExpectedRegion, ...]
    """If it began now."""
    lasts_s: float


class RegionsStatus(Record):
    """What `multi-region` answers: the whole, and the rollout of every region that has begun."""

    regional: Regional
    rollouts: dict[str, Rollout]
