"""Our texts about ways of working, one Markdown file a skill, each tied to the commands that serve it."""

from functools import cache
from pathlib import Path

from ..core.records.base import Record
from ..core.registry import by_name
from .yamlfile import load_yaml

_FOLDER = Path(__file__).parent / "skill_texts"
NAMES: tuple[str, ...] = (
    "agentic-quality-engineering",
    "risk-based-testing",
    "shift-right-testing",
    "compliance-testing",
    "exploratory-testing-advanced",
    "test-reporting-analytics",
)
"""The skills that the specifications name."""


class Skill(Record):
    """A text and what goes with it."""

    name: str
    title: str
    summary: str
    commands: tuple[str, ...]
    """Commands that serve it: `aqe deploy assess`."""
    text: str
    """Markdown."""


@cache
def skills() -> tuple[Skill, ...]:
    """All of them."""
    return tuple(_read(name) for name in NAMES)


def skill(name: str) -> Skill:
    """The one of this name; raises InputError, with the nearest, when there is none."""
    return by_name(skills(), name, "skill")


def _read(name: str) -> Skill:
    path = _FOLDER / f"{name}.md"
    _, head, text = path.read_text(encoding="utf-8").split("---\n", 2)
    doc = load_yaml(head, where=path.name)
    return doc.read(Skill, {**doc.value, "name": name, "text": text})
