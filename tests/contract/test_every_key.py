"""The registry of memory keys against the code: no key is read or written that is not in it, and it promises nothing.

The code is looked at, not run: texts that begin with `aqe/`, and what is done with them.
"""

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from aqe.core.globs import compile_glob, is_glob
from aqe.fleet.schemas import file_name, schemas
from aqe.memory.keys import COMMANDER, GATEWAY, KEYS, PRODUCTION, READINESS, KeySpec

ROOT = Path(__file__).parents[2]
OUTSIDE = "other agents"
OUTPUT = "output"
OWNERS = {
    "agents/commander/": {COMMANDER},
    "agents/deployment_readiness/": {READINESS},
    "agents/production_intelligence/": {PRODUCTION},
    "agents/": {READINESS, PRODUCTION},
    "connectors/bridges/": {GATEWAY},
    "fleet/bridging.py": {GATEWAY},
    "fleet/imports/ingest": {"import"},
    "fleet/messages/notif": {GATEWAY, "cli"},
    "fleet/rollouts/defaults.py": {"cli"},
    "fleet/rollouts/regions.py": {"cli"},
    "fleet/rollouts/": {GATEWAY, "cli"},
    "fleet/decisions/outcomes.py": {GATEWAY, "cli"},
    "fleet/decisions/policies.py": {READINESS, "cli"},
    "fleet/": {"cli"},
    "cli/": {"cli"},
    "memory/audit.py": {READINESS, COMMANDER, "cli"},
}
"""Where the code is, the nearest first -> as whom it reads and writes."""
READS = {"retrieve", "retrieve_raw", "retrieve_record", "retrieve_pattern", "keys", "tail"}
WRITES = {"store", "append", "delete", "prepare_store", "prepare_append", "prepare_delete"}

every_key = pytest.mark.parametrize("spec", KEYS, ids=lambda spec: spec.pattern)


@dataclass
class Uses:
    """What one owner's code does with keys, as globs: a part that is filled in is a `*`."""

    named: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)


def glob_of(node: ast.AST) -> str | None:
    """`aqe/releases/*/signals/*` of a text or f-string that begins like a key."""
    match node:
        case ast.Constant(value=str(text)):
            glob = text
        case ast.JoinedStr(values=parts):
            glob = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case _:
            return None
    return glob if glob.startswith(("aqe/", "test/session/")) and not any(c.isspace() for c in glob) else None


def modules() -> Iterator[tuple[set[str], ast.Module]]:
    for place in ("agents/**/*.py", "connectors/bridges/*.py", "cli/**/*.py", "fleet/**/*.py", "memory/audit.py"):
        for path in sorted(ROOT.glob(place)):
            name = str(path.relative_to(ROOT))
            owners = next(who for start, who in OWNERS.items() if name.startswith(start))
            yield owners, ast.parse(path.read_text(encoding="utf-8"))


def core_names() -> dict[str, str]:
    """Constants of the records: their keys belong to whoever uses them."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "core").rglob("*.py")))
    return {name: glob for tree in trees for name, glob in names_for_keys(tree.body).items()}


def names_for_keys(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Constants, variables and functions that stand for one key -> its glob.

    A name that stands for several is left out: what is done with it is not known.
    """
    found: dict[str, set[str]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                glob = glob_of(value)
            case ast.FunctionDef(name=name, body=[*_, ast.Return(value=value)]):
                glob = glob_of(value) if value else None
            case _:
                continue
        if glob:
            found.setdefault(name, set()).add(glob)
    return {name: globs.pop() for name, globs in found.items() if len(globs) == 1}


@cache
def uses() -> dict[str, Uses]:
    """Owner -> what its code does."""
    trees = list(modules())
    shared = core_names() | {name: glob for _, tree in trees for name, glob in names_for_keys(tree.body).items()}
    found: dict[str, Uses] = {}
    for owners, tree in trees:
        names = shared | names_for_keys(ast.walk(tree))
        for owner in owners:
            collect(tree, names, found.setdefault(owner, Uses()))
    return found


def collect(tree: ast.Module, names: dict[str, str], into: Uses) -> None:
    nodes = list(ast.walk(tree))
    words = {id(body[0].value) for body in map(body_of, nodes) if body and isinstance(body[0], ast.Expr)}
    pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in nodes:
        glob = glob_of(node)
        if glob and id(node) not in words | pieces:
            into.named.add(glob)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            glob = key_of(node.args[0], names)
            if glob:
                into.named.add(glob)
                into.read |= {glob} if node.func.attr in READS else set()
                into.written |= {glob} if node.func.attr in WRITES else set()
        if isinstance(node, ast.Dict):  # what a capability's outcome stores: {key: value}
            into.written |= {glob for key in node.keys if key and (glob := key_of(key, names))}


def body_of(node: ast.AST) -> list[ast.stmt]:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.body
    return []


def key_of(node: ast.AST, names: dict[str, str]) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) | ast.Subscript(value=ast.Name(id=name)):
            return names.get(name)
        case _:
            return glob_of(node)


