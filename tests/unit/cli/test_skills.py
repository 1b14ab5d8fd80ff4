"""The skills: what they promise is there."""

import json
import re

import pytest
from click.testing import CliRunner

from aqe.cli.main import main
from aqe.config.skills import NAMES, Skill, skills
from aqe.tests.unit.cli.test_commands import EVERY

each_skill = pytest.mark.parametrize("skill", skills(), ids=lambda skill: skill.name)


@each_skill
def test_a_skill_names_commands_that_exist(skill: Skill) -> None:
    """Those it is tied to and those its text mentions."""
    mentioned = set(re.findall(r"`(aqe [a-z-]+(?: [a-z-]+)?)(?=[ `])", skill.text))
    assert skill.commands and {*skill.commands} <= set(EVERY)
    assert {m for m in mentioned if m not in EVERY and m.rsplit(" ", 1)[0] not in EVERY} == set()


@each_skill
def test_a_skill_is_short_and_has_a_head(skill: Skill) -> None:
    """One page, that begins with its title."""
    assert skill.text.startswith(f"# {skill.title}")
    assert len(skill.text.split()) < 450


def test_all_texts_are_listed() -> None:
    """No file is forgotten, and the command prints them all."""
    listed = json.loads(CliRunner().invoke(main, ["skills", "list", "--json"]).stdout)
    assert [entry["name"] for entry in listed] == list(NAMES)


def test_an_unknown_skill_is_told_with_the_nearest() -> None:
    """Exit 2."""
    done = CliRunner().invoke(main, ["skills", "show", "shift-left-testing"])
    assert done.exit_code == 2 and "did you mean 'shift-right-testing'?" in done.output


def test_a_skill_is_printed_with_its_commands() -> None:
    """To read and to try."""
    done = CliRunner().invoke(main, ["skills", "show", "risk-based-testing"])
    assert done.exit_code == 0 and "aqe deploy risk-score" in done.stdout
