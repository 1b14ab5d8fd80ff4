"""The ways that many people took, without what differs from visit to visit.

Whole visits are hardly ever alike: people go back, look at another product, do a thing twice. What is compared here is
the order in which a visit first came to each page and did each thing; ids in paths are `{id}`, and names of links that
lead to one of many (products in a list) are one link.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ....core.records.bulk.rum import RumRow
from ..endpoints import endpoint

MAX_NODES = 60
"""Different pages and actions of a visit; what comes after them is not looked at."""
MAX_NAMES = 2
"""Of links to pages of one kind; more are a list of things."""
SURE = 0.75
"""Share of the times that an action led to a page, from which on the page is expected."""
# How monitoring writes what differs in a path: `/product/?`, `/product/:id`, `/product/[slug]`.
_VARIABLE = re.compile(r"(?<=/)(?:\?|\*|:\w+|\[[\w.]+\]|<[^>/]*>|\{\w*\})(?=/|$)")


class Node(NamedTuple):
    """A page, or something done on it."""

    page: str
    """Its path, with ids as `{id}`."""
    action: str | None = None
    """Name of what was clicked; None = the page was shown."""
    link_to: str | None = None
    """A link to any page of this kind, whatever its name."""


class Lead(NamedTuple):
    """Where an action led."""

    page: str
    times: int
    of: int


class Walk(NamedTuple):
    """A way, in order of first coming."""

    nodes: tuple[Node, ...]
    sessions: int
    users: int


class Walks(NamedTuple):
    """What many did."""

    walks: tuple[Walk, ...]
    """The most frequent first."""
    leads: dict[Node, Lead]
    """Action -> the page that it mostly led to."""
    sessions: int
    withheld: int
    """Ways that fewer than the asked number of people took."""


def walks(rows: Iterable[RumRow], *, min_users: int) -> Walks:
    """The ways of all sessions, of which each was taken by so many people at least.

    Args:
        rows: in order of time.
        min_users: distinct users; where no user is named, sessions.
    """
    visits, people = _visits(rows)
    many = _lists(visits.values())
    general = {
        session: [_general(node, then, many) for node, then in _steps(visit)] for session, visit in visits.items()
    }
    leads: defaultdict[Node, Counter[str]] = defaultdict(Counter)
    taken: defaultdict[tuple[Node, ...], list[str]] = defaultdict(list)
    for session, visit in general.items():
        taken[tuple(dict.fromkeys(visit))[:MAX_NODES]].append(session)
        for node, then in _steps(visit):
            if node.page and _acts(node) and then is not None:
                leads[node][then.page if not _acts(then) else ""] += 1
    counted = (Walk(way, len(by), len({people[session] for session in by})) for way, by in taken.items())
    found = sorted(counted, key=lambda walk: (-walk.sessions, walk.nodes and repr(walk.nodes)))
    kept = tuple(walk for walk in found if walk.users >= min_users)
    return Walks(kept, dict(_sure(leads)), len(visits), len(found) - len(kept))


def _visits(rows: Iterable[RumRow]) -> tuple[dict[str, list[Node]], dict[str, str]]:
    visits: defaultdict[str, list[Node]] = defaultdict(list)
    people: dict[str, str] = {}
    for row in rows:
        page = _template(row)
        if (
            not row.session
            or page is None
            or row.event not in ("view", "action")
            or (row.event == "action" and not row.name)
        ):
            continue
        node = Node(page, row.name if row.event == "action" else None)
        visit = visits[row.session]
        if not visit or visit[-1] != node:
            visit.append(node)
        people[row.session] = row.user or people.get(row.session) or row.session
    return visits, people


def _template(row: RumRow) -> str | None:
    for told in (row.page_group, row.page):
        if told and told.startswith("/"):
            return endpoint(_VARIABLE.sub("{id}", told))
    return None


def _acts(node: Node) -> bool:
    return node.action is not None or node.link_to is not None


def _steps(visit: list[Node]) -> Iterator[tuple[Node, Node | None]]:
    return zip(visit, [*visit[1:], None], strict=True)


def _lists(visits: Iterable[list[Node]]) -> set[tuple[str, str]]:
    """Pairs of pages between which links of many names lead."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for visit in visits:
        for node, then in _steps(visit):
            if node.action and then and then.action is None and "{id}" in then.page:
                names[node.page, then.page].add(node.action)
    return {pair for pair, found in names.items() if len(found) > MAX_NAMES}


def _general(node: Node, then: Node | None, many: set[tuple[str, str]]) -> Node:
    if node.action and then and then.action is None and (node.page, then.page) in many:
        return Node(node.page, None, then.page)
    return node


def _sure(leads: dict[Node, Counter[str]]) -> Iterator[tuple[Node, Lead]]:
    for node, pages in leads.items():
        [(page, times)] = pages.most_common(1)
        if page and times >= SURE * pages.total():
            yield node, Lead(page, times, pages.total())
