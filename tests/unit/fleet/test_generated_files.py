"""Writing generated files: ours are replaced, edited ones stay, secrets stop everything."""

import os
from pathlib import Path

import pytest

from aqe.core.errors import InputError
from aqe.fleet.suites.generated_tests import EditedFile, write_generated, write_tests
from aqe.generators.pytest_target import PytestTarget
from aqe.tests.contract.test_every_target import a_scenario

OURS = 'def test_it() -> None:\n    assert "old"\n'
NEW = OURS.replace("old", "new")


def test_a_file_as_we_wrote_it_is_replaced(tmp_path: Path) -> None:
    """The mark in its first line says that nobody edited it."""
    file = tmp_path / "test_a.py"
    write_generated(file, OURS)
    write_generated(file, NEW)
    assert file.read_text().partition("\n")[2] == NEW


def test_an_edited_file_stays_and_the_difference_is_told(tmp_path: Path) -> None:
    """From what stands there to what we would write."""
    file = tmp_path / "test_a.py"
    write_generated(file, OURS)
    edited = file.read_text() + "\n# by hand\n"
    file.write_text(edited)
    with pytest.raises(EditedFile, match="was edited since it was written") as told:
        write_generated(file, NEW)
    assert "-# by hand" in told.value.diff and '+    assert "new"' in told.value.diff
    assert file.read_text() == edited


def test_an_edited_file_is_no_problem_while_we_have_nothing_new(tmp_path: Path) -> None:
    """The edit stands on what we would write again."""
    file = tmp_path / "test_a.py"
    write_generated(file, OURS)
    edited = file.read_text() + "\n# by hand\n"
    file.write_text(edited)
    write_generated(file, OURS)
    assert file.read_text() == edited


def test_a_file_of_somebody_else_stays(tmp_path: Path) -> None:
    """Even when it is empty of marks and has our name."""
    file = tmp_path / "test_a.ts"
    file.write_text("mine\n")
    with pytest.raises(InputError, match="differs"):
        write_generated(file, OURS)
    assert file.read_text() == "mine\n"


def test_a_secret_is_not_written_over_a_file_either(tmp_path: Path) -> None:
    """What was there stays."""
    file = tmp_path / "test_a.py"
    write_generated(file, OURS)
    before = file.read_text()
    with pytest.raises(InputError, match="not written"):
        write_generated(file, f"KEY = 'ghp_{'a1B2' * 9}'\n")
    assert file.read_text() == before


def test_two_scenarios_of_one_file_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """Other programs offer scenarios, too, with ids of their own making."""
    target = PytestTarget()
    one, other = a_scenario(target), a_scenario(target, path="/api/other")
    first, second = write_tests([one, other], tmp_path)
    assert first.problem is None and "another scenario has its file" in str(second.problem)
    assert "/api/other" not in first.path.read_text()


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    path = tmp_path / "test_a.py"
    os.mkfifo(path)
    with pytest.raises(InputError, match="is there and differs"):
        write_generated(path, "x = 1\n")
