"""Hostile production through every test target: `make fuzz-tests`, and in short with every test run.

Of each generated file: it parses, it has the same syntax tree as one of harmless data of the same shape (so nothing of
the data is code), it is ASCII, and no planted secret is in it.
"""

import argparse
import ast
import hashlib
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from aqe.core.records.production.incident_replay import ReplayPlan
from aqe.core.records.production.load_test import LoadTest
from aqe.core.records.production.scenarios import TestScenario
from aqe.fleet.replays.incident import read_replay, replay_yaml
from aqe.generators.replay_target import render_replay, replay_name
from aqe.generators.secrets_scan import scan
from aqe.generators.table import LOAD_TARGETS, TARGETS
from aqe.tests.contract.hostile_production import (
    REDACTOR,
    SECRETS,
    Attacker,
    Made,
    from_anomalies,
    from_incidents,
    from_logs,
    from_recordings,
    from_sessions,
    from_traffic,
)
from aqe.tests.npm import node_modules
from aqe.tests.servers import require

BABEL = ("@babel/parser@7.28",)
WAYS = 10
"""Ways of users in one store of rows."""
KINDS: dict[str, Callable[[Attacker], Iterator[Made]]] = {
    "logs": from_logs, "recordings": from_recordings, "traffic": from_traffic, "anomalies": from_anomalies,
    "incidents": from_incidents,
}  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z0-9_. -]*|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-][0-9:]+)")
# Between these a path and a template keep their shape.
_PARTS = re.compile(r"(\{\{[a-z][a-z0-9_]*\}\}|[/?&=|])")
# Words of ours, in the place of which data never comes.
_WORDS = frozenset({"kind", "action", "by", "method", "priority", "name_of"})


def files(made: Made) -> Iterator[tuple[str, str, str]]:
    """Target, name and text of every file that is made of it, as far as targets take it."""
    if isinstance(made, TestScenario):
        for target in TARGETS:
            if target.refusal(made) is None:
                yield target.name, target.file_name(made), target.render(made)
    elif isinstance(made, LoadTest):
        for tool in LOAD_TARGETS:
            yield tool.name, tool.file_name(made), tool.render(made)
    else:
        yield "replay", f"{replay_name(made)}.py", render_replay(made)


class Twins:
    """Harmless texts in the place of others: the same text the same, of the same shape."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def twin(self, made: Made) -> Made:
        """The same scenario of harmless data."""
        return type(made).from_value(self._value(made.to_dict(), ""), where="twin")

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {self._text(name): self._value(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, key) for item in value]
        return self._text(value) if isinstance(value, str) and key not in _WORDS else value

    def _text(self, text: str) -> str:
        return "".join(part if _PARTS.fullmatch(part) else self._part(part) for part in _PARTS.split(text))

    def _part(self, part: str) -> str:
        return part if _PLAIN.fullmatch(part) else self._of.setdefault(part, f"h{len(self._of)}")


def python_shape(text: str) -> str:
    """Of the syntax tree: literals, the names of tests and of what is assigned are masked."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            node.name = "test"
        elif isinstance(node, ast.Name) and node.id in assigned:
            node.id = "assigned"
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def javascript_shapes(named: list[tuple[str, str]], modules: Path) -> list[str]:
    """Likewise of many files, in one process."""
    script = Path(tempfile.mkdtemp()) / "ast_of.mjs"
    script.write_text(Path(__file__).with_name("ast_of.mjs").read_text())
    (script.parent / "node_modules").symlink_to(modules)
    lines = "".join(json.dumps({"name": name, "text": text}) + "\n" for name, text in named)
    done = subprocess.run([require("node"), str(script)], input=lines, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def judge(made: list[Made]) -> Counter[str]:
    """How many files of which target were looked at.

    Raises:
        AssertionError: one is not as it should be, with its text.
    """
    counted: Counter[str] = Counter()
    scripts: list[tuple[str, str]] = []
    for one in made:
        calm = Twins().twin(one)
        for (target, name, text), (_, calm_name, calm_text) in zip(files(one), files(calm), strict=True):
            counted[target] += 1
            _check_text(name, text)
            if name.endswith(".py"):
                assert python_shape(text) == python_shape(calm_text), f"{name} is not its twin:\n{text}\n{calm_text}"
            else:
                scripts += [(name, text), (calm_name, calm_text)]
        if isinstance(one, ReplayPlan):
            _check_yaml(one)
    found = javascript_shapes(scripts, node_modules(*BABEL))
    for place in range(0, len(found), 2):
        (name, text), (_, calm_text) = scripts[place : place + 2]
        assert found[place].startswith("shape "), f"{name}: {found[place]}\n{text}"
        assert found[place] == found[place + 1], f"{name} is not its twin:\n{text}\n{calm_text}"
    return counted


def _check_text(name: str, text: str) -> None:
    assert text.isascii() and "\0" not in text and "\r" not in text, name
    for secret in SECRETS:
        assert secret not in text or scan(text), f"{name} holds {secret}, and the scan lets it pass:\n{text}"


def _check_yaml(plan: ReplayPlan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replay.yaml"
        path.write_text(replay_yaml(plan))
        assert read_replay(path) == plan
        _check_text(path.name, path.read_text())


def made_of(kind: str, rounds: int, seed: int) -> list[Made]:
    """What so many attacked documents of a kind give; sessions come by WAYS at a time."""
    evil = Attacker(Random(f"{seed}/{kind}"))
    made: list[Made] = []
    for _ in range(rounds if kind in KINDS else max(1, rounds // WAYS)):
        if kind in KINDS:
            made += KINDS[kind](evil)
        else:
            with tempfile.TemporaryDirectory() as folder:
                made += from_sessions(evil, Path(folder), WAYS)
    return [_for_a_feature(one, evil) if isinstance(one, TestScenario) else one for one in made]


def _for_a_feature(scenario: TestScenario, evil: Attacker) -> TestScenario:
    """Every third is skipped; features are named by what production sends, too."""
    provenance = scenario.provenance.model_copy(update={"feature": REDACTOR.text(evil.text())})
    skipped = REDACTOR.text(evil.text()) if evil.chance.random() < 1 / 3 else None
    return scenario.model_copy(update={"provenance": provenance, "skipped": skipped})


def main() -> None:
    """Fuzz, print what was looked at."""
    parser = argparse.ArgumentParser(prog="fuzz-tests", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2_000, help="documents of each of the six kinds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for kind in (*KINDS, "sessions"):
        made = made_of(kind, options.rounds, options.seed)
        leaked = sum(any(s in text for s in SECRETS) for one in made for _, _, text in files(one))
        looked = ", ".join(f"{count:,} {target}" for target, count in sorted(judge(made).items()))
        print(f"{kind}: {options.rounds:,} documents, files: {looked}; the scan alone held back {leaked:,}", flush=True)


if __name__ == "__main__":
    main()
