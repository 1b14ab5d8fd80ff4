"""Which routes a requested path may belong to, out of thousands, in steps that follow the path's length.

Where an application is mounted is not known from its source, so a route answers every path that *ends* like it:
`/items/<id>` answers `/shop/v2/items/7`. That finds too many uses and never too few.
"""

import re
from dataclasses import dataclass, field

_GROUP = re.compile(r"\([^()]*\)[?*+]?")
_MULTI = re.compile(r"<path:|:path\}|\.\*|:\.\*|\{\*|\*\*")
_PLAIN = re.compile(r"[\w.~%@-]+")
# A group of a regular expression that has been taken out.
_GAP = "{}"


@dataclass
class _Node:
    below: dict[str, "_Node"] = field(default_factory=dict)
    any: "_Node | None" = None
    routes: list[int] = field(default_factory=list)


def segments(template: str) -> list[str | None] | None:
    """Parts of a route's path; None in their place for parameters.

    Returns:
        None when a parameter takes several parts: everything may be its.

    >>> segments("/items/<int:id>/edit")
    ['items', None, 'edit']
    >>> segments(r"^orders/(?P<id>[0-9]+)/$"), segments("/files/{name:path}")
    (['orders', None], None)
    """
    if _MULTI.search(template):
        return None
    text = template.removeprefix("^").removesuffix("$").removesuffix(r"\\Z")
    while (shorter := _GROUP.sub(_GAP, text)) != text:
        text = shorter
    return [part if _PLAIN.fullmatch(part) else None for part in text.split("/") if part]


class RouteIndex:
    """Routes by their last parts first.

    >>> index = RouteIndex()
    >>> index.add("/items/<id>", 0); index.add("/items/new", 1)
    >>> index.find("/v1/items/new?x=1"), index.find("/items"), index.find("/items/7/")
    ([0, 1], [], [0])
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._anywhere: list[tuple[str, int]] = []
        self._home: list[int] = []

    def add(self, template: str, number: int) -> None:
        """A route under its number."""
        parts = segments(template)
        if parts is None:
            fixed = _MULTI.split(template)[0].rpartition("/")[0].strip("^/")
            self._anywhere.append((f"/{fixed}/" if _is_plain(fixed) else "/", number))
            return
        if not parts:
            self._home.append(number)
            return
        node = self._root
        for part in reversed(parts):
            if part is None:
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.below.setdefault(part, _Node())
        node.routes.append(number)

    def find(self, path: str) -> list[int]:
        """Numbers of the routes that may have answered it, in order.

        Args:
            path: with or without query.
        """
        bare = re.split(r"[?#]", path, maxsplit=1)[0]
        parts = [part for part in bare.split("/") if part]
        found = list(self._home) if bare.endswith("/") or not parts else []
        found += [number for fixed, number in self._anywhere if fixed in f"{bare}/"]
        nodes = [self._root]
        for part in reversed(parts):
            nodes = [below for node in nodes for below in (node.below.get(part), node.any) if below is not None]
            if not nodes:
                break
            for node in nodes:
                found += node.routes
        return sorted(set(found))


def _is_plain(text: str) -> bool:
    return all(_PLAIN.fullmatch(part) for part in text.split("/"))
