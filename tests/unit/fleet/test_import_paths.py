"""Which files the arguments name."""

import os
from pathlib import Path

import pytest

from aqe.core.errors import InputError
from aqe.fleet.imports.import_paths import inputs


def names(*arguments: str) -> list[str]:
    return [one.name for one in inputs(arguments)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


def test_a_folder_is_everything_below_it_but_what_is_not_ours(here: Path) -> None:
    """In order; other people's packages and version control are no reports."""
    for name in ("r/b.xml", "r/a/c.json", "r/node_modules/x/junit.xml", "r/.git/config", "r/a/__pycache__/x.pyc"):
        a_file(here / name)
    assert names("r") == ["r/b.xml", "r/a/c.json"]
    assert all(one.found for one in inputs(["r"]))


def test_an_empty_folder_is_told(here: Path) -> None:
    """It is a mistake in the path, most likely."""
    (here / "empty").mkdir()
    with pytest.raises(InputError, match="empty: no file is in this folder"):
        inputs(["empty"])


def test_links_lead_neither_out_of_a_folder_nor_round_in_circles(here: Path) -> None:
    """One that points inside is a second name of the same file; pipes would be waited for."""
    a_file(here / "secret/key")
    a_file(here / "r/junit.xml")
    (here / "r/circle").symlink_to(here / "r")
    (here / "r/out").symlink_to(here / "secret")
    (here / "r/leak").symlink_to(here / "secret/key")
    (here / "r/nowhere").symlink_to(here / "gone")
    (here / "r/same").symlink_to(here / "r/junit.xml")
    os.mkfifo(here / "r/pipe")
    assert names("r") == ["r/junit.xml"]


def test_a_file_named_twice_is_read_once(here: Path) -> None:
    """By whatever name."""
    a_file(here / "r/junit.xml")
    assert names("r/junit.xml", "r", "r/*.xml", str(here / "r/junit.xml"), "-", "-") == [
        "r/junit.xml",
        "standard-input",
    ]
    assert [one.found for one in inputs(["r/junit.xml", "r"])] == [False]


def test_globs_match_files_and_a_name_may_look_like_one(here: Path) -> None:
    """What matches nothing is kept, to be reported as not there."""
    for name in ("a/1.xml", "a/b/2.xml", "odd[1].xml"):
        a_file(here / name)
    assert names("**/*.xml") == ["a/1.xml", "a/b/2.xml", "odd[1].xml"]
    assert names("odd[1].xml", "none*.xml", "gone.xml") == ["odd[1].xml", "none*.xml", "gone.xml"]
