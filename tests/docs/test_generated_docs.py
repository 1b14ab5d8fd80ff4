"""docs/events.md, memory.md, evidence.md, risk.md and formats/ say what the code says."""

import ast
import io
from collections.abc import Callable
from typing import Any

import pytest

from aqe.bus.events import EVENT_TYPES, PAYLOADS, Event
from aqe.connectors.formats.table import IMPORTERS
from aqe.fleet.asyncapi import ABOUT, FIELDS, HEADERS, REQUIRED_HEADERS
from aqe.fleet.schemas import field_words
from aqe.fleet.tasks import OUTCOMES
from aqe.tests.builders import NOW
from aqe.tests.docs.generated import (
    PAGES,
    PART,
    ROOT,
    filled,
    given,
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_the_code_says(page: str) -> None:
    """After a change: `make docs`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [part[1] for part in PART.finditer(text)] == list(PAGES[page])
    assert text == filled(page), f"docs/{page} is out of date: make docs"


@pytest.mark.parametrize(
    "part", [part for parts in PAGES.values() for part in parts.values()], ids=lambda p: p.__name__
)
def test_no_line_of_a_table_has_an_empty_cell(part: Callable[[], str]) -> None:
    """Every event, key and piece of evidence is explained in full."""
    lines = [line for line in part().splitlines() if line.startswith("| ")]
    assert len(lines) > 2
    for line in lines:
        assert all(cell.strip() for cell in line.strip("|").split(" | ")), line


def test_every_event_is_explained() -> None:
    """Its sender, subject and occasion, and every field of its payload."""
    assert list(ABOUT) == list(EVENT_TYPES)
    for payload in PAYLOADS:
        assert list(field_words(payload)) == list(payload.model_fields), payload.event_type
    assert set(FIELDS) <= {name for payload in PAYLOADS for name in payload.model_fields}


SENDERS = {
    "agents/production_intelligence": {"production-intelligence"},
    "agents/deployment_readiness": {"deployment-readiness"},
    "agents/commander": {"fleet-commander"},
    "agents/base.py": {"production-intelligence", "deployment-readiness"},
    "agents/work.py": {"production-intelligence", "deployment-readiness"},
    "bus/retention.py": {"fleet-commander"},
    "bus/subscription.py": {"subscribers"},
    "fleet/imports/ingest.py": {"import"},
    "fleet/tasks.py": {"cli"},
    "fleet/decisions/approvals.py": {"cli"},
    "fleet/decisions/overrides.py": {"cli"},
    "fleet/rollouts/runner.py": {"cli", "gateway"},
    "fleet/rollouts/desk.py": {"cli"},
    "fleet/rollouts/regional_runner.py": {"cli", "gateway"},
    "fleet/rollouts/regions.py": {"cli"},
}
"""Where events are made -> who that is."""


def test_the_senders_are_those_that_send() -> None:
    """Each payload class is called where the table says, and nowhere else."""
    types = {payload.__name__: payload.event_type for payload in PAYLOADS}
    found: dict[str, set[str]] = {}
    for folder in ("agents", "bus", "cli", "fleet", "hooks"):
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in types:
                    (sender,) = (who for where, who in SENDERS.items() if name.startswith(where))
                    found.setdefault(types[node.func.id], set()).update(sender)
    assert found == {kind: set(about.sent_by) - {"other programs"} for kind, about in ABOUT.items()}


def test_the_handlers_are_those_that_subscribe() -> None:
    """The commander's subscriptions; the command line waits for how a task ends."""
    tree = ast.parse((ROOT / "agents" / "commander" / "agent.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".subscribe")
    ]
    subscribed = {ast.literal_eval(call.args[0]) for call in calls}
    assert subscribed == {kind for kind, about in ABOUT.items() if "fleet-commander" in about.handled_by}
    assert set(OUTCOMES) == {kind for kind, about in ABOUT.items() if "cli" in about.handled_by}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.event_type)
def test_an_entry_has_the_documented_fields(payload: Any) -> None:
    """With everything there is to say."""
    event = Event(payload.event_type, {}, "s", NOW, "i", "about", "c", "e", "00-0-0-00")
    names = event.fields()[::2]
    assert set(names) == {*HEADERS, "data"}
    bare = Event(payload.event_type, {}, "s", NOW).fields()[::2]
    assert set(REQUIRED_HEADERS) <= set(bare)


def test_what_an_importer_gives_is_found() -> None:
    """Its own sample gives no metric that the evidence table would not name."""
    for importer in IMPORTERS:
        (sample,) = (ROOT / "tests" / "formats" / importer.name).glob("sample.*")
        for kind, part in importer.parse(io.BytesIO(sample.read_bytes())).signals:
            assert set(part.metrics) <= given(importer)[kind], importer.name
