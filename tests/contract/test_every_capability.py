"""What holds for every line of the production agent's table, whose names no import statement checks."""

import ast
from pathlib import Path
from typing import get_type_hints

import pytest

from aqe.agents.outcome import Outcome
from aqe.agents.production_intelligence import capabilities
from aqe.agents.production_intelligence.capabilities import CAPABILITIES, Capability
from aqe.agents.production_intelligence.loaded import Loaded
from aqe.agents.production_intelligence.runners.events import EVENTS

HERE = Path(capabilities.__file__).parent
every_capability = pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.task_type)


@every_capability
def test_the_function_takes_what_was_loaded_and_returns_an_outcome(capability: Capability) -> None:
    assert get_type_hints(capability.function) == {"loaded": Loaded, "return": Outcome}


@every_capability
def test_what_it_reads_is_a_sequence_of_keys(capability: Capability) -> None:
    """A text would be a sequence of letters; test_every_key knows which keys there are."""
    assert isinstance(capability.reads, tuple)
    assert all(key.startswith("aqe/") for key in capability.reads)


def test_every_capability_that_is_written_is_in_the_table() -> None:
    """And none is one of the shells, which the import contracts keep capabilities from."""
    written = {
        (".".join(path.relative_to(HERE).with_suffix("").parts), node.name)
        for path in HERE.glob("*/*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.args) == "loaded: Loaded"
        if node.returns is not None and ast.unparse(node.returns) == "Outcome"
    }
    assert written == {(capability.module, capability.name) for capability in CAPABILITIES}
    assert not any(module.startswith("runners.") for module, _ in written)


def test_events_are_told_of_tasks_that_there_are() -> None:
    assert EVENTS.keys() <= {capability.task_type for capability in CAPABILITIES}
