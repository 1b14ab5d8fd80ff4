"""What a generated file says about itself: what it tests, and what that was derived from."""

from collections.abc import Callable
from datetime import datetime
from textwrap import wrap

from ..core.records.production.scenarios import Provenance, TestScenario
from .literals import python_prose
from .python_layout import WIDTH


def header(scenario: TestScenario, how_to_run: str, prose: Callable[[str], str], width: int) -> list[str]:
    """Title, origin and the way to run it, without comment marks.

    Args:
        how_to_run: the last line; ours, so it is taken as it is.
        prose: makes text from outside safe for a comment of the language.
        width: of a line, in characters; a longer word stays whole.
    """
    parts = (f"{prose(scenario.title)}.", prose(_origin(scenario.provenance)), prose(scenario.provenance.feature or ""))
    title, origin, feature = (wrapped(part, width) for part in parts)
    return [*title, "", *origin, "", *feature, *([""] if feature else []), how_to_run]


def docstring(scenario: TestScenario, how_to_run: str) -> str:
    """The header as the docstring of a Python file, laid out in 88 columns."""
    first, *rest = header(scenario, how_to_run, python_prose, WIDTH - 3)
    return "\n".join([f'"""{first}', *rest, '"""', ""])


def wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    """Lines for a comment; a word that is longer stays whole.

    Args:
        indent: of all lines but the first.
    """
    return wrap(text, width, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent)


def _origin(of: Provenance) -> str:
    window = ""
    if of.window_from and of.window_to:
        window = f" from {_minute(of.window_from)} to {_minute(of.window_to)}"
    seen = f"seen {of.occurrences:,} times in {of.sample_size:,} records{window}"
    return f"Written by aqe from what production did: finding {of.finding_id}, {of.finding}, {seen}."


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
