"""`aqe tests verify`: generated tests against a service, or against a broken and a fixed one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import output_options, print_json, say, with_runtime
from ..params import duration
from ..text import cleaned, table

if TYPE_CHECKING:
    from ...core.records.production.verification import FileRun, Verification
    from ...fleet.runtime import Runtime


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", metavar="URL", help="Base URL of a service on which every test should be green.")
@click.option("--broken", metavar="URL", help="One that still has the findings: every test should be red.")
@click.option("--fixed", metavar="URL", help="One without them: every test should be green.")
@click.option("--timeout", type=duration, default="5m", show_default=True, help="For one file against one service.")
@output_options
@click.pass_context
def verify(
    ctx: click.Context, as_json: bool, folder: Path, target: str | None, broken: str | None, fixed: str | None,
    timeout: float,
) -> None:  # fmt: skip
    """Run the generated tests of a folder, each file in a process of its own: pytest, pytest-playwright, Playwright,
    Jest or Vitest, k6, Locust. Where a tool is not installed its files are NOT RUN, with what to install. A file whose
    tests are all skipped, such as those of a deprecated feature, is neither green nor red and covers nothing.

    With --broken and --fixed, a file that is red on the one and green on the other covers its finding: that is kept in
    the feedback loop (aqe/production/feedback-loop), at the insight and at the scenarios that test generators read.

    \b
    Exit codes: 0 as it should be, 1 not (a file that is NOT RUN is not), 2 nothing was run or no URL was given.
    Examples: aqe tests verify tests/recorded --target http://127.0.0.1:8000
              aqe tests verify tests/production --broken http://127.0.0.1:8001 --fixed http://127.0.0.1:8002
    """
    from ...core.errors import EXIT_NO_GO, EXIT_USAGE, InputError
    from ...core.records.production.verification import Colour
    from ...fleet.suites.verify import keep
    from ...fleet.suites.verify import verify as verified

    for url in filter(None, (target, broken, fixed)):
        if not url.startswith(("http://", "https://")):
            raise InputError(f"{url!r} is no base URL, expected http://HOST:PORT")
    if not (target or broken or fixed):
        raise InputError("give --target, or --broken and --fixed")

    async def work(parts: "Runtime") -> "Verification":
        found = await verified(
            folder, target=target, broken=broken, fixed=fixed, now=parts.clock.now(), timeout_s=timeout, said=say
        )
        await keep(parts, found)
        return found

    found = with_runtime(ctx, work)
    if as_json:
        print_json(found)
    else:
        click.echo(_text(cleaned(found)))
    if not any(run.colour not in (Colour.NOT_RUN, Colour.SKIPPED) for file in found.files for run in file.runs):
        ctx.exit(EXIT_USAGE)
    if not found.ok:
        ctx.exit(EXIT_NO_GO)


def _text(found: "Verification") -> str:
    rows = [(f.path, _shown(f.target), _shown(f.broken), _shown(f.fixed), f.finding or "-") for f in found.files]
    reasons = [f"{f.path}: {run.reason}" for f in found.files for run in f.runs if run.reason]
    covered = f"findings covered: {len({one.finding for one in found.covered})}" if found.covered else ""
    lines = [table(("FILE", "TARGET", "BROKEN", "FIXED", "FINDING"), rows), "", *dict.fromkeys(reasons), covered]
    return "\n".join(lines).rstrip()


def _shown(run: "FileRun | None") -> str:
    if run is None:
        return "-"
    return f"{run.colour} ({run.passed} passed, {run.failed} failed)" if run.passed or run.failed else str(run.colour)
