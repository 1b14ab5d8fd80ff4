"""Two that begin a rollout at once, what stands at a rollout's key and is none, and who cannot save one."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aqe.config.settings import load_settings
from aqe.connectors.executors.dry_run import DryRunExecutor
from aqe.core.clock import FakeClock
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.core.records.release import Release
from aqe.core.records.rollouts.rollout import (
    GivenOrder,
    Measured,
    Order,
    Phase,
    Rollout,
    Trigger,
    order_key,
    rollout_key,
)
from aqe.fleet.locks import is_locked
from aqe.fleet.rollouts import desk as rollouts
from aqe.fleet.rollouts.defaults import set_triggers
from aqe.fleet.rollouts.desk import all_rollouts, latest_rollout, start_rollout
from aqe.fleet.rollouts.guard import Presence, runner_file
from aqe.fleet.rollouts.parts import Wanted
from aqe.fleet.rollouts.runner import RolloutRunner
from aqe.fleet.signals import stored_release
from aqe.tests.integration.conftest import Open
from aqe.tests.servers import documented
from aqe.tests.unit.rollout.test_step import START, Story, a_plan


async def test_of_two_that_begin_at_once_one_is_told_of_the_other(
    open_parts: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("hooks.yaml"))
    targets = load_settings({}, {}, tmp_path)
    decision = SimpleNamespace(release=Release(version="v2", environment="production"), decision="APPROVED")

    async def assessed(*_: Any) -> Any:
        return SimpleNamespace(decision=decision)

    async def answers(*_: Any) -> None:
        await asyncio.sleep(0.05)

    monkeypatch.setattr(rollouts, "last_assessed", assessed)
    monkeypatch.setattr(rollouts, "check_go", lambda *_: None)
    monkeypatch.setattr(rollouts, "_check_parts", answers)
    first, second = [await open_parts(name, fleet="starts") for name in ("one", "two")]
    for parts in (first, second):
        more = {"targets": targets.targets, "notify": targets.notify}
        object.__setattr__(parts, "settings", parts.settings.model_copy(update=more))
    await first.memory.store(rollout_key("broken"), {"plan": "none"})
    begun = await asyncio.gather(
        *(start_rollout(parts, "v2", Wanted(), environment=None, by="me") for parts in (first, second)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in begun) == [InputError.__name__, Rollout.__name__]
    assert len(await all_rollouts(first)) == 1


class Untouched:
    """An executor, or metrics, that nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


async def test_who_cannot_save_a_rollout_neither_moves_it_nor_keeps_its_guard_waiting(
    open_parts: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk Redis is read and not written: whoever tries to take the rollout up must leave it to the guard."""
    parts = await open_parts("one", fleet="full-disk")
    rollout = Rollout(plan=a_plan(), state=Story(a_plan()).state, runner="dead", updated_at=START)
    await parts.memory.store(rollout_key("r1"), rollout)

    async def full(*_: Any) -> None:
        raise ServiceUnavailable("cannot write to its disk")

    monkeypatch.setattr(parts.memory, "apply", full)
    with pytest.raises(ServiceUnavailable):
        await RolloutRunner(parts, "r1", Untouched(), Untouched()).run()
    assert not is_locked(runner_file(parts.settings, "r1"))


class Calm:
    """Metrics of two versions that nobody asks anything of."""

    async def read(self) -> Measured:
        return Measured()


async def test_an_order_is_obeyed_at_once_however_far_apart_looks_are(
    open_parts: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Presence, "keep_guard", lambda self: None)
    parts, plan = await open_parts("one", fleet="abort"), a_plan(interval_s=60)
    object.__setattr__(parts, "clock", clock := FakeClock(START))
    rollout = Rollout(plan=plan, state=Story(plan).state, runner="dead", updated_at=START)
    await parts.memory.store(rollout_key(plan.id), rollout)
    abort = GivenOrder(order=Order.ABORT, by="cto", at=START)
    await parts.memory.store(order_key(plan.id), abort)
    ended = await RolloutRunner(parts, plan.id, DryRunExecutor(), Calm()).run()
    assert (ended.state.phase, (clock.now() - START).total_seconds() < 5) == (Phase.ROLLED_BACK, True)


@pytest.mark.parametrize("version", ["", "a b", "*", "v1\n", "../v1", "v" * 200])
async def test_what_can_be_no_version_is_refused_wherever_one_is_named(open_parts: Open, version: str) -> None:
    parts = await open_parts("one", fleet="hostile")
    limit = Trigger(metric="error_rate_percent", limit=2)
    for refused in (
        stored_release(parts, version),
        latest_rollout(parts, version),
        set_triggers(parts, [limit], environment="production", version=version),
    ):
        with pytest.raises(InputError, match="cannot be a release's version"):
            await refused
