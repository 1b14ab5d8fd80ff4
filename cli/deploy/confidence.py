"""`aqe deploy confidence`: how sure one may be."""

import click

from ..common import look, output_options, print_json
from .shared import done, release_options


@click.command()
@release_options
@output_options
@click.pass_context
def confidence(ctx: click.Context, /, as_json: bool, **payload: str | None) -> None:
    """Probability that the release succeeds, with its 95 % interval, and of a rollback.

    Stored at aqe/deployment/confidence and aqe/deployment/rollback-prediction.

    \b
    Example: aqe deploy confidence --version v1.4.0
    """
    from ...core.records.decisions.confidence import ReleaseConfidence
    from ..text_history import confidence_text

    settings, result = done(ctx, "release-confidence", payload)
    found = ReleaseConfidence.from_value(result, where="result of the release confidence")
    if as_json:
        print_json(found)
    else:
        click.echo(confidence_text(found, look(settings)))
