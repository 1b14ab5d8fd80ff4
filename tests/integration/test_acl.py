"""Least privilege on real servers: with the rights of config/acl each role does its work and is refused the rest."""

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from aqe.benchmarks.servers.nodes import Node, free_port, until
from aqe.bus.deadletters import list_dead_letters
from aqe.bus.inspect import group_infos, stream_infos
from aqe.core.errors import ServiceUnavailable
from aqe.core.records.tasks import TaskStatus
from aqe.fleet.doctor import run_doctor
from aqe.fleet.runtime import Runtime
from aqe.fleet.servers import embedded
from aqe.fleet.servers.library import READERS, Library
from aqe.memory.transfer import export_memory
from aqe.memory.watch import watch
from aqe.tests.echo import a_fleet, a_task_done
from aqe.tests.integration.conftest import Open, an_event, eventually, settings_for
from aqe.tests.servers import ROOT, documented, require, require_redis_server

ROLES = ("commander", "agent", "operator", "dashboard", "subscriber")
DECISION, EVENTS, TYPES = "{shop}aqe/deployment/decision", "{shop}aqe:events:weather:changed", "{shop}aqe:events"
TASK, LANE = "{shop}aqe/fleet/tasks/t1", "{shop}aqe:tasks:echo:high"

OTHERS = ("GET {else}aqe/x", "SET {else}aqe/x 1", "XADD {else}aqe:events:a * a b", "XRANGE {else}aqe:events:a - +")
ADMIN = (
    "FLUSHALL", "FLUSHDB", "CONFIG SET appendonly no", "ACL SETUSER x on", "ACL LIST", "SHUTDOWN NOSAVE", "KEYS *",
    "MONITOR", "REPLICAOF NO ONE", "SWAPDB 0 1", "MIGRATE h 1 k 0 1", "FUNCTION FLUSH", "FUNCTION DELETE aqe",
    "EVAL return 0", "CLIENT KILL TYPE normal", "SAVE", "RENAME {shop}aqe/x {shop}aqe/y",
)  # fmt: skip
LOADS, LISTS = "FUNCTION LOAD x", "SCAN 0"
WRITES = (
    f"SET {DECISION} 1", f"DEL {DECISION}", f"XADD {EVENTS} * a b", f"XGROUP CREATE {EVENTS} g 0",
    f"XREADGROUP GROUP g c STREAMS {EVENTS} >", f"XACK {EVENTS} g 1-1", f"XTRIM {EVENTS} MAXLEN 0",
    f"FCALL aqe_commit 1 {DECISION}", f"FCALL aqe_store 1 {DECISION} 1", f"FCALL aqe_publish 1 {EVENTS}",
    "PUBLISH {shop}aqe:changed x",
)  # fmt: skip
REFUSED: dict[str, tuple[str, ...]] = {
    "commander": (*OTHERS, *ADMIN, "CONFIG GET *"),
    "agent": (*OTHERS, *ADMIN, "CONFIG GET *", LOADS, LISTS),
    "operator": (*OTHERS, *ADMIN),
    "dashboard": (*OTHERS, *ADMIN, *WRITES, "CONFIG GET *", LOADS, LISTS),
    "subscriber": (
        *OTHERS, *ADMIN, *WRITES, "CONFIG GET *", LOADS, LISTS, "INFO", "FCALL_RO aqe_keys 1 {shop}aqe:keys * 0 1",
        f"GET {TASK}", f"XRANGE {LANE} - +", f"XREAD STREAMS {LANE} 0", "GET {shop}aqe/production/incidents",
        "SMEMBERS {shop}aqe:durable:x", "SUBSCRIBE {shop}aqe:changed",
    ),
}  # fmt: skip
"""What a role must not be able to do."""


@dataclass
class Guarded:
    """A server whose ACL file came out of the documented lines."""

    port: int
    passwords: dict[str, str]

    def url(self, role: str) -> str:
        return f"redis://shop-{role}:{self.passwords[role]}@127.0.0.1:{self.port}"

    def client(self, role: str) -> Redis:
        """As a program in any language has it."""
        return Redis.from_url(self.url(role), protocol=2, decode_responses=True)


