"""`aqe schema`: the contract for other programs."""

from pathlib import Path

import click


@click.group()
def schema() -> None:
    """JSON Schemas of events, of what stands at memory keys, and of every signal kind's metrics."""


@schema.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def export(folder: Path) -> None:
    """Write the schemas below DIR, over what is there; the same version writes the same bytes.

    \b
    Example: aqe schema export docs/schemas
    """
    from ..fleet.schemas import export as export_all

    click.echo(f"wrote {len(export_all(folder))} schemas to {folder}")
