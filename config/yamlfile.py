"""YAML that a person wrote, read safely, with the line of every value at hand for the error message."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_snake

from ..core.errors import InputError
from ..core.registry import did_you_mean
from .expected import expected

MAX_CHARACTERS = 1_000_000
"""Largest document; a policy or aqe.yaml has some ten thousand."""
MAX_DEPTH = 20
"""Deepest nesting; ours is six deep, and the composer recurses."""

YamlPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

# Same safe constructors; the C one is ten times faster and not built everywhere.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlDocument:
    """A mapping read from YAML; `path` is the keys and indexes from the top: `("risk", "security", "weight")`.

    Args:
        value: the parsed top-level mapping; empty for an empty document.
        where: file name, for error lines.
        lines: line of every path.
    """

    value: dict[str, Any]
    where: str
    lines: Mapping[YamlPath, int]

    def line_of(self, path: YamlPath) -> int:
        """Line of the value, from 1; of its nearest ancestor when the document does not have it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: YamlPath, message: str, *, hint: str | None = None) -> InputError:
        """`where:line: message`, to be raised."""
        return InputError(f"{self.where}:{self.line_of(path)}: {message}", hint=hint)

    def mapping(self, path: YamlPath, known: Iterable[str] | None = None) -> dict[str, Any]:
        """The mapping at a path; empty when there is none.

        Args:
            known: the keys it may have; None = any.

        Raises:
            InputError: something else than a mapping, or an unknown key, with the nearest known one.
        """
        value: Any = self.value
        for part in path:
            value = value.get(part) if isinstance(value, dict) else value[part]
            if value is None:
                return {}
        if not isinstance(value, dict):
            raise self.error(path, f"{_dotted(path)} is {value!r:.80}, expected a mapping")
        names = list(value if known is None else known)
        for key in value:
            if key not in names:
                raise self.error(
                    (*path, key),
                    f"unknown key {key!r}{did_you_mean(key, names)}",
                    hint=f"{_dotted(path)} takes: {', '.join(names)}" if len(names) < 20 else None,
                )
        return value

    def read(self, model: type[M], value: object, path: YamlPath = ()) -> M:
        """`value` as a pydantic model.

        Args:
            path: where `value` stands in the document; what pydantic finds is looked up below it.

        Raises:
            InputError: the first thing that does not fit, with its line.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            at = (*path, *first["loc"])
            said = {
                "missing": "is missing",
                "value_error": "cannot be used: " + first["msg"].removeprefix("Value error, "),
            }.get(first["type"], f"is {first['input']!r:.80}: {expected(first['type'], first['msg'])}")
            # pydantic names what is missing as JSON does.
            named = (*at[:-1], to_snake(str(at[-1]))) if first["type"] == "missing" else at
            raise self.error(at, f"{_dotted(named)} {said}") from error


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration_s(text: object) -> float:
    """Seconds of `10s`, `30m`, `1h`, `7d`, `1.5h`.

    Raises:
        ValueError: anything else, a bare number too: its unit would be a guess.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", str(text))
    if not match or not float(match[1]):
        raise ValueError(f"{text!r} is not a duration, expected a number above 0 and a unit: 10s, 30m, 1h, 7d")
    return float(match[1]) * _SECONDS[match[2]]


def load_yaml(text: str, *, where: str) -> YamlDocument:
    """Read one YAML mapping: plain values only, no tags that build objects, no aliases, no key twice.

    Args:
        text: the YAML, MAX_CHARACTERS at most.
        where: file name, for error lines.

    Raises:
        InputError: `where:line:` and what is wrong there.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{where}: {len(text)} characters, expected {MAX_CHARACTERS} at most")
    try:
        _check_shape(text, where)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return YamlDocument({}, where, {})
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{where}:{_line(node)}: expected `key: value` lines")
        lines: dict[YamlPath, int] = {}
        _walk(node, (), lines, where)
        return YamlDocument(loader.construct_document(node), where, lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        # A tab reads "found character that cannot start any token", or that a block should have ended.
        hint = "indent with spaces: YAML knows no tabs" if re.search(r"^ *\t", text, re.MULTILINE) else None
        raise InputError(f"{where}{line}: not YAML: {problem}", hint=hint) from error
    except ValueError as error:
        # A scalar that looks like a date or number and is none, such as 2026-13-45.
        raise InputError(f"{where}: {error}", hint="put the value in quotes") from error


def _check_shape(text: str, where: str) -> None:
    # Before composing: the composer recurses, and an alias may stand for millions of nodes.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{where}:{_line(event)}: YAML aliases are not read here", hint="write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InputError(f"{where}:{_line(event)}: nested deeper than {MAX_DEPTH}")


def _walk(node: yaml.Node, path: YamlPath, lines: dict[YamlPath, int], where: str) -> None:
    lines.setdefault(path, _line(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, where)
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise InputError(
                    f"{where}:{_line(key)}: key {key.value!r:.80} is not text", hint="put it in quotes, or mend it"
                )
            at = (*path, key.value)
            if at in lines:
                raise InputError(
                    f"{where}:{_line(key)}: {key.value!r} stands here twice, first in line {lines[at]}",
                    hint="YAML would silently keep the last one only",
                )
            lines[at] = _line(key)
            _walk(item, at, lines, where)


def _line(marked: Any) -> int:
    return int(marked.start_mark.line) + 1


def _dotted(path: YamlPath) -> str:
    return ".".join(map(str, path)) or "the document"
