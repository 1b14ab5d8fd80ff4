"""`aqe fleet` and `aqe task`: who works, on what."""

import gc
from typing import TYPE_CHECKING, Any

import click

from .common import load, output_options, print_json, run, say, with_runtime
from .params import duration, read_json
from .text import cleaned, facts, table, time_text

if TYPE_CHECKING:
    from ..core.records.tasks import TaskAssignment
    from ..fleet.runtime import Runtime

PRIORITIES = ("low", "medium", "high", "critical")
STATUSES = ("created", "queued", "assigned", "running", "completed", "failed", "cancelled")
"""Literals, because a choice is made before anything heavy is imported; a test compares them with the enumerations."""
GARBAGE_EVERY = 50_000
"""Objects made between two searches for garbage in an agent: it lives for weeks, so less may lie about in it than in a
command."""


@click.group()
def fleet() -> None:
    """Commander and agents."""


@fleet.command()
@output_options
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """The same as `aqe status`: server, agents, tasks, streams.

    \b
    Exit codes: 0 the server answers, 3 it does not run or cannot be used.
    Example: aqe fleet status
    """
    from .server import show_status

    show_status(ctx, as_json)


@fleet.command()
@click.option("--all", "everybody", is_flag=True, help="Also those that stopped or were lost, for a week.")
@output_options
@click.pass_context
def agents(ctx: click.Context, as_json: bool, everybody: bool) -> None:
    """Agents, newest first, and whether each has a heartbeat.

    \b
    Example: aqe fleet agents --all
    """
    from ..fleet.overview import agent_views

    found = with_runtime(ctx, agent_views)
    views = [cleaned(view) for view in found if everybody or view.agent.stopped_at is None]
    if as_json:
        print_json(views)
        return
    rows = [
        (v.agent.id, v.agent.state, "yes" if v.alive else "no", time_text(v.agent.started_at), v.agent.task or "-")
        for v in views
    ]
    click.echo(table(("AGENT", "STATE", "HEARTBEAT", "STARTED", "TASK"), rows))


@fleet.command()
@click.argument("task_type", metavar="TYPE")
@click.option("--payload", metavar="JSON|-", default="{}", help="The task's input, a JSON object; - = standard input.")
@click.option("--priority", type=click.Choice(PRIORITIES), default="medium", show_default=True)
@click.option(
    "--deadline", "deadline_s", type=duration, metavar="DURATION", help="Fail it when not started by then: 10m."
)
@click.option("--wait", is_flag=True, help="Wait and print its result; without a fleet it is done in this process.")
@output_options
@click.pass_context
def dispatch(
    ctx: click.Context, as_json: bool, task_type: str, payload: str, priority: str, deadline_s: float | None, wait: bool
) -> None:
    """Hand a task to the commander, which queues it for an agent that serves its TYPE.

    Without --wait it prints the task's id, and the task waits when no fleet runs.

    \b
    Exit codes: 0 handed over or done, 1 it failed or was vetoed (--wait).
    Example: aqe fleet dispatch risk-score --payload '{"version": "v1.4.0"}' --wait
    """
    from ..core.errors import InputError

    value = read_json(payload, where="--payload")
    if not isinstance(value, dict):
        raise InputError("--payload: expected a JSON object", hint="""'{"version": "v1.4.0"}'""")

    async def work(parts: "Runtime") -> Any:
        from ..core.records.tasks import Priority
        from ..fleet.tasks import new_task, perform, submit

        task = new_task(parts, task_type, value, priority=Priority(priority), deadline_s=deadline_s)
        if wait:
            return (await perform(parts, task, said=say)).result
        return await submit(parts, task)

    done = with_runtime(ctx, work)
    if wait:
        print_json(done)
    elif as_json:
        print_json({"taskId": done})
    else:
        click.echo(done)


@fleet.command("guard")
@click.argument("rollout")
@click.pass_context
def guard_(ctx: click.Context, rollout: str) -> None:
    """Take a rollout back when nobody is left who runs it; `aqe deploy execute` starts this on its own host.

    \b
    Exit codes: 0 it has ended or was taken back, 2 none of this id was begun here.
    Example: aqe fleet guard rollout-20260301T120000-0a1b2c3d
    """
    from ..fleet.rollouts.guard import guard

    run(guard(load(ctx, default_log_level="info"), rollout))


