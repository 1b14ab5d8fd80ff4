"""A window of rows for tests of capabilities: real datasets in a folder of the test's own."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aqe.agents.production_intelligence.loaded import Loaded
from aqe.core.records.logs import AccessRow
from aqe.core.records.rows import Row
from aqe.core.records.rum import RumRow
from aqe.core.records.usage import ProductRow
from aqe.memory.datasets import DatasetStore

NOW = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""


def loaded(folder: Path, rows: Iterable[Row], *, now: datetime = NOW, **payload: Any) -> Loaded:
    store = DatasetStore(folder)
    store.write(rows, source="rows", digest="d" * 64, release=None, now=now)
    return Loaded(now, payload, store)


def request(at: datetime, path: str = "/", method: str = "GET", status: int = 200) -> AccessRow:
    return AccessRow(at, method, path, status, None, None, None, None, None)


def view(at: datetime, session: str | None, page: str = "/", **more: Any) -> RumRow:
    return RumRow(at, "view", session=session, page=page, **more)


def click(at: datetime, session: str, name: str = "click") -> RumRow:
    return RumRow(at, "action", session=session, name=name)


def product_event(at: datetime, name: str, session: str | None = None, **more: Any) -> ProductRow:
    return ProductRow(at, name, session=session, **more)
