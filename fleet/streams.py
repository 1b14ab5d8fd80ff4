"""What operators do to streams: look at dead letters and give them back, replay a window, declare groups."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ..bus.deadletters import DeadLetter, drop_dead_letter, find_dead_letter, list_dead_letters, replay_dead_letter
from ..bus.events import matching_types
from ..bus.group import entry_order
from ..bus.lanes import into_lane
from ..bus.names import OWN_LANE
from ..bus.replay import replay
from ..core.errors import InputError
from ..core.records.tasks import TaskStatus, task_key
from .tasks import show

if TYPE_CHECKING:
    from ..bus.events import Event
    from .runtime import Runtime

LANES = "aqe:tasks:"


async def dead_letter(runtime: "Runtime", name: str, letter_id: str) -> DeadLetter:
    """One dead letter; NotFoundError when there is none."""
    return await find_dead_letter(runtime.clients.commands, runtime.bus.names, name, letter_id)


async def give_back(runtime: "Runtime", name: str, letter_id: str) -> str:
    """Have a dead letter handled once more, its attempts at zero; says how.

    Raises:
        NotFoundError: no such letter, or the task behind it is known no more.
        InputError: a task of a process that has ended.
    """
    letter = await dead_letter(runtime, name, letter_id)
    if letter.stream.startswith(LANES):
        return await _queue_again(runtime, letter)
    clients, bus = runtime.clients, runtime.bus
    answer = await replay_dead_letter(clients.commands, bus.functions, bus.names, letter)
    return (
        f"redelivered to {letter.group}" if answer == "redelivered" else "added as a new event, which every group sees"
    )


async def give_all_back(runtime: "Runtime", name: str) -> int:
    """The same for every letter of a name, oldest first; returns how many."""
    letters = await list_dead_letters(runtime.clients.commands, runtime.bus.names, name=name, limit=1_000_000)
    for letter in sorted(letters, key=lambda one: entry_order(one.id)):
        await give_back(runtime, name, letter.id)
    return len(letters)


async def drop(runtime: "Runtime", name: str, letter_id: str) -> DeadLetter:
    """Delete a dead letter; returns it. NotFoundError when there is none."""
    letter = await dead_letter(runtime, name, letter_id)
    await drop_dead_letter(runtime.clients.commands, runtime.bus.names, name, letter_id)
    return letter


async def replay_window(
    runtime: "Runtime", glob: str, *, group: str, since: datetime, until: datetime, handle: Callable[["Event"], None]
) -> int:
    """Call `handle` for each event of a window of the past; returns how many. See bus/replay.replay."""

    async def handler(event: "Event") -> None:
        handle(event)

    return await replay(runtime.bus, glob, handler, group=group, since=since, until=until)


async def declare_group(runtime: "Runtime", group: str, glob: str, *, durable: bool, start: str) -> list[str]:
    """Make a group on the streams of the types that match, before its first subscriber comes.

    Args:
        durable: nothing it has not acknowledged is ever dropped.
        start: "0" = all that is kept, "$" = only what comes, or an entry id.

    Returns:
        The event types on which it was made; where it existed it stays where it is.

    Raises:
        InputError: no type matches, or what is given is neither a glob nor a type.
    """
    bus = runtime.bus
    types = matching_types(glob, await bus.types())
    if not types:
        raise InputError(f"no event type matches {glob!r}", hint="`aqe events types` lists them")
    streams = {bus.names.events(event_type): event_type for event_type in types}
    if durable:
        for stream in streams:
            await runtime.clients.commands.execute_command("SADD", bus.names.durable(stream), group)  # type: ignore[no-untyped-call]
    made = await bus.consumer(group, lease_s=30.0, start=start).ensure(streams)
    return [streams[stream] for stream in made]


async def remove_group(runtime: "Runtime", group: str, glob: str) -> list[str]:
    """Remove a group, with what it has pending, from the types that match; returns those it was on."""
    removed = []
    for event_type in matching_types(glob, await runtime.bus.types()):
        if group in await runtime.bus.groups(event_type):
            await runtime.bus.remove_group(event_type, group)
            removed.append(event_type)
    return removed


async def _queue_again(runtime: "Runtime", letter: DeadLetter) -> str:
    if letter.stream.startswith(OWN_LANE):
        raise InputError("its task was asked for by a command that has ended", hint="give the command again")
    task = await show(runtime, letter.fields.get("taskId", ""))
    queued = task.model_copy(
        update={"status": TaskStatus.QUEUED, "agent": None, "error": None, "finished_at": None, "attempts": 0}
    )
    memory, names = runtime.memory, runtime.bus.names
    await memory.apply(
        [
            memory.prepare_store(task_key(task.id), queued),
            into_lane(names.prefix + letter.stream, task.id, again=letter.id),
        ]
    )
    await drop_dead_letter(runtime.clients.commands, names, letter.name, letter.id)
    return f"task {task.id} is queued again"