@fleet.command("run")
@click.argument("role")
@click.option("--follow-parent", is_flag=True, help="Also end when standard input ends.")
@click.pass_context
def run_(ctx: click.Context, role: str, follow_parent: bool) -> None:
    """Be the commander or an agent, or supervise all of them, in the foreground until SIGTERM or Ctrl-C.

    ROLE is commander, production-intelligence, deployment-readiness, or all. For containers and service managers;
    `aqe up` runs `all` in the background.

    \b
    Example: aqe fleet run deployment-readiness
    """
    from ..core.errors import InputError
    from ..core.registry import did_you_mean
    from ..fleet.processes import run_role, supervise
    from ..fleet.roster import ROLES

    settings = load(ctx, default_log_level="info")
    gc.set_threshold(GARBAGE_EVERY, 10, 10)
    if role == "all":
        run(supervise(settings))
    elif role in ROLES:
        run(run_role(settings, role, follow_parent=follow_parent))
    else:
        known = (*ROLES, "all")
        raise InputError(f"unknown role {role!r}{did_you_mean(role, known)}", hint=f"known: {', '.join(known)}")


@click.group()
def task() -> None:
    """Tasks: what was asked for, what became of it."""


@task.command("list")
@click.option("--status", "wanted", type=click.Choice(STATUSES), help="Only these.")
@output_options
@click.pass_context
def list_(ctx: click.Context, as_json: bool, wanted: str | None) -> None:
    """Known tasks, newest first; finished ones are kept for a week.

    \b
    Example: aqe task list --status failed
    """

    async def work(parts: "Runtime") -> list["TaskAssignment"]:
        from ..core.records.tasks import TaskStatus
        from ..fleet.tasks import list_tasks

        return await list_tasks(parts, status=TaskStatus(wanted) if wanted else None)

    found = with_runtime(ctx, work)
    if as_json:
        print_json(found)
        return
    rows = [(t.id, t.type, t.status, t.priority, time_text(t.submitted_at), t.error or t.agent or "-") for t in found]
    click.echo(table(("TASK", "TYPE", "STATUS", "PRIORITY", "SUBMITTED", "ERROR OR AGENT"), rows))


@task.command("show")
@click.argument("task_id", metavar="ID")
@output_options
@click.pass_context
def show(ctx: click.Context, as_json: bool, task_id: str) -> None:
    """One task; --json has its payload and result.

    \b
    Example: aqe task show task-20260110T120000-1a2b3c4d --json
    """
    from ..fleet.tasks import show as show_task

    found = with_runtime(ctx, lambda parts: show_task(parts, task_id))
    if as_json:
        print_json(found)
    else:
        click.echo(task_text(found))


@task.command("cancel")
@click.argument("task_id", metavar="ID")
@output_options
@click.pass_context
def cancel(ctx: click.Context, as_json: bool, task_id: str) -> None:
    """Cancel a task that has not started; exit 2 when it has.

    \b
    Example: aqe task cancel task-20260110T120000-1a2b3c4d
    """
    from ..fleet.tasks import cancel as cancel_task

    found = with_runtime(ctx, lambda parts: cancel_task(parts, task_id))
    if as_json:
        print_json(found)
    else:
        say(f"cancelled {task_id}")


def task_text(task: "TaskAssignment") -> str:
    """A task for people."""
    task = cleaned(task)
    return facts(
        [
            ("Task", task.id),
            ("Type", task.type),
            ("Status", task.status),
            ("Error", task.error),
            ("Hint", task.hint),
            ("Priority", task.priority),
            ("Agent", task.agent or task.agent_type),
            ("Attempts", task.attempts or None),
            ("Submitted", time_text(task.submitted_at)),
            ("Started", time_text(task.started_at) if task.started_at else None),
            ("Finished", time_text(task.finished_at) if task.finished_at else None),
            ("Deadline", time_text(task.deadline) if task.deadline else None),
        ]
    )
