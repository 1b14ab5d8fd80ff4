"""What files of a repository say about a release: pure, text in, verdict out."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...core.errors import InputError

MAX_NODES = 200_000
"""Of an OpenAPI document; a YAML alias can stand for millions."""
MAX_DIFFERENCES = 10


class FileCheck(NamedTuple):
    """What was found in a file."""

    holds: bool
    detail: str


_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}\s+(?P<atx>.+)|(?P<setext>\S.*)\n\s{0,3}(?:=+|-+)\s*$)", re.MULTILINE)


def headings(text: str) -> list[str]:
    """The headings of a Markdown or reStructuredText document."""
    return [(found["atx"] or found["setext"]).strip() for found in _HEADING.finditer(text.replace("\r\n", "\n"))]


def names_version(text: str, version: str) -> FileCheck:
    """Whether a heading of the changelog is about the version: `1.4.0` is `v1.4.0`, but not `1.4.0-rc1`."""
    wanted = re.compile(rf"(?<![\w.+-])[vV]?{re.escape(version.lstrip('vV'))}(?![\w+-]|\.\w)")
    found = next((heading for heading in headings(text) if wanted.search(heading)), None)
    if found is None:
        return FileCheck(False, f"no heading names {version}")
    return FileCheck(True, f"names {version}: {found[:80]}")


def has_sections(text: str, wanted: Sequence[str]) -> FileCheck:
    """Whether there is a heading with a word that begins so, for each of the wanted."""
    found = headings(text)
    missing = [stem for stem in wanted if not any(re.search(rf"\b{re.escape(stem)}", h, re.IGNORECASE) for h in found)]
    if missing:
        return FileCheck(False, f"no heading with a word that begins with {', '.join(missing)}")
    return FileCheck(True, f"{len(found)} headings, with {', '.join(wanted)}" if wanted else "it exists")


_BACKWARDS = re.compile(
    r'(?:name|classname)="[^"]*(?:down|rollback|roll_back|revert|backward|reverse|undo)[^"]*"', re.I
)


def migrations_pass(junit: str, counts: Mapping[str, object]) -> FileCheck:
    """Whether the tests of the migrations ran and passed, at least one of them backwards, as its name says.

    Args:
        junit: the report.
        counts: what its importer counted: total_tests, failed_tests, skipped_tests.
    """
    total, failed, skipped = (int(str(counts.get(f"{n}_tests", 0))) for n in ("total", "failed", "skipped"))
    ran = total - skipped
    if failed or not ran:
        return FileCheck(False, f"{failed} of {ran} migration tests failed" if ran else "no migration test ran")
    if not _BACKWARDS.search(junit):
        return FileCheck(False, f"{ran} migration tests passed, but none is about going back")
    return FileCheck(True, f"{ran} migration tests passed, backwards too")


# OpenAPI -------------------------------------------------------------------------------------------------------------

_WORDS = frozenset(
    ("description", "summary", "title", "example", "examples", "externalDocs", "tags", "operationId", "servers", "info")
)
"""Keys of an OpenAPI 3 or Swagger 2 document that say nothing about how the interface behaves."""
_NAMING = frozenset(
    (
        "properties", "patternProperties", "paths", "webhooks", "schemas", "definitions", "$defs", "responses",
        "headers", "requestBodies", "securitySchemes", "callbacks", "content", "encoding", "mapping", "variables",
        "scopes", "links", "parameters", "dependentSchemas",
    )
)  # fmt: skip
"""Keys whose mappings have names for keys: a property may be called `title`."""


def same_interface(documented: object, generated: object) -> FileCheck:
    """Whether two OpenAPI documents describe the same interface, whatever their words and their order.

    Raises:
        InputError: one of them is no OpenAPI document, or too large.
    """
    for name, document in (("documented", documented), ("generated", generated)):
        if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
            raise InputError(f"the {name} interface is no OpenAPI document: it has no paths")
    budget = iter(range(MAX_NODES))
    ours, theirs = (_behaviour(document, budget) for document in (documented, generated))
    differences = [path for path, _ in zip(_differences(ours, theirs, ""), range(MAX_DIFFERENCES), strict=False)]
    if differences:
        return FileCheck(False, f"differs at {'; '.join(differences)}")
    return FileCheck(True, f"{len(ours['paths'])} paths as in the code")


def _behaviour(node: Any, budget: Iterator[int], *, names: bool = False) -> Any:
    if next(budget, None) is None:
        raise InputError(f"an OpenAPI document of more than {MAX_NODES:,} nodes is not compared")
    if isinstance(node, dict):
        kept = {str(k): v for k, v in node.items() if names or not (k in _WORDS or str(k).startswith("x-"))}
        return {k: _behaviour(v, budget, names=not names and k in _NAMING) for k, v in kept.items()}
    if isinstance(node, list):
        return sorted((_behaviour(item, budget) for item in node), key=_order)
    return node


def _order(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            at = f"{path} {key}".strip()
            if key not in theirs:
                yield f"{at} (documented only)"
            elif key not in ours:
                yield f"{at} (in the code only)"
            else:
                yield from _differences(ours[key], theirs[key], at)
    elif ours != theirs:
        yield path
