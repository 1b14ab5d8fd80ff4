"""Who holds a file, who asks, and who waits for whom."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from aqe.config.settings import load_settings
from aqe.fleet import locks
from aqe.fleet.locks import is_locked, locked
from aqe.fleet.processes import supervisor_pid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Left behind by somebody who was killed."""
    path = tmp_path / "data" / "fleet.lock"
    path.parent.mkdir()
    path.write_text("12345")
    return path


@pytest.fixture
def asker(file: Path) -> Iterator[IO[bytes]]:
    """In the middle of its question."""
    with file.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        yield asking


def test_a_file_is_held_with_its_content_until_the_end_of_the_block(file: Path) -> None:
    with locked(file, "42"):
        assert (is_locked(file), file.read_text()) == (True, "42")
    assert not is_locked(file)
    assert not is_locked(file.with_name("none"))


def test_of_two_one_holds_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "ASKED_S", 0)
    with locked(file, "first"):
        with pytest.raises(BlockingIOError), locked(file, "second"):
            pass
        assert file.read_text() == "first"


def test_who_asks_is_not_taken_for_who_holds(file: Path, asker: IO[bytes]) -> None:
    """Two commands at once would see a supervisor, with the process id of one that died."""
    assert not is_locked(file)
    assert supervisor_pid(load_settings({"data_dir": file.parent}, {}, file.parent)) is None


def test_who_wants_to_hold_it_waits_for_who_asks(file: Path, asker: IO[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that begins while somebody looks for it would end at once."""
    monkeypatch.setattr(locks.CLOCK, "pause", lambda seconds: asker.close())
    with locked(file, "42"):
        assert is_locked(file)
