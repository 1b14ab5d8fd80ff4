"""Behind Sentinel: a fail-over under load, what is lost in one and what is not, and the producer's outbox."""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from aqe.benchmarks.servers.nodes import Node, Watched, watched
from aqe.bus.events import Event
from aqe.bus.outbox import Outbox
from aqe.bus.publisher import NotConfirmedError
from aqe.bus.subscription import Delivery
from aqe.core.errors import AqeError, InputError, ServiceUnavailable
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers import embedded
from aqe.fleet.servers.connect import connect_sync
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import Open, Programs, an_event, eventually, settings_for
from aqe.tests.servers import require_redis_server

STREAM = "aqe:events:weather:changed"
FAIL_OVER_S = 15.0
"""Three seconds on an idle machine; the bound is for a busy one."""

pytestmark = pytest.mark.xdist_group("clusters")


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Watched]]:
    """Starts a primary with replicas and sentinels."""
    require_redis_server()
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(watched(tmp_path_factory.mktemp("watched"), **options))


async def test_the_bus_goes_on_over_a_fail_over_and_confirmed_events_stay(
    start: Callable[..., Watched], open_parts: Open
) -> None:
    servers = start(replicas=2, sentinels=3)
    producer, consumer = [await open_parts(n, url=servers.url) for n in "pc"]
    handled: list[str] = []
    confirmed: list[str] = []
    stop = asyncio.Event()

    async def handler(event: Event) -> None:
        handled.append(event.id)

    async def produce(lane: int) -> None:
        n = 0
        while not stop.is_set():
            event = named(an_event(n), f"{lane}-{n}")
            with contextlib.suppress(NotConfirmedError, ServiceUnavailable):
                await producer.bus.publish(event, confirm="replicas", timeout_ms=300)
                confirmed.append(event.id)
            n += 1

    await consumer.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=5.0))
    producing = [asyncio.create_task(produce(lane)) for lane in range(4)]
    await eventually(lambda: len(confirmed) > 200)
    victim = servers.primary()
    victim.kill()
    before = len(confirmed)
    await eventually(lambda: len(confirmed) > before + 200, within_s=FAIL_OVER_S)
    assert servers.primary() is not victim
    stop.set()
    await asyncio.gather(*producing)
    await eventually(lambda: set(confirmed) <= set(handled))
    stored = await ids_in_stream(producer)
    assert set(confirmed) <= set(stored), "none lost"
    assert len(stored) == len(set(stored)), "none twice"


async def test_a_fail_over_loses_what_no_replica_confirmed_and_nothing_else(
    start: Callable[..., Watched], open_parts: Open
) -> None:
    """The link to the replica is cut: a plain publish is answered and lost, a confirmed one says it is not safe."""
    servers = start(replicas=1, sentinels=1)
    parts = await open_parts(url=servers.url)
    safe = [named(an_event(n), f"safe-{n}") for n in range(20)]
    await parts.bus.publish_many(safe, confirm="replicas")
    primary = servers.primary()
    primary.cut_replication()
    await parts.bus.publish_many([named(an_event(n), f"plain-{n}") for n in range(20)])
    begun = time.monotonic()
    for _ in range(2):  # saying it again does not make it true
        with pytest.raises(NotConfirmedError, match="0 of 1 replicas") as caught:
            await parts.bus.publish(named(an_event(0), "told"), confirm="replicas", timeout_ms=200)
        assert caught.value.retryable
    assert 0.4 <= time.monotonic() - begun < 10, "it has waited as long as it was told, and no longer"
    primary.kill()
    await eventually(lambda: servers.primary() is not primary, within_s=FAIL_OVER_S)
    await parts.bus.publish(named(an_event(0), "told"))
    assert await ids_in_stream(parts) == [*(event.id for event in safe), "told"]


async def test_a_primary_without_its_replicas_can_refuse_to_write(
    start: Callable[..., Watched], open_parts: Open
) -> None:
    """With `min-replicas-to-write 1` nobody is told that an event is safe when it is not: publishers wait."""
    servers = start(replicas=1, sentinels=1, min_replicas_to_write="1", min_replicas_max_lag="2")
    parts = await open_parts(url=servers.url)
    seen: list[str] = []

    async def handler(event: Event) -> None:
        seen.append(event.id)

    await parts.bus.publish(named(an_event(0), "before"))
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=5.0))
    primary = servers.primary()
    replica = next(node for node in servers.nodes if node is not primary)
    replica.kill()
    await eventually(lambda: primary.info("replication")["min_slaves_good_slaves"] == 0)
    with pytest.raises(ServiceUnavailable, match="too few replicas"):
        await parts.memory.store("aqe/x", 1)
    waiting = asyncio.create_task(parts.bus.publish(named(an_event(1), "meanwhile")))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    replica.start()
    await waiting
    await eventually(lambda: sorted(set(seen)) == ["before", "meanwhile"])


