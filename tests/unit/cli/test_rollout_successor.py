"""A rollout that is stored is never left alone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from aqe.cli.deploy import rollout
from aqe.core.clock import FakeClock
from aqe.core.errors import ServiceUnavailable
from aqe.core.records.rollouts.rollout import Phase
from aqe.fleet import processes
from aqe.fleet.decisions import situations
from aqe.fleet.rollouts import desk as rollouts
from aqe.fleet.rollouts.runner import TakenOverError


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


def stored(phase: Phase, timeline: tuple[Any, ...] = ()) -> Any:
    plan = SimpleNamespace(id="r1", version="v2", region=None, environment="production")
    return SimpleNamespace(plan=plan, state=SimpleNamespace(timeline=timeline, phase=phase))


def executing(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Awaitable[Any]]) -> None:
    """`execute` of a rollout that `run` runs."""

    async def wanted(*_: Any) -> None: ...

    async def started(*_: Any, **__: Any) -> Any:
        return stored(Phase.STAGE)

    monkeypatch.setattr(rollout, "wanted_of", wanted)
    monkeypatch.setattr(rollouts, "start_rollout", started)
    monkeypatch.setattr(rollouts, "run_rollout", run)
    monkeypatch.setattr(situations, "asking_person", lambda folder: "me")
    monkeypatch.setattr(processes, "start_detached", lambda settings: 1)


async def test_ctrl_c_says_that_the_rollout_goes_on_and_how_it_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    executing(monkeypatch, interrupted)
    parts: Any = SimpleNamespace(settings=None)
    with pytest.raises(asyncio.CancelledError):
        await rollout._execute(parts, "v2", None, False, False, {})
    assert "r1: the fleet goes on with it; to take it back: aqe deploy abort --version v2" in capsys.readouterr().err


async def taken_over(*_: Any, **__: Any) -> Any:
    raise TakenOverError("rollout r1 is run by another process by now")


async def test_a_rollout_that_the_fleet_took_over_is_followed_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = SimpleNamespace(at=datetime(2026, 1, 10, tzinfo=UTC), text="promoted")
    looks = iter([stored(Phase.STAGE), stored(Phase.PROMOTED, (ended,))])

    async def latest(*_: Any) -> Any:
        return next(looks)

    executing(monkeypatch, taken_over)
    monkeypatch.setattr(rollouts, "latest_rollout", latest)
    parts: Any = SimpleNamespace(settings=None, clock=FakeClock())
    after = await rollout._execute(parts, "v2", None, False, False, {})
    assert (after.state.phase, "promoted" in capsys.readouterr().err) == (Phase.PROMOTED, True)


async def test_a_rollback_that_another_process_carries_out_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([stored(Phase.PROMOTED), stored(Phase.ROLLING_BACK)])

    async def latest(*_: Any) -> Any:
        return next(looks)

    async def newest(*_: Any) -> Any:
        return stored(Phase.PROMOTED)

    monkeypatch.setattr(rollouts, "latest_rollout", latest)
    monkeypatch.setattr(rollouts, "latest_at", newest)
    monkeypatch.setattr(rollouts, "runner_of", lambda *_, **__: SimpleNamespace(take_back=taken_over))
    monkeypatch.setattr(rollouts, "beating", lambda *_: nullcontext())
    parts: Any = SimpleNamespace(clock=FakeClock())
    after = await rollouts.roll_back(parts, "v2", by="me", reason="", seen=lambda state: None)
    assert after.state.phase is Phase.ROLLING_BACK
