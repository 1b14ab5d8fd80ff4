"""The `aqe` command: a table of commands, each imported when chosen, so that `--help` is quick."""

import click

from .lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {}


@click.group(cls=LazyGroup, table=COMMANDS)
def main() -> None:
    """Quality agents: production findings into tests, quality signals into release decisions."""
