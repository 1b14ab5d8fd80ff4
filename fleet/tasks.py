"""Getting work done: over the bus when a fleet runs, else by an agent in this very process.

Both ways are the same code: the task is a record, its entry lies in a lane, an agent takes it, and its effects are
committed with the acknowledgement. Without a fleet the lane is the task's own and the agent ends after it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..agents.commander.routing import route
from ..agents.commander.workflow import WORKFLOWS, step_task
from ..bus.events import Event, TaskCancelled, TaskSubmitted
from ..bus.heartbeats import alive
from ..bus.lanes import into_lane
from ..core import ids
from ..core.errors import AqeError, ConflictError, InputError, NotFoundError, ServiceUnavailable
from ..core.records.tasks import FINAL, AgentRecord, Priority, TaskAssignment, TaskStatus, task_key
from ..memory.readable import readable
from .roster import agent_class, profiles
from .runtime import Runtime

COMMANDER_TYPE = "fleet-commander"
OWN_RECORD_TTL_S = 86_400
"""The record of a task done in the caller's process goes after a day if the process is killed."""
OUTCOMES = ("task:completed", "task:failed", "task:cancelled")


class TaskFailedError(AqeError):
    """The task ended without a result."""

    exit_code = 1


def new_task(
    runtime: Runtime,
    task_type: str,
    payload: Mapping[str, Any],
    *,
    priority: Priority = Priority.MEDIUM,
    requirements: Sequence[str] = (),
    deadline_s: float | None = None,
) -> TaskAssignment:
    """A task that nobody knows of yet."""
    now = runtime.clock.now()
    task_id = ids.task_id(now)
    return TaskAssignment(
        id=task_id,
        type=task_type,
        payload=dict(payload),
        priority=priority,
        requirements=tuple(requirements),
        correlation_id=task_id,
        deadline=None if deadline_s is None else now + timedelta(seconds=deadline_s),
        submitted_at=now,
    )


async def submit(runtime: Runtime, task: TaskAssignment) -> str:
    """Hand a task to the commander; returns its id. It waits in the stream when no commander runs yet."""
    if task.type not in WORKFLOWS:
        route(task.type, task.requirements, profiles())  # a mistyped name is told here, not in an event
    await _publish(runtime, task)
    return task.id


async def _publish(runtime: Runtime, task: TaskAssignment) -> str:
    """Returns the entry's id in the stream."""
    submitted = TaskSubmitted(
        type=task.type,
        task_id=task.id,
        payload=task.payload,
        priority=task.priority.value,
        requirements=task.requirements,
        deadline=task.deadline,
    )
    return await runtime.bus.publish(
        Event.of(
            submitted,
            id=f"{task.id}:submitted",
            source="cli",
            time=task.submitted_at,
            subject=task.id,
            correlation_id=task.correlation_id,
        )
    )


async def perform(
    runtime: Runtime, task: TaskAssignment, *, timeout_s: float = 600.0, said: Callable[[str], None] = lambda line: None
) -> TaskAssignment:
    """Have a task done and wait for it.

    Args:
        runtime: the open parts.
        task: from `new_task`.
        timeout_s: how long to wait when a fleet does it.
        said: called with a line about where it is done.

    Returns:
        The finished task with its result.

    Raises:
        InputError: no agent serves such a task.
        TaskFailedError: it failed, was vetoed or cancelled; says why.
        ServiceUnavailable: no answer within `timeout_s`; the task goes on.
    """
    steps = WORKFLOWS.get(task.type)
    if await _fleet_serves(runtime, steps or (task.type,), () if steps else task.requirements):
        said(f"task {task.id}: handed to the fleet")
        done = await _over_the_bus(runtime, task, timeout_s)
    elif steps:
        done = await _workflow_here(runtime, task, said)
    else:
        said(f"task {task.id}: no fleet runs, done in this process")
        done = await _here(runtime, task)
    if done.status is not TaskStatus.COMPLETED:
        what = done.type if done.no_data else f"{done.type} {done.status}"
        raise TaskFailedError(f"{what}: {done.error or 'no reason given'}", hint=done.hint)
    return done


async def show(runtime: Runtime, task_id: str) -> TaskAssignment:
    """A task's record; NotFoundError when there is none."""
    raw = await runtime.memory.retrieve(task_key(task_id))
    if raw is None:
        raise NotFoundError(
            f"no task {task_id!r}", hint="`aqe task list` shows the known ones; finished ones go after a week"
        )
    return TaskAssignment.from_value(raw, where=task_key(task_id))


