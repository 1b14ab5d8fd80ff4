"""Handing a window of the past to a new group."""

from dataclasses import replace
from datetime import datetime

from ..core.errors import InputError
from .bus import EventBus
from .events import matching_types
from .subscription import DEFAULT_DELIVERY, Delivery, Handler

_LAST_SEQUENCE = 2**64 - 1


async def replay(
    bus: EventBus,
    glob: str,
    handler: Handler,
    *,
    group: str,
    since: datetime,
    until: datetime,
    delivery: Delivery = DEFAULT_DELIVERY,
) -> int:
    """Call `handler` for every event of a window, with the retries and dead letters of a subscription.

    The group is made for it and removed afterwards; nobody else's position changes.

    Args:
        bus: whose events.
        glob: which types.
        handler, delivery: as for `EventBus.subscribe`; `start` and `until` are set here.
        group: a new name.
        since, until: by the time of the entries on the server, both included, aware.

    Returns:
        How many events were handled; dead letters are not counted.

    Raises:
        InputError: the group exists already: it would go on where it stands; or the window ends before it begins.
    """
    if until < since:
        raise InputError(f"the window would end ({until:%F %T}) before it begins ({since:%F %T})")
    window = replace(
        delivery,
        start=f"{_ms(since) - 1}-{_LAST_SEQUENCE}",
        until=f"{_ms(until)}-{_LAST_SEQUENCE}",
    )
    known = await bus.types()
    types = [event_type for event_type in matching_types(glob, known) if event_type in known]
    for event_type in types:
        if group in await bus.groups(event_type):
            raise InputError(f"group {group!r} exists on {event_type}", hint="a replay needs a name of its own")
    handled = 0
    for event_type in types:
        subscription = await bus.subscribe(event_type, handler, group=group, delivery=window)
        await bus.finished(subscription)
        await bus.remove_group(event_type, group)
        handled += subscription.handled
    return handled


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
