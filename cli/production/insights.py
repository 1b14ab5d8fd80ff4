"""`aqe production insights`, `generate-by-priority`: what all analyses found, and what to do first."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import count
from ..text import cleaned, table
from .generated import written_tests

if TYPE_CHECKING:
    from ...core.records.production.findings import Insight, Prioritization

NOTHING_RAN = "nothing was analysed yet"
EVERYTHING = "`aqe production feedback-loop --once` runs every analysis"


@click.command()
@click.option("--top", type=count(1), metavar="N", help="Only the first N (default: all).")
@output_options
@click.pass_context
def insights(ctx: click.Context, as_json: bool, top: int | None) -> None:
    """What all analyses found, in words, the most important first.

    Each analysis replaces what it found before, and leaves what the others found.

    \b
    Exit codes: 0 done, 1 nothing was analysed yet.
    Example: aqe production insights --top 5
    """
    from ...core.records.production.findings import Insight

    raw = _stored(ctx, "aqe/production/insights")
    found = [Insight.from_value(value, where="aqe/production/insights") for value in raw][:top]
    if as_json:
        print_json(found)
        return
    echo("\n\n".join(map(_insight_text, found)) or "nothing was found")


def _stored(ctx: click.Context, key: str) -> Any:
    """What the analyses left at this key.

    Raises:
        NoData: none of them has run, or none had data.
    """
    from ...core.errors import NoData

    raw = with_runtime(ctx, lambda parts: parts.memory.retrieve(key))
    if raw is None:
        raise NoData(NOTHING_RAN, hint=EVERYTHING)
    return raw


def _insight_text(insight: "Insight") -> str:
    insight = cleaned(insight)
    lines = (insight.detail, insight.benefit and f"Benefit: {insight.benefit}", f"Do: {insight.recommendation}")
    return "\n  ".join([f"{insight.priority} {insight.title}", *filter(None, lines)])


@click.command("generate-by-priority")
@click.option("--top", type=count(1), default=20, show_default=True, metavar="N", help="So many.")
@click.option(
    "--generate", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write their tests (pytest)."
)
@output_options
@click.pass_context
def generate_by_priority(ctx: click.Context, as_json: bool, top: int, generate: Path | None) -> None:
    """What is most worth a test, the first N of it, with the test scenarios that exist for it.

    \b
    Exit codes: 0 done, 1 nothing was analysed yet, 2 a test could not be written.
    Examples: aqe production generate-by-priority --top 20
              aqe production generate-by-priority --top 20 --generate tests/production
    """
    from ...core.records.production.findings import Prioritization

    whole = Prioritization.from_value(
        _stored(ctx, "aqe/production/prioritization"), where="aqe/production/prioritization"
    )
    shown = whole.model_copy(
        update={"findings": whole.findings[:top], "left_out": whole.left_out + len(whole.findings[top:])}
    )
    if as_json:
        print_json(shown)
    else:
        echo(_priorities_text(cleaned(shown)))
    if generate is not None:
        wanted = {scenario for finding in shown.findings for scenario in finding.scenarios}
        tests: Any = with_runtime(ctx, lambda parts: parts.memory.retrieve("aqe/production/test-scenarios"))
        chosen = [test for test in tests or () if isinstance(test, dict) and test.get("id") in wanted]
        ctx.exit(written_tests(chosen, generate, "no test scenario exists for these findings", target=None))


def _priorities_text(found: "Prioritization") -> str:
    headers = ("RANK", "PRIORITY", "FOUND BY", "TESTS", "TITLE", "BECAUSE")
    rows = [(f.rank, f.priority, f.capability, len(f.scenarios), f.title, f.because) for f in found.findings]
    lines = [table(headers, rows) if rows else "no finding at all", "", f"In order of: {found.rule}."]
    if found.left_out:
        lines.append(f"{found.left_out} more: --top shows them.")
    return "\n".join(lines)
