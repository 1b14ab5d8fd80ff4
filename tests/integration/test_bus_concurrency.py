"""What holds for a subscription however many events it handles at once, and what more than one at once brings."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from aqe.bus.deadletters import list_dead_letters
from aqe.bus.delivery import LIMITS
from aqe.bus.events import Event
from aqe.bus.subscription import Delivery
from aqe.core.errors import InputError
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, an_event, eventually, pending

STREAM = "aqe:events:weather:changed"


@pytest.fixture(params=[1, 8], ids=["one at a time", "eight at once"])
def delivery(request: pytest.FixtureRequest) -> Delivery:
    return Delivery(lease_s=1.0, max_attempts=3, backoff_s=0.02, concurrency=request.param)


def number(event: Event) -> int:
    return int(event.data["n"])


async def test_every_event_is_handled_once_and_acknowledged(parts: Runtime, raw: Any, delivery: Delivery) -> None:
    """Never more at once than was said."""
    seen: Counter[int] = Counter()
    running = most = 0

    async def handler(event: Event) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        seen[number(event)] += 1
        running -= 1

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await parts.bus.publish_many(an_event(n) for n in range(250))
    await eventually(lambda: len(seen) == 250 and pending(raw, STREAM, "g") == 0)
    assert set(seen.values()) == {1}
    assert most == delivery.concurrency


async def test_events_of_one_subject_are_handled_in_order(parts: Runtime, delivery: Delivery) -> None:
    """One is begun when the one before it has ended, although the later ones are quicker."""
    seen: dict[str | None, list[int]] = {"a": [], "b": [], "c": []}
    running: set[str | None] = set()

    async def handler(event: Event) -> None:
        assert event.subject not in running
        running.add(event.subject)
        await asyncio.sleep(0.01 if number(event) < 6 else 0)
        seen[event.subject].append(number(event))
        running.remove(event.subject)

    await parts.bus.publish_many(replace(an_event(n), subject="abc"[n % 3]) for n in range(30))
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: sum(map(len, seen.values())) == 30)
    assert seen == {subject: list(range(first, 30, 3)) for first, subject in enumerate("abc")}


async def test_what_fails_is_tried_again_and_buried_alone(parts: Runtime, raw: Any, delivery: Delivery) -> None:
    """Each event has attempts, dead letter and acknowledgement of its own."""
    tries: Counter[int] = Counter()

    async def handler(event: Event) -> None:
        tries[number(event)] += 1
        await asyncio.sleep(0)
        if number(event) % 10 == 7:
            raise ValueError("never")

    await parts.bus.publish_many(an_event(n) for n in range(30))
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: len(tries) == 30 and pending(raw, STREAM, "g") == 0)
    assert {n: count for n, count in tries.items() if count != 1} == {7: 3, 17: 3, 27: 3}
    letters = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert [letter.attempts for letter in letters] == [3, 3, 3]


async def test_effects_are_there_once_with_the_acknowledgement(parts: Runtime, raw: Any, delivery: Delivery) -> None:
    """Also of events that are handled at the same time and change the same key."""

    async def handler(event: Event) -> list[Write]:
        await asyncio.sleep(0)
        return [parts.memory.prepare_append("aqe/tests/seen", number(event))]

    await parts.bus.publish_many(an_event(n) for n in range(60))
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: raw.llen("aqe/tests/seen") == 60 and pending(raw, STREAM, "g") == 0)
    assert sorted(await parts.memory.retrieve("aqe/tests/seen")) == list(range(60))


async def test_ending_finishes_what_runs_and_hands_the_rest_back(
    open_parts: Open, raw: Any, delivery: Delivery
) -> None:
    """SIGTERM does this: whoever is left has the rest at once, and nothing runs twice."""
    leaving, staying = await open_parts("leaving"), await open_parts("staying")
    go_on = asyncio.Event()
    began: Counter[int] = Counter()
    ended: list[int] = []

    async def handler(event: Event) -> None:
        began[number(event)] += 1
        await go_on.wait()
        ended.append(number(event))

    await leaving.bus.publish_many(an_event(n) for n in range(40))
    lasting = replace(delivery, lease_s=30.0)  # so that only what was handed back can come to the other one
    subscription = await leaving.bus.subscribe("weather:changed", handler, group="g", delivery=lasting)
    await eventually(lambda: len(began) == delivery.concurrency and pending(raw, STREAM, "g") == 40)
    ending = asyncio.create_task(leaving.bus.unsubscribe(subscription))
    await asyncio.sleep(0)
    go_on.set()
    await ending
    assert len(ended) == delivery.concurrency
    await staying.bus.subscribe("weather:changed", handler, group="g", delivery=lasting)
    await eventually(lambda: len(ended) == 40 and pending(raw, STREAM, "g") == 0)
    assert set(began.values()) == {1}


async def test_leases_are_renewed_while_handlers_run(open_parts: Open, raw: Any, delivery: Delivery) -> None:
    """Longer than the lease, with somebody waiting to take over."""
    one, two = await open_parts("one"), await open_parts("two")
    began: Counter[int] = Counter()

    async def slow(event: Event) -> None:
        began[number(event)] += 1
        await asyncio.sleep(1.0)

    short = replace(delivery, lease_s=0.5)
    await one.bus.publish_many(an_event(n) for n in range(2))
    for process in (one, two):
        await process.bus.subscribe("weather:changed", slow, group="g", delivery=short)
    await eventually(lambda: len(began) == 2 and pending(raw, STREAM, "g") == 0)
    assert set(began.values()) == {1}


async def test_a_group_that_is_deleted_comes_back_under_running_handlers(parts: Runtime, raw: Any) -> None:
    """What runs is not begun a second time by the same consumer; what comes later is handled."""
    go_on = asyncio.Event()
    began: Counter[int] = Counter()

    async def handler(event: Event) -> None:
        began[number(event)] += 1
        if number(event) == 0:
            await go_on.wait()

    several = Delivery(lease_s=1.0, concurrency=8)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=several)
    await parts.bus.publish(an_event(0))
    await eventually(lambda: began[0] == 1)
    raw.xgroup_destroy(STREAM, "g")
    await parts.bus.publish(an_event(1))
    await eventually(lambda: began[1] == 1)
    assert began[0] == 1
    go_on.set()
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert began == {0: 1, 1: 1}


async def test_a_handler_that_hangs_blocks_no_other(open_parts: Open) -> None:
    """Not even one that lets nobody cancel it: others are handled and keep their leases; only it is taken over."""
    one, two = await open_parts("one"), await open_parts("two")
    began, let_go = asyncio.Event(), asyncio.Event()
    done: Counter[int] = Counter()
    taken: list[int] = []

    async def handler(event: Event) -> None:
        while number(event) == 0 and not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                done[-1] += 1
        if number(event) == 40:
            began.set()
            await asyncio.sleep(0.7)
        done[number(event)] += 1

    async def taking(event: Event) -> None:
        taken.append(number(event))

    delivery = Delivery(lease_s=0.4, max_run_s=0.9, concurrency=3)
    await one.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await one.bus.publish_many(an_event(n) for n in range(40))
    await eventually(lambda: all(done[n] for n in range(1, 40)))
    await eventually(lambda: done[-1] > 0, what="it was cancelled, in vain")
    await one.bus.publish(an_event(40))
    await began.wait()
    await two.bus.subscribe("weather:changed", taking, group="g", delivery=delivery)
    await eventually(lambda: done[40] == 1)
    await eventually(lambda: taken)
    assert taken == [0]
    let_go.set()


@pytest.mark.parametrize("name", LIMITS)
def test_a_delivery_that_cannot_be_is_refused(name: str) -> None:
    """A batch of nothing would be read without end, a lease of nothing taken over at once."""
    least, greatest = LIMITS[name]

    def with_it(value: Any) -> Delivery:
        return replace(Delivery(), **{name: value})

    for value in (least - 1, greatest + 1, float("nan")):
        with pytest.raises(InputError, match=f"{name} of a delivery is .*, expected "):
            with_it(value)
    assert with_it(least) != with_it(greatest)
