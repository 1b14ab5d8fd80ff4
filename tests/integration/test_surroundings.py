"""What a rollback plan needs of the project."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.records.decisions.history import HISTORY_KEY
from aqe.core.records.decisions.rollback_plan import Strategy, Way
from aqe.core.records.release import Release
from aqe.core.records.rollouts.rollback_rules import RolloutTrigger
from aqe.core.records.rollouts.rollout import CanarySetup, canary_key
from aqe.fleet.repository.surroundings import look_around
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.tests.builders import a_deployment
from aqe.tests.clones import git

SETTINGS = """
notify:
  ops: {kind: slack, url: "https://example.org/x", events: ["deployment:*"]}
  other: {kind: email, url: "mailto:x@example.org", events: ["signal:*"]}
on_call:
  primary: {name: Release manager, contact: "#releases"}
  escalation: {contact: head-of-engineering}
targets:
  production:
    base_url: https://shop.example.org
    rollout:
      executor: {kind: dry-run}
      metrics: {url: "http://127.0.0.1:9090", queries: {requests: "sum(r)", errors: "sum(e)"}}
      watch_s: 900
      triggers: {error_rate_percent: {above: 2, for_s: 30}}
"""


@pytest.fixture
async def runtime(redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    (tmp_path / "aqe.yaml").write_text(SETTINGS)
    settings = load_settings(flags={"redis_url": redis_url}, env={}, cwd=tmp_path)
    async with open_runtime(settings, name="test") as parts:
        yield parts


def commit(folder: Path, tag: str, **files: str) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_sql", ".sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", tag)
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


async def test_the_migrations_are_those_since_the_version_that_would_come_back(runtime: Runtime, clone: Path) -> None:
    """Not those since the last tag, when that one was never deployed."""
    commit(clone, "v1", migrations__1_sql="CREATE TABLE a (id int);")
    commit(clone, "v2", migrations__2_sql="ALTER TABLE a ADD b int;")
    head = commit(clone, "v3", migrations__3_sql="DROP TABLE c;", readme="x")
    await runtime.memory.append(HISTORY_KEY, a_deployment(9, version="v1"))
    await runtime.memory.store("aqe/releases/v3/release", Release(version="v3", commit=head))
    around = await look_around(runtime, "v3", clone, "canary")
    assert [(m.path, m.way_back, m.loses) for m in around.migrations] == [
        ("migrations/2.sql", Way.MISSING, ()),
        ("migrations/3.sql", Way.MISSING, ("DROP TABLE c",)),
    ]
    assert around.strategy is Strategy.CANARY
    assert around.change and around.change.endswith(f"..{head[:12]}")


async def test_another_environment_goes_back_to_its_own_version(runtime: Runtime, clone: Path) -> None:
    """Migrations that one environment has already are new to another."""
    commit(clone, "v1", migrations__1_sql="CREATE TABLE a (id int);")
    commit(clone, "v2", migrations__2_sql="ALTER TABLE a ADD b int;")
    commit(clone, "v3", readme="x")
    await runtime.memory.append(HISTORY_KEY, a_deployment(9, version="v1"))
    await runtime.memory.append(HISTORY_KEY, a_deployment(5, version="v2", environment="staging"))
    assert len((await look_around(runtime, "v3", clone, None)).migrations) == 1
    assert (await look_around(runtime, "v3", clone, None, environment="staging")).migrations == ()


async def test_without_history_the_tag_before_counts(runtime: Runtime, clone: Path) -> None:
    """And the release's own tag, where its commit is not stored."""
    commit(clone, "v1", migrations__1_sql="CREATE TABLE a (id int);")
    commit(clone, "v2", readme="x")
    around = await look_around(runtime, "v2", clone, None)
    assert (around.migrations, around.strategy) == ((), None)
    assert around.change is not None


async def test_whom_to_tell_is_told_by_aqe_yaml(runtime: Runtime, clone: Path) -> None:
    """Channels that listen to rollbacks, and the people on call."""
    notices = (await look_around(runtime, "v1", clone, None)).notices
    assert [(notice.who, notice.channel) for notice in notices] == [
        ("ops", "slack"),
        ("primary on call: Release manager", "#releases"),
        ("escalation on call: head-of-engineering", "head-of-engineering"),
    ]


async def test_what_cannot_be_looked_at_is_said(runtime: Runtime, clone: Path, tmp_path: Path) -> None:
    """No clone, an unknown commit, no earlier version: none of them is "no migration"."""
    commit(clone, "v1", readme="x")
    first = await look_around(runtime, "v1", clone, None)
    assert (first.change, first.problem) == (None, "no earlier version than v1 is in this git clone")
    unknown = await look_around(runtime, "v9", clone, None)
    assert unknown.problem == "the commit of v9 is in no git clone here"


async def test_the_rollout_is_planned_as_it_would_be_executed(runtime: Runtime, clone: Path) -> None:
    """Stages that were set for the version go before those of aqe.yaml; another environment has none."""
    commit(clone, "v1", readme="x")
    await runtime.memory.store(canary_key("v1"), CanarySetup(stages=(10, 100), stage_s=60))
    rollout = (await look_around(runtime, "v1", clone, "canary")).rollout
    assert rollout is not None
    assert (rollout.executor, rollout.stages, rollout.stage_s, rollout.watch_s) == ("dry-run", (10, 100), 60, 900)
    assert rollout.triggers == {"error_rate_percent": RolloutTrigger(above=2, for_s=30)}
    assert (await look_around(runtime, "v1", clone, None, environment="staging")).rollout is None
