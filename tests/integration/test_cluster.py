"""Named fleets on a real Redis Cluster: everything works there, and goes on when a primary dies or a slot moves."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis.crc import key_slot

from aqe.benchmarks.servers.nodes import NODE_TIMEOUT_MS, Cluster, cluster, until
from aqe.bus.deadletters import list_dead_letters, replay_dead_letter
from aqe.bus.events import Event
from aqe.bus.heartbeats import alive
from aqe.bus.lease import Pulse
from aqe.bus.publisher import NotConfirmedError
from aqe.bus.subscription import Delivery
from aqe.core.errors import AqeError
from aqe.core.records.tasks import TaskStatus
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.memory.store import MemoryRecord
from aqe.memory.watch import watch
from aqe.tests.echo import a_fleet, a_task_done
from aqe.tests.integration.conftest import Open, an_event, eventually
from aqe.tests.servers import require_redis_server

FAIL_OVER_S = 15.0
"""Four seconds on an idle machine (node time-out 2 s); the bound is for a busy one."""

pytestmark = pytest.mark.xdist_group("clusters")


@pytest.fixture(scope="module")
def the_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require_redis_server()
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


def prefix(fleet: str) -> str:
    return f"{{{fleet}}}"


async def test_all_that_a_fleet_does_works_on_a_cluster(the_cluster: Cluster, open_parts: Open) -> None:
    """Memory, index, watching, events, dead letters, heartbeats; another fleet on another shard sees none of it."""
    fleet = the_cluster.fleet_on(1)
    node = the_cluster.primary_of(prefix(fleet))
    not_ours = set(node.ask("KEYS", "*"))
    here = await open_parts("a", url=the_cluster.url, fleet=fleet)
    other = await open_parts("b", url=the_cluster.url, fleet=the_cluster.fleet_on(2))
    changes: list[MemoryRecord] = []

    async def follow() -> None:
        async for record in watch(here.memory, here.clients.commands, "aqe/x/*", prefix=prefix(fleet)):
            changes.append(record)

    watching = asyncio.create_task(follow())
    async with here.memory.transaction() as writes:
        writes += [here.memory.prepare_store("aqe/x/a", {"n": 1}), here.memory.prepare_append("aqe/x/b", 2)]
    await here.clients.commands.set(f"{prefix(fleet)}aqe/x/bare", "3")
    assert await here.memory.reindex() == (1, 0)
    assert await here.memory.retrieve_pattern("aqe/*/*") == {"aqe/x/a": {"n": 1}, "aqe/x/b": [2], "aqe/x/bare": 3}
    assert await other.memory.keys("*") == []

    async def changed() -> bool:
        await here.memory.store("aqe/x/c", time.monotonic())
        return bool(changes)

    await eventually(changed)
    watching.cancel()
    here.keeper.pulse(Pulse(f"{prefix(fleet)}aqe:heartbeat:me", "echo", 1.0, 5.0))
    await eventually(lambda: alive(here.clients.commands, here.bus.names, ["me"]))

    seen: list[str] = []
    broken = True

    async def handler(event: Event) -> list[Write]:
        if broken and event.type == "road:closed":
            raise ValueError("broken")
        seen.append(event.type)
        return [here.memory.prepare_append("aqe/seen", event.type)]

    delivery = Delivery(max_attempts=1, lease_s=2.0)
    await here.bus.subscribe("*:*", handler, group="g", delivery=delivery)
    await here.bus.publish_many([an_event(1, "weather:changed"), an_event(2, "road:closed")])
    letters = await eventually(lambda: list_dead_letters(here.clients.commands, here.bus.names))
    assert [(letter.name, letter.error) for letter in letters] == [("road:closed", "ValueError: broken")]
    broken = False
    assert await replay_dead_letter(here.clients.commands, here.bus.functions, here.bus.names, letters[0])
    await eventually(lambda: sorted(seen) == ["road:closed", "weather:changed"])
    await eventually(lambda: _is(here, "aqe/seen", 2))
    assert "weather:changed" not in await other.bus.types()
    ours = set(node.ask("KEYS", "*")) - not_ours
    assert {key_slot(key.encode()) for key in ours} == {key_slot(prefix(fleet).encode())}


async def test_commander_and_agent_work_on_a_cluster(the_cluster: Cluster, open_parts: Open) -> None:
    fleet = the_cluster.fleet_on(0)
    commander, agent, cli = [await open_parts(n, url=the_cluster.url, fleet=fleet) for n in ("c", "a", "cli")]
    await cli.memory.store("aqe/echo/in", "hello")
    async with a_fleet(commander, agent):
        task = await a_task_done(cli, "t1")
    assert task.status is TaskStatus.COMPLETED
    assert await cli.memory.retrieve("aqe/echo/out") == {"aqe/echo/in": "hello", "asked": {"n": "t1"}}


async def test_the_bus_goes_on_when_a_primary_dies(the_cluster: Cluster, open_parts: Open) -> None:
    """What replicas confirmed is there once, in its order; a fleet on another shard notices nothing."""
    fleet, other = the_cluster.fleet_on(1, 1), the_cluster.fleet_on(2, 1)
    producer, consumer = [await open_parts(n, url=the_cluster.url, fleet=fleet) for n in "pc"]
    elsewhere = await open_parts("e", url=the_cluster.url, fleet=other)
    handled: list[int] = []
    pauses = {"elsewhere": 0.0}
    stop = asyncio.Event()

    async def handler(event: Event) -> None:
        handled.append(event.data["n"])

    async def produce() -> int:
        n = 0
        while not stop.is_set():
            await _until_confirmed(producer, an_event(n))
            n += 1
        return n

    async def produce_elsewhere() -> None:
        n = 0
        while not stop.is_set():
            begun = time.monotonic()
            await elsewhere.bus.publish(an_event(n))
            pauses["elsewhere"] = max(pauses["elsewhere"], time.monotonic() - begun)
            n += 1
            await asyncio.sleep(0.005)

    await consumer.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=5.0))
    producing, besides = asyncio.create_task(produce()), asyncio.create_task(produce_elsewhere())
    await eventually(lambda: len(handled) > 100)
    victim = the_cluster.primary_of(prefix(fleet))
    victim.kill()
    try:
        await eventually(lambda: the_cluster_serves(the_cluster, fleet, victim), within_s=FAIL_OVER_S)
    finally:
        victim.start()  # without its replica nothing is confirmed any more
    before = len(handled)
    await eventually(lambda: len(handled) > before + 100, within_s=FAIL_OVER_S)
    stop.set()
    published, _ = await asyncio.gather(producing, besides)
    await eventually(lambda: len(set(handled)) == published)
    stream = producer.bus.names.events("weather:changed")
    rows: Any = await producer.clients.commands.xrange(stream)
    ids = [fields[b"id"].decode() for _, fields in rows]
    assert ids == [f"event-{n}" for n in range(published)], "in order, none lost, none twice"
    assert pauses["elsewhere"] < NODE_TIMEOUT_MS / 1000, "less than anybody needs to notice the death"
    until(the_cluster.whole)


async def test_a_slot_moves_to_another_shard_under_load(the_cluster: Cluster, open_parts: Open) -> None:
    """The fleet pauses while its keys are on two servers, loads its library on the new one; effects happen once."""
    fleet = the_cluster.fleet_on(2, 2)
    producer, consumer = [await open_parts(n, url=the_cluster.url, fleet=fleet) for n in "pc"]
    published = 0
    stop = asyncio.Event()

    async def handler(event: Event) -> list[Write]:
        return [consumer.memory.prepare_append("aqe/history", event.data["n"])]

    async def produce() -> None:
        nonlocal published
        while not stop.is_set():
            await producer.bus.publish(an_event(published))
            published += 1
            await asyncio.sleep(0.002)

    await consumer.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=5.0))
    producing = asyncio.create_task(produce())
    await eventually(lambda: published > 50)
    await asyncio.to_thread(_move, the_cluster, fleet)
    at_the_move = published
    await eventually(lambda: published > at_the_move + 50)
    stop.set()
    await producing
    await eventually(lambda: _is(consumer, "aqe/history", published))
    assert sorted(await consumer.memory.retrieve("aqe/history")) == list(range(published)), "each once"


def the_cluster_serves(made: Cluster, fleet: str, not_by: Any) -> bool:
    """True when another node has taken the fleet's slot over."""
    try:
        return made.primary_of(prefix(fleet)) is not not_by
    except LookupError:
        return False


