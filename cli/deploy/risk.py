"""`aqe deploy risk-score` and `risk`."""

from typing import Any

import click

from ..common import look, output_options, print_json
from .shared import done, release_options

_DETAILED = "With the evidence of each metric, and what would lower the risk by how much."


@click.command("risk-score")
@release_options
@click.option("--detailed", is_flag=True, help=_DETAILED)
@output_options
@click.pass_context
def risk_score(ctx: click.Context, /, as_json: bool, detailed: bool, **payload: str | None) -> None:
    """Risk by dimension and metric, 0 (none) to 100.

    \b
    Example: aqe deploy risk-score --version v1.4.0
    """
    _show(ctx, payload, as_json=as_json, detailed=detailed)


@click.command("risk")
@release_options
@click.option("--detailed", is_flag=True, help="Is so anyway.")
@output_options
@click.pass_context
def risk(ctx: click.Context, /, as_json: bool, detailed: bool, **payload: str | None) -> None:
    """The same as risk-score --detailed.

    \b
    Example: aqe deploy risk --version v1.4.0
    """
    _show(ctx, payload, as_json=as_json, detailed=True)


def _show(ctx: click.Context, payload: dict[str, Any], *, as_json: bool, detailed: bool) -> None:
    from ...core.records.decisions.readiness import RiskAssessment
    from ..text_readiness import risk_text
    from ..text_why import advice_text

    settings, result = done(ctx, "risk-score", payload)
    assessment = RiskAssessment.from_value(result, where="result of the risk score")
    if as_json:
        print_json(assessment)
        return
    advice = "\n".join(advice_text(assessment)) if detailed else ""
    click.echo(risk_text(assessment, look(settings), detailed=detailed) + (f"\n{advice}" if advice else ""))
