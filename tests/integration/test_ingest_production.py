"""Imported production data at its keys, on a real server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.errors import InputError
from aqe.core.records.bulk.incidents import Incident
from aqe.core.records.bulk.recordings import FlowStep, UserFlow
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, read_history
from aqe.fleet.imports import ingest_production
from aqe.fleet.imports.ingest_production import note_datasets, store_records
from aqe.fleet.runtime import Runtime, open_runtime

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def runtime(redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = load_settings({"redis_url": redis_url, "data_dir": str(tmp_path / "data")}, env={}, cwd=tmp_path)
    async with open_runtime(settings, name="test") as parts:
        yield parts


def incident(number: int, **fields: object) -> Incident:
    values = {"source": "pagerduty", "kind": "incident", "title": "t", "status": "open"} | fields
    return Incident.model_validate(
        {"id": f"pagerduty-{number}", "started_at": NOON + timedelta(minutes=number)} | values
    )


async def test_an_incident_has_its_own_key_and_stands_among_the_latest(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first; the same one again replaces itself; the list has an end, the keys have not."""
    monkeypatch.setattr(ingest_production, "LATEST_INCIDENTS", 2)
    await store_records(runtime, [incident(1), incident(3), incident(2)])
    await store_records(runtime, [incident(3, status="resolved")])
    latest = await runtime.memory.retrieve("aqe/production/incidents")
    assert [(item["id"], item["status"]) for item in latest] == [("pagerduty-3", "resolved"), ("pagerduty-2", "open")]
    assert await runtime.memory.keys("aqe/incidents/*") == [f"aqe/incidents/pagerduty-{n}" for n in (1, 2, 3)]


async def test_incidents_that_other_programs_wrote_stay(runtime: Runtime) -> None:
    """Whatever shape theirs have."""
    await runtime.memory.store("aqe/production/incidents", [{"id": "INC-7", "service": "pay"}])
    await store_records(runtime, [incident(1)])
    latest = await runtime.memory.retrieve("aqe/production/incidents")
    assert [item["id"] for item in latest] == ["pagerduty-1", "INC-7"]


async def test_past_deployments_join_the_history_once(runtime: Runtime) -> None:
    """A sheet that is imported again adds what is new in it; one that cannot be true adds nothing."""
    past = [
        DeploymentOutcome(version=f"v{n}", deployed_at=datetime(2026, 1, n, tzinfo=UTC), outcome="success")
        for n in (1, 2, 3)
    ]
    await store_records(runtime, past[:2])
    await store_records(runtime, past)
    history = read_history(await runtime.memory.retrieve(HISTORY_KEY))
    assert [item.version for item in history] == ["v1", "v2", "v3"]
    future = DeploymentOutcome(version="v4", deployed_at=datetime(2999, 1, 1, tzinfo=UTC), outcome="success")
    with pytest.raises(InputError, match="v4 cannot have an outcome before it is deployed"):
        await store_records(runtime, [past[0].model_copy(update={"version": "v0"}), future])
    assert len(await runtime.memory.retrieve(HISTORY_KEY)) == 3


async def test_the_rum_key_is_that_of_the_latest_day(runtime: Runtime) -> None:
    """An older day that is imported later does not take its place; each day has its own key."""
    for day, digest in ((1, "a"), (0, "b")):
        rows = [RumRow(NOON + timedelta(days=day), "view", session="s")]
        references = runtime.datasets.write(rows, source="f", digest=digest * 64, release=None, now=NOON)
        await note_datasets(runtime, references)
    assert (await runtime.memory.retrieve("aqe/production/rum-data"))["day"] == "2026-11-21"
    assert (await runtime.memory.retrieve("aqe/rum-data/2026-11-20"))["totalSessions"] == 1


async def test_a_recorded_flow_has_its_own_key(runtime: Runtime) -> None:
    """By its digest."""
    flow = UserFlow(id="f1", title="buy", source="chrome-recorder", steps=(FlowStep(action="click"),))
    await store_records(runtime, [flow])
    assert (await runtime.memory.retrieve("aqe/production/user-flows/f1"))["title"] == "buy"
