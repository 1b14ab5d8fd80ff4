"""`aqe schema`: the contract for other programs."""

from pathlib import Path

import click


@click.group()
def schema() -> None:
    """JSON Schemas of events, memory keys and every signal kind's metrics; AsyncAPI 3.0 of the streams."""


@schema.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def export(folder: Path) -> None:
    """Write schemas and asyncapi.json below DIR, over what is there; the same version writes the same bytes.

    \b
    Example: aqe schema export docs/schemas
    """
    from ..fleet.schemas import export as export_all

    click.echo(f"wrote {len(export_all(folder)) - 1} schemas and asyncapi.json to {folder}")
