"""`aqe doctor`: looks at everything the fleet stands on, changes nothing, and says what to do about what it finds."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from ..bus.deadletters import DEAD_CAP_BYTES, dropped_letters
from ..bus.names import StreamNames
from ..config.settings import Settings
from ..core.clock import SystemClock
from ..core.errors import EXIT_NO_GO, EXIT_OK, AqeError
from .rollouts.guard import guarded
from .servers.connect import open_clients, translate
from .servers.library import is_current
from .servers.redis_url import parse_url
from .servers.server import find_server, product

Status = Literal["ok", "warn", "fail"]

MIN_PYTHON = (3, 11)
FREE_WARN_BYTES = 1_000_000_000
FREE_FAIL_BYTES = 50_000_000
"""An append-only file that cannot grow stops all writes."""
SKEW_WARN_S, SKEW_FAIL_S = 2.0, 30.0
"""Evidence is judged by its age in days, leases (30 s) by the server's own clock."""
LOOPBACK = ("127.0.0.1", "::1")
PORT_SETTINGS = ("port", "tls-port", "tls-auth-clients", "bind", "protected-mode")


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    status: Status
    detail: str
    hint: str | None = None


def run_doctor(settings: Settings) -> tuple[Check, ...]:
    """All checks that can be made; without a server those about it are left out. Starts nothing."""
    checks = [
        _python(),
        _cpus(),
        _configuration(settings),
        *_environment(settings),
        *_data_dir(settings),
        *_redaction(settings),
        *_rollouts(settings),
    ]
    return (*checks, *asyncio.run(_server(settings)))


def exit_code(checks: tuple[Check, ...]) -> int:
    """0 when nothing failed; warnings are no failure."""
    return EXIT_NO_GO if any(check.status == "fail" for check in checks) else EXIT_OK


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MIN_PYTHON:
        return Check("python", "fail", version, "aqe needs Python 3.11 or newer")
    return Check("python", "ok", version)


def _cpus() -> Check:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count == 1:
        return Check("cpus", "warn", "1", "agents and server share one core: expect slow analyses")
    return Check("cpus", "ok", str(count))


def _configuration(settings: Settings) -> Check:
    # Settings that exist were read and checked.
    if settings.config_file is None:
        return Check("configuration", "ok", "defaults, no aqe.yaml found", "`aqe init` writes one")
    return Check("configuration", "ok", str(settings.config_file))


def _environment(settings: Settings) -> Iterator[Check]:
    for name in settings.unknown_env:
        yield Check("environment", "warn", f"nobody reads {name}", "correct its name or unset it")


def _data_dir(settings: Settings) -> Iterator[Check]:
    folder = settings.data_dir
    present = next(parent for parent in (folder, *folder.parents) if parent.exists())
    elsewhere = "AQE_DATA_DIR=FOLDER puts it elsewhere"
    if not present.is_dir() or not os.access(present, os.W_OK | os.X_OK):
        yield Check("data folder", "fail", f"{folder} cannot be written", elsewhere)
        return
    yield Check("data folder", "ok", str(folder))
    free = shutil.disk_usage(present).free
    detail = f"{free / 1e9:.1f} GB free for {folder}"
    status: Status = "fail" if free < FREE_FAIL_BYTES else "warn" if free < FREE_WARN_BYTES else "ok"
    yield Check("disk space", status, detail, None if status == "ok" else f"make room; {elsewhere}")


def _redaction(settings: Settings) -> Iterator[Check]:
    if left_in := ", ".join(settings.redaction.left_in):
        hint = "take redaction.keep out of aqe.yaml; the audit log names the imports (`aqe audit log`)"
        yield Check("redaction", "warn", f"keeps {left_in}: production data is stored with it", hint)


def _rollouts(settings: Settings) -> Iterator[Check]:
    """What a dead man's switch on one host can and cannot do."""
    if not any(target.rollout for target in settings.targets.values()):
        return
    rollouts = tuple(guarded(settings))
    alone = [rollout for rollout, _, has_guard in rollouts if not has_guard]
    detail = f"{len(rollouts)} begun on this host run; when this whole host is lost, nobody acts"
    hint = "run a second fleet on another host that reaches executor, metrics and Redis"
    if alone:
        hint = f"no guard watches {', '.join(alone[:5])}: aqe fleet guard {alone[0]}"
    yield Check("rollouts", "warn" if alone else "ok", detail, hint)


async def _server(settings: Settings) -> list[Check]:
    try:
        info = find_server(settings)
        if info is None:
            return [Check("server", "warn", "the embedded server is not running", "`aqe up` starts it, others do too")]
        clients = await open_clients(info.url, settings=settings)
    except AqeError as error:
        return [Check("server", "fail", error.message, error.hint)]
    try:
        checks = [check async for check in _about(clients.commands, info.address)]
        checks.append(await _dead_letters(clients.commands, settings))
        if parse_url(info.url).kind == "cluster":
            checks.append(await _cluster(clients.commands))
        return checks
    except RedisError as error:
        problem = translate(error, info.address)
        return [Check("server", "fail", problem.message, problem.hint)]
    finally:
        await clients.aclose()


async def _about(client: Redis, address: str) -> AsyncIterator[Check]:
    facts: dict[str, Any] = await client.info()
    yield Check("server", "ok", f"{product(facts)} at {address}")
    yield _persistence(facts)
    yield _memory(facts)
    if facts.get("connected_slaves"):
        yield await _replicas(client, facts)
    yield await _port(client)
    seconds, microseconds = await client.time()
    yield _clock(SystemClock().now().timestamp() - (seconds + microseconds / 1e6))
    yield _library(await client.function_list(library="aqe", withcode=True))


