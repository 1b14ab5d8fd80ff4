"""Failing handlers and entries that cannot be handled: tried again, then put aside with the reason."""

import asyncio
import contextlib
import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.bus import deadletters
from aqe.bus.deadletters import (
    DeadLetter,
    drop_dead_letter,
    dropped_letters,
    find_dead_letter,
    list_dead_letters,
    replay_dead_letter,
)
from aqe.bus.events import Event
from aqe.bus.inspect import stream_infos
from aqe.bus.subscription import Delivery
from aqe.core.errors import InputError, NotFoundError, ServiceUnavailable
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, an_event, eventually, pending

STREAM = "aqe:events:weather:changed"
QUICK = Delivery(lease_s=1.0, max_attempts=3, backoff_s=0.02)
ENVELOPE = {"id": "x", "type": "weather:changed", "source": "s", "time": "2026-01-10T12:00:00Z", "specversion": "1.0"}


async def letters(parts: Runtime, name: str | None = None) -> list[DeadLetter]:
    return await list_dead_letters(parts.clients.commands, parts.bus.names, name=name)


async def test_a_handler_that_fails_is_tried_again_while_the_others_go_on(parts: Runtime, raw: Any) -> None:
    """The second of ten fails twice: the other eight do not wait for it."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])
        if event.data["n"] == 1 and seen.count(1) < 3:
            raise ValueError("not yet")

    await parts.bus.publish_many([an_event(n) for n in range(10)])
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await eventually(lambda: seen.count(1) == 3)
    assert seen[:10] == list(range(10))
    assert sorted(seen) == [0, 1, 1, 1, *range(2, 10)]
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert await letters(parts) == []


async def test_the_pauses_between_attempts_grow(parts: Runtime) -> None:
    """At least half of 0.1, 0.2 and 0.4 s: doubling, with jitter downwards."""
    at: list[float] = []

    async def handler(event: Event) -> None:
        at.append(time.monotonic())
        raise ValueError("never")

    delivery = Delivery(max_attempts=4, backoff_s=0.1)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await parts.bus.publish(an_event(1))
    await eventually(lambda: len(at) == 4)
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert pauses[0] >= 0.05 and pauses[1] >= 0.1 and pauses[2] >= 0.2


async def test_a_handler_that_always_fails_ends_in_a_dead_letter(parts: Runtime, raw: Any) -> None:
    """After as many attempts as allowed, with the last error, the group and the whole original entry."""
    tries = 0

    async def handler(event: Event) -> None:
        nonlocal tries
        tries += 1
        raise ValueError(f"no {tries}, says https://bob:geheim@host/?token=geheim")

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    entry_id = await parts.bus.publish(an_event(7))
    [letter] = await eventually(lambda: letters(parts))
    assert tries == 3
    assert (letter.name, letter.group, letter.attempts) == ("weather:changed", "g", 3)
    assert letter.original_id == entry_id
    assert letter.error == "ValueError: no 3, says https://bob:***@host/?token=***"
    assert letter.fields["data"] == '{"n":7}'
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert await letters(parts, "weather:changed") == [letter]
    assert await letters(parts, "climate:changed") == []


async def test_a_flood_of_poison_keeps_the_newest_letters_and_counts_the_others(parts: Runtime) -> None:
    """Five die where two are kept: the server does not fill up, and somebody can tell that three are gone."""

    async def handler(event: Event) -> None:
        raise InputError("unusable")

    client, names = parts.clients.commands, parts.bus.names
    parts.bus.dead_cap = 2
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await parts.bus.publish(an_event(0))
    await eventually(lambda: letters(parts))
    assert await dropped_letters(client, names) == {}
    await parts.bus.publish_many([an_event(n) for n in range(1, 5)])

    async def three_are_gone() -> bool:
        return await dropped_letters(client, names) == {"weather:changed": 3}

    await eventually(three_are_gone)
    assert [letter.fields["data"] for letter in await letters(parts)] == ['{"n":4}', '{"n":3}']
    [info] = await stream_infos(client, names, [names.dead("weather:changed")])
    assert (info.entries, info.dropped) == (2, 3)


async def test_few_large_dead_letters_do_not_fill_the_server_either(
    parts: Runtime, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve of 50 kB where 200 kB are kept: some go and are counted, the newest stays whatever its size."""

    async def handler(event: Event) -> None:
        raise InputError("unusable")

    monkeypatch.setattr(deadletters, "DEAD_CAP_BYTES", 200_000)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    large = [replace(an_event(n), data={"n": n, "text": "x" * 50_000}) for n in range(12)]
    await parts.bus.publish_many([*large, replace(large[0], id="huge", data={"text": "x" * 300_000})])
    await eventually(lambda: pending(raw, STREAM, "g") == 0 and raw.xlen("aqe:dead:weather:changed"))
    [kept] = await letters(parts)
    assert kept.fields["id"] == "huge"
    assert await dropped_letters(parts.clients.commands, parts.bus.names) == {"weather:changed": 12}


