"""A rollout that is stored is never left alone."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from aqe.cli.deploy import rollout
from aqe.core.errors import ServiceUnavailable
from aqe.fleet import processes
from aqe.fleet.decisions import situations
from aqe.fleet.rollouts import desk as rollouts


@pytest.mark.parametrize("starts", [True, False])
def test_where_the_fleet_does_not_start_it_is_run_here_and_said(
    starts: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(settings: Any) -> int:
        if not starts:
            raise ServiceUnavailable("the fleet did not start")
        return 1

    monkeypatch.setattr(processes, "start_detached", start)
    parts: Any = SimpleNamespace(settings=None)
    assert rollout.have_a_successor(parts) is starts
    assert ("did not start: it is run here" in capsys.readouterr().err) is not starts


async def test_ctrl_c_says_that_the_rollout_goes_on_and_how_it_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def wanted(*_: Any) -> None: ...

    async def started(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(plan=SimpleNamespace(id="r1"), state=SimpleNamespace(timeline=(), phase="STAGE"))

    async def interrupted(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(rollout, "wanted_of", wanted)
    monkeypatch.setattr(rollouts, "start_rollout", started)
    monkeypatch.setattr(rollouts, "run_rollout", interrupted)
    monkeypatch.setattr(situations, "asking_person", lambda folder: "me")
    monkeypatch.setattr(processes, "start_detached", lambda settings: 1)
    parts: Any = SimpleNamespace(settings=None)
    with pytest.raises(asyncio.CancelledError):
        await rollout._execute(parts, "v2", None, False, False, {})
    assert "r1: the fleet goes on with it; to take it back: aqe deploy abort --version v2" in capsys.readouterr().err
