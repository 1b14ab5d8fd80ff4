"""`aqe production dead-code`: routes that nobody asks for, and the code that only they lead to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import MAX_DAYS, count
from ..text import cleaned, counted, table
from .common import insight_lines, performed, release_option

if TYPE_CHECKING:
    from ...core.records.production.dead_code import DeadCodeReport, RouteVerdict, StaticUnit, UnitVerdict
    from ...fleet.runtime import Runtime

LISTED = 15
"""Functions listed of each sort; --json has them all."""


@click.command("dead-code")
@click.option(
    "--min-days",
    type=count(1, MAX_DAYS),
    default=90,
    show_default=True,
    metavar="N",
    help="Observed days without a request, at least.",
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="The source (default: the folder of aqe.yaml).",
)
@release_option
@output_options
@click.pass_context
def dead_code(ctx: click.Context, as_json: bool, min_days: int, source: Path | None, release: str | None) -> None:
    """Routes that nobody asked for in N observed days and that nothing in the source mentions, with their code.

    Routes are read from Flask, FastAPI, Starlette, aiohttp, Falcon, Django and Express code and from OpenAPI documents;
    nothing is run. A candidate is where production and source agree; none is ever called safe to remove. What leads to
    the code of other languages than Python is not analysed: their routes are used or undecided.

    \b
    Exit codes: 0 done, 1 no requests were ever imported, 2 no source.
    Examples: aqe production dead-code --min-days 90
              aqe production dead-code --min-days 90 --source services/shop --json
    """
    from ...core.records.production.dead_code import DeadCodeReport

    payload = {"minDays": min_days, "release": release}
    result = with_runtime(ctx, lambda parts: _asked(parts, source, payload))
    if as_json:
        print_json(result)
    else:
        echo(dead_code_text(DeadCodeReport.from_value(result, where="result of the analysis")))


async def _asked(parts: "Runtime", source: Path | None, payload: dict[str, Any]) -> Any:
    from ...core.records.bulk.rows import ACCESS, SPANS
    from ...fleet.repository.source_code import inventory

    code = inventory(source or parts.settings.project_root)
    kept_days = max(parts.settings.retention.days_of(kind) for kind in (ACCESS, SPANS))
    return await performed(parts, "dead-code", {**payload, "keptDays": kept_days, "code": code.to_dict()})


def dead_code_text(found: "DeadCodeReport") -> str:
    """Routes with their verdicts, then code."""
    found = cleaned(found)
    head = (
        f"{found.root}: {counted(len(found.routes), 'route')} in {counted(found.python_files, 'Python file')}; requests"
        f" of {counted(found.observed_days, 'day')}, {found.observed_from:%Y-%m-%d} to {found.observed_to:%Y-%m-%d}"
        f" ({', '.join(found.sources)})"
    )
    lines = [head]
    if found.routes:
        lines += ["", table(("VERDICT", "ROUTE", "WHERE", "WHY"), [_row(route) for route in found.routes])]
    if found.units:
        lines += ["", "Only candidates lead to"]
        lines += [
            f"  {u.name} ({u.file}:{u.line}, {counted(u.lines, 'line')}): {', '.join(u.routes)}"
            for u in found.units[:LISTED]
        ]
        lines += _more(len(found.units))
    if found.unreferenced:
        lines += ["", "Nothing in the source mentions; whether it runs no request would show"]
        lines += [_unit(unit) for unit in found.unreferenced[:LISTED]]
        lines += _more(len(found.unreferenced))
    lines += ["", *(f"NOT_MEASURED  {what}: {why.reason}" for what, why in found.not_analysed.items())]
    lines += [f"Note: {caveat}" for caveat in found.caveats]
    if found.left_out:
        lines.append(f"{found.left_out} more routes and functions are left out")
    return "\n".join([*lines, *insight_lines(found.insights)])


def _row(route: "RouteVerdict") -> tuple[object, ...]:
    where = f"{route.file}:{route.line}" if route.line else route.file
    tests = f"; tests mention it: {', '.join(route.tests)}" if route.tests else ""
    code = f"; {counted(route.lines, 'line')} of code behind" if route.lines else ""
    return (route.verdict, f"{','.join(route.methods) or 'ANY'} {route.path}", where, f"{route.reason}{code}{tests}")


def _unit(unit: "UnitVerdict | StaticUnit") -> str:
    return f"  {unit.name} ({unit.file}:{unit.line}, {counted(unit.lines, 'line')})"


def _more(count: int) -> list[str]:
    return [f"  and {count - LISTED} more; --json has them"] if count > LISTED else []