async def test_an_error_that_cannot_pass_is_not_tried_again(parts: Runtime) -> None:
    """`retryable` says so: unusable input stays unusable, a server may come back."""
    tries: list[str] = []

    async def handler(event: Event) -> None:
        kind = "input" if event.data["n"] == 1 else "server"
        tries.append(kind)
        raise InputError("unusable") if kind == "input" else ServiceUnavailable("away")

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await parts.bus.publish_many([an_event(1), an_event(2)])
    found = await eventually(lambda: _two(parts))
    assert {letter.error: letter.attempts for letter in found} == {
        "InputError: unusable": 1,
        "ServiceUnavailable: away": 3,
    }
    assert sorted(tries) == ["input", "server", "server", "server"]


async def _two(parts: Runtime) -> list[DeadLetter] | None:
    found = await letters(parts)
    return found if len(found) == 2 else None


@pytest.mark.parametrize(
    ("event_type", "fields", "says"),
    [
        ("weather:changed", {"nothing": "of ours"}, "event without field 'type'"),
        ("weather:changed", {**ENVELOPE, "data": "{broken"}, "event cannot be read"),
        ("weather:changed", {**ENVELOPE, "data": "1", "time": "soon"}, "event cannot be read"),
        ("weather:changed", {**ENVELOPE, "data": b"\xff\xfe"}, "event cannot be read"),
        ("agent:stopped", {**ENVELOPE, "type": "agent:stopped", "data": '{"agent": "a"}'}, "data.agentType"),
        ("task:submitted", {**ENVELOPE, "type": "task:submitted", "data": '{"type": 1}'}, "data.type"),
    ],
    ids=["no event", "no json", "no time", "no text", "field missing", "wrong kind of field"],
)
async def test_what_cannot_be_read_is_put_aside_and_blocks_nobody(
    parts: Runtime, raw: Any, event_type: str, fields: dict[str, Any], says: str
) -> None:
    """At once, with the reason; the event behind it is handled."""
    stream = f"aqe:events:{event_type}"
    seen: list[str] = []

    async def handler(event: Event) -> None:
        seen.append(event.id)

    raw.xadd(stream, fields)
    good = {**ENVELOPE, "id": "good", "data": "{}"}
    raw.xadd(stream, good)
    await parts.bus.subscribe(event_type, handler, group="g", delivery=QUICK)
    await eventually(lambda: seen == ["good"])
    [letter] = await eventually(lambda: letters(parts))
    assert says in letter.error
    assert (letter.name, letter.attempts) == (event_type, 1)
    await eventually(lambda: pending(raw, stream, "g") == 0)


async def test_each_group_has_its_own_trouble(parts: Runtime) -> None:
    """One group's dead letter is another group's handled event."""
    seen: list[int] = []

    async def good(event: Event) -> None:
        seen.append(event.data["n"])

    async def bad(event: Event) -> None:
        raise InputError("bad")

    await parts.bus.subscribe("weather:changed", good, group="good", delivery=QUICK)
    for name in ("bad-1", "bad-2"):
        await parts.bus.subscribe("weather:changed", bad, group=name, delivery=QUICK)
    await parts.bus.publish(an_event(1))
    found = await eventually(lambda: _two(parts))
    assert {letter.group for letter in found} == {"bad-1", "bad-2"}
    assert seen == [1]


