"""How long checklist items are open: since when for this release, and how long that took in the past.

Nothing is guessed: with fewer than MIN_CASES recorded resolutions of an item, nobody knows.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from ...core.numbers import duration_text
from ...core.records.decisions.checklist import Checklist, Estimate, ItemResult, ItemStatus, Resolution
from .names import RESOLUTIONS_KEY

MIN_CASES = 3
"""Past resolutions of an item below which nothing is said about the next."""
RESOLVED = frozenset({ItemStatus.PASSED, ItemStatus.ATTESTED, ItemStatus.WARNING, ItemStatus.NOT_APPLICABLE})
"""What ends the time that an item is open."""


def read_resolutions(values: Iterable[object]) -> tuple[Resolution, ...]:
    """The items of the list; raises InputError for one that does not fit."""
    return tuple(Resolution.from_value(value, where=RESOLUTIONS_KEY) for value in values)


def still_open(items: Sequence[ItemResult], previous: Checklist | None, now: datetime) -> dict[str, datetime]:
    """Item -> since when it is open; what this level does not ask stays as it was."""
    before = previous.open_since if previous else {}
    asked = {item.id for item in items}
    left_out = {item: since for item, since in before.items() if item not in asked}
    return left_out | {i.id: before.get(i.id, now) for i in items if i.status not in RESOLVED}


def resolved(previous: Checklist | None, now: Checklist) -> tuple[Resolution, ...]:
    """What was open the last time and is not any more."""
    since = previous.open_since if previous else {}
    return tuple(
        Resolution(item=i.id, version=now.version, opened_at=since[i.id], resolved_at=now.checked_at)
        for i in now.items
        if i.id in since and i.status in RESOLVED
    )


def estimates(resolutions: Iterable[Resolution]) -> dict[str, Estimate]:
    """Item -> how long it took, where there are enough cases."""
    durations: dict[str, list[float]] = {}
    for one in resolutions:
        durations.setdefault(one.item, []).append((one.resolved_at - one.opened_at) / timedelta(seconds=1))
    return {
        item: Estimate(median_s=median(took), shortest_s=min(took), longest_s=max(took), cases=len(took))
        for item, took in durations.items()
        if len(took) >= MIN_CASES
    }


def estimate(held_up: Sequence[ItemResult]) -> tuple[float | None, str]:
    """Seconds until all of these are resolved, as far as the past tells, and the same in words."""
    if not held_up:
        return 0.0, "nothing is to be resolved"
    unknown = [item.id for item in held_up if item.estimate is None]
    if unknown:
        return None, f"not known: fewer than {MIN_CASES} recorded resolutions of {', '.join(unknown)}"
    longest = max((item.estimate for item in held_up if item.estimate), key=lambda one: one.median_s)
    return longest.median_s, f"{duration_text(longest.median_s)}, the median of {longest.cases} in the past"