async def _until_confirmed(parts: Runtime, event: Event) -> None:
    """As a producer that must not lose an event does it."""
    named = Event(id=f"event-{event.data['n']}", type=event.type, data=event.data, source="p", time=event.time)
    while True:
        try:
            await parts.bus.publish(named, confirm="replicas", timeout_ms=300)
            return
        except (NotConfirmedError, AqeError) as error:
            assert error.retryable
            await asyncio.sleep(0.05)


async def _is(parts: Runtime, key: str, length: int) -> bool:
    return len(await parts.memory.retrieve(key) or ()) == length


def _move(made: Cluster, fleet: str) -> None:
    """What `redis-cli --cluster reshard` does, slowly."""
    slot = key_slot(prefix(fleet).encode())
    source = made.primary_of(prefix(fleet))
    primaries = [node for node in made.nodes if node.info("replication")["role"] == "master"]
    target = next(node for node in primaries if node is not source)
    source_id, target_id = source.ask("CLUSTER MYID"), target.ask("CLUSTER MYID")
    target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source_id)
    source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target_id)
    while keys := source.ask("CLUSTER GETKEYSINSLOT", slot, 10):
        source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        time.sleep(0.05)
    for node in (target, source, *primaries):
        node.ask("CLUSTER SETSLOT", slot, "NODE", target_id)