async def test_an_entry_whose_consumers_died_too_often_is_put_aside_unseen(parts: Runtime, raw: Any) -> None:
    """Redis's own delivery count survives every crash."""
    await parts.bus.publish(an_event(1))
    raw.xgroup_create(STREAM, "g", "0")
    raw.xreadgroup("g", "dead", {STREAM: ">"})
    [(entry_id, _)] = raw.xrange(STREAM)
    raw.execute_command("XCLAIM", STREAM, "g", "dead", 0, entry_id, "IDLE", 60_000, "RETRYCOUNT", 3)
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    [letter] = await eventually(lambda: letters(parts))
    assert letter.attempts == 4
    assert "its handlers died" in letter.error
    assert seen == []


async def test_what_was_only_held_by_consumers_that_died_is_not_put_aside(open_parts: Open, raw: Any) -> None:
    """Six die one after the other on the first of fifty: that one is poison, the others were never tried."""
    await (await open_parts("publisher")).bus.publish_many([an_event(n) for n in range(50)])
    for n in range(6):
        victim = (await open_parts(f"victim-{n}")).bus.consumer("g", lease_s=0.02)
        await victim.ensure([STREAM])
        entries = await victim.take_over([STREAM], set()) or await victim.read([STREAM], count=50, block_ms=None)
        assert len(entries) == 50
        assert entries[0].attempts == n + 1
        assert {entry.attempts for entry in entries[1:]} <= {1, 2}
        if not entries[0].counted:
            await victim.count_retry(entries[0])  # it starts on the first one, and dies
        await asyncio.sleep(0.03)
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    parts = await open_parts("survivor")
    delivery = Delivery(lease_s=0.02, max_attempts=5)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: sorted(seen) == list(range(1, 50)))
    [letter] = await eventually(lambda: letters(parts))
    assert letter.fields["data"] == '{"n":0}' and letter.attempts == 7


async def test_writes_that_never_fit_do_not_block_those_behind(parts: Runtime, raw: Any) -> None:
    """A conflict is the trouble of one entry: the others go on, and after its attempts it is put aside."""
    await parts.memory.store("aqe/x", "mine")

    async def handler(event: Event) -> list[Write]:
        if event.data["n"] == 0:
            return [parts.memory.prepare_store("aqe/x", "theirs", expected_version=99)]
        return [parts.memory.prepare_append("aqe/history", event.data["n"])]

    await parts.bus.publish_many([an_event(n) for n in range(5)])
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await eventually(lambda: raw.llen("aqe/history") == 4)
    [letter] = await eventually(lambda: letters(parts))
    assert "ConflictError" in letter.error and letter.attempts == 3
    assert await parts.memory.retrieve("aqe/x") == "mine"


async def test_a_handler_that_hangs_is_cancelled_and_tried_again(parts: Runtime, raw: Any) -> None:
    """It counts as failed; what waits behind it is handled."""
    seen: list[int] = []
    cancelled = 0

    async def handler(event: Event) -> None:
        nonlocal cancelled
        seen.append(event.data["n"])
        if event.data["n"] == 0 and seen.count(0) == 1:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled += 1
                raise

    await parts.bus.publish_many([an_event(n) for n in range(3)])
    delivery = Delivery(lease_s=0.6, backoff_s=0.02, max_run_s=0.3)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: sorted(seen) == [0, 0, 1, 2])
    assert cancelled == 1
    await eventually(lambda: pending(raw, STREAM, "g") == 0)


async def test_a_handler_that_always_hangs_ends_in_a_dead_letter(parts: Runtime) -> None:
    """With a reason that names the limit; the subscription itself lives on."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        if event.data["n"] == 0:
            await asyncio.sleep(3600)
        seen.append(event.data["n"])

    delivery = Delivery(lease_s=0.3, max_attempts=2, backoff_s=0.02, max_run_s=0.2)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await parts.bus.publish(an_event(0))
    [letter] = await eventually(lambda: letters(parts))
    assert letter.error == "HandlerTimeoutError: the handler ran longer than 0.2 s"
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen == [1])


async def test_a_handler_that_takes_no_notice_of_its_cancellation_ends_nothing(parts: Runtime) -> None:
    """It catches it and returns, more than once; a later one that hangs is cancelled as usual."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        n = event.data["n"]
        if n < 2:
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
        elif n == 2:
            await asyncio.sleep(60)
        seen.append(n)

    delivery = Delivery(lease_s=0.3, max_run_s=0.1, max_attempts=1)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await parts.bus.publish_many([an_event(n) for n in range(4)])
    await eventually(lambda: seen == [0, 1, 3])
    [letter] = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert "ran longer than 0.1 s" in letter.error


