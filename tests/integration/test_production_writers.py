"""What `aqe import` writes of production: the specification's keys by real files, read back as an agent does."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from aqe.agents.commander.agent import FleetCommander
from aqe.config.settings import load_settings
from aqe.core.records.bulk.datasets import DatasetRef
from aqe.core.records.bulk.incidents import Incident
from aqe.core.records.bulk.rows import ACCESS, DATASET_ROWS, LOGS, METRICS, PRODUCT, RUM, SPANS
from aqe.core.records.bulk.rum import RumData
from aqe.fleet.imports.ingest import Ingest
from aqe.fleet.retention import prune_datasets
from aqe.fleet.runtime import Runtime, open_runtime

from .conftest import eventually

FORMATS = Path(__file__).parents[1] / "formats"


@pytest.fixture
async def runtime(redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    (tmp_path / "aqe.yaml").write_text("retention:\n  days: {logs: 7}\n")
    settings = load_settings({"redis_url": redis_url, "data_dir": str(tmp_path / "data")}, env={}, cwd=tmp_path)
    async with open_runtime(settings, name="test") as parts:
        yield parts


def sample(name: str) -> Path:
    (path,) = (FORMATS / name).glob("sample.*")
    return path


@pytest.mark.parametrize(
    ("format_", "key", "kind"),
    [
        ("mixpanel", "aqe/production/analytics", PRODUCT),
        ("ga4-export", "aqe/production/analytics", PRODUCT),
        ("amplitude", "aqe/production/analytics", PRODUCT),
        ("otlp-json", "aqe/production/apm", SPANS),
        ("jaeger", "aqe/production/apm", SPANS),
        ("prometheus", "aqe/production/apm", METRICS),
        ("json-lines", "aqe/production/logs", LOGS),
        ("elasticsearch", "aqe/production/logs", LOGS),
        ("access-log", "aqe/production/access", ACCESS),
    ],
)
async def test_an_import_is_noted_at_its_key_and_its_rows_can_be_read(
    runtime: Runtime, format_: str, key: str, kind: str
) -> None:
    """The reference counts what the reader finds."""
    (report,) = await Ingest(runtime, None).files([sample(format_)])
    assert not report.failed, report.reason
    references = [DatasetRef.from_value(item, where=key) for item in await runtime.memory.retrieve(key)]
    counted = sum(reference.rows for reference in references if reference.kind == kind)
    assert counted == len(list(runtime.services().datasets.rows(kind))) > 0


async def test_real_users_have_a_record_a_day_and_the_latest_stands_at_the_key(runtime: Runtime) -> None:
    """With figures over the rows."""
    (report,) = await Ingest(runtime, None).files([sample("datadog-search")])
    assert not report.failed, report.reason
    shown = RumData.from_value(await runtime.memory.retrieve("aqe/production/rum-data"), where="rum-data")
    assert shown.to_dict() == await runtime.memory.retrieve(f"aqe/rum-data/{shown.day}")
    views = [row for row in runtime.services().datasets.rows(RUM) if row.event == "view" and row.at.date() == shown.day]
    assert shown.total_page_views == len(views)


@pytest.mark.parametrize("format_", ["pagerduty", "opsgenie", "alertmanager"])
async def test_incidents_have_their_keys_and_stand_among_the_latest(runtime: Runtime, format_: str) -> None:
    """As records that an agent can load."""
    (report,) = await Ingest(runtime, None).files([sample(format_)])
    latest = [
        Incident.from_value(item, where="i") for item in await runtime.memory.retrieve("aqe/production/incidents")
    ]
    assert report.records >= len(latest) > 0
    for one in latest:
        assert await runtime.memory.retrieve(f"aqe/incidents/{one.id}") == one.to_dict()


def age(runtime: Runtime, kind: str, days: int) -> None:
    """As if the files had been imported so many days ago."""
    then = (runtime.clock.now() - timedelta(days=days)).timestamp()
    for file in runtime.datasets.files(kind):
        os.utime(file, (then, then))


async def test_an_import_deletes_what_is_older_than_its_kind_is_kept(runtime: Runtime) -> None:
    """Of every kind, not only of its own; 30 days where aqe.yaml says nothing."""
    await Ingest(runtime, None).files([sample("json-lines"), sample("mixpanel"), sample("jaeger")])
    age(runtime, LOGS, 8)
    age(runtime, PRODUCT, 31)
    age(runtime, SPANS, 29)
    await Ingest(runtime, None).files([sample("access-log")])
    assert {kind for kind in DATASET_ROWS if runtime.datasets.files(kind)} == {ACCESS, SPANS}


async def test_the_commander_deletes_what_is_too_old_when_nobody_imports(runtime: Runtime) -> None:
    """As part of its upkeep."""
    await Ingest(runtime, None).files([sample("json-lines"), sample("mixpanel")])
    age(runtime, LOGS, 8)
    age(runtime, PRODUCT, 8)
    commander = FleetCommander(
        runtime.memory, runtime.bus, runtime.keeper, runtime.clock, runtime.clients.commands, (),
        partial(prune_datasets, runtime),
    )  # fmt: skip
    task = asyncio.create_task(commander.run())
    try:
        await eventually(lambda: not runtime.datasets.files(LOGS), what="the logs are deleted")
    finally:
        commander.stop()
        await task
    assert runtime.datasets.files(PRODUCT)
