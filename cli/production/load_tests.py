"""`--generate k6` of load analyses: the model as a load test."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..common import say
from ..params import Number, duration
from ..text import counted, value_text
from .common import missing
from .generated import say_written

if TYPE_CHECKING:
    from ...core.records.evidence import NotMeasured
    from ...core.records.production.load import LoadModel

F = TypeVar("F", bound=Callable[..., Any])

LOAD_TOOLS = ("k6", "locust")
"""Names of generators/table.LOAD_TARGETS, which is not imported for a list of names."""
DEFAULT_DURATION_S = 600.0
MAX_RPS = 1_000_000


def load_test_options(command: F) -> F:
    """`--generate` and what goes with it; the command gets all but the first two as they are."""
    for option in (
        click.option("--include-unsafe", is_flag=True, help="Also POST, PUT, PATCH and DELETE: they change data."),
        click.option("--duration", type=duration, metavar="TIME", help="Of the load test (default: 10m)."),
        click.option(
            "--peak-rps", type=Number(0, MAX_RPS, above=True), metavar="N",
            help="Highest rate of the load test, requests a second (default: the recorded one).",
        ),
        click.option(
            "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder for --generate."
        ),
        click.option("--generate", type=click.Choice(LOAD_TOOLS), help="Write the model as a load test into --output."),
    ):  # fmt: skip
        command = option(command)
    return command


def checked(generate: str | None, output: Path | None, **more: object) -> None:
    """What cannot be meant, before anything is looked at; InputError."""
    from ...core.errors import InputError

    if (generate is None) != (output is None):
        raise InputError("--generate and --output DIR go together")
    for name, value in more.items():
        if generate is None and value:
            raise InputError(f"--{name.replace('_', '-')} is for --generate")


def written(
    model: "LoadModel | NotMeasured",
    target: str,
    folder: Path,
    *,
    peak_rps: float | None,
    duration: float | None,
    include_unsafe: bool,
) -> int:
    """Write the load test and say what it is; returns the exit code."""
    from ...core.errors import EXIT_NO_GO, EXIT_OK, EXIT_USAGE
    from ...core.records.evidence import NotMeasured
    from ...fleet.suites.load_tests import write_load_test

    if isinstance(model, NotMeasured):
        say(f"no load test is written: {missing(model)}")
        return EXIT_NO_GO
    file, test = write_load_test(
        model,
        folder,
        target=target,
        duration_s=duration or DEFAULT_DURATION_S,
        peak_rps=peak_rps,
        include_unsafe=include_unsafe,
    )
    say_written(file)
    if file.problem:
        return EXIT_USAGE
    say(
        f"  {counted(test.planned, 'request')} to {counted(len(test.requests), 'endpoint')},"
        f" peak {value_text(test.peak_rps)} /s, {counted(len(test.limits), 'limit')}"
    )
    for note in test.notes:
        say(f"  {note}")
    return EXIT_OK
