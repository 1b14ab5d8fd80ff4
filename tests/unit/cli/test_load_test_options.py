"""What `--generate` of a load test takes, before anything is looked at."""

import click
import pytest
from click.testing import CliRunner

from aqe.cli.production.load import load_patterns
from aqe.cli.production.load_tests import LOAD_TOOLS
from aqe.core.errors import InputError
from aqe.generators.table import LOAD_TARGETS


def test_the_option_names_every_tool_there_is() -> None:
    assert tuple(target.name for target in LOAD_TARGETS) == LOAD_TOOLS


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--generate", "k6"], "go together"),
        (["--output", "x"], "go together"),
        (["--peak-rps", "5"], "--peak-rps is for --generate"),
        (["--duration", "5m"], "--duration is for --generate"),
        (["--include-unsafe"], "--include-unsafe is for --generate"),
        (["--generate", "k7", "--output", "x"], "'k7' is not"),
        (["--generate", "k6", "--output", "x", "--duration", "5"], "is no duration"),
        (["--generate", "k6", "--output", "x", "--peak-rps", "0"], "0 is out of range, expected above 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[str], said: str) -> None:
    with pytest.raises((InputError, click.UsageError)) as raised:
        CliRunner().invoke(load_patterns, asked, standalone_mode=False, catch_exceptions=False)
    assert said in str(raised.value)