async def test_a_fail_over_on_purpose_loses_nothing_when_writes_are_paused_first(
    start: Callable[..., Watched], open_parts: Open
) -> None:
    """As docs/operations.md has it."""
    servers = start(replicas=1, sentinels=1)
    parts = await open_parts(url=servers.url)
    published = 0
    stop = asyncio.Event()

    async def produce() -> None:
        nonlocal published
        while not stop.is_set():
            await parts.bus.publish(named(an_event(published), str(published)))
            published += 1

    producing = asyncio.create_task(produce())
    await eventually(lambda: published > 50)
    old = servers.primary()
    old.ask("CLIENT PAUSE", 15_000, "WRITE")
    await eventually(lambda: _offsets(old)[0] == _offsets(old)[1])
    before = published
    await asyncio.to_thread(servers.fail_over)
    await eventually(lambda: published > before + 50, within_s=FAIL_OVER_S)
    stop.set()
    await producing
    assert await ids_in_stream(parts) == [str(n) for n in range(published)]


def _offsets(primary: Node) -> tuple[int, int]:
    info = primary.info("replication")
    return info["master_repl_offset"], info["slave0"]["offset"]


async def test_connections_leave_a_master_that_the_sentinels_replaced(
    start: Callable[..., Watched], open_parts: Open
) -> None:
    """It takes writes for ten more seconds, and they are lost; all three clients are gone long before."""
    servers = start(replicas=1, sentinels=1)
    parts = await open_parts(url=servers.url)
    old = servers.primary()
    with connect_sync(servers.url, settings=parts.settings) as keeper:
        keeper.ping()
        await asyncio.to_thread(servers.fail_over)
        await eventually(lambda: servers.primary() is not old)

        async def gone() -> bool:
            infos = [await client.info("server") for client in (parts.clients.commands, parts.clients.blocking)]
            infos.append(await asyncio.to_thread(keeper.info, "server"))
            return {info["tcp_port"] for info in infos} == {servers.primary().port}

        await eventually(_without_errors(gone), within_s=4)
    assert old.info("replication")["role"] == "master", "it does not know yet"


def _without_errors(condition: Callable[[], Any]) -> Callable[[], Any]:
    async def quiet() -> Any:
        with contextlib.suppress(RedisError):  # the blocking client does not repeat
            return await condition()

    return quiet


async def test_a_publish_cannot_wait_for_nonsense(parts: Runtime) -> None:
    nonsense: tuple[dict[str, Any], ...] = (
        {"replicas": 0}, {"timeout_ms": 0}, {"timeout_ms": 5000}, {"confirm": "everybody"},
    )  # fmt: skip
    for options in nonsense:
        with pytest.raises(InputError, match="cannot be waited for"):
            await parts.bus.publish(an_event(0), **{"confirm": "replicas", **options})
    with pytest.raises(NotConfirmedError):
        await parts.bus.publish(an_event(0), confirm="replicas", timeout_ms=1)


async def test_a_repeated_publish_is_no_confirmation(start: Callable[..., Watched], open_parts: Open) -> None:
    """WAIT looks at what its connection wrote, in Valkey and Redis >= 7.2: a publish that adds nothing writes, too."""
    servers = start(replicas=1, sentinels=1, program=embedded._packaged())
    first, second = [await open_parts(n, url=servers.url) for n in "ab"]
    primary = servers.primary()
    replica = next(node for node in servers.nodes if node is not primary)
    replica.pause()
    await first.bus.publish(named(an_event(0), "once"))
    with pytest.raises(NotConfirmedError):
        await second.bus.publish(named(an_event(0), "once"), confirm="replicas", timeout_ms=100)
    replica.pause(resume=True)
    await second.bus.publish(named(an_event(0), "once"), confirm="replicas")
    assert await ids_in_stream(first) == ["once"]


# The outbox -----------------------------------------------------------------------------------------------------------