async def test_a_handler_that_cancels_itself_has_failed_and_ends_nothing(parts: Runtime) -> None:
    """It awaits something that somebody cancelled: the subscription is not meant."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])
        if event.data["n"] == 0:
            inner = asyncio.ensure_future(asyncio.sleep(3600))
            asyncio.get_running_loop().call_soon(inner.cancel)
            await inner

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await parts.bus.publish_many([an_event(0), an_event(1)])
    await eventually(lambda: seen.count(0) == 3 and 1 in seen)
    [letter] = await eventually(lambda: letters(parts))
    assert "cancelled" in letter.error


# Dead letters, later -------------------------------------------------------------------------------------------------


async def test_a_replayed_letter_goes_to_the_group_that_failed_on_it_alone(parts: Runtime, raw: Any) -> None:
    """After the handler was mended: handled there, not again by the others; the letter is gone."""
    mended = False
    seen: dict[str, list[int]] = {"bad": [], "good": []}

    async def bad(event: Event) -> None:
        if not mended:
            raise InputError("broken")
        seen["bad"].append(event.data["n"])

    async def good(event: Event) -> None:
        seen["good"].append(event.data["n"])

    await parts.bus.subscribe("weather:changed", bad, group="bad", delivery=QUICK)
    await parts.bus.subscribe("weather:changed", good, group="good", delivery=QUICK)
    await parts.bus.publish(an_event(1))
    [letter] = await eventually(lambda: letters(parts))
    mended = True
    answer = await replay_dead_letter(parts.clients.commands, parts.bus.functions, parts.bus.names, letter)
    assert answer == "redelivered"
    await eventually(lambda: seen == {"bad": [1], "good": [1]})
    assert await letters(parts) == []
    await eventually(lambda: pending(raw, STREAM, "bad") == 0)
    with pytest.raises(NotFoundError):
        await replay_dead_letter(parts.clients.commands, parts.bus.functions, parts.bus.names, letter)


async def test_a_letter_that_dies_again_is_a_letter_again(parts: Runtime) -> None:
    """Replaying does not lose it."""

    async def bad(event: Event) -> None:
        raise InputError("still broken")

    await parts.bus.subscribe("weather:changed", bad, group="bad", delivery=QUICK)
    await parts.bus.publish(an_event(1))
    [letter] = await eventually(lambda: letters(parts))
    await replay_dead_letter(parts.clients.commands, parts.bus.functions, parts.bus.names, letter)
    [again] = await eventually(lambda: letters(parts))
    assert again.id != letter.id
    assert again.original_id == letter.original_id


async def test_a_letter_that_somebody_else_wrote_hides_no_other(parts: Runtime, raw: Any) -> None:
    """Without our own fields, or with nonsense in them: it is listed with what it has."""
    raw.xadd("aqe:dead:weather:changed", {"a": "b"}, id="1767225600000-0")
    raw.xadd("aqe:dead:weather:changed", {"aqe-at": "soon", "aqe-attempts": "many", b"\xff": b"\xfe"})
    late, early = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert (early.at, early.attempts, early.fields) == (datetime(2026, 1, 1, tzinfo=UTC), 0, {"a": "b"})
    assert (late.attempts, late.fields) == (0, {"\\xff": "\\xfe"})


async def test_a_letter_can_be_found_and_dropped(open_parts: Open) -> None:
    """By name and id, in a named fleet too."""
    parts = await open_parts("p", fleet="blue")

    async def bad(event: Event) -> None:
        raise InputError("broken")

    await parts.bus.subscribe("weather:changed", bad, group="bad", delivery=QUICK)
    await parts.bus.publish(an_event(1))
    [letter] = await eventually(lambda: letters(parts))
    client, names = parts.clients.commands, parts.bus.names
    assert letter.name == "weather:changed" and letter.stream == "aqe:events:weather:changed"
    assert await find_dead_letter(client, names, letter.name, letter.id) == letter
    assert await drop_dead_letter(client, names, letter.name, letter.id) is True
    assert await drop_dead_letter(client, names, letter.name, letter.id) is False
    with pytest.raises(NotFoundError):
        await find_dead_letter(client, names, letter.name, letter.id)
