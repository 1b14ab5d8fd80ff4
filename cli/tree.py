"""A tree as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .text import Look


@dataclass(frozen=True)
class Node:
    """A line and what stands under it."""

    line: str
    children: Sequence["Node"] = ()


def tree(nodes: Sequence[Node], look: Look, indent: str = "") -> Iterator[str]:
    """The lines, with branches before them."""
    branch, last, down = ("├─ ", "└─ ", "│  ") if look.emoji else ("|- ", "`- ", "|  ")
    for number, node in enumerate(nodes, 1):
        is_last = number == len(nodes)
        yield f"{indent}{last if is_last else branch}{node.line}"
        yield from tree(node.children, look, indent + ("   " if is_last else down))
