"""Which code nothing but certain routes leads to, and which nothing leads to at all.

Modules are joined by the words that they mention (python_code.py). Roots are what runs at import, what is
registered by a decorator nobody here knows, and what files that are no Python mention. A unit *behind* a route is
reached from its handler and from no root; when nobody asks for any of the routes in front of it, it does not run.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from .python_code import Module, Unit
from .python_routes import Route

MAX_PLACES = 5
"""Places named of each thing that refers to something."""


@dataclass(frozen=True)
class Place:
    """A unit and its file."""

    file: str
    unit: Unit


@dataclass(frozen=True)
class Handler:
    """A route and what is known of its handler.

    Args:
        references: places that mention the handler, besides its registration and code that only routes lead to.
        tests: test files that mention it.
        found: the handler's code was found.
        led_by: numbers of other routes whose code leads to the handler.
    """

    file: str
    route: Route
    references: tuple[str, ...]
    tests: tuple[str, ...]
    found: bool
    led_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reach:
    """What was found.

    Args:
        handlers: every route.
        behind: units that only routes lead to, with the numbers of these routes.
        unreferenced: units that nothing leads to.
    """

    handlers: tuple[Handler, ...]
    behind: tuple[tuple[Place, tuple[int, ...]], ...]
    unreferenced: tuple[Place, ...]


def reach(modules: Mapping[str, Module], *, tests: Mapping[str, Module], outside: Mapping[str, str]) -> Reach:
    """Find them.

    Args:
        modules: file -> what was read in it.
        tests: the same of tests: what only they mention does not run in production.
        outside: word -> file that is no Python and mentions it.
    """
    code = _Code(modules, outside)
    plain = code.reached(code.roots(), frozenset())
    routes = [(file, route) for file, module in modules.items() for route in module.routes]
    owned = [code.handlers(file, route) for file, route in routes]
    before: dict[int, list[int]] = {}
    for number, own in enumerate(owned):
        for at in code.reached(own - plain, plain):
            before.setdefault(at, []).append(number)
    words = {file: _words(test) for file, test in tests.items()}
    handlers = [
        Handler(
            file,
            route,
            references=code.places(route.handler, plain) if route.handler else (),
            tests=tuple(test for test, mentioned in words.items() if route.handler in mentioned)[:MAX_PLACES],
            found=bool(own),
            led_by=tuple(sorted({n for at in own for n in before.get(at, ()) if owned[n] != own})),
        )
        for (file, route), own in zip(routes, owned, strict=True)
    ]
    behind = tuple((code.units[at], tuple(numbers)) for at, numbers in sorted(before.items()))
    rest = (place for at, place in enumerate(code.units) if at not in plain and at not in before)
    # A method goes with its class.
    return Reach(tuple(handlers), behind, tuple(place for place in rest if place.unit.owner is None))


def _words(module: Module) -> set[str]:
    return {*module.mentions, *(word for unit in module.units for word in unit.mentions)}


class _Code:
    """Units by number, and by word."""

    def __init__(self, modules: Mapping[str, Module], outside: Mapping[str, str]) -> None:
        self._modules, self._outside = modules, outside
        self.units = [Place(file, unit) for file, module in modules.items() for unit in module.units]
        self._by_word: dict[str, list[int]] = {}
        self._by_owner: dict[tuple[str, str], list[int]] = {}
        self._classes: dict[tuple[str, str], int] = {}
        for at, place in enumerate(self.units):
            self._by_word.setdefault(place.unit.word, []).append(at)
            if place.unit.owner:
                self._by_owner.setdefault((place.file, place.unit.owner), []).append(at)
            else:
                self._classes[place.file, place.unit.name] = at

    def roots(self) -> set[int]:
        found = {at for at, place in enumerate(self.units) if place.unit.registered or _is_dunder(place.unit)}
        words = {word for module in self._modules.values() for word in module.mentions}
        return found | {at for word in words | self._outside.keys() for at in self._by_word.get(word, ())}

    def reached(self, start: Collection[int], known: Collection[int]) -> set[int]:
        """Everything that these lead to, and that is not known yet."""
        found, todo = set(start), list(start)
        while todo:
            for at in self._next(self.units[todo.pop()]):
                if at not in found and at not in known:
                    found.add(at)
                    todo.append(at)
        return found

    def _next(self, place: Place) -> Iterable[int]:
        for word in place.unit.mentions:
            yield from self._by_word.get(word, ())
        if place.unit.owner:
            yield from (at for at in [self._classes.get((place.file, place.unit.owner))] if at is not None)
        else:
            # A class that is used may have any of its methods called.
            yield from self._by_owner.get((place.file, place.unit.name), ())

    def handlers(self, file: str, route: Route) -> set[int]:
        """Units that a route's handler may be: those of its own file where there are any."""
        named = self._by_word.get(route.handler or "", [])
        return set([at for at in named if self.units[at].file == file] or named)

    def places(self, word: str, plain: Collection[int]) -> tuple[str, ...]:
        found = [f"{file}:{module.mentions[word]}" for file, module in self._modules.items() if word in module.mentions]
        found += [
            f"{place.file}:{place.unit.line} ({place.unit.name})"
            for at, place in enumerate(self.units)
            if at in plain and word in place.unit.mentions
        ]
        found += [self._outside[word]] if word in self._outside else []
        return tuple(found[:MAX_PLACES])


def _is_dunder(unit: Unit) -> bool:
    return unit.owner is None and unit.word.startswith("__") and unit.word.endswith("__")