def _persistence(facts: Mapping[str, Any]) -> Check:
    if facts.get("aof_last_write_status") == "err":
        return Check("persistence", "fail", "the last write to the append-only file failed", "is the disk full?")
    if not facts.get("aof_enabled"):
        return Check("persistence", "warn", "no append-only file: a crash loses data", "CONFIG SET appendonly yes")
    return Check("persistence", "ok", "append-only file")


def _memory(facts: Mapping[str, Any]) -> Check:
    policy, limit = facts.get("maxmemory_policy"), facts.get("maxmemory_human", "0B")
    if policy != "noeviction":
        detail = f"maxmemory-policy is {policy}: events may vanish"
        return Check("memory", "fail", detail, "CONFIG SET maxmemory-policy noeviction")
    return Check("memory", "ok", f"{facts.get('used_memory_human')} used, limit {'none' if limit == '0B' else limit}")


async def _replicas(client: Redis, facts: Mapping[str, Any]) -> Check:
    attached = facts["connected_slaves"]
    try:
        wanted = int((await client.config_get("min-replicas-to-write"))["min-replicas-to-write"] or 0)
    except ResponseError:
        return Check("replicas", "ok", f"{attached} attached; what a write waits for is not known")
    if wanted == 0:
        detail = f"{attached} attached, but writes are accepted without any: a fail-over may lose them"
        return Check("replicas", "warn", detail, "CONFIG SET min-replicas-to-write 1")
    # Too few in step: no write is accepted, which the check of the server has told.
    return Check("replicas", "ok", f"{attached} attached, at least {wanted} in step at each write")


async def _dead_letters(client: Redis, settings: Settings) -> Check:
    cap = settings.retention.dead_letters
    kept = f"{cap:,} or {DEAD_CAP_BYTES >> 20} MB of each event type and task lane are kept"
    found = await dropped_letters(client, StreamNames(settings.prefix))
    if not found:
        return Check("dead letters", "ok", f"{kept}; none was dropped")
    told = ", ".join(f"{name} ({dropped:,} dropped)" for name, dropped in sorted(found.items()))
    hint = "`aqe events dead list` tells why; mend it, then `aqe events dead replay NAME --all` or `drop`"
    return Check("dead letters", "warn", f"{kept}, the oldest go: {told}", hint)


async def _cluster(client: Redis) -> Check:
    info: dict[str, str] = await client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
    detail = f"{info['cluster_known_nodes']} nodes, {info['cluster_size']} shards"
    if info["cluster_state"] != "ok" or info["cluster_slots_ok"] != info["cluster_slots_assigned"]:
        return Check("cluster", "fail", f"{detail}; state {info['cluster_state']}", "look at CLUSTER NODES")
    try:
        config = await client.config_get("cluster-require-full-coverage")
    except ResponseError:
        return Check("cluster", "ok", detail)
    if config["cluster-require-full-coverage"] == "yes":
        hint = "CONFIG SET cluster-require-full-coverage no, on every node"
        return Check("cluster", "warn", f"{detail}; one shard without a primary stops all fleets", hint)
    return Check("cluster", "ok", detail)


async def _port(client: Redis) -> Check:
    try:
        config = await client.config_get(*PORT_SETTINGS)
    except ResponseError:
        return Check("open port", "ok", "not known: CONFIG is not permitted")
    return open_port({str(name): value for name, value in config.items()}, await _wants_password(client))


def open_port(config: Mapping[str, Any], wants_password: bool) -> Check:
    """Whether strangers get in.

    Args:
        config: PORT_SETTINGS as CONFIG GET tells them; those of TLS may be missing.
        wants_password: it lets nobody in without one.
    """
    ports = [str(config["port"])]
    if config.get("tls-auth-clients") != "yes":  # else it wants a certificate
        ports.append(str(config.get("tls-port", "0")))
    named = " and ".join(port for port in ports if port != "0")
    if not named or wants_password:
        return Check("open port", "ok", "none without password")
    bind = config["bind"] or "every address"
    if config["protected-mode"] == "yes" or all(address.strip("-") in LOOPBACK for address in bind.split()):
        return Check("open port", "ok", f"port {named} has no password; only this machine reaches it")
    hint = "set requirepass or an ACL (config/acl/), unless the network is closed"
    return Check("open port", "warn", f"port {named} on {bind} has no password", hint)


async def _wants_password(client: Redis) -> bool:
    """Found out by coming without one, however it is set."""
    pool = client.connection_pool
    stranger = pool.connection_class(**{**pool.connection_kwargs, "credential_provider": None})
    try:
        await stranger.connect()  # type: ignore[no-untyped-call]
        await stranger.send_command("PING")
        await stranger.read_response()
    except AuthenticationError:
        return True
    except RedisError:
        return False  # not known: told as if it was open
    finally:
        await stranger.disconnect()
    return False


def _clock(skew_s: float) -> Check:
    detail = f"{abs(skew_s):.1f} s {'ahead of' if skew_s > 0 else 'behind'} the server"
    status: Status = "fail" if abs(skew_s) > SKEW_FAIL_S else "warn" if abs(skew_s) > SKEW_WARN_S else "ok"
    return Check("clock", status, detail, None if status == "ok" else "let NTP set both clocks")


def _library(listing: object) -> Check:
    if not listing:
        return Check("library", "warn", "not loaded yet", "`aqe up` and every agent load it")
    if not is_current(listing):
        return Check("library", "warn", "another version of aqe loaded its own", "use one version; `aqe up` loads this")
    return Check("library", "ok", "loaded")
