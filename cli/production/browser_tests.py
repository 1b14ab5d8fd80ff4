"""`aqe production journey-to-tests` and `rum-to-tests`: what people did in browsers, as tests that run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..common import echo, output_options, print_json, say, with_runtime
from ..params import count
from ..text import cleaned, counted, percent, table, window_text
from .common import days_option, performed, release_option
from .generated import written_tests

if TYPE_CHECKING:
    from ...core.records.production.scenarios import BrowserTests
    from ...fleet.runtime import Runtime

F = TypeVar("F", bound=Callable[..., Any])


def _options(command: F) -> F:
    """What both commands take."""
    options = (
        days_option(),
        click.option(
            "--min-frequency",
            type=count(1),
            default=10,
            show_default=True,
            metavar="N",
            help="Only journeys of so many sessions or more.",
        ),
        click.option(
            "--min-users",
            type=count(2),
            default=5,
            show_default=True,
            help="What fewer did is withheld.",
        ),
        release_option,
        click.option(
            "--target",
            type=click.Choice(["playwright", "pytest-playwright"]),
            default="playwright",
            show_default=True,
            help="TypeScript or Python.",
        ),
        click.option(
            "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write a file for each."
        ),
        output_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("journey-to-tests")
@_options
@click.pass_context
def journey_to_tests(ctx: click.Context, /, as_json: bool, target: str, output: Path | None, **payload: Any) -> None:
    """The ways that many people took through the pages, and imported recordings of flows, as tests in a browser.

    Each step expects what it led to in production: the page that was reached, its title, no error in the page and no
    answer of 500 and above. What people typed is in no file: tests type nobody's data, and ask the environment
    (AQE_TEST_EMAIL, AQE_TEST_PASSWORD) for who signs in. A way that fewer than --min-users people took is not told.

    \b
    Exit codes: 0 done, 1 nothing was recorded, 2 a test could not be written.
    Examples: aqe import rum.jsonl && aqe production journey-to-tests --min-frequency 100
              aqe import flow.json && aqe production journey-to-tests --output tests/e2e
              aqe production journey-to-tests --target pytest-playwright --output tests/e2e
    """
    _make(ctx, as_json, target, output, payload)


@click.command("rum-to-tests")
@_options
@click.option("--feature", required=True, metavar="NAME", help="As `features:` in aqe.yaml or the path names it.")
@click.pass_context
def rum_to_tests(ctx: click.Context, /, as_json: bool, target: str, output: Path | None, **payload: Any) -> None:
    """What real users did with one feature, as tests in a browser, for the browsers that they use.

    The journeys through the feature are taken as journey-to-tests takes them. playwright.config.ts gets a project for
    each browser and device with 2 % of the page views or more, unless the folder has a configuration of its own.

    \b
    Exit codes: 0 done, 1 nothing was recorded or no journey goes through the feature, 2 a test could not be written.
    Examples: aqe production rum-to-tests --feature checkout
              aqe production rum-to-tests --feature checkout --output tests/e2e
    """
    _make(ctx, as_json, target, output, payload)


def _make(ctx: click.Context, as_json: bool, target: str, output: Path | None, given: dict[str, Any]) -> None:
    from ...core.records.production.scenarios import BrowserTests

    names = {"min_frequency": "minFrequency", "min_users": "minUsers"}
    payload = {names.get(name, name): value for name, value in given.items()}
    result = with_runtime(ctx, lambda parts: _asked(parts, payload))
    found = BrowserTests.from_value(result, where="result of the analysis")
    if as_json:
        print_json(result)
    else:
        echo(tests_text(found))
    if output is not None:
        from ...fleet.suites.browser_setup import write_setup

        code = written_tests(result["scenarios"], output, "no journey is frequent enough", target)
        if found.scenarios and (setup := write_setup(output, target, found.browsers)):
            say(f"wrote {setup}")
        ctx.exit(code)


async def _asked(parts: "Runtime", payload: dict[str, Any]) -> Any:
    features = {name: section.model_dump() for name, section in parts.settings.features.items()}
    return await performed(parts, "journeys-to-tests", {**payload, "features": features or None})


def tests_text(found: "BrowserTests") -> str:
    """Every scenario, one a line; then the browsers in use."""
    found = cleaned(found)
    head = f"{counted(found.journeys, 'way')} in {counted(found.sessions, 'session')}"
    if found.window_from and found.window_to:
        head += f", {window_text(found.window_from, found.window_to)}"
    rows = [
        (s.priority, s.provenance.occurrences, len(s.steps), sum(len(t.expectations) for t in s.ui), s.title)
        for s in found.scenarios
    ]
    lines = [head]
    if rows:
        lines += ["", table(("PRIORITY", "SEEN", "STEPS", "EXPECTATIONS", "TITLE"), rows)]
    if found.rarer:
        lines += ["", f"left out: {counted(found.rarer, 'rarer way')}; --min-frequency 1 takes all"]
    if found.withheld:
        lines += ["", f"withheld: {counted(found.withheld, 'way')} of too few people"]
    if found.browsers:
        lines += [
            "",
            ", ".join(f"{b.browser}{f' ({b.device})' if b.device else ''} {percent(b.share)}" for b in found.browsers),
        ]
    return "\n".join(lines)