@pytest.fixture(params=["redis", "valkey"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    program = require_redis_server() if request.param == "redis" else embedded._packaged()
    with guarded_server(program, tmp_path) as server:
        yield server


@contextlib.contextmanager
def guarded_server(program: str | None, tmp_path: Path, **more: str) -> Iterator[Guarded]:
    require("openssl")
    (tmp_path / "config").symlink_to(ROOT / "config")
    subprocess.run(["bash", "-euc", documented("acl")], cwd=tmp_path, check=True)
    with (tmp_path / "users.acl").open("a") as users:
        users.write("user admin on >admin ~* &* +@all\n")
    passwords = {role: (tmp_path / f"shop-{role}.password").read_text().strip() for role in ROLES}
    assert (tmp_path / "users.acl").stat().st_mode & 0o077 == 0

    class GuardedNode(Node):
        def client(self) -> Redis:
            return Redis(port=self.port, username="shop-operator", password=passwords["operator"])

    options = {"aclfile": str(tmp_path / "users.acl"), "save": "", **more}
    node = GuardedNode(tmp_path / "server", options, program=program)
    try:
        node.start()
        yield Guarded(node.port, passwords)
    finally:
        node.kill()


OpenAs = Callable[[str], Awaitable[Runtime]]


@pytest.fixture
async def open_as(guarded: Guarded, open_parts: Open) -> AsyncIterator[OpenAs]:
    """A process of the fleet `shop` under a role's name."""

    async def open_one(role: str) -> Runtime:
        return await open_parts(role, url=guarded.url(role), fleet="shop")

    yield open_one


async def test_commander_agent_and_operator_do_a_task(open_as: OpenAs) -> None:
    """The whole way: submit, dispatch, lanes, leases, commit, heartbeats, retention, index."""
    commander, agent, operator = [await open_as(role) for role in ("commander", "agent", "operator")]
    await Library(commander.clients.commands).load()
    await operator.memory.store("aqe/echo/in", "hello")
    async with a_fleet(commander, agent):
        task = await a_task_done(operator, "t1")
        assert task.status is TaskStatus.COMPLETED, task.error
    assert await agent.memory.retrieve("aqe/echo/out") == {"aqe/echo/in": "hello", "asked": {"n": "t1"}}


async def test_what_an_agent_does_besides_is_permitted(open_as: OpenAs) -> None:
    commander, agent = await open_as("commander"), await open_as("agent")
    await Library(commander.clients.commands).load()
    seen: list[str] = []

    async def handler(event: Any) -> Any:
        seen.append(event.id)
        if event.data["n"] < 0:
            raise ValueError("broken")
        return [agent.memory.prepare_append("aqe/seen", event.id), agent.memory.prepare_delete("aqe/gone")]

    await agent.memory.store("aqe/gone", 1, ttl_s=100)
    assert (await agent.memory.ttl_s("aqe/gone") or 0) > 0
    await agent.bus.subscribe("weather:changed", handler, group="g")
    await agent.bus.publish_many([an_event(n) for n in range(3)])
    await eventually(lambda: len(seen) == 3)
    await agent.bus.publish(an_event(3), confirm="server")
    await eventually(lambda: _has(agent, "aqe/seen", 4))
    assert await agent.memory.retrieve_pattern("aqe/g*") == {}
    assert await agent.memory.delete("aqe/seen")
    assert (await commander.memory.reindex())[0] == 0
    await agent.bus.remove_group("weather:changed", "g")


async def test_the_operator_looks_at_everything(guarded: Guarded, open_as: OpenAs, tmp_path: Path) -> None:
    operator = await open_as("operator")
    await operator.memory.store("aqe/x", 1)
    assert await operator.memory.reindex() == (0, 0)
    assert len(await export_memory(operator.memory, ["*"])) == 2
    assert await list_dead_letters(operator.clients.commands, operator.bus.names) == []
    settings = settings_for(guarded.url("operator"), tmp_path, fleet="shop")
    checks = {check.name: check for check in await asyncio.to_thread(run_doctor, settings)}
    assert checks["open port"].detail == "none without password"
    assert checks["library"].status == "ok"
    assert checks["persistence"].status == "warn"


async def test_the_dashboard_reads_everything(open_as: OpenAs) -> None:
    operator, dashboard = await open_as("operator"), await open_as("dashboard")
    await operator.memory.store("aqe/x/y", {"n": 1})
    await operator.memory.append("aqe/x/history", 2)
    await operator.bus.publish(an_event(1))
    assert await dashboard.memory.retrieve_pattern("aqe/x/*") == {"aqe/x/y": {"n": 1}, "aqe/x/history": [2]}
    record = await dashboard.memory.retrieve_record("aqe/x/y")
    assert record and record.version == 1
    assert [event.data async for _, event in dashboard.bus.tail(start="0", follow=False)] == [{"n": 1}]
    streams = [dashboard.bus.names.events(event_type) for event_type in await dashboard.bus.types()]
    assert [info.entries for info in await stream_infos(dashboard.clients.commands, dashboard.bus.names, streams)] == [
        1
    ]
    assert await group_infos(dashboard.clients.commands, dashboard.bus.names, streams) == []
    changes = watch(dashboard.memory, dashboard.clients.commands, "aqe/*", prefix="{shop}")
    following = asyncio.ensure_future(anext(changes))

    async def changed() -> bool:
        await operator.memory.store("aqe/x/y", 2)
        return following.done()

    await eventually(changed)
    assert (await following).key == "aqe/x/y"
    await changes.aclose()  # type: ignore[attr-defined]
    with pytest.raises(ServiceUnavailable, match="does not permit it"):
        await dashboard.memory.store("aqe/x/y", 3)
    with pytest.raises(ServiceUnavailable):
        await dashboard.bus.publish(an_event(2))


async def test_a_subscriber_reads_events_and_decisions(guarded: Guarded, open_as: OpenAs) -> None:
    operator = await open_as("operator")
    await operator.memory.store("aqe/deployment/decision", {"decision": "BLOCKED"})
    await operator.memory.append("aqe/deployment/history", 1)
    await operator.bus.publish(an_event(1))
    with guarded.client("subscriber") as client:
        assert client.smembers(TYPES) == {"weather:changed"}
        [[_, [(last, fields)]]] = client.xread({EVENTS: "0"})
        assert fields["type"] == "weather:changed"
        await operator.bus.publish(an_event(2))
        assert len(client.xread({EVENTS: last}, block=1000)[0][1]) == 1
        assert client.get(DECISION) == '{"decision":"BLOCKED"}'
        assert client.lrange("{shop}aqe/deployment/history", 0, -1) == ["1"]


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_refused_the_rest(guarded: Guarded, open_as: OpenAs, role: str) -> None:
    operator = await open_as("operator")
    await operator.memory.store("aqe/deployment/decision", 1)
    await operator.bus.publish(an_event(1))
    granted = []
    with guarded.client(role) as client:
        for command in REFUSED[role]:
            with contextlib.suppress(NoPermissionError):
                client.execute_command(*command.split())
                granted.append(command)
    assert granted == []


async def test_an_agent_says_who_must_load_the_library(open_as: OpenAs) -> None:
    """It may not load it; once the commander has, everything works, without a restart."""
    agent = await open_as("agent")
    for refused in (agent.memory.store("aqe/x", 1), agent.bus.publish(an_event(1)), agent.memory.keys("*")):
        with pytest.raises(ServiceUnavailable, match="lacks the function library of aqe") as caught:
            await refused
        assert caught.value.retryable
        assert "aqe up" in str(caught.value.hint)
    commander = await open_as("commander")
    await commander.memory.store("aqe/y", 1)
    assert await agent.memory.store("aqe/x", 1) == 1
    await Library(agent.clients.commands).load()  # `aqe up` by an agent's user: it is there already


async def test_the_roles_on_a_cluster(open_parts: Open, tmp_path: Path) -> None:
    """They find the fleet's slot; other programs have cluster clients of their own."""
    options = {"cluster-enabled": "yes", "cluster-port": str(free_port())}
    with guarded_server(require_redis_server(), tmp_path, **options) as guarded:
        with Redis(port=guarded.port, username="admin", password="admin") as admin:
            admin.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            until(lambda: admin.cluster("INFO")["cluster_state"] == "ok")
        url = {role: guarded.url(role).replace("redis:", "redis+cluster:") for role in ROLES}
        commander, agent, dashboard = [
            await open_parts(role, url=url[role], fleet="shop") for role in ("commander", "agent", "dashboard")
        ]
        await commander.memory.store("aqe/deployment/decision", 1)
        await agent.bus.publish(an_event(1))
        assert await dashboard.memory.retrieve_pattern("aqe/*/*") == {"aqe/deployment/decision": 1}
        user: dict[str, Any] = {"username": "shop-subscriber", "password": guarded.passwords["subscriber"]}
        with RedisCluster(host="127.0.0.1", port=guarded.port, protocol=2, **user) as subscriber:
            assert len(subscriber.xread({EVENTS: "0"})) == 1
            assert subscriber.get(DECISION) == b"1"


def test_nobody_gets_in_without_a_password(guarded: Guarded) -> None:
    with Redis(port=guarded.port, retry=Retry(NoBackoff(), 0)) as client, pytest.raises(Exception, match=r"(?i)auth"):
        client.ping()


async def test_functions_that_only_read_are_called_so(parts: Runtime) -> None:
    await Library(parts.clients.commands).load()
    [library] = await parts.clients.commands.function_list(library="aqe")
    functions = dict(zip(library[::2], library[1::2], strict=True))[b"functions"]
    flags = {f[1].decode(): {flag.decode() for flag in f[5]} for f in functions}
    assert {name for name, each in flags.items() if "no-writes" in each} == set(READERS)


def test_the_templates_permit_what_the_code_sends() -> None:
    """A command that is new in the library or in bus and memory is missing here first, then in production."""
    lua = "\n".join((ROOT / part).read_text() for part in ("memory/memory.lua", "bus/bus.lua"))
    python = "\n".join(p.read_text() for folder in ("bus", "memory") for p in (ROOT / folder).glob("*.py"))
    sent = set(re.findall(r'redis\.p?call\("([A-Z]+)"', lua))
    sent |= {name.split()[0] for name in re.findall(r'execute_command\(\s*"([A-Z ]+)"', python)}
    assert len(sent) > 30
    for role in ("commander", "agent", "operator"):
        rules = (ROOT / "config" / "acl" / f"{role}.acl").read_text().split()
        permitted = {rule[1:].split("|")[0].upper() for rule in rules if rule.startswith("+")}
        assert sent - permitted == (set() if role != "agent" else sent & {"SCAN", "ZSCAN"}), role


async def _has(parts: Runtime, key: str, length: int) -> bool:
    return len(await parts.memory.retrieve(key) or ()) == length
