"""Mutants that a tool makes of the shop's request handlers: a random sample, the same at every run.

cosmic-ray says where each of its operators fits and writes the changed source. A mutant that does not start is none
that tests of a running shop have to find: it is counted apart, and the next of the sample takes its place.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HANDLERS = Path("shop", "api")
"""In the shop's folder."""
SEED = 7


@dataclass(frozen=True)
class Place:
    """Where an operator fits: the n-th place in a module, from 0."""

    module: Path
    operator: str
    occurrence: int
    line: int

    @property
    def name(self) -> str:
        """`carts.py:31 AddNot 2`."""
        return f"{self.module.name}:{self.line} {self.operator.rpartition('/')[2]} {self.occurrence}"


def places(shop: Path) -> list[Place]:
    """All of them, in an order of chance that is always the same.

    Args:
        shop: its folder.

    Raises:
        ModuleNotFoundError: cosmic-ray is not installed.
    """
    modules = sorted(path.relative_to(shop) for path in (shop / HANDLERS).glob("*.py"))
    found = [place for module in modules for place in _of_module(shop, module)]
    random.Random(SEED).shuffle(found)
    return found


def _of_module(shop: Path, module: Path) -> Iterator[Place]:
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    tree = get_ast_from_path(shop / module)
    for name in sorted(operator_names()):
        if get_operator(name).arguments():  # it mutates what it is told to, and nothing by itself
            continue
        operator = get_operator(name)()
        spots = (spot for node in ast_nodes(tree) for spot in operator.mutation_positions(node))
        for occurrence, ((line, _), _) in enumerate(spots):
            yield Place(module, name, occurrence, line)


def mutate(shop: Path, place: Place) -> None:
    """Change the source in a copy of the shop."""
    from cosmic_ray.mutating import apply_mutation
    from cosmic_ray.plugins import get_operator

    _, changed = apply_mutation(shop / place.module, get_operator(place.operator)(), place.occurrence)
    assert changed is not None, f"{place.name} fits no more"
