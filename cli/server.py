"""`aqe up`, `down`, `status`, `doctor`: what runs, and whether it is well."""

from typing import TYPE_CHECKING

import click

from .common import load, look, output_options, print_json, run, say
from .text import clean, cleaned, facts, table

if TYPE_CHECKING:
    from ..fleet.overview import Overview
    from ..fleet.project import Settings
    from ..fleet.servers.server import ServerInfo


@click.command()
@click.option("--listen", metavar="IP:PORT", help="Let the embedded server answer over TCP too, with a password.")
@click.option("--i-know", is_flag=True, help="Permit an address that other machines can reach.")
@click.option("--server-only", is_flag=True, help="Start no commander and no agents.")
@click.pass_context
def up(ctx: click.Context, listen: str | None, i_know: bool, server_only: bool) -> None:
    """Start server, commander and agents in the background, and wait until they are ready.

    What runs already stays as it is.

    \b
    Examples: aqe up
              aqe up --listen 127.0.0.1:6390
    """
    from ..fleet.overview import overview
    from ..fleet.servers.server import ensure_server

    settings = load(ctx, listen=listen, i_know=i_know or None)
    server = ensure_server(settings)
    say(f"server: {'started' if server.source == 'started' else 'in use'}, {server.address}")
    run(_start(settings, server, server_only))
    click.echo(overview_text(run(overview(settings))))
    click.echo("\nStop it with `aqe down`.")


@click.command()
@click.pass_context
def down(ctx: click.Context) -> None:
    """Stop agents, commander and the embedded server; tasks at hand are finished first.

    A server given by AQE_REDIS_URL, --redis-url or aqe.yaml is left alone. Nothing stored is lost.

    \b
    Example: aqe down
    """
    from ..fleet.processes import other_fleets, stop_detached
    from ..fleet.servers.server import stop_server

    settings = load(ctx)
    click.echo("fleet: stopped" if stop_detached(settings) else "fleet: none was running")
    if others := other_fleets(settings):
        click.echo(f"embedded server: goes on, other fleets use it ({', '.join(others)})")
        return
    click.echo("embedded server: stopped" if stop_server(settings) else "embedded server: none was running")


@click.command()
@output_options
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Server, fleet, tasks and streams at a glance; starts nothing.

    \b
    Exit codes: 0 the server answers, 3 it does not run or cannot be used.
    Example: aqe status
    """
    show_status(ctx, as_json)


@click.command()
@output_options
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check everything that the fleet stands on; changes nothing.

    \b
    Exit codes: 0 no check failed (warnings are no failure), 1 a check failed.
    Example: aqe doctor
    """
    from dataclasses import asdict

    from ..fleet.doctor import exit_code, run_doctor

    settings = load(ctx)
    checks = run_doctor(settings)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        shown = look(settings)
        width = max(len(check.name) for check in checks)
        for check in checks:
            hint = f" ({check.hint})" if check.hint else ""
            click.echo(f"{shown.word(check.status, width=4)}  {check.name:<{width}}  {clean(check.detail + hint)}")
    ctx.exit(exit_code(checks))


def show_status(ctx: click.Context, as_json: bool) -> None:
    """Print the overview and end with its exit code."""
    from ..core.errors import EXIT_OK, EXIT_UNAVAILABLE
    from ..fleet.overview import overview

    view = run(overview(load(ctx)))
    if as_json:
        print_json(view)
    else:
        click.echo(overview_text(view))
    ctx.exit(EXIT_OK if view.server else EXIT_UNAVAILABLE)


def overview_text(view: "Overview") -> str:
    """Server, fleet, tasks and streams."""
    view = cleaned(view)
    supervisor = f"process {view.supervisor_pid}" if view.supervisor_pid else "not started here (`aqe up` starts it)"
    keeps = f"KEEPS {', '.join(view.redaction_keeps)}" if view.redaction_keeps else None
    lines = [
        facts([*_server_facts(view), ("fleet", f"{view.fleet or '(default)'}, {supervisor}"), ("redaction", keeps)])
    ]
    if view.agents:
        rows = [
            (a.agent.type, a.agent.state if a.alive else "no heartbeat", a.agent.pid, a.agent.host, a.agent.task or "-")
            for a in view.agents
        ]
        lines += ["", table(("AGENT", "STATE", "PID", "HOST", "TASK"), rows)]
    if view.tasks:
        lines += ["", "tasks: " + ", ".join(f"{number} {status}" for status, number in view.tasks.items())]
    if view.streams:
        lines += ["", table(("STREAM", "ENTRIES"), [(s.stream, s.entries) for s in view.streams])]
        lines += [f"{s.stream}: {s.dropped:,} older letters were dropped" for s in view.streams if s.dropped]
    return "\n".join(lines)


def _server_facts(view: "Overview") -> list[tuple[str, object]]:
    server = view.server
    if server is None:
        return [("server", "the embedded server is not running (`aqe up` starts it, other commands do too)")]
    kind = f"embedded, process {server.pid}" if server.embedded else "given"
    return [
        ("server", f"{server.version} at {server.address} ({kind})"),
        ("listens at", server.listen),
        ("data", server.data_dir),
        ("persistence", server.persistence),
        ("redis-cli", server.redis_cli),
    ]


async def _start(settings: "Settings", server: "ServerInfo", server_only: bool) -> None:
    """Load the function library, start the fleet, wait for it."""
    from ..fleet.overview import wait_until_ready
    from ..fleet.processes import start_detached, supervisor_pid
    from ..fleet.runtime import open_runtime
    from ..fleet.servers.library import Library

    async with open_runtime(settings, name="cli", server=server) as parts:
        await Library(parts.clients.commands).load()
        if server_only:
            return
        running = supervisor_pid(settings)
        since = None if running else parts.clock.now()
        pid = start_detached(settings)
        say(f"fleet: {'runs already' if running else 'started'}, process {pid}")
        await wait_until_ready(parts, since=since, said=say)
