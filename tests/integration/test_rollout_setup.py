"""Which limit of a metric holds: the policy's, aqe.yaml's, the environment's, the version's, the command line's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aqe.config.settings import load_settings
from aqe.core.records.release import Release
from aqe.core.records.rollouts.rollout import Trigger
from aqe.fleet.rollouts.defaults import asked_trigger, set_triggers, with_setup
from aqe.fleet.rollouts.parts import Wanted, plan, target
from aqe.fleet.runtime import Runtime, open_runtime

TARGET = """
targets:
  production:
    base_url: https://shop.example.org
    rollout:
      executor: {kind: dry-run}
      metrics: {url: "http://127.0.0.1:9090", queries: {requests: "sum(r)", errors: "sum(e)"}}
      triggers: {slow_percent: {above: 2}}
"""
POLICY = """
deployment_gates: {}
rollback:
  triggers:
    error_rate_percent: {above: 1, for: 2m}
    p95_latency_ms: {above: 900, for: 1m}
    slow_percent: {above: 50, for: 1m}
    availability_percent: {below: 99, for: 1m}
"""


@asynccontextmanager
async def a_project(redis_url: str, folder: Path, policy: str | None) -> AsyncIterator[Runtime]:
    more = "policy: {file: policy.yaml}\n" if policy else ""
    (folder / "aqe.yaml").write_text(TARGET + more)
    if policy:
        (folder / "policy.yaml").write_text(policy)
    settings = load_settings(flags={"redis_url": redis_url}, env={}, cwd=folder)
    async with open_runtime(settings, name="test") as parts:
        yield parts


async def planned(runtime: Runtime, *asked: Trigger) -> dict[str, tuple[float, str]]:
    """Metric -> limit and origin, of a rollout of v2."""
    wanted = await with_setup(runtime, Wanted(triggers=asked), version="v2", environment="production")
    made = plan(target(runtime.settings, "production"), Release(version="v2"), "v1", wanted, runtime.clock.now())
    return {trigger.metric: (trigger.limit, trigger.origin) for trigger in made.triggers}


def a_limit(percent: float) -> Trigger:
    return asked_trigger("error_rate_percent", percent, below=False, for_s=None, counters={})


async def test_the_nearest_limit_holds_and_says_where_it_came_from(redis_url: str, tmp_path: Path) -> None:
    async with a_project(redis_url, tmp_path, POLICY) as runtime:
        assert await planned(runtime) == {
            "error_rate_percent": (1, "policy"),
            "latency_p95_ms": (900, "policy"),
            "slow_percent": (2, "aqe.yaml"),
            "availability_percent": (99, "policy"),
        }
        await set_triggers(runtime, [a_limit(2)], environment="production", version=None)
        assert (await planned(runtime))["error_rate_percent"] == (2, "environment production")
        await set_triggers(runtime, [a_limit(3)], environment="production", version="v2")
        assert (await planned(runtime))["error_rate_percent"] == (3, "version v2")
        own = a_limit(4).model_copy(update={"origin": "--monitoring"})
        assert (await planned(runtime, own))["error_rate_percent"] == (4, "--monitoring")


async def test_the_limits_that_come_with_aqe_are_advice(redis_url: str, tmp_path: Path) -> None:
    async with a_project(redis_url, tmp_path, None) as runtime:
        assert await planned(runtime) == {"slow_percent": (2, "aqe.yaml")}
