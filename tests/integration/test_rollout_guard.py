"""The guard of a rollout, with real processes that are really killed; a file is what moves the traffic."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aqe.config.settings import Settings, load_settings
from aqe.core.errors import InputError
from aqe.core.records.rollouts.rollout import Rollout
from aqe.fleet.doctor import run_doctor
from aqe.fleet.locks import is_locked
from aqe.fleet.rollouts import guard as rollout_guard
from aqe.fleet.rollouts.guard import Presence, guard_file, guarded, note_file, runner_file, taken_back
from aqe.tests.unit.rollout.test_step import Story, a_plan

MOVE = "import sys, pathlib as p; p.Path('share').write_text(sys.argv[1]); p.Path('acts').open('a').write('x')"
LOOK = "import pathlib; print(pathlib.Path('share').read_text())"
AQE = f"""
redis: {{url: "unix:///no/such/redis.sock"}}
targets:
  production:
    base_url: http://127.0.0.1:1
    rollout:
      executor:
        kind: command
        set: [{json.dumps(sys.executable)}, -c, {json.dumps(MOVE)}, "{{percent}}"]
        look: [{json.dumps(sys.executable)}, -c, {json.dumps(LOOK)}]
      metrics: {{url: "http://127.0.0.1:1", queries: {{requests: a, errors: b}}}}
      dead_man_s: 2
"""
RUNNER = """
import pathlib, sys, time
from aqe.config.settings import load_settings
from aqe.core.records.rollouts.rollout import Rollout
from aqe.fleet.rollouts.guard import Presence
rollout = Rollout.from_json(sys.argv[1], where='argument')
presence = Presence(load_settings({}, {}, pathlib.Path.cwd()), rollout)
with presence.held():
    while True:
        presence.keep_guard()
        time.sleep(0.1)
"""


def until(what: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Host:
    """A project on a host whose server is lost, and a runner that holds a rollout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "aqe.yaml").write_text(AQE)
        (folder / "share").write_text("25")
        self.settings: Settings = load_settings({}, {}, folder)
        story = Story(a_plan())
        story.look()
        self.rollout = Rollout(plan=story.plan, state=story.state, runner="me", updated_at=story.at)
        self.runner = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        runner = subprocess.Popen([sys.executable, "-c", RUNNER, self.rollout.to_json()], cwd=self.folder)
        until(lambda: is_locked(runner_file(self.settings, "r1")))
        return runner

    def guard_pid(self) -> int:
        file, seen = guard_file(self.settings, "r1"), ""

        def runs() -> bool:
            nonlocal seen
            seen = file.read_text() if is_locked(file) else ""  # once: the next guard empties the file
            return seen.isdigit()

        until(runs)
        return int(seen)

    def acts(self) -> int:
        file = self.folder / "acts"
        return len(file.read_text()) if file.exists() else 0

    def share(self) -> str:
        return (self.folder / "share").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.runner.kill()
    made.runner.wait()
    runner_file(made.settings, "r1").unlink(missing_ok=True)
    until(lambda: not is_locked(guard_file(made.settings, "r1")))


def test_runner_and_server_lost_the_guard_takes_the_release_back_once_and_whoever_comes_later_is_told(
    host: Host,
) -> None:
    first = host.guard_pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: host.guard_pid() != first)
    assert [(name, run, watched) for name, run, watched in guarded(host.settings)] == [("r1", True, True)]
    assert host.acts() == 0, "while the runner lives nothing is done"
    second = host.guard_pid()
    host.runner.kill()
    host.runner.wait()
    until(lambda: host.share() == "0")
    until(lambda: not is_locked(guard_file(host.settings, "r1")))
    with suppress(ProcessLookupError):
        os.kill(second, signal.SIGKILL)
    assert (host.acts(), "nobody ran it for 2 s" in (taken_back(host.settings, "r1") or "")) == (1, True)
    checks = {check.name: check for check in run_doctor(host.settings)}
    assert "when this whole host is lost, nobody acts" in checks["rollouts"].detail


def test_a_rollout_that_ended_is_not_guarded(host: Host) -> None:
    host.guard_pid()
    Presence(host.settings, host.rollout).over()
    until(lambda: not is_locked(guard_file(host.settings, "r1")))
    assert (host.share(), host.acts()) == ("25", 0)
    assert not note_file(host.settings, "r1").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "", "x" * 200])
def test_a_name_that_is_no_id_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no id of a rollout"):
        runner_file(load_settings({}, {}, tmp_path), name)


def test_a_note_that_cannot_be_read_is_still_one(tmp_path: Path) -> None:
    settings = load_settings({}, {}, tmp_path)
    assert taken_back(settings, "r1") is None
    note_file(settings, "r1").parent.mkdir(parents=True)
    note_file(settings, "r1").write_text("")
    assert "cannot be read" in (taken_back(settings, "r1") or "")


async def test_on_a_full_disk_it_acts_all_the_same_and_stays_until_that_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or who takes the rollout up later would give the release its traffic again. A folder stands in the note's way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rollout_guard, "LOOK_EVERY_S", 0.05)
    (tmp_path / "aqe.yaml").write_text(AQE.replace("dead_man_s: 2", "dead_man_s: 1"))
    share = tmp_path / "share"
    share.write_text("25")
    settings = load_settings({}, {}, tmp_path)
    full = note_file(settings, "r1").with_suffix(".noting")
    full.mkdir(parents=True)
    runner_file(settings, "r1").write_text('{"environment": "production", "region": null, "strategy": "canary"}')
    async with asyncio.timeout(60):
        acting = asyncio.create_task(rollout_guard.guard(settings, "r1"))
        while share.read_text() != "0":
            await asyncio.sleep(0.02)
        assert (acting.done(), taken_back(settings, "r1")) == (False, None)
        full.rmdir()
        await acting
    assert "nobody ran it" in str(taken_back(settings, "r1"))
