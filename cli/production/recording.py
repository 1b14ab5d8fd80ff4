"""`aqe production recording-to-tests`: recorded traffic as tests that run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import count
from ..text import cleaned, counted, table, window_text
from .common import days_option, performed, release_option
from .generated import target_option, written_tests

if TYPE_CHECKING:
    from ...core.records.production.scenarios import RecordedTests


@click.command("recording-to-tests")
@days_option()
@click.option("--host", metavar="URL", help="Only traffic with this service, as recorded (default: most asked).")
@click.option("--max-scenarios", type=count(1, 200), default=30, show_default=True, metavar="N", help="So many.")
@release_option
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write a test for each."
)
@target_option
@output_options
@click.pass_context
def recording_to_tests(
    ctx: click.Context, as_json: bool, days: float, host: str | None, max_scenarios: int, release: str | None,
    output: Path | None, target: str,
) -> None:  # fmt: skip
    """Recorded traffic as tests: flows with their ids taken from answers, and what held in every recorded answer.

    What differs from visit to visit (ids, times, stock) is found by comparing answers to the same request; of it only
    the form is tested. Log-ins, names and other data of people are never taken over: the tests make up their own, and
    ask the environment (AQE_TEST_PASSWORD ...) for what the service must know.

    \b
    Exit codes: 0 done, 1 nothing was recorded, 2 a test could not be written.
    Examples: aqe import traffic.har && aqe production recording-to-tests --output tests/recorded
              AQE_TARGET_URL=http://127.0.0.1:8000 pytest tests/recorded
    """
    from ...core.records.production.scenarios import RecordedTests

    payload = {"days": days, "host": host, "maxScenarios": max_scenarios, "release": release}
    result = with_runtime(ctx, lambda parts: performed(parts, "recording-to-tests", payload))
    if as_json:
        print_json(result)
    else:
        echo(recorded_text(RecordedTests.from_value(result, where="result of the analysis")))
    if output is not None:
        ctx.exit(written_tests(result["scenarios"], output, "nothing of what was recorded can be repeated", target))


def recorded_text(found: "RecordedTests") -> str:
    """Every scenario, one a line."""
    found = cleaned(found)
    of = {"exchange": found.exchanges, "flow": found.flows, "scenario": len(found.scenarios)}
    head = ", ".join(counted(number, word) for word, number in of.items())
    if found.window_from and found.window_to:
        head += f", {window_text(found.window_from, found.window_to)}"
    rows = [
        (s.priority, s.provenance.occurrences, len(s.steps), sum(len(t.expectations) for t in s.steps), s.title)
        for s in found.scenarios
    ]
    lines = [head, "", table(("PRIORITY", "SEEN", "REQUESTS", "EXPECTATIONS", "TITLE"), rows)]
    if found.left_out:
        lines += ["", f"{found.left_out} more show nothing new: --max-scenarios"]
    return "\n".join(lines)
