"""The contract for other programs: JSON Schemas and the AsyncAPI document.

One schema for every event payload, every record at a memory key, and the metrics of every signal kind. They describe
what a writer may send: what has a default may be left out. Same code, same bytes.
"""

import ast
import inspect
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from ..bus.events import EVENT_TYPES, Payload
from ..core.records.signals import SIGNAL_METRICS
from ..memory.keys import KEYS, KeySpec
from .asyncapi import FIELDS, document
from .output import write_file

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name -> text."""
    files = {f"events/{file_name(kind)}": _text(_of(payload), kind) for kind, payload in EVENT_TYPES.items()}
    files |= {f"metrics/{kind}.json": _text(_of(metrics), kind) for kind, metrics in SIGNAL_METRICS.items()}
    files |= {f"memory/{file_name(spec.pattern)}": _text(_of_key(spec), spec.pattern) for spec in KEYS}
    return files | {"asyncapi.json": _json(asyncapi())}


def export(folder: Path) -> list[Path]:
    """Write them all below a folder, over what is there; returns the files."""
    return [write_file(folder / name, text, overwrite=True) for name, text in sorted(schemas().items())]


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document; its parts refer to each other, never to other files."""
    found, rest = models_json_schema(
        [(payload, "validation") for payload in EVENT_TYPES.values()],
        ref_template="#/components/schemas/{model}",
        schema_generator=Described,
    )
    payloads = {kind: found[payload, "validation"] for kind, payload in EVENT_TYPES.items()}
    return document(payloads, rest["$defs"])


def file_name(name: str) -> str:
    """`deployment-readiness:assessed` and `aqe/releases/<version>/release` as names every file system takes."""
    return re.sub(r"[^a-z0-9-]+", ".", name).strip(".") + ".json"


class Described(GenerateJsonSchema):
    """With the strings that stand below the fields of our records as their descriptions."""

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """See pydantic."""
        out = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, words in field_words(model).items():
            field = out.get("properties", {}).get(model.model_fields[name].alias or name)
            if field is not None:
                field.setdefault("description", re.sub(r"\bNone\b", "null", words))
        return out

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: `Risklevel` says nothing that the name does not."""
        return False


@cache
def field_words(model: type[BaseModel]) -> dict[str, str]:
    """Field -> what its class says about it; fields that nobody says anything about are left out."""
    said: dict[str, str] = FIELDS.copy() if issubclass(model, Payload) else {}
    for cls in reversed(model.__mro__):
        for statement, following in _class_bodies(cls.__module__).get(cls.__qualname__, ()):
            said[statement] = following
    return {name: said[name] for name in model.model_fields if name in said}


@cache
def _class_bodies(module: str) -> dict[str, list[tuple[str, str]]]:
    """Class -> its fields that are followed by a string."""
    if not module.startswith(__name__.split(".")[0]):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = [
                (field.target.id, inspect.cleandoc(words.value.value))
                for field, words in zip(node.body, node.body[1:], strict=False)
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                if isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant)
                if isinstance(words.value.value, str)
            ]
    return found


def _of_key(spec: KeySpec) -> dict[str, Any]:
    item = {} if spec.model is Any else _of(spec.model)
    if not spec.many and not spec.history:
        return {**item, "description": spec.description}
    definitions = item.pop("$defs", None)
    what = "a Redis list with one such item an element" if spec.history else None
    return {
        "description": spec.description + (f" ({what})" if what else ""),
        "type": "array",
        "items": item,
        **({"$defs": definitions} if definitions else {}),
    }


def _of(model: Any) -> dict[str, Any]:
    return TypeAdapter(model).json_schema(by_alias=True, mode="validation", schema_generator=Described)


def _text(schema: dict[str, Any], title: str) -> str:
    return _json({"$schema": DIALECT, **schema, "title": title})


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
