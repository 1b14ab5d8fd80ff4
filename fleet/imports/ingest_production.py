"""Where imported production data is noted: references to datasets, a day's real users, incidents, recorded flows."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from ...core.errors import ConflictError
from ...core.records.base import Record
from ...core.records.bulk.datasets import DatasetRef
from ...core.records.bulk.incidents import Incident
from ...core.records.bulk.recordings import UserFlow
from ...core.records.bulk.rows import ACCESS, EXCHANGES, LOGS, METRICS, OPS, PRODUCT, RUM, SPANS
from ...core.records.bulk.rum import RumData
from ...core.records.decisions.history import DeploymentOutcome
from ..decisions.outcomes import append_past
from ..runtime import Runtime

HISTORY_KEYS = {
    LOGS: "aqe/production/logs",
    ACCESS: "aqe/production/access",
    SPANS: "aqe/production/apm",
    METRICS: "aqe/production/apm",
    PRODUCT: "aqe/production/analytics",
    OPS: "aqe/production/ops-events",
    EXCHANGES: "aqe/production/http-exchanges",
}
"""Bulk kind -> history of its dataset references. Real users have a record a day instead: aqe/rum-data/<day>."""
LATEST_INCIDENTS = 200
"""How many stand in aqe/production/incidents; every one has its own key. About 1 KB each, a value may have 1 MB."""
CONFLICT_TRIES = 20


async def note_datasets(runtime: Runtime, references: Sequence[DatasetRef]) -> None:
    """Write down where the rows of one import lie; a file imported again is not noted twice."""
    for kind in dict.fromkeys(reference.kind for reference in references):
        of_kind = [reference for reference in references if reference.kind == kind]
        if kind == RUM:
            await _note_real_users(runtime, of_kind)
        else:
            await _append_new(runtime, HISTORY_KEYS[kind], of_kind)


async def store_records(runtime: Runtime, records: Iterable[Record]) -> None:
    """Each at its own key, incidents among the latest, too; outcomes of deployments in their history."""
    records = list(records)
    await append_past(runtime, [record for record in records if isinstance(record, DeploymentOutcome)])
    incidents = []
    for record in records:
        if isinstance(record, Incident):
            incidents.append(record)
            await runtime.memory.store(f"aqe/incidents/{record.id}", record)
        elif isinstance(record, UserFlow):
            await runtime.memory.store(f"aqe/production/user-flows/{record.id}", record)
    if incidents:
        await _note_incidents(runtime, incidents)


async def _append_new(runtime: Runtime, key: str, references: list[DatasetRef]) -> None:
    memory = runtime.memory
    known = {item["uri"] for item in await memory.retrieve(key) or ()}
    await memory.apply([memory.prepare_append(key, ref) for ref in references if ref.uri not in known])


async def _note_real_users(runtime: Runtime, references: list[DatasetRef]) -> None:
    memory = runtime.memory
    latest: RumData | None = None
    for reference in references:
        day = _day(reference)
        key = f"aqe/rum-data/{day}"
        known = [
            DatasetRef.from_value(item, where=key) for item in (await memory.retrieve(key) or {}).get("datasets", ())
        ]
        found = runtime.datasets.rum_day(day, [*known, reference])
        if found is None:
            continue
        await memory.store(key, found)
        latest = found if latest is None or found.day > latest.day else latest
    if latest is not None:
        shown = await memory.retrieve("aqe/production/rum-data")
        if not shown or str(shown.get("day")) <= latest.day.isoformat():
            await memory.store("aqe/production/rum-data", latest)


async def _note_incidents(runtime: Runtime, incidents: list[Incident]) -> None:
    """Newest first; the same incident again replaces itself, what other programs wrote stays.

    Raises:
        ConflictError: others kept writing the list.
    """
    memory, key = runtime.memory, "aqe/production/incidents"
    for attempt in range(CONFLICT_TRIES):
        stored = await memory.retrieve_record(key)
        known = stored.value if stored and isinstance(stored.value, list) else []
        merged = {_id(item): item for item in known} | {incident.id: incident.to_dict() for incident in incidents}
        newest = sorted(merged.values(), key=_started, reverse=True)[:LATEST_INCIDENTS]
        try:
            await memory.store(key, newest, expected_version=stored.version if stored else 0)
            return
        except ConflictError:
            if attempt == CONFLICT_TRIES - 1:
                raise


def _id(item: Any) -> str:
    return str(item.get("id")) if isinstance(item, dict) else str(item)


def _started(item: Any) -> str:
    return str(item.get("startedAt") or "") if isinstance(item, dict) else ""


def _day(reference: DatasetRef) -> date:
    assert reference.from_at is not None  # a file that was published has a row
    return datetime.astimezone(reference.from_at, UTC).date()
