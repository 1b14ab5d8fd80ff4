"""`aqe tests`: generated tests. A table of commands, each imported when chosen."""

import click

from ..lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "verify": ("tests.verify", "verify", "Run generated tests, and keep which findings they cover."),
}
"""Command -> module, attribute, one line of help."""


@click.group(cls=LazyGroup, table=COMMANDS)
def tests() -> None:
    """Generated tests."""