async def test_the_outbox_keeps_what_is_not_confirmed(parts: Runtime, tmp_path: Path) -> None:
    """In order, over a restart of the producer; what nobody could ever take is refused at the door."""
    outbox = Outbox(tmp_path / "outbox.db", parts.bus, replicas=1, timeout_ms=10)
    assert not await outbox.publish(named(an_event(0), "a")), "there is no replica"
    await outbox.accept(named(an_event(1), "b"))
    await outbox.accept(named(an_event(1), "b"))
    with pytest.raises(InputError):
        await outbox.accept(named(an_event(1, "no type"), "c"))
    assert await outbox.waiting() == 2
    outbox.close()

    outbox = Outbox(tmp_path / "outbox.db", parts.bus, replicas=0)
    assert await outbox.publish(named(an_event(2), "c"))
    assert await outbox.waiting() == 0
    outbox.close()
    assert await ids_in_stream(parts) == ["a", "b", "c"]


async def test_one_event_that_is_refused_does_not_stop_the_others(parts: Runtime, tmp_path: Path) -> None:
    await parts.clients.commands.set("aqe:events:road:closed", "no stream")
    outbox = Outbox(tmp_path / "outbox.db", parts.bus, replicas=0)
    await outbox.accept(named(an_event(0, "road:closed"), "stuck"))
    assert await outbox.publish(named(an_event(1), "fine"))
    assert await outbox.waiting() == 1
    await parts.clients.commands.delete("aqe:events:road:closed")
    assert await outbox.flush() == 0
    outbox.close()


async def test_an_outbox_without_a_place_says_so(parts: Runtime, tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="outbox"):
        Outbox(tmp_path / "nowhere" / "outbox.db", parts.bus)


async def test_many_tasks_share_an_outbox(parts: Runtime, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", parts.bus, replicas=0)
    assert all(await asyncio.gather(*(outbox.publish(named(an_event(n), f"e{n}")) for n in range(200))))
    assert sorted(await ids_in_stream(parts)) == sorted(f"e{n}" for n in range(200))
    outbox.close()


async def test_nothing_accepted_is_lost_when_producer_and_primary_are_killed(
    start: Callable[..., Watched], open_parts: Open, programs: Programs, tmp_path: Path
) -> None:
    """SIGKILL at random moments, five times the producer and once the primary: all accepted events, each once."""
    servers = start(replicas=2, sentinels=1)
    accepted: list[str] = []
    chance = random.Random(7)
    for life in range(5):
        process = await programs.started_up(servers.url, tmp_path, life)
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        if life == 2:
            await asyncio.to_thread(servers.primary().kill)
            await asyncio.sleep(0.5)
        process.kill()
        assert process.stdout is not None
        accepted += process.stdout.read().split()
    parts = await open_parts(url=servers.url)
    outbox = Outbox(tmp_path / "outbox.db", parts.bus)

    async def empty() -> bool:
        return await outbox.flush() == 0

    await eventually(empty, within_s=FAIL_OVER_S)
    outbox.close()
    stored = await ids_in_stream(parts)
    assert len(accepted) > 20
    assert set(accepted) <= set(stored), f"lost: {set(accepted) - set(stored)}"
    assert len(stored) == len(set(stored)), "none twice"


async def _produce(url: str, folder: Path, life: int) -> None:
    """A producer of its own: says an event's id on standard output once the outbox has accepted it."""
    settings = settings_for(url, folder)
    n = 0
    while True:  # the server may be away while it starts
        with contextlib.suppress(AqeError):
            async with open_runtime(settings, name="producer", server=ServerInfo(url, "url")) as parts:
                outbox = Outbox(folder / "outbox.db", parts.bus, timeout_ms=200)
                print("ready", flush=True)
                sending = asyncio.create_task(outbox.flush())
                while True:
                    event = named(an_event(n), f"{life}-{n}")
                    await outbox.accept(event)
                    print(event.id, flush=True)
                    n += 1
                    if sending.done():
                        sending = asyncio.create_task(outbox.flush())
                    await asyncio.sleep(0)


def named(event: Event, event_id: str) -> Event:
    return Event(id=event_id, type=event.type, data=event.data, source=event.source, time=event.time)


async def ids_in_stream(parts: Runtime) -> list[str]:
    rows: Any = await parts.clients.commands.xrange(STREAM)
    return [fields[b"id"].decode() for _, fields in rows]


if __name__ == "__main__":
    asyncio.run(_produce(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
