"""The `aqe` command: a table of commands, each imported when chosen, so that `--help` is quick."""

import atexit
import gc
import os
import sys
from typing import Any

import click

from .lazy import LazyGroup
from .text import clean

COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "The whole idea on a real shop, in about a minute."),
    "init": ("project", "init", "Look at this repository and write aqe.yaml and a policy."),
    "config": ("project", "config", "Show or check the configuration."),
    "up": ("server", "up", "Start server, commander and agents."),
    "down": ("server", "down", "Stop them."),
    "status": ("server", "status", "Server, fleet, streams at a glance."),
    "doctor": ("server", "doctor", "Check that everything this project needs is well."),
    "import": ("importing", "import_", "Read files of tools into signals and datasets."),
    "signal": ("signals", "signal", "Quality signals of a release."),
    "release": ("signals", "release", "Releases known to the fleet."),
    "deploy": ("deploy", "deploy", "Is a release ready?"),
    "approver": ("approver", "approver", "Who may approve, override and attest."),
    "audit": ("audit", "audit", "Who decided what: the log that cannot be changed unseen."),
    "production": ("production", "production", "What production says."),
    "tests": ("tests", "tests", "Generated tests: run them, and keep what they cover."),
    "fault-proxy": ("fault_proxy", "fault_proxy", "Make things go wrong between a client and a server."),
    "events": ("events", "events", "The event streams."),
    "notify": ("notify", "notify", "Messages to people: who is told what."),
    "memory": ("memory", "memory", "Values in memory."),
    "fleet": ("fleet", "fleet", "Agents and dispatch."),
    "task": ("fleet", "task", "Tasks."),
    "skills": ("skills", "skills", "Ways of working, and the commands that serve them."),
    "schema": ("schema", "schema", "JSON Schemas and AsyncAPI document of events and keys."),
    "completion": ("completion", "completion", "Completion for your shell."),
}
"""Command -> module, attribute, one line of help."""


GARBAGE_EVERY = 200_000
"""Objects made between two searches for garbage: imports make none, a short command ends before the first search, and
Python would look after every 700."""


class ErrorsAreLines(LazyGroup):
    """What goes wrong is one clear line and an exit code, never a traceback for a user's mistake."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our errors, the server's and the system's become click's way to end a program."""
        gc.set_threshold(GARBAGE_EVERY, 10, 10)
        atexit.register(gc.freeze)  # else all that was imported is searched once more before the process may end
        from ..core.errors import EXIT_INTERRUPTED, EXIT_USAGE, AqeError

        # A stream that the caller closed is None: nothing can be read from it, what is written is lost.
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for as long as the process lives
        # A terminal that cannot show a character must not end the command.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except AqeError as error:
            _fail(ctx, error)
        except (KeyboardInterrupt, click.Abort):  # the latter out of a question
            click.echo("aqe: interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output left (`aqe events tail | head`): nothing is wrong.
            sys.stdout = None
            ctx.exit(0)
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "redis":
                from ..fleet.servers.connect import translate

                _fail(ctx, translate(error))
            if isinstance(error, UnicodeEncodeError):  # half a surrogate: bytes on the command line that are no text
                click.echo(f"aqe: {error.object!a} is no text in UTF-8", err=True)
                ctx.exit(EXIT_USAGE)
            if not isinstance(error, OSError):
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"aqe: {clean(f'{where}{error.strerror or error}')}", err=True)
            ctx.exit(EXIT_USAGE)


def _fail(ctx: click.Context, error: Any) -> None:
    click.echo(f"aqe: {clean(error.message)}", err=True)
    if error.hint:
        click.echo(f"     {clean(error.hint)}", err=True)
    ctx.exit(error.exit_code)


@click.group(
    cls=ErrorsAreLines,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None, "max_content_width": 100},
)
@click.version_option(package_name="aqe", prog_name="aqe")
@click.option("--config", metavar="FILE", help="aqe.yaml to use, instead of the one found by walking up.")
@click.option("--fleet", metavar="NAME", help="Named fleet: its keys have the prefix {NAME}.")
@click.option("--redis-url", metavar="URL", help="Server, instead of the embedded one.")
@click.option("--data-dir", metavar="DIR", help="Where server data and datasets lie (default: .aqe beside aqe.yaml).")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Default: warning.")
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Default: console.")
@click.pass_context
def main(ctx: click.Context, /, **flags: str | None) -> None:
    """Quality agents: production findings into tests, quality signals into release decisions.

    \b
    Exit codes: 0 done or GO, 1 NO-GO, 2 wrong usage or input, 3 a service is unavailable, 130 interrupted.
    """
    ctx.obj = flags
