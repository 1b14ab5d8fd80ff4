"""Routes that Python code registers with Flask, FastAPI, Starlette, aiohttp, Falcon or Django.

By their shape: `@app.get("/items/<id>")`, `add_url_rule("/items", view_func=items)`, `path("items/", views.items)`
where there are `urlpatterns`. What has another shape is no route, and its function counts as registered somewhere.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

VERBS = frozenset({"get", "post", "put", "delete", "patch", "head", "options"})
# Call -> places of path and handler among the arguments; a verb in the name is the method.
_CALLS = {
    "path": (0, 1), "re_path": (0, 1), "url": (0, 1), "Route": (0, 1), "WebSocketRoute": (0, 1),
    "add_url_rule": (0, 2), "add_api_route": (0, 1), "add_route": (1, 2),
    **{f"add_{verb}": (0, 1) for verb in VERBS},
}  # fmt: skip
_HANDLER_KEYWORDS = ("view_func", "endpoint", "handler", "view")
_DJANGO = ("path", "re_path", "url")


@dataclass(frozen=True)
class Route:
    """A path that the module answers.

    Args:
        methods: upper case; empty = any.
        path: as written: `/items/<int:id>`, `items/{id}`, a regular expression of Django.
        handler: word that names the function or class; None for a lambda and the like.
    """

    methods: tuple[str, ...]
    path: str
    handler: str | None
    line: int


def decorated(decorator: ast.expr, handler: str) -> Iterator[Route]:
    """Routes of a function's decorator.

    Args:
        handler: the function's name.
    """
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
        return
    verb = decorator.func.attr
    path = _text(decorator.args[0]) if decorator.args else _text(_keyword(decorator, "path", "rule"))
    if path is None or not (path == "" or path.startswith("/")):
        return
    if verb in VERBS:
        yield Route((verb.upper(),), path, handler, decorator.lineno)
    elif verb in ("route", "api_route"):
        yield Route(_methods(decorator, ("GET",)), path, handler, decorator.lineno)
    elif verb in ("websocket", "view"):
        yield Route((), path, handler, decorator.lineno)


def registered(call: ast.Call, *, django: bool) -> tuple[Route, ast.expr] | None:
    """The route that a call registers, and the node that names its handler.

    Args:
        django: the module has `urlpatterns`; elsewhere `path(...)` is somebody's own function.
    """
    name = word_of(call)
    if name in VERBS and isinstance(call.func, ast.Attribute) and word_of(call.func.value) == "web":
        places: tuple[int, int] | None = (0, 1)
    else:
        places = None if name in _DJANGO and not django else _CALLS.get(name)
    if name == "add_route" and call.args and (_text(call.args[0]) or "").startswith("/"):
        places = (0, 1)  # Starlette, Falcon; aiohttp has the method first
    if places is None:
        return None
    path = _text(call.args[places[0]]) if len(call.args) > places[0] else None
    handler = call.args[places[1]] if len(call.args) > places[1] else _keyword(call, *_HANDLER_KEYWORDS)
    if path is None or handler is None or word_of(handler) == "include" or isinstance(handler, ast.Constant):
        return None
    return Route(_call_methods(call, name, places), path, _handler_word(handler), call.lineno), handler


def _call_methods(call: ast.Call, name: str, places: tuple[int, int]) -> tuple[str, ...]:
    verb = name.removeprefix("add_")
    if verb in VERBS:
        return (verb.upper(),)
    if name == "add_route" and places == (1, 2) and (method := _text(call.args[0])):
        return () if method == "*" else (method.upper(),)
    # Django's views decide themselves; the others say it, or mean GET.
    return _methods(call, () if name in (*_DJANGO, "add_route") else ("GET",))


def _handler_word(handler: ast.expr) -> str | None:
    """`views.cart`, `Cart.as_view()` and `partial(cart, 1)` name `cart`, `Cart` and `cart`."""
    if isinstance(handler, ast.Call):
        if isinstance(handler.func, ast.Attribute) and handler.func.attr == "as_view":
            return word_of(handler.func.value) or None
        return _handler_word(handler.args[0]) if handler.args else None
    return word_of(handler) or None


def word_of(node: ast.expr) -> str:
    """Last word of a name, of a call its function's; empty for others."""
    match node:
        case ast.Call(func=func):
            return word_of(func)
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case _:
            return ""


def _methods(call: ast.Call, default: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `methods=[...]`; any, where it is no list of texts."""
    node = _keyword(call, "methods")
    if node is None:
        return default
    texts = [_text(item) for item in node.elts] if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return () if None in texts else tuple(text.upper() for text in texts if text)


def _keyword(call: ast.Call, *names: str) -> ast.expr | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    return next((given[name] for name in names if name in given), None)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
