"""What a fleet looks like from outside: server, agents, tasks, streams; and what a release still lacks."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field
from pydantic.alias_generators import to_camel

from ..bus.deadletters import DeadLetter, dropped_letters, letter_name, list_dead_letters
from ..bus.events import EVENT_TYPES, Event
from ..bus.inspect import GroupInfo, RawEntry, StreamInfo, group_infos, raw_tail, stream_infos
from ..bus.names import check_type
from ..config.settings import Settings
from ..core import jsontext
from ..core.errors import InputError, ServiceUnavailable
from ..core.globs import is_glob
from ..core.records.base import Record
from ..core.records.tasks import AgentRecord, Priority, TaskStatus
from ..memory.store import MemoryRecord
from ..memory.watch import watch
from .processes import supervisor_pid
from .roster import AGENTS
from .runtime import Runtime, open_runtime
from .servers.connect import Clients
from .servers.server import ServerInfo, find_server, product
from .tasks import COMMANDER_TYPE, agents, list_tasks

READY_TIMEOUT_S = 60.0
"""Commander and agents are ready after about two seconds; this is for a machine under load."""
POLL_S = 0.1


class ServerView(Record):
    """The server in use."""

    address: str
    """Host and port or socket, without password."""
    version: str
    """`Valkey 9.1.2`."""
    embedded: bool
    pid: int | None
    """Of the embedded server."""
    data_dir: str | None
    listen: str | None
    """Address at which the embedded server answers besides its socket."""
    persistence: str
    redis_cli: str
    """The line that opens redis-cli there."""


class AgentView(Record):
    """An agent and whether it has a heartbeat."""

    agent: AgentRecord
    alive: bool


class Overview(Record):
    """What `aqe status` shows."""

    fleet: str
    """Name; empty = the default fleet."""
    server: ServerView | None
    """None = the embedded server does not run."""
    supervisor_pid: int | None
    """Of the fleet that `aqe up` started."""
    redaction_keeps: tuple[str, ...] = ()
    """Kinds that imports leave in, or `all`."""
    agents: tuple[AgentView, ...] = ()
    """Those that should be there: neither stopped nor lost."""
    tasks: dict[str, int] = Field(default_factory=dict)
    """Status -> number of tasks."""
    streams: tuple[StreamInfo, ...] = ()


async def overview(settings: Settings) -> Overview:
    """Looks; starts nothing.

    Raises:
        ServiceUnavailable: the server runs or is given, but cannot be used.
    """
    supervisor = supervisor_pid(settings)
    server = find_server(settings)
    if server is None:
        return Overview(
            fleet=settings.fleet.name,
            server=None,
            supervisor_pid=supervisor,
            redaction_keeps=settings.redaction.left_in,
        )
    async with open_runtime(settings, name="cli", server=server) as runtime:
        return Overview(
            fleet=settings.fleet.name,
            server=await _server_view(server, runtime.clients),
            supervisor_pid=supervisor,
            redaction_keeps=settings.redaction.left_in,
            agents=tuple(view for view in await agent_views(runtime) if view.agent.stopped_at is None),
            tasks=await _tasks(runtime),
            streams=tuple(await streams(runtime)),
        )


async def agent_views(runtime: Runtime) -> list[AgentView]:
    """All known agents, newest first."""
    return [AgentView(agent=record, alive=alive) for record, alive in await agents(runtime)]


async def wait_until_ready(
    runtime: Runtime, *, since: datetime | None, said: Callable[[str], None], timeout_s: float = READY_TIMEOUT_S
) -> None:
    """Wait until the commander and an agent of every type have a heartbeat.

    Args:
        since: agents that started before this do not count: a killed one has a heartbeat for a while.
        said: called with the name of each that is ready.

    Raises:
        ServiceUnavailable: somebody is missing after `timeout_s`, or the supervisor ended; says where its log is.
    """
    waiting = {COMMANDER_TYPE, *(agent.agent_type for agent in AGENTS)}
    deadline_s = runtime.clock.monotonic_s() + timeout_s
    while True:
        for view in await agent_views(runtime):
            ready = view.alive and (since is None or view.agent.started_at >= since)
            if ready and view.agent.type in waiting:
                waiting.remove(view.agent.type)
                said(f"  {view.agent.type}: ready")
        if not waiting:
            return
        gone = supervisor_pid(runtime.settings) is None
        if gone or runtime.clock.monotonic_s() > deadline_s:
            why = "its supervisor ended" if gone else f"not ready after {timeout_s:g} s: {', '.join(sorted(waiting))}"
            raise ServiceUnavailable(
                f"the fleet did not start: {why}", hint=f"its log: {runtime.settings.data_dir / 'fleet.log'}"
            )
        await runtime.clock.sleep(POLL_S)


async def _tasks(runtime: Runtime) -> dict[str, int]:
    counted = Counter(task.status for task in await list_tasks(runtime))
    return {status.value: counted[status] for status in TaskStatus if counted[status]}


async def _server_view(server: ServerInfo, clients: Clients) -> ServerView:
    facts: dict[str, Any] = await clients.commands.info()  # of a cluster: the node that holds the fleet
    return ServerView(
        address=server.address,
        version=product(facts),
        embedded=server.source != "url",
        pid=server.pid,
        data_dir=str(server.data_dir) if server.data_dir else None,
        listen=server.listen,
        persistence="append-only file" if facts.get("aof_enabled") else "none: a crash loses data",
        redis_cli=server.redis_cli,
    )


# Streams -------------------------------------------------------------------------------------------------------------


async def event_streams(runtime: Runtime) -> list[StreamInfo]:
    """The stream of every event type that has one."""
    names = runtime.bus.names
    return await stream_infos(runtime.clients.commands, names, [names.events(t) for t in await runtime.bus.types()])


async def streams(runtime: Runtime) -> list[StreamInfo]:
    """Streams with something in them: events, task lanes, dead letters."""
    names = runtime.bus.names
    physical = await _streams(runtime)
    physical += [names.dead(letter_name(names, stream)) for stream in physical]
    return [info for info in await stream_infos(runtime.clients.commands, names, physical) if info.entries]


async def groups(runtime: Runtime) -> list[GroupInfo]:
    """Every consumer group of events and task lanes."""
    return await group_infos(runtime.clients.commands, runtime.bus.names, await _streams(runtime))


async def _streams(runtime: Runtime) -> list[str]:
    names = runtime.bus.names
    lanes = [names.lane(agent.agent_type, priority) for agent in AGENTS for priority in Priority]
    # A group may wait at a stream that nobody has written to yet.
    return [*map(names.events, sorted({*EVENT_TYPES, *await runtime.bus.types()})), *lanes]


async def dead_letters(runtime: Runtime, name: str | None) -> tuple[list[DeadLetter], dict[str, int]]:
    """Dead letters, newest first, and event type or lane -> older ones that were dropped because there were too many.

    Args:
        name: only of this event type or lane; None = of all.
    """
    client, names = runtime.clients.commands, runtime.bus.names
    dropped = await dropped_letters(client, names)
    letters = await list_dead_letters(client, names, name=name)
    return letters, {each: number for each, number in dropped.items() if name in (None, each)}


def tail(runtime: Runtime, glob: str, *, start: str, follow: bool) -> AsyncIterator[RawEntry]:
    """Entries of the event streams as they stand there; see bus/inspect.raw_tail."""
    if not is_glob(glob):
        check_type(glob)
    clients = runtime.clients
    return raw_tail(
        clients.commands, clients.blocking, runtime.bus.names, glob, start=start, follow=follow, clock=runtime.clock
    )


def cloud_event(entry: RawEntry) -> dict[str, Any]:
    """A stream entry in the JSON format of CloudEvents, with its id in the stream as `streamid`.

    The payload is not compared with its type's model: who looks wants to see what is there.

    Raises:
        InputError: no event at all: a field is missing, or its data is no JSON.
    """
    fields = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in entry.fields.items()}
    for name in ("id", "type", "source", "time", "data"):
        if name not in fields:
            raise InputError(f"{entry.stream} {entry.id}: no field {name!r}")
    data = jsontext.loads(fields.pop("data"), where=f"{entry.stream} {entry.id}: data")
    return {**fields, "streamid": entry.id, "data": data}


def event_json(event: Event) -> dict[str, Any]:
    """An event that was read, in the JSON format of CloudEvents."""
    words = [text if isinstance(text, str) else text.decode() for text in event.fields()]
    fields = dict(zip(words[::2], words[1::2], strict=True))
    return {**fields, "data": jsontext.loads(fields["data"], where="data")}


def watch_memory(runtime: Runtime, glob: str) -> AsyncIterator[MemoryRecord]:
    """Values as they change; see memory/watch.watch."""
    return watch(runtime.memory, runtime.clients.commands, glob, prefix=runtime.settings.prefix)


def formats() -> list[dict[str, Any]]:
    """What `aqe import` reads: each format's name and products, and the words about it."""
    from ..connectors.formats.table import IMPORTERS  # here: what runs is asked more often

    return [
        {"name": i.name, "produces": list(i.produces)} | {to_camel(k): v for k, v in asdict(i.about).items()}
        for i in IMPORTERS
    ]
