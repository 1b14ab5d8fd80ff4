"""Two that begin a rollout at once, and what stands at a rollout's key and is none."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aqe.config.settings import load_settings
from aqe.core.errors import InputError
from aqe.core.records.release import Release
from aqe.core.records.rollout import Rollout, rollout_key
from aqe.fleet import rollouts
from aqe.fleet.rollout_parts import Wanted
from aqe.fleet.rollouts import all_rollouts, start_rollout
from aqe.tests.integration.conftest import Open
from aqe.tests.servers import documented


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
