"""Reading a checklist's YAML; mistakes are told like those of a policy."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..core.records.decisions.checklist import ChecklistDefinition, ItemDefinition
from .yamlfile import MAX_CHARACTERS, YamlDocument, YamlPath, duration_s, load_yaml

DEFAULT_CHECKLIST = Path(__file__).parent / "checklists" / "default.yaml"
_TOP = "deployment_checklist"
_KEYS = (*(name for name in ItemDefinition.model_fields if name != "max_age_s"), "max_age")


@cache
def default_checklist() -> ChecklistDefinition:
    """The specification's items: config/checklists/default.yaml."""
    return load_checklist(DEFAULT_CHECKLIST)


def load_checklist(path: Path) -> ChecklistDefinition:
    """The checklist in a file, named after it.

    Raises:
        InputError: the file cannot be read, or `file:line:` and the first thing that is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CHARACTERS * 4 + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="`checklist:` in aqe.yaml names the file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    doc = load_yaml(text, where=str(path))
    doc.mapping((), (_TOP,))
    categories = {category: _items(doc, category) for category in doc.mapping((_TOP,))}
    _check_ids(doc, categories)
    return ChecklistDefinition(name=path.stem, digest=sha256(data).hexdigest(), categories=categories)


def _items(doc: YamlDocument, category: str) -> tuple[ItemDefinition, ...]:
    path: YamlPath = (_TOP, category)
    entries = doc.value[_TOP][category]
    if not isinstance(entries, list) or not entries:
        raise doc.error(path, f"{category} is {entries!r:.80}, expected a list of items")
    return tuple(_item(doc, (*path, index)) for index in range(len(entries)))


def _item(doc: YamlDocument, path: YamlPath) -> ItemDefinition:
    fields: dict[str, Any] = dict(doc.mapping(path, _KEYS))
    if "max_age" in fields:
        try:
            fields["max_age_s"] = duration_s(fields.pop("max_age"))
        except ValueError as error:
            raise doc.error((*path, "max_age"), f"max_age: {error}") from error
    return doc.read(ItemDefinition, fields, path)


def _check_ids(doc: YamlDocument, categories: dict[str, tuple[ItemDefinition, ...]]) -> None:
    seen: set[str] = set()
    for category, items in categories.items():
        for index, item in enumerate(items):
            if item.id in seen:
                raise doc.error((_TOP, category, index), f"the id {item.id!r} stands here twice")
            seen.add(item.id)
    if not seen:
        raise doc.error((), "the checklist asks nothing", hint=f"{_TOP}: has categories, each a list of items")
