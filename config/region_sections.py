"""`regions` of a target in aqe.yaml: the parts of an environment that get a release one after the other."""

from datetime import time
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, FiniteFloat

from .rollout_sections import ExecutorSection, MetricsSection, RolloutSection
from .section import Section

if TYPE_CHECKING:
    from ..core.records.rollouts.regions import Window

HERE = "{region}"
"""Stands for the region's name in any text of the target's `rollout`."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone {name!r}, expected one of the IANA database: Europe/Dublin") from error
    return name


def _hours(text: str) -> str:
    window_of(text)
    return text


def window_of(text: str) -> "Window":
    """`09:00-17:00` as a window.

    Raises:
        ValueError: something else, or no time between the two.
    """
    from ..core.records.rollouts.regions import Window

    opens, _, closes = text.partition("-")
    try:
        window = Window(opens=time.fromisoformat(opens.strip()), closes=time.fromisoformat(closes.strip()))
    except ValueError as error:
        raise ValueError(f"{text!r} are no hours, expected such as 09:00-17:00") from error
    if window.opens == window.closes:
        raise ValueError(f"{text!r} is no time at all")
    return window


class RegionSection(Section):
    """What is particular to one region; everything else is the target's `rollout`, with `{region}` filled in."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    window: Annotated[str, AfterValidator(_hours)] | None = None
    """Hours of local time in which a rollout may begin: `09:00-17:00`; over midnight: `22:00-02:00`."""
    traffic_percent: Annotated[FiniteFloat, Field(ge=0, le=100)] | None = None
    """Of all regions' traffic; for people."""
    executor: ExecutorSection | None = None
    """Instead of the target's."""
    metrics: MetricsSection | None = None
    """Instead of the target's."""


def rollout_of(section: RolloutSection, name: str, own: RegionSection) -> RolloutSection:
    """How a release gets to a region.

    Args:
        section: of the target.
        name: of the region.
        own: what is particular to it.
    """
    replaced = {key: value for key, value in (("executor", own.executor), ("metrics", own.metrics)) if value}
    return RolloutSection.model_validate(_filled(section.model_copy(update=replaced).model_dump(mode="json"), name))


def _filled(value: Any, name: str) -> Any:
    match value:
        case str():
            return value.replace(HERE, name)
        case dict():
            return {key: _filled(item, name) for key, item in value.items()}
        case list() | tuple():
            return [_filled(item, name) for item in value]
        case _:
            return value
