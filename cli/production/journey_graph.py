"""The graph of journeys in the languages of Graphviz and Mermaid.

Names come from production: every one of them goes through the one encoder of its language.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..text import counted, duration_text, percent

if TYPE_CHECKING:
    from ...core.records.production.journeys import Edge, Journeys, Step

MAX_EDGES = 60
"""Drawn, the most frequent ones: more are a ball of wool."""
_MERMAID_TEXT = re.compile(r"[^\w /.,:@=+-]")


def dot(found: "Journeys") -> str:
    """For `dot -Tsvg`."""
    lines = [*_lines(found, node='  {0} [label="{1}"];', edge='  {0} -> {1} [label="{2}"];', encode=dot_text)]
    note = _left_out(found)
    return "\n".join(["digraph journeys {", *([f"  // {note}"] if note else []), "  node [shape=box];", *lines, "}"])


def mermaid(found: "Journeys") -> str:
    """For a Markdown block of `mermaid`."""
    lines = [*_lines(found, node='  {0}["{1}"]', edge='  {0} -->|"{2}"| {1}', encode=mermaid_text)]
    note = _left_out(found)
    return "\n".join(["flowchart TD", *([f"  %% {note}"] if note else []), *lines])


def dot_text(text: str) -> str:
    r"""What stands between quotes.

    >>> print(dot_text('a"b\\'))
    a\"b\\
    """
    return text.replace("\\", "\\\\").replace('"', '\\"')


def mermaid_text(text: str) -> str:
    """What stands between quotes: anything that might mean something as its number.

    >>> mermaid_text('/p/{id} "x"')
    '/p/#123;id#125; #34;x#34;'
    """
    return _MERMAID_TEXT.sub(lambda found: f"#{ord(found.group())};", text)


def _lines(found: "Journeys", *, node: str, edge: str, encode: Callable[[str], str]) -> Iterator[str]:
    steps = {step.id: step for step in found.steps}
    drawn = [one for one in found.edges if one.source in steps and one.target in steps][:MAX_EDGES]
    ends = {end for one in drawn for end in (one.source, one.target)}
    nodes = [step for step in found.steps if step.id in ends] or list(found.steps[:MAX_EDGES])
    number = {step.id: f"s{at}" for at, step in enumerate(nodes)}
    yield node.format("begin", "start")
    yield node.format("leave", "end")
    for step in nodes:
        yield node.format(number[step.id], encode(_title(step)))
        if step.entries:
            yield edge.format("begin", number[step.id], str(step.entries))
        if step.exits:
            yield edge.format(number[step.id], "leave", str(step.exits))
    for one in drawn:
        yield edge.format(number[one.source], number[one.target], encode(_label(one)))


def _title(step: "Step") -> str:
    return f"{step.title} ({counted(step.sessions, 'session')})"


def _label(edge: "Edge") -> str:
    return f"{edge.times}, {percent(edge.share)}, {duration_text(edge.pause.p50_s)}"


def _left_out(found: "Journeys") -> str:
    more = max(0, len(found.edges) - MAX_EDGES) + found.edges_unlisted
    said = [f"{more} rarer edges are not drawn"] if more else []
    if found.edges_withheld:
        said.append(f"{found.edges_withheld} edges of fewer than {found.min_users} people are withheld")
    return "; ".join(said)
