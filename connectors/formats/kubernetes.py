"""Objects of Kubernetes as `kubectl get -o yaml` or `-o json` writes them: one, a List, several documents.

YAML is read with every scalar as text: nothing is built, no number or date is guessed.
"""

import re
from collections.abc import Callable, Iterator
from typing import IO, Any, ClassVar

import orjson

from ...core.errors import InputError
from ...core.importing import About, Head, Parsed
from ...core.records.bulk.incidents import OpsRow
from ...core.records.signals import Outcome
from .documents import EMPTY_FILE, clean
from .pages import Reading, Unusable
from .shapes import dict_at, first_of
from .values import listed, text

MAX_BYTES = 32 * 1024 * 1024
"""Of one file; a cluster's rollouts take a few megabytes."""
MAX_DEPTH = 64
"""Nested blocks; a pod template has about twelve."""
_GROUP = "argoproj.io/"
# Of the first object; what it is owned by stands deeper.
_KIND = re.compile(r"^(?:- |  )?kind:\s*[\"']?(?!List\b|\w+List\b)(\w+)", re.MULTILINE)
_API = re.compile(rf"^(?:- |  )?apiVersion:\s*[\"']?{re.escape(_GROUP)}", re.MULTILINE)


class ArgoFormat:
    """Base of the formats that are objects of Argo. Subclasses set `about` and `rows_of`."""

    about: About
    produces: tuple[str, ...]
    rows_of: ClassVar[dict[str, Callable[[dict[str, Any]], Iterator[OpsRow]]]] = {}
    """Kind of an object -> what makes its rows."""

    def recognises(self, head: Head) -> bool:
        """By API group and kind of the first object."""
        if head.is_json_object or head.is_json_array:
            found = dict_at(head.json)
            items = head.json if isinstance(head.json, list) else found.get("items")
            first = dict_at(first_of(items)) if isinstance(items, list) else found
            api = first.get("apiVersion", _GROUP)
            return isinstance(api, str) and api.startswith(_GROUP) and self.kind_of(first) in self.rows_of
        kind = _KIND.search(head.text.replace("\r\n", "\n"))
        return kind is not None and kind[1] in self.rows_of and _API.search(head.text) is not None

    def kind_of(self, item: dict[str, Any]) -> str:
        """The kind of an object; "" where it says none."""
        return text(item.get("kind")) or ""

    def parse(self, stream: IO[bytes]) -> Parsed:
        """The rows of all objects of these kinds.

        Raises:
            InputError: too large, neither JSON nor YAML, nested too deeply, with aliases.
        """
        reading = Reading(self.about.title)
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise InputError(f"{reading.what}: the file is larger than {MAX_BYTES >> 20} MiB")
        if not data.strip(b"\xef\xbb\xbf \t\r\n"):
            return EMPTY_FILE
        rows: list[OpsRow] = []
        for item in objects_in(data, reading.what):
            kind = self.kind_of(item)
            make = self.rows_of.get(kind)
            if make is None:
                reading.refuse(f"an object of the kind {clean(kind, 40) or '(none)'}")
                continue
            try:
                rows += make(item)
                reading.used += 1
            except Unusable as error:
                reading.refuse(str(error))
        reading.finish()
        if not rows:
            return Parsed(Outcome.NOT_MEASURED, reason="there is no deployment in it", notes=reading.notes())
        return Parsed(Outcome.VALUE, rows=iter(rows), notes=reading.notes())


def objects_in(data: bytes, what: str) -> Iterator[dict[str, Any]]:
    """The objects, those of a List one by one.

    Raises:
        InputError: see `ArgoFormat.parse`.
    """
    content = data.decode("utf-8-sig", "replace").lstrip()
    for document in _json(content, what) if content.startswith(("{", "[")) else _yaml(content, what):
        found = dict_at(document)
        items = document if isinstance(document, list) else listed(found["items"]) if "items" in found else [found]
        yield from map(dict_at, items)


def _json(content: str, what: str) -> list[Any]:
    try:
        return [orjson.loads(content)]
    except ValueError as error:  # also a lone surrogate
        raise InputError(f"{what}: not JSON: {error}", hint="expected `kubectl get ... -o json`") from error


def _yaml(content: str, what: str) -> list[Any]:
    import yaml  # here: every import loads this module, and few read YAML

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        # The events come without recursion; only what is not too deep is put together.
        depth = 0
        for event in yaml.parse(content, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise InputError(f"{what}: the YAML has aliases, which kubectl never writes")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise InputError(f"{what}: YAML nested deeper than {MAX_DEPTH}")
        return list(yaml.load_all(content, Loader=loader))
    except yaml.YAMLError as error:
        raise InputError(f"{what}: not YAML: {clean(error, 200)}", hint="expected `kubectl get ... -o yaml`") from error
    except (TypeError, ValueError) as error:  # a mapping as a key, an impossible escape
        raise InputError(f"{what}: not YAML: {clean(error, 200)}") from error


def image_tag(template: dict[str, Any]) -> str | None:
    """Tag, or digest, of the first container's image: the release that a pod template runs."""
    image = dict_at(first_of(dict_at(template, "spec").get("containers"))).get("image")
    if not isinstance(image, str):
        return None
    name, _, digest = image.partition("@")
    # A colon before the last slash is a port.
    return name.rpartition("/")[2].partition(":")[2] or digest or None


def is_true(value: Any) -> bool:
    """A yes in JSON or YAML."""
    return value is True or value == "true"
