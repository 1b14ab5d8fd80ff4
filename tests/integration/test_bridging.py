"""What other quality agents write becomes signals of the release it is about."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aqe.core.records.signals import Outcome, Signal
from aqe.fleet.bridging import Bridges
from aqe.fleet.imports.ingest import put_part
from aqe.fleet.runtime import Runtime
from aqe.tests.clones import git
from aqe.tests.integration.conftest import Open

COVERAGE = "aqe/coverage/results"
KEY = "aqe/releases/v1/signals/test-coverage"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Two commits: v1, and one more."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    for version in ("v1", "v2"):
        git(folder, "commit", "-qm", version, "--allow-empty")
        git(folder, "tag", version)
    return folder


async def signal(parts: Runtime, version: str) -> Any:
    stored = await parts.memory.retrieve(f"aqe/releases/{version}/signals/test-coverage")
    return Signal.from_value(stored, where="signal") if stored else None


async def test_a_value_is_about_the_commit_it_names_else_about_the_one_checked_out(
    open_parts: Open, clone: Path
) -> None:
    parts = await open_parts(fleet="b1")
    bridges = Bridges(parts, clone)
    await parts.memory.store(COVERAGE, {"lines": 81})
    assert [(b.version, b.outcome) for b in await bridges.read()] == [("v2", Outcome.VALUE)]

    await parts.memory.store(COVERAGE, {"lines": 40, "commitSha": git(clone, "rev-parse", "v1")})
    assert [b.version for b in await bridges.read()] == ["v1"]

    assert (await signal(parts, "v2")).metrics == {"line_coverage_percent": 81.0}
    assert (await signal(parts, "v1")).metrics == {"line_coverage_percent": 40.0}
    assert (await signal(parts, "v1")).parts["bridge:aqe/coverage/results"].tool == "qe-coverage-analyzer"


async def test_the_same_value_is_stored_once(open_parts: Open, clone: Path) -> None:
    parts = await open_parts(fleet="b2")
    await parts.memory.store(COVERAGE, {"lines": 81})
    assert len(await Bridges(parts, clone).read()) == 1
    await parts.memory.store(COVERAGE, {"lines": 81})
    assert await Bridges(parts, clone).read() == []


async def test_a_value_nobody_can_read_takes_the_evidence_away_and_says_so(open_parts: Open, clone: Path) -> None:
    """It may be the worst of all: what was measured before is not what is there now."""
    parts = await open_parts(fleet="b3")
    await parts.memory.store(COVERAGE, {"lines": 81})
    await Bridges(parts, clone).read()
    await parts.memory.store(COVERAGE, {"lines": "many"})
    found = await Bridges(parts, clone).read()

    assert found[0].outcome is Outcome.UNREADABLE
    assert "lines is 'many', expected a number" in (found[0].reason or "")
    assert (await signal(parts, "v2")).metrics == {}


async def test_a_value_about_a_commit_that_nobody_knows_is_left_alone(open_parts: Open, clone: Path) -> None:
    parts = await open_parts(fleet="b4")
    for commit in ("0" * 40, "--help", 7):
        await parts.memory.store(COVERAGE, {"lines": 81, "commit": commit})
        if isinstance(commit, str):
            assert await Bridges(parts, clone).read() == []


async def test_outside_of_a_clone_nothing_is_guessed(open_parts: Open, tmp_path: Path) -> None:
    parts = await open_parts(fleet="b5")
    await parts.memory.store(COVERAGE, {"lines": 81})
    assert await Bridges(parts, tmp_path).read() == []


async def test_what_a_tool_measured_stays_beside_it(open_parts: Open, clone: Path) -> None:
    parts = await open_parts(fleet="b6")
    bridges = Bridges(parts, clone)
    await parts.memory.store(COVERAGE, {"lines": 81})
    await bridges.read()
    found = await signal(parts, "v2")
    part = found.parts["bridge:aqe/coverage/results"].model_copy(
        update={"tool": "coverage.py", "metrics": {"line_coverage_percent": 75.0}}
    )
    await put_part(parts, found.release, found.kind, "coverage-py-json:c.json", part)
    await parts.memory.store(COVERAGE, {"lines": 90})
    await bridges.read()
    assert (await signal(parts, "v2")).metrics == {"line_coverage_percent": 75.0}, "the worst of both"


async def test_it_is_read_as_soon_as_it_is_written(open_parts: Open, clone: Path) -> None:
    """By subscription: the poll would take half a minute."""
    parts = await open_parts(fleet="b7")
    stopping = asyncio.Event()
    running = asyncio.create_task(Bridges(parts, clone).run(stopping))
    try:
        async with asyncio.timeout(20):
            while await signal(parts, "v2") is None:
                await parts.memory.store(COVERAGE, {"lines": 81})
                await asyncio.sleep(0.05)
    finally:
        stopping.set()
        async with asyncio.timeout(20):
            await running
