"""Reading a project's source for `dead-code`: files in, an inventory of routes and of code that little leads to out."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...analysis.source.express_routes import express_routes
from ...analysis.source.python_code import Module, read_module
from ...analysis.source.reachability import Reach, reach
from ...analysis.source.route_index import RouteIndex
from ...config.init import SKIPPED_FOLDERS
from ...core import jsontext
from ...core.errors import AqeError, InputError
from ...core.records.production.dead_code import CodeInventory, StaticRoute, StaticUnit

MAX_FILES = 20_000
MAX_FILE_BYTES = 1_000_000
MAX_ROUTES, MAX_UNITS = 1_000, 2_000
"""Kept: the inventory travels in a task, which has room for 1 MB."""
MAX_REFERENCES = 5
MAX_TEXT_CHARS = 200

_TEXTS = frozenset(
    {".toml", ".cfg", ".ini", ".yaml", ".yml", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".sh"}
)
"""Files that may name code without being code: in a template's expression, or with dots as in `shop.tasks:clean`."""
_CODE = frozenset(
    {".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".java", ".kt", ".go", ".rb", ".php", ".cs", ".rs", ".scala", ".vue"}
)
_EXPRESS = frozenset({".js", ".mjs", ".cjs", ".ts"})
"""Whose routes are read; what leads to their code is not."""
_OPENAPI = re.compile(r"openapi.*\.(?:json|ya?ml)|swagger.*\.(?:json|ya?ml)", re.IGNORECASE)
_VERBS = ("get", "post", "put", "delete", "patch", "head", "options")
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+", re.ASCII)
_EXPRESSION = re.compile(r"\{[{%](.*?)[}%]\}", re.DOTALL)
_PATH = re.compile(r"""["'`](/[^"'`\s?#]{2,200})""")


@dataclass
class _Sources:
    """What was read, by file."""

    modules: dict[str, Module] = field(default_factory=dict)
    tests: dict[str, Module] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    """Word -> file that is no Python, or could not be read as such."""
    paths: list[tuple[str, str]] = field(default_factory=list)
    """Path asked for, and where."""
    documented: list[StaticRoute] = field(default_factory=list)
    """Routes whose code is not analysed: of a document, of another language."""
    unreadable: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def inventory(root: Path) -> CodeInventory:
    """Read a folder.

    Raises:
        InputError: it is no folder, or holds more than MAX_FILES files or no Python and no OpenAPI document.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder", hint="--source DIR names the source")
    sources = _Sources()
    for path in _files(root):
        _read(sources, path, path.relative_to(root).as_posix())
    if not sources.modules and not sources.documented:
        raise InputError(
            f"{root}: no Python source, no routes of Express and no OpenAPI document",
            hint="--source DIR names the source",
        )
    found = reach(sources.modules, tests=sources.tests, outside=sources.words)
    routes = [*_routes(found), *sources.documented]
    routes = _with_askers(_without_twins(routes), sources)
    units = _units(found)
    return CodeInventory(
        root=root.resolve().name,
        python_files=len(sources.modules),
        test_files=len(sources.tests),
        unreadable=tuple(sources.unreadable[:100]),
        other_languages=dict(sources.others),
        routes=tuple(routes[:MAX_ROUTES]),
        units=tuple(_kept(units)),
        left_out=max(0, len(routes) - MAX_ROUTES) + len(units) - len(_kept(units)),
    )


def _files(root: Path) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("."))
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                raise InputError(f"{root}: more than {MAX_FILES} files", hint="--source DIR names a smaller folder")
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _read(sources: _Sources, path: Path, name: str) -> None:
    suffix = path.suffix.lower()
    if suffix == ".py":
        _read_python(sources, path, name)
        return
    if suffix in _CODE:
        sources.others[suffix.removeprefix(".")] += 1
    if suffix in _TEXTS | _CODE or path.name in ("Procfile", "Dockerfile", "Makefile") or _OPENAPI.fullmatch(path.name):
        text = _text(path)
        if _OPENAPI.fullmatch(path.name):
            sources.documented += _documented(text, name)
            return
        if suffix in _EXPRESS and not _is_test(Path(name)):
            sources.documented += _registered(text, name)
        for code in (*_EXPRESSION.findall(text), *_DOTTED.findall(text)) if suffix not in _CODE else ():
            _note_words(sources, code, name)
        for at, line in enumerate(text.splitlines(), start=1):
            sources.paths += [(found, f"{name}:{at}") for found in _PATH.findall(line[:2000])]


def _read_python(sources: _Sources, path: Path, name: str) -> None:
    is_test = _is_test(Path(name))
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"more than {MAX_FILE_BYTES} bytes")
        module = read_module(path.read_bytes().decode("utf-8-sig"), is_package=path.name == "__init__.py")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
        if not is_test:
            sources.unreadable.append(f"{name}: {str(error)[:MAX_TEXT_CHARS] or type(error).__name__}")
            _note_words(sources, _text(path), name)
        return
    (sources.tests if is_test else sources.modules)[name] = module
    if not is_test:
        sources.paths += [(found, f"{name}:{line}") for found, line in module.paths.items()]


def _is_test(path: Path) -> bool:
    name = path.name
    return (
        bool({"tests", "test"} & set(path.parts[:-1]))
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name == "conftest.py"
        or "__tests__" in path.parts
        or bool(re.search(r"\.(?:test|spec)\.[a-z]+$", name))
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _note_words(sources: _Sources, text: str, name: str) -> None:
    for word in _WORD.findall(text):
        sources.words.setdefault(word, name)


def _registered(text: str, name: str) -> Iterator[StaticRoute]:
    for methods, path, line in express_routes(text):
        yield StaticRoute(
            methods=methods, path=path[:MAX_TEXT_CHARS], handler=None, file=name, line=line, analysed=False
        )


def _documented(text: str, name: str) -> Iterator[StaticRoute]:
    """Routes of an OpenAPI document; nothing when it is none."""
    try:
        document = jsontext.loads(text.encode(), where=name) if name.endswith(".json") else _yaml(text, name)
    except AqeError:
        return
    paths = document.get("paths") if isinstance(document, dict) else None
    for path, operations in paths.items() if isinstance(paths, dict) else ():
        for verb in _VERBS:
            if isinstance(operations, dict) and verb in operations and isinstance(path, str):
                yield StaticRoute(
                    methods=(verb.upper(),), path=path[:MAX_TEXT_CHARS], handler=None, file=name, analysed=False
                )


def _yaml(text: str, name: str) -> object:
    from ...config.yamlfile import load_yaml

    return load_yaml(text, where=name).value


def _routes(found: Reach) -> Iterator[StaticRoute]:
    for handler in found.handlers:
        yield StaticRoute(
            methods=handler.route.methods,
            path=handler.route.path[:MAX_TEXT_CHARS],
            handler=handler.route.handler,
            file=handler.file,
            line=handler.route.line,
            analysed=handler.found,
            references=handler.references,
            tests=handler.tests,
            led_by=tuple(number for number in handler.led_by if number < MAX_ROUTES),
        )


def _without_twins(routes: list[StaticRoute]) -> list[StaticRoute]:
    """Without documented routes whose code was found."""
    index = RouteIndex()
    for number, route in enumerate(routes):
        if route.line is not None:
            index.add(route.path, number)

    def is_twin(route: StaticRoute) -> bool:
        twins = (routes[number] for number in index.find(route.path.replace("{", "").replace("}", "")))
        return route.line is None and any(not t.methods or set(route.methods) <= set(t.methods) for t in twins)

    return [route for route in routes if not is_twin(route)]


def _with_askers(routes: list[StaticRoute], sources: _Sources) -> list[StaticRoute]:
    """With the places that ask for a route's path."""
    index = RouteIndex()
    for number, route in enumerate(routes):
        index.add(route.path, number)
    askers: dict[int, list[str]] = {}
    for path, place in sources.paths:
        for number in index.find(path):
            if place == f"{routes[number].file}:{routes[number].line}":
                continue  # its own registration
            askers.setdefault(number, []).append(place)
    return [
        route.model_copy(update={"references": (*route.references, *askers.get(number, ()))[:MAX_REFERENCES]})
        for number, route in enumerate(routes)
    ]


def _units(found: Reach) -> list[StaticUnit]:
    behind = [(place, numbers) for place, numbers in found.behind]
    return [
        StaticUnit(
            name=place.unit.name[:MAX_TEXT_CHARS],
            file=place.file,
            line=place.unit.line,
            lines=place.unit.lines,
            routes=numbers,
        )
        for place, numbers in (*behind, *((place, ()) for place in found.unreferenced))
    ]


def _kept(units: list[StaticUnit]) -> list[StaticUnit]:
    """Those whose routes are kept."""
    return [unit for unit in units if all(number < MAX_ROUTES for number in unit.routes)][:MAX_UNITS]
