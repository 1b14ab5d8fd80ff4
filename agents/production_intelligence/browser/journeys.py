"""The ways that many people took, as scenarios in a browser: each step expects the page that it led to.

What people typed is in no row: the tests fill in forms with nobody's data. Where the way to a page was not recorded,
the test opens the page, or follows a link to one of its kind.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from ....core.records.production.findings import FindingPriority
from ....core.records.production.scenarios import Expectation, Locator, Provenance, TestScenario, UiStep
from ..journeys.walks import Node, Walk, Walks
from ..load.visitors import PURCHASE
from .page_facts import PageFacts

PREFIX = "scenario-ui-"
"""Of the ids of scenarios in a browser."""
MAX_SCENARIOS = 20
"""Tests that people are to review."""
MAX_TITLE_PAGES = 4
"""Named in a scenario's title."""
_SERVER_ERROR = 500
# How monitoring describes a click: `click on Add to cart`.
_CLICKED = re.compile(r"^(?:click|tap|press)(?:ed)?\s+(?:on\s+)?[\"']?(?P<what>.*?)[\"']?$", re.IGNORECASE | re.DOTALL)
# What is written for tests and machines has no blanks and no capitals; a single word may be either.
_TEST_ID = re.compile(r"[a-z0-9]+(?:[-_.:][a-z0-9]+)+")
_BECAUSE = "people are to get through"
_WATCHED = (
    Expectation(kind="no-page-error", value=True, because=_BECAUSE),
    Expectation(kind="no-failed-request", value=_SERVER_ERROR, because=_BECAUSE),
)
Facts = Mapping[str, PageFacts]
"""Page -> what every recorded one of its kind showed."""


def journey_scenarios(
    found: Walks, chosen: Sequence[Walk], facts: Facts, window: tuple[datetime, datetime]
) -> tuple[TestScenario, ...]:
    """A scenario for each way that shows something that those before it do not, the most frequent first.

    Args:
        found: where the actions lead.
        chosen: the ways.
        facts: of the pages; may lack any.
        window: begin and end of the time that was looked at.
    """
    shown: set[Node] = set()
    made = []
    for walk in sorted(chosen, key=lambda walk: (-len(set(walk.nodes)), -walk.sessions)):
        if not shown.issuperset(walk.nodes):
            shown.update(walk.nodes)
            made.append((walk.sessions, _scenario(found, walk, facts, window)))
    made.sort(key=lambda pair: -pair[0])
    return tuple(scenario for _, scenario in made)[:MAX_SCENARIOS]


def _scenario(found: Walks, walk: Walk, facts: Facts, window: tuple[datetime, datetime]) -> TestScenario:
    pages = list(dict.fromkeys(node.page for node in walk.nodes))
    shown = pages if len(pages) <= MAX_TITLE_PAGES else [*pages[:2], "...", pages[-1]]
    digest = sha256(repr(walk.nodes).encode("utf-8", "backslashreplace")).hexdigest()[:12]
    steps = list(_Going(found, facts).steps(walk.nodes))
    steps[-1] = steps[-1].model_copy(update={"expectations": (*steps[-1].expectations, *_WATCHED)})
    buys = any(node.action and PURCHASE.fullmatch(node.action.replace("-", "_")) for node in walk.nodes)
    return TestScenario(
        id=PREFIX + digest,
        title=" > ".join(shown),
        priority=FindingPriority.HIGH if buys else FindingPriority.MEDIUM,
        independent=False,
        steps=tuple(steps),
        provenance=Provenance(
            finding_id=f"journey-{digest}",
            finding=" > ".join(pages),
            occurrences=walk.sessions,
            sample_size=found.sessions,
            window_from=window[0],
            window_to=window[1],
        ),
    )


@dataclass
class _Going:
    """Where a test is while it goes a way."""

    found: Walks
    facts: Facts
    page: str | None = None
    described: set[str] = field(default_factory=set)

    def steps(self, nodes: Sequence[Node]) -> Iterator[UiStep]:
        """A page that an action led to is no step of its own."""
        for node in nodes:
            if node.page != self.page:
                yield self._come(node.page)
            if node.action is not None or node.link_to is not None:
                yield self._act(node)

    def _come(self, page: str) -> UiStep:
        """Open a page, or follow a link to one where an id in its path is not known."""
        if "{id}" in page and self.page is not None:
            return UiStep(
                action="click", locators=(_link_to(page),), expectations=self._reached(page), title=f"go to {page}"
            )
        opened = page.replace("{id}", "1")
        return UiStep(action="goto", value=opened, expectations=self._reached(page))

    def _act(self, node: Node) -> UiStep:
        locators = (_link_to(node.link_to),) if node.link_to else tuple(self._ways(node))
        lead = self.found.leads.get(node)
        times = f"in {lead.times:,} of {lead.of:,} recorded cases" if lead else None
        reached = self._reached(lead.page, times) if lead else ()
        title = f"go to {node.link_to}" if node.link_to else None
        return UiStep(
            action="click" if node.link_to else "submit", locators=locators, expectations=reached, title=title
        )

    def _ways(self, node: Node) -> Iterator[Locator]:
        """Monitoring tells one name of what was clicked: its test id, its accessible name or its text."""
        match = _CLICKED.match((node.action or "").strip())
        name = match["what"] if match and match["what"] else (node.action or "").strip()
        facts = self.facts.get(node.page)
        if _TEST_ID.fullmatch(name) or (facts and name in facts.controls):
            yield Locator(by="test-id", value=name)
            yield from [facts.controls[name]] if facts and name in facts.controls else []
            return
        yield from (Locator(by="role", value=role, name=name) for role in ("button", "link"))
        yield Locator(by="text", value=name)
        yield Locator(by="test-id", value=name)

    def _reached(self, page: str, because: str | None = None) -> tuple[Expectation, ...]:
        self.page = page
        there = Expectation(kind="url-path-is", value=page, because=because or "the recorded page")
        told = self.facts.get(page) if page not in self.described else None
        self.described.add(page)
        return (there, *(told.expectations if told else ()))


def _link_to(page: str) -> Locator:
    """A link to one of the pages: of their ids none is known."""
    before = page.partition("{id}")[0].replace("\\", "\\\\").replace('"', '\\"')
    return Locator(by="css", value=f'a[href*="{before}"] >> visible=true >> nth=0')
