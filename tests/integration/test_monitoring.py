"""`aqe deploy monitor` from outside: what it calls an alert, and that it goes on where the rollout has ended."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.config.settings import load_settings
from aqe.core.clock import FakeClock
from aqe.core.errors import InputError
from aqe.core.records.release import Release
from aqe.core.records.rollouts.health import DeploymentAlert
from aqe.core.records.rollouts.rollout import ArmTotals, Phase, Rollout, RolloutPlan, Trigger, WatchPhase, rollout_key
from aqe.fleet.rollouts.desk import watched_rollout
from aqe.fleet.rollouts.monitoring import Monitored, Teller, monitor
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open
from aqe.tests.unit.rollout.test_parts import prometheus
from aqe.tests.unit.rollout.test_step import START, Story, a_plan

TARGETS = """
targets:
  production:
    base_url: http://shop
    rollout:
      executor: {{kind: dry-run}}
      metrics: {{url: "{url}", queries: {{requests: "r{{arm}}", errors: "e{{arm}}"}}}}
      interval_s: 5
"""


class Production:
    """Counters that grow with every look: a hundred requests, of which so many fail."""

    failing = 0

    def __init__(self) -> None:
        self.counted = {"rcanary": 0, "ecanary": 0, "rbaseline": 0, "ebaseline": 0}

    def get(self, query: str, _: Any) -> list[int]:
        self.counted[query] += {"rcanary": 100, "ecanary": self.failing}.get(query, 0)
        return [self.counted[query]]


class Told(Teller):
    def __init__(self) -> None:
        super().__init__(object())  # type: ignore[arg-type]
        self.about: list[str] = []

    async def _send(self, one: DeploymentAlert) -> None:
        self.about.append(one.about)


@pytest.fixture
def production() -> Iterator[tuple[Production, str]]:
    counters = Production()
    with prometheus(counters) as url:  # type: ignore[arg-type]
        yield counters, url


async def a_rollout(
    open_parts: Open, folder: Path, url: str, fleet: str, plan: RolloutPlan | None = None, **state: Any
) -> Runtime:
    """Stored, with the target that it went to."""
    (folder / "aqe.yaml").write_text(TARGETS.format(url=url))
    parts = await open_parts("monitor", fleet=fleet)
    more = {"targets": load_settings({}, {}, folder).targets}
    object.__setattr__(parts, "settings", parts.settings.model_copy(update=more))
    object.__setattr__(parts, "clock", FakeClock())
    before = Story(a_plan()).state.model_copy(update={"reference": ArmTotals(requests=5000, errors=5), **state})
    rollout = Rollout(plan=plan or a_plan(), state=before, runner="r", updated_at=START)
    version = rollout.plan.version
    await parts.memory.store(rollout_key(rollout.plan.id), rollout)
    await parts.memory.store(f"aqe/releases/{version}/release", Release(version=version))
    return parts


async def seen(parts: Runtime, told: Teller, within_s: float = 30) -> Monitored:
    return await monitor(
        parts, a_plan().version, None, within_s=within_s, watch=False, until_alert=True, teller=told,
        say=lambda line: None,
    )  # fmt: skip


async def test_a_promoted_release_is_looked_at_for_the_rest_of_the_time(
    open_parts: Open, tmp_path: Path, production: tuple[Production, str]
) -> None:
    parts = await a_rollout(open_parts, tmp_path, production[1], "well", phase=Phase.PROMOTED, percent=100)
    found = await seen(parts, told := Told())
    assert found.since is not None
    assert (found.since.verdict, found.since.requests >= 100, found.is_well) == ("HEALTHY", True, True)
    assert (found.alerts, told.about) == ((), [])


async def test_a_promoted_release_that_becomes_worse_is_an_alert_and_told_once(
    open_parts: Open, tmp_path: Path, production: tuple[Production, str]
) -> None:
    counters, url = production
    counters.failing = 50
    parts = await a_rollout(open_parts, tmp_path, url, "worse", phase=Phase.PROMOTED, percent=100)
    found = await seen(parts, told := Told())
    assert (found.is_well, [one.about for one in found.alerts], told.about) == (False, ["error rate"], ["error rate"])


async def test_the_limits_of_the_last_phase_hold_on(
    open_parts: Open, tmp_path: Path, production: tuple[Production, str]
) -> None:
    counters, url = production
    counters.failing = 1
    limit = Trigger(metric="error_rate_percent", limit=0.5)
    ongoing = WatchPhase(name="ongoing", duration_s=60, interval_s=60, triggers=(limit,), auto_rollback=False)
    plan = a_plan().model_copy(update={"watches": (ongoing,)})
    parts = await a_rollout(open_parts, tmp_path, url, "ongoing", plan, phase=Phase.PROMOTED, percent=100)
    assert [one.about for one in (await seen(parts, Told())).alerts] == ["error_rate_percent"]


async def test_a_release_without_requests_is_not_called_well(
    open_parts: Open, tmp_path: Path, production: tuple[Production, str]
) -> None:
    production[0].get = lambda query, _: [7]  # type: ignore[method-assign]
    parts = await a_rollout(open_parts, tmp_path, production[1], "silent", phase=Phase.PROMOTED, percent=100)
    found = await seen(parts, Told())
    assert (found.is_well, found.since and found.since.verdict) == (False, "NO_DATA")


async def test_a_broken_limit_that_takes_nothing_back_is_an_alert_too(open_parts: Open, tmp_path: Path) -> None:
    mild: dict[str, Any] = {
        "phase": Phase.WATCHING,
        "percent": 100,
        "alerts": {"conversion": "0.5, the limit is below 0.8"},
    }
    parts = await a_rollout(open_parts, tmp_path, "http://127.0.0.1:1", "mild", **mild)
    found = await seen(parts, told := Told())
    assert ([one.about for one in found.alerts], told.about, found.is_well) == (["conversion"], ["conversion"], True)


async def test_what_another_version_has_replaced_is_not_looked_at(open_parts: Open, tmp_path: Path) -> None:
    parts = await a_rollout(open_parts, tmp_path, "http://127.0.0.1:1", "replaced", phase=Phase.PROMOTED, percent=100)
    later = a_plan().model_copy(update={"id": "r9", "version": "v9", "started_at": START + timedelta(hours=1)})
    state = Story(a_plan()).state
    await parts.memory.store(rollout_key("r9"), Rollout(plan=later, state=state, runner="r", updated_at=START))
    found = await seen(parts, Told())
    assert (found.since, found.state.phase) == (None, Phase.PROMOTED)


async def test_one_region_does_not_stand_for_all_of_them(open_parts: Open, tmp_path: Path) -> None:
    parts = await a_rollout(open_parts, tmp_path, "http://127.0.0.1:1", "regions")
    plan = a_plan().model_copy(update={"id": "r2", "region": "us-east", "started_at": START + timedelta(hours=1)})
    state = Story(a_plan()).state
    await parts.memory.store(rollout_key("r2"), Rollout(plan=plan, state=state, runner="r", updated_at=START))
    with pytest.raises(InputError, match="went to several regions"):
        await watched_rollout(parts, plan.version, None)
    assert (await watched_rollout(parts, plan.version, "us-east")).plan.id == "r2"
