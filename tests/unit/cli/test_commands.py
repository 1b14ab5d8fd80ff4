"""Every command, walked."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aqe.cli.fleet import PRIORITIES, STATUSES
from aqe.cli.main import COMMANDS, main
from aqe.core.records.tasks import Priority, TaskStatus

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"
HEAVY = ("redis", "pydantic", "numpy", "structlog", "duckdb", "yaml")


def walk(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as ctx:
        for child in group.list_commands(ctx):
            command = group.get_command(ctx, child)
            assert command is not None
            if isinstance(command, click.Group):
                yield from walk(command, f"{name} {child}")
            else:
                yield f"{name} {child}", command


EVERY = dict(walk(main, "aqe"))


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`demo` shows itself."""
    done = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert done.exit_code == 0, done.output
    assert name == "aqe demo" or re.search(rf"Examples?: .*{name}", done.output, re.DOTALL), done.output


@pytest.mark.parametrize("name", EVERY)
def test_every_option_says_what_it_is_for(name: str) -> None:
    """A help text or, where the name says it all, its choices."""
    for parameter in EVERY[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help or isinstance(parameter.type, click.Choice), parameter.name


NONSENSE = ("nan", "inf", "-inf", "1e400", "1e300", "-1e9", "9" * 30, "0x10", "", " ")


@pytest.mark.parametrize("name", EVERY)
def test_every_number_is_finite_and_bounded(name: str) -> None:
    """Whatever is asked for: `nan` passes every comparison, and a number beyond all use overflows somewhere."""
    for parameter in EVERY[name].params:
        if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
            for text in NONSENSE:
                with pytest.raises(click.UsageError):
                    parameter.type(text, parameter, click.Context(EVERY[name]))


@pytest.mark.parametrize("name", EVERY)
def test_every_command_stands_in_the_documentation(name: str) -> None:
    """With exactly its name in a table's first column, or as a heading."""
    assert f"`{name}" in DOCS.read_text(encoding="utf-8")


def test_no_command_is_documented_that_is_not_there() -> None:
    """The other way round."""
    documented = re.findall(r"^\| `(aqe [a-z -]+?)[`A-Z\[<]", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented
    assert {name.strip() for name in documented} <= set(EVERY)


def test_the_table_names_what_is_there() -> None:
    """Module and attribute."""
    for module, attribute, text in COMMANDS.values():
        assert isinstance(getattr(importlib.import_module(f"aqe.cli.{module}"), attribute), click.Command)
        assert text.endswith((".", "?"))


def test_no_help_page_loads_anything_heavy() -> None:
    """Neither a client nor a model class is imported to show help or to complete a word."""
    modules = ", ".join(f"aqe.cli.{module}" for module in {module for module, _, _ in COMMANDS.values()})
    code = f"import sys, {modules}; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_choices_are_those_of_the_records() -> None:
    """They are written out because a choice is made before the records are imported."""
    assert set(PRIORITIES) == set(Priority)
    assert tuple(TaskStatus) == STATUSES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_complete_aqe(shell: str) -> None:
    """The script calls `aqe` with the variable that click answers to."""
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_AQE_COMPLETE={shell}_complete" in done.stdout


def test_words_are_completed() -> None:
    """What the script calls, called."""
    done = CliRunner().invoke(
        main, prog_name="aqe", env={"_AQE_COMPLETE": "bash_complete", "COMP_WORDS": "aqe memory ", "COMP_CWORD": "2"}
    )
    assert "plain,reindex" in done.stdout
