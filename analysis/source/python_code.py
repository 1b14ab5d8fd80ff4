"""What a Python module defines, which routes it registers, and which names each part of it mentions.

Nothing is imported or run. Names are compared as words, without types: `x.save()` mentions every `save` there is. That
finds too many references and never too few, which is the right side to err on before code is called dead. Words in
strings count as well (`url_for("cart")`, `getattr(o, "cart")`), docstrings and imports do not.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .python_routes import Route, decorated, registered, word_of

Function = ast.FunctionDef | ast.AsyncFunctionDef

_WORD = re.compile(r"(?:[A-Za-z_]\w*[.:])*([A-Za-z_]\w*)", re.ASCII)
_PATH = re.compile(r"/[\w{}<>:.%~/-]{2,200}", re.ASCII)
# Classes that carry these are what they are without being registered anywhere.
_PLAIN_CLASS_DECORATORS = frozenset({"dataclass", "total_ordering", "final", "runtime_checkable", "unique", "define"})
# Functions with nothing but these are not registered anywhere either.
_PLAIN_DECORATORS = frozenset(
    {
        "staticmethod", "classmethod", "property", "cached_property", "setter", "override", "overload", "final",
        "cache", "lru_cache", "wraps", "contextmanager", "asynccontextmanager", "abstractmethod", "no_type_check",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A function, method or class.

    Args:
        name: within the module: `Cart.total`.
        lines: of its text; a class counts without its methods.
        mentions: words in it.
        registered: decorated by something that is neither a route nor known to be harmless: somebody may call it.
        owner: the class of a method.
    """

    name: str
    line: int
    lines: int
    mentions: frozenset[str]
    registered: bool = False
    owner: str | None = None

    @property
    def word(self) -> str:
        """What others call it."""
        return self.name.rpartition(".")[2]


@dataclass
class Module:
    """What was read.

    Args:
        mentions: word -> first line, of what runs when the module is imported.
        paths: literals that look like paths -> first line: somebody may ask for them.
        handlers: ids of the nodes that name a route's handler, and of handlers inside of functions.
    """

    units: list[Unit] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    mentions: dict[str, int] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)
    handlers: set[int] = field(default_factory=set)


def read_module(text: str, *, is_package: bool = False) -> Module:
    """Read one module.

    Args:
        text: its source.
        is_package: an `__init__.py`, where imports say what is public.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python of this version, as `ast.parse` says.

    >>> module = read_module("@app.get('/carts/<id>')\\ndef cart(id):\\n    return load(id)\\n")
    >>> module.routes[0].path, module.routes[0].methods, sorted(module.units[0].mentions)
    ('/carts/<id>', ('GET',), ['id', 'load'])
    """
    tree = ast.parse(text)
    module = Module()
    django = "urlpatterns" in text
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (found := registered(node, django=django)):
            route, handler = found
            module.routes.append(route)
            module.handlers.add(id(handler))
    _read_body(module, tree.body, None, is_package)
    _note_paths(module, tree)
    return module


def _note_paths(module: Module, tree: ast.AST) -> None:
    """Paths that somebody asks for: literals but routes and docstrings; f-strings with `x` in them."""
    own = {route.path for route in module.routes}
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in node.values)
            skipped.update(id(value) for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            text = node.value
        if text and text not in own:
            for path in _PATH.findall(text[:500]):
                module.paths.setdefault(path, node.lineno)  # type: ignore[attr-defined]


def _read_body(module: Module, body: Iterable[ast.stmt], owner: ast.ClassDef | None, is_package: bool) -> set[str]:
    """Units of a body; what else it mentions goes to the module, or back to the class that owns it."""
    own: set[str] = set()
    for node in body:
        if isinstance(node, Function):
            _add_function(module, node, owner.name if owner else None)
            outside = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
            found = {word: at for part in outside for word, at in _mentions(part, module.handlers)}
        elif isinstance(node, ast.ClassDef):
            _add_class(module, node, owner)
            found = {word: at for part in node.decorator_list for word, at in _mentions(part, module.handlers)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found = dict(_mentions(node, module.handlers))
            found |= {alias.name: node.lineno for alias in node.names} if is_package else {}
        elif isinstance(node, ast.If | ast.Try | ast.With) and owner is None:
            # Definitions inside of `if TYPE_CHECKING`, `try: import ...` are the module's.
            inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]
            for handler in getattr(node, "handlers", ()):
                inner += handler.body
            _read_body(module, inner, None, is_package)
            found = {w: at for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr | ast.withitem)
                     for w, at in _mentions(part, module.handlers)}  # fmt: skip
        else:
            found = dict(_mentions(node, module.handlers))
        own |= found.keys()
        if owner is None:
            for word, line in found.items():
                module.mentions.setdefault(word, line)
    return own


def _add_function(module: Module, node: Function, owner: str | None, within: str = "") -> None:
    routes = [route for decorator in node.decorator_list for route in decorated(decorator, node.name)]
    module.routes += routes
    nested = _inner_handlers(node)
    for inner in nested:
        module.handlers.add(id(inner))
        _add_function(module, inner, None, within=f"{within}{node.name}.")
    parts = [*node.body, *(part for part in ast.walk(node.args) if isinstance(part, ast.expr))]
    names = {word_of(decorator) for decorator in node.decorator_list}
    module.units.append(
        Unit(
            name=f"{owner}.{node.name}" if owner else f"{within}{node.name}",
            line=node.lineno,
            lines=_lines(node) - sum(map(_lines, nested)),
            mentions=frozenset(word for part in parts for word, _ in _mentions(part, module.handlers)),
            registered=not routes and bool(names - _PLAIN_DECORATORS),
            owner=owner,
        )
    )


def _inner_handlers(node: Function) -> list[Function]:
    """Functions inside of this one that are routes: of an application made by a factory."""
    inner = (part for part in ast.walk(node) if isinstance(part, Function) and part is not node)
    return [part for part in inner if any(True for d in part.decorator_list for _ in decorated(d, part.name))]


def _lines(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _add_class(module: Module, node: ast.ClassDef, owner: ast.ClassDef | None) -> None:
    if owner is not None:  # a class in a class goes with it
        return
    mentions = _read_body(module, node.body, node, False)
    mentions |= {word for base in (*node.bases, *node.keywords) for word, _ in _mentions(base, module.handlers)}
    methods = sum(unit.lines for unit in module.units if unit.owner == node.name)
    names = {word_of(decorator) for decorator in node.decorator_list}
    module.units.append(
        Unit(
            name=node.name,
            line=node.lineno,
            lines=max(1, _lines(node) - methods),
            mentions=frozenset(mentions),
            registered=bool(names - _PLAIN_CLASS_DECORATORS),
        )
    )


def _mentions(node: ast.AST, handlers: set[int]) -> Iterator[tuple[str, int]]:
    """Words of a piece of code, but for handlers that a route names and for docstrings."""
    if id(node) in handlers:
        return
    line = getattr(node, "lineno", 0)
    match node:
        case ast.Name(id=word):
            yield word, line
        case ast.Attribute(attr=word):
            yield word, line
        case ast.Constant(value=str(text)) if found := _WORD.fullmatch(text[:200]):
            yield found[1], line
        case ast.Expr(value=ast.Constant(value=str())):
            return
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            # What is imported under another name is mentioned here for the last time.
            yield from ((alias.name.rpartition(".")[2], line) for alias in names if alias.asname)
            return
    for child in ast.iter_child_nodes(node):
        yield from _mentions(child, handlers)
