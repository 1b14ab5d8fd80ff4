"""Several redis-servers on loopback that may be killed: a Redis Cluster, or a primary with replicas and sentinels.

For `drill_cluster` and for the integration tests. Each server has a folder of its own and is ended by its process id.
"""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

START_S = 60.0
NODE_TIMEOUT_MS = 2000
"""A Cluster node is taken for dead after this long; its replica takes over within about twice that."""
DOWN_AFTER_MS = 1500
"""The same for sentinels."""
SLOTS = 16384
_HELD: list[socket.socket] = []
DURABLE = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}
SYNCED = {**DURABLE, "appendfsync": "always"}
"""For servers that are killed: with a sync a second the kill takes confirmed writes along; asked is what we lose."""


def find_redis_server() -> str | None:
    """Debian's redis-server, or whatever has that name on PATH."""
    return shutil.which("redis-server")


@dataclass
class Node:
    """One server.

    Args:
        folder: its own, made when it is missing.
        options: of its configuration.
        arguments: besides them.
        program: the binary; None = redis-server on PATH.
    """

    folder: Path
    options: dict[str, str]
    arguments: Sequence[str] = ()
    program: str | None = None
    port: int = field(default_factory=lambda: free_port())
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start and wait until it answers, with what it has on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder), **self.options}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        program = self.program or find_redis_server()
        assert program, "no redis-server on PATH"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([program, *self.arguments, *words], stdout=log, stderr=log, cwd=self.folder)
        until(self._answers_or_ended, what=f"start of {self.folder.name}")
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.folder.name} ended at once: {(self.folder / 'log').read_text()[-500:]}")

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self, *, resume: bool = False) -> None:
        """SIGSTOP: still there, but does nothing; or SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT if resume else signal.SIGSTOP)

    def cut_replication(self) -> None:
        """Replicas lose their link to this server and do not get it back; who writes here does not notice."""
        self.ask("ACL SETUSER", "default", "-psync", "-sync")
        self.ask("CLIENT KILL", "TYPE", "replica")

    def answers(self) -> bool:
        """True when it accepts commands."""
        with contextlib.suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def _answers_or_ended(self) -> bool:
        return (self.process is not None and self.process.poll() is not None) or self.answers()

    def client(self) -> Redis:
        """A blocking connection."""
        return Redis(port=self.port, protocol=2, decode_responses=True, socket_timeout=5)

    def ask(self, *command: object) -> Any:
        """One command, its answer."""
        with self.client() as client:
            return client.execute_command(*command)

    def info(self, section: str) -> dict[str, Any]:
        """INFO."""
        with self.client() as client:
            return dict(client.info(section))


@dataclass
class Cluster:
    """A Redis Cluster."""

    nodes: list[Node]
    shards: int

    @property
    def url(self) -> str:
        """For `connect`: three of its nodes."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:3])

    def primary_of(self, prefix: str) -> Node:
        """Which node serves a fleet's slot now, as the others see it."""
        slot = key_slot(prefix.encode())
        for asked in filter(Node.answers, self.nodes):
            for first, last, (_, port, *_), *_ in asked.ask("CLUSTER SLOTS"):
                if first <= slot <= last:
                    return next(node for node in self.nodes if node.port == port)
        raise LookupError(f"nobody serves slot {slot}")

    def fleet_on(self, shard: int, number: int = 0) -> str:
        """A fleet's name whose slot one of the first shards was given; another number, another name."""
        width = SLOTS // self.shards
        names = (f"f{n}" for n in range(SLOTS))
        fitting = (name for name in names if min(key_slot(f"{{{name}}}".encode()) // width, self.shards - 1) == shard)
        return next(name for position, name in enumerate(fitting) if position == number)

    def whole(self) -> bool:
        """True when every node sees every slot served and every replica is in step."""
        return all(
            node.ask("CLUSTER INFO")["cluster_state"] == "ok"
            and len(node.ask("CLUSTER NODES")) == len(self.nodes)
            and (info := node.info("replication"))
            and (info["role"] == "master" or info["master_link_status"] == "up")
            for node in self.nodes
        )


@contextlib.contextmanager
def cluster(folder: Path, *, shards: int = 3, replicas: int = 1, **options: str) -> Iterator[Cluster]:
    """Start a cluster whose slots are spread evenly; gone afterwards.

    Args:
        folder: for its data.
        shards, replicas: how many primaries, and replicas of each.
        options: of every node's configuration, with `_` for `-`.
    """
    settings = {
        **DURABLE,
        "cluster-enabled": "yes",
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
        # A shard without a primary stops its own fleets only.
        "cluster-require-full-coverage": "no",
        "repl-diskless-sync-delay": "0",
        **_dashes(options),
    }
    nodes = [Node(folder / f"node-{n}", dict(settings)) for n in range(shards * (1 + replicas))]
    for node in nodes:
        node.options["cluster-port"] = str(free_port())
    made = Cluster(nodes, shards)
    with _running(nodes):
        for epoch, node in enumerate(nodes, start=1):
            node.ask("CLUSTER SET-CONFIG-EPOCH", epoch)
        for shard, node in enumerate(nodes[:shards]):
            width, last = SLOTS // shards, SLOTS if shard == shards - 1 else (shard + 1) * (SLOTS // shards)
            node.ask("CLUSTER ADDSLOTSRANGE", shard * width, last - 1)
        for node in nodes[1:]:
            nodes[0].ask("CLUSTER MEET", "127.0.0.1", node.port, node.options["cluster-port"])
        until(lambda: all(len(node.ask("CLUSTER NODES")) == len(nodes) for node in nodes), what="the nodes to meet")
        for number, node in enumerate(nodes[shards:]):
            primary_id = nodes[number % shards].ask("CLUSTER MYID")
            until(lambda node=node, to=primary_id: _replicates(node, to), what="the replica to join")  # type: ignore[misc]
        until(made.whole, what="the cluster to be whole")
        yield made


@dataclass
class Watched:
    """A primary, its replicas, and sentinels that watch them."""

    nodes: list[Node]
    sentinels: list[Node]

    @property
    def url(self) -> str:
        """For `connect`."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{node.port}' for node in self.sentinels)}/shop"

    def primary(self) -> Node:
        """Whom the sentinels name."""
        _, port = self.sentinels[0].ask("SENTINEL GET-MASTER-ADDR-BY-NAME", "shop")
        return next(node for node in self.nodes if node.port == int(port))

    def fail_over(self) -> None:
        """On purpose, as soon as the sentinels know a replica that is good enough."""
        until(lambda: self.sentinels[0].ask("SENTINEL FAILOVER", "shop"), what="the sentinels to agree")

    def in_step(self, replicas: int) -> bool:
        """True when so many replicas have what the primary has, but for some bytes, and all sentinels know them."""
        known = all(s.ask("SENTINEL REPLICAS", "shop").__len__() >= replicas for s in self.sentinels)
        info = self.primary().info("replication")
        attached = [info[f"slave{n}"] for n in range(info["connected_slaves"])]
        # "online" alone may mean that it still loads: it gets what is written when it has said how far it is.
        behind = [info["master_repl_offset"] - each["offset"] for each in attached if each["state"] == "online"]
        return known and sum(each < 1000 for each in behind) >= replicas


@contextlib.contextmanager
def watched(
    folder: Path, *, replicas: int = 2, sentinels: int = 3, program: str | None = None, **options: str
) -> Iterator[Watched]:
    """Start a primary, replicas and sentinels; gone afterwards.

    Args:
        folder: for their data.
        replicas, sentinels: how many; a majority of the sentinels decides.
        program: the servers' binary; None = redis-server on PATH.
        options: of every server's configuration, with `_` for `-`.
    """
    settings = {**DURABLE, "repl-diskless-sync-delay": "0", **_dashes(options)}
    primary = Node(folder / "server-0", settings, program=program)
    nodes = [primary]
    for n in range(1, replicas + 1):
        nodes.append(
            Node(folder / f"server-{n}", {**settings, "replicaof": f"127.0.0.1 {primary.port}"}, program=program)
        )
    quorum = sentinels // 2 + 1
    watchers = []
    for n in range(sentinels):
        home = folder / f"sentinel-{n}"
        home.mkdir(parents=True)
        (home / "sentinel.conf").write_text(
            f"sentinel monitor shop 127.0.0.1 {primary.port} {quorum}\n"
            f"sentinel down-after-milliseconds shop {DOWN_AFTER_MS}\n"
            "sentinel failover-timeout shop 4000\n"
            "sentinel parallel-syncs shop 2\n"
        )
        watchers.append(Node(home, {}, arguments=("sentinel.conf", "--sentinel"), program=program))
    made = Watched(nodes, watchers)
    with _running(nodes), _running(watchers):
        until(lambda: made.in_step(replicas), what="replicas and sentinels to find each other")
        yield made


def until(condition: Callable[[], object], *, within_s: float = START_S, what: str = "") -> None:
    """Wait for a condition; a server that does not answer yet counts as false."""
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(RedisError, LookupError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A port of loopback that nobody uses; below those that outgoing connections get, so that it stays free.

    It is held for this process, bound but not listening: no other call, here or in another process, is given it too,
    while a server that sets SO_REUSEADDR, as all that we start do, may listen there.
    """
    while True:
        held, port = socket.socket(), random.randrange(20_000, 32_000)
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            held.close()
            continue
        # Shared only from now on: two that set this before they bind may be given the same port.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _HELD.append(held)
        return port


@contextlib.contextmanager
def _running(nodes: Sequence[Node]) -> Iterator[None]:
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.kill()


def _replicates(node: Node, primary_id: str) -> bool:
    node.ask("CLUSTER REPLICATE", primary_id)
    return True


def _dashes(options: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in options.items()}
