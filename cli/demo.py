"""`aqe demo`: the whole idea on a real shop."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".aqe/demo"),
    show_default=True,
    help="Where everything goes; what an earlier demo left there goes.",
)
@click.option(
    "--shop", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Sources of the example shop."
)
@click.option("--keep-running", is_flag=True, help="Leave server and fleet running at the end.")
def demo(folder: Path, shop: Path | None, keep_running: bool) -> None:
    """Production misbehaves, a test is written, the release is blocked; the fix goes.

    Starts a fleet on the embedded server, runs the example shop's tests, drives real HTTP traffic, imports what the
    tools wrote, and shows each command. Takes about a minute and stops what it started.
    """
    from ..fleet.demo.story import Story

    Story(folder.absolute() / "shop", shop, click.echo).tell(keep_running=keep_running)