def example(spec: KeySpec) -> str:
    """A key of the family."""
    return "/".join("x" if part.startswith("<") else part for part in spec.pattern.split("/"))


def meant(glob: str) -> list[KeySpec]:
    """Entries that a glob of the code stands for."""
    return [spec for spec in KEYS if compile_glob(glob).fullmatch(example(spec))]


def who(spec: KeySpec, what: str) -> set[str]:
    """Owners that do this with the key; a glob over several families, as of an export, is about none of them."""
    return {owner for owner, use in uses().items() if any(meant(glob) == [spec] for glob in getattr(use, what))}


def test_the_code_names_no_key_that_is_not_registered() -> None:
    """A misspelt key would be written for nobody, or read for ever in vain."""
    named = {glob for use in uses().values() for glob in use.named}
    assert len(named) > 15
    assert [glob for glob in sorted(named) if not meant(glob)] == []


def test_keys_are_found_whatever_way_they_are_written() -> None:
    """The search itself: a text, an f-string, a constant, a function, a variable."""
    code = '''
"""aqe/only/words"""
HISTORY = "aqe/a/history"
def key(name):
    """aqe/only/words"""
    return f"aqe/b/{name}"
async def work(memory, version):
    where = f"aqe/c/{version}/d"
    await memory.retrieve(HISTORY)
    await memory.store(key("x"), 1)
    await memory.append(where, 1)
    await memory.retrieve_pattern("aqe/e/*")
'''
    tree, found = ast.parse(code), Uses()
    collect(tree, names_for_keys(ast.walk(tree)), found)
    assert found.read == {"aqe/a/history", "aqe/e/*"}
    assert found.written == {"aqe/b/*", "aqe/c/*/d"}
    assert found.named == found.read | found.written


@every_key
def test_what_is_read_has_a_writer_and_what_is_written_a_reader(spec: KeySpec) -> None:
    """In the fleet or outside of it; *output* is for people and other programs."""
    inside = {READINESS, PRODUCTION, COMMANDER, GATEWAY, "import", "cli"}
    assert spec.written_by and set(spec.written_by) <= {*inside, OUTSIDE}
    assert spec.read_by and set(spec.read_by) <= {*inside, OUTPUT}


@every_key
def test_writers_and_readers_are_those_of_the_code(spec: KeySpec) -> None:
    """Who is seen to read or write is named, and who is named has the key in its code."""
    assert who(spec, "written") <= set(spec.written_by)
    assert who(spec, "read") <= set(spec.read_by)
    touched = who(spec, "named")
    assert {*spec.written_by, *spec.read_by} - {OUTSIDE, OUTPUT} <= touched
    assert touched <= {*spec.written_by, *spec.read_by}


def test_no_two_entries_mean_the_same_key() -> None:
    """Two models for one key could not both be right."""
    examples = [example(spec) for spec in KEYS]
    assert len(set(examples)) == len(examples)
    assert not any(is_glob(key) for key in examples)


@every_key
def test_a_schema_is_generated(spec: KeySpec) -> None:
    """Under a name of its own; it says what stands there."""
    schema = json.loads(schemas()[f"memory/{file_name(spec.pattern)}"])
    assert schema["title"] == spec.pattern
    assert schema["description"].startswith(spec.description)
    assert (schema.get("type") == "array") == (spec.many or spec.history)
    item = schema["items"] if spec.many or spec.history else schema
    if spec.model is Any:
        return
    records = get_args(spec.model) or (spec.model,)
    shapes = [schema["$defs"][record.__name__] for record in records] if len(records) > 1 else [item]
    for record, shape in zip(records, shapes, strict=True):
        assert issubclass(record, BaseModel)
        assert set(shape["properties"]) == {f.alias or name for name, f in record.model_fields.items()}


def test_schemas_have_names_of_their_own() -> None:
    """No key's schema is written over that of another."""
    assert len({file_name(spec.pattern) for spec in KEYS}) == len(KEYS)