async def list_tasks(runtime: Runtime, *, status: TaskStatus | None = None) -> list[TaskAssignment]:
    """All known tasks, newest first."""
    tasks = await readable(runtime.memory, "aqe/fleet/tasks/*", TaskAssignment)
    return sorted((t for t in tasks.values() if status in (None, t.status)), key=lambda t: t.submitted_at, reverse=True)


async def cancel(runtime: Runtime, task_id: str) -> TaskAssignment:
    """Cancel a task that has not started.

    Raises:
        InputError: it is running or over.
    """
    record = await runtime.memory.retrieve_record(task_key(task_id))
    task = await show(runtime, task_id)
    if task.status in FINAL or task.status is TaskStatus.RUNNING or record is None:
        raise InputError(f"task {task_id} is {task.status}", hint="only a task that waits can be cancelled")
    now = runtime.clock.now()
    cancelled = task.model_copy(update={"status": TaskStatus.CANCELLED, "finished_at": now})
    event = Event.of(
        TaskCancelled(task_id=task_id, type=task.type),
        id=f"{task_id}:task:cancelled",
        source="cli",
        time=now,
        subject=task_id,
        correlation_id=task.correlation_id,
    )
    memory = runtime.memory
    try:
        await memory.apply(
            [
                memory.prepare_store(task_key(task_id), cancelled, expected_version=record.version),
                runtime.bus.prepare(event),
            ]
        )
    except ConflictError as error:
        raise InputError(
            f"task {task_id} has just been started", hint="only a task that waits can be cancelled"
        ) from error
    return cancelled


async def agents(runtime: Runtime) -> list[tuple[AgentRecord, bool]]:
    """Known agents and whether each has a heartbeat, newest first."""
    records = [*(await readable(runtime.memory, "aqe/fleet/agents/*", AgentRecord)).values()]
    living = await alive(runtime.clients.commands, runtime.bus.names, [record.id for record in records])
    return [(r, r.id in living) for r in sorted(records, key=lambda r: r.started_at, reverse=True)]


async def _fleet_serves(runtime: Runtime, kinds: Sequence[str], requirements: Sequence[str]) -> bool:
    """Whether a commander lives, and for each kind of task an agent that says it can do it.

    The living are asked before our own code is, which takes as long to import as the rest of a command.
    """
    living = [record for record, is_alive in await agents(runtime) if is_alive]
    able = [set(record.capabilities) for record in living]
    commanded = any(record.type == COMMANDER_TYPE for record in living)
    return commanded and all(any({kind, *requirements} <= one for one in able) for kind in kinds)


async def _over_the_bus(runtime: Runtime, task: TaskAssignment, timeout_s: float) -> TaskAssignment:
    submitted_ms = int((await _publish(runtime, task)).partition("-")[0])
    try:
        async with asyncio.timeout(timeout_s):
            await runtime.bus.wait_for(OUTCOMES, subject=task.id, start=f"{submitted_ms - 1}-0")
            return await show(runtime, task.id)
    except TimeoutError as error:
        raise ServiceUnavailable(
            f"task {task.id} was not done within {timeout_s:g} s", hint=f"it goes on: aqe task show {task.id}"
        ) from error


async def _workflow_here(runtime: Runtime, task: TaskAssignment, said: Callable[[str], None]) -> TaskAssignment:
    done, number = task, 0
    while (step := step_task(task, number)) is not None:
        said(f"step {step.type}: no fleet runs, done in this process")
        done = await _here(runtime, step)
        if done.status is not TaskStatus.COMPLETED:
            break
        number += 1
    return done


async def _here(runtime: Runtime, task: TaskAssignment) -> TaskAssignment:
    agent_type = route(task.type, task.requirements, profiles())
    lane = runtime.bus.names.own_lane(task.id)
    queued = task.model_copy(
        update={"status": TaskStatus.QUEUED, "agent_type": agent_type, "lane": runtime.bus.names.logical(lane)}
    )
    memory = runtime.memory
    await memory.apply(
        [memory.prepare_store(task_key(task.id), queued, ttl_s=OWN_RECORD_TTL_S), into_lane(lane, task.id)]
    )
    try:
        await agent_class(agent_type)(runtime.services()).run_one(lane, task.id)
        return await show(runtime, task.id)
    finally:
        await runtime.clients.commands.delete(lane)
