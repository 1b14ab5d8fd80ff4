"""The recorded rollouts in docs/ are as they were recorded, by commands that exist with their flags."""

from collections.abc import Sequence

import click
import pytest

from aqe.benchmarks.rollouts.recorded import CANARY, CANARY_PAGE, DOCS, MULTI_REGION, REGIONS_PAGE, signed
from aqe.cli.deploy import deploy
from aqe.tests.docs.test_console_examples import examples

pages = pytest.mark.parametrize(("name", "commands"), [(REGIONS_PAGE, MULTI_REGION), (CANARY_PAGE, CANARY)])


@pages
def test_a_record_is_not_edited_by_hand(name: str, commands: Sequence[str]) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    body, _, _ = page.rpartition("\n<!-- recorded by make record-rollout")
    assert page == signed(body), "run `make record-rollout`"


@pages
def test_a_record_shows_the_commands_that_are_recorded_now(name: str, commands: Sequence[str]) -> None:
    shown = [command for command, _ in examples((DOCS / name).read_text(encoding="utf-8"))]
    assert shown == [f"aqe {command}" for command in commands]


@pages
def test_the_recorded_commands_exist_with_their_flags(name: str, commands: Sequence[str]) -> None:
    """Parsed, not run."""
    for line in commands:
        group, command, *arguments = line.split()
        assert group == deploy.name
        with click.Context(deploy) as context:
            found = deploy.get_command(context, command)
            assert found is not None, f"there is no aqe {line}"
            found.make_context(command, arguments, parent=context)
