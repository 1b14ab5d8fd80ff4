"""JSON Schemas of every event payload, every record at a memory key, and the metrics of every signal kind.

They describe what a writer may send: what has a default may be left out. Same code, same bytes.
"""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..bus.events import EVENT_TYPES
from ..core.records.signals import SIGNAL_METRICS
from ..memory.keys import KEYS, KeySpec
from .output import write_file

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name -> text."""
    files = {f"events/{_file_name(kind)}": _text(_of(payload), kind) for kind, payload in EVENT_TYPES.items()}
    files |= {f"metrics/{kind}.json": _text(_of(metrics), kind) for kind, metrics in SIGNAL_METRICS.items()}
    files |= {f"memory/{_file_name(spec.pattern)}": _text(_of_key(spec), spec.pattern) for spec in KEYS}
    return files


def export(folder: Path) -> list[Path]:
    """Write them all below a folder, over what is there; returns the files."""
    return [write_file(folder / name, text, overwrite=True) for name, text in sorted(schemas().items())]


def _of_key(spec: KeySpec) -> dict[str, Any]:
    item = _of(spec.model) if isinstance(spec.model, type) and issubclass(spec.model, BaseModel) else {}
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


def _of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True, mode="validation")


def _text(schema: dict[str, Any], title: str) -> str:
    return json.dumps({"$schema": DIALECT, **schema, "title": title}, indent=2, ensure_ascii=False) + "\n"


def _file_name(name: str) -> str:
    """`deployment-readiness:assessed` and `aqe/releases/<version>/release` as names every file system takes."""
    return re.sub(r"[^a-z0-9-]+", ".", name).strip(".") + ".json"
