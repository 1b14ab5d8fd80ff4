"""Journeys as scenarios in a browser: the ways that many people took, and where each step of them led.

Only what `min_users` people did is in the journeys at all, and what they typed is in no row: the tests fill in forms
with nobody's data. Where the way to a page was not recorded, the test opens the page.
"""

import re
from collections.abc import Callable, Iterator

from ...core.records.findings import FindingPriority
from ...core.records.journeys import Edge, Journey, Journeys, Outcome, Step, StepKind
from ...core.records.scenarios import Expectation, Locator, Provenance, TestScenario, UiStep

MAX_SCENARIOS = 20
"""Tests that people are to review."""
MAX_TITLE_PAGES = 4
"""Named in a scenario's title."""
_SERVER_ERROR = 500
# How monitoring describes a click: `click on Add to cart`.
_CLICKED = re.compile(r"^(?:click|tap|press)(?:ed)?\s+(?:on\s+)?[\"']?(?P<what>.*?)[\"']?$", re.IGNORECASE | re.DOTALL)
# What is written for tests and machines has no blanks and no capitals.
_TEST_ID = re.compile(r"[a-z0-9]+(?:[-_.:][a-z0-9]+)+")


def journey_scenarios(
    found: Journeys, *, min_sessions: int, passes: Callable[[Step], bool] | None = None
) -> tuple[TestScenario, ...]:
    """A scenario for each journey of enough sessions, the most frequent first.

    One that is the beginning of another is left out: the other goes the same way.

    Args:
        found: the journeys; requests that only a server recorded are no steps in a browser.
        min_sessions: sessions that a journey has at least.
        passes: journeys that have a step for which this holds; None = all.
    """
    chosen = [
        (journey, walk)
        for journey in found.journeys
        if journey.sessions >= min_sessions and (walk := _walk(found, journey))
    ]
    ways = {tuple(step.id for step, _ in walk) for _, walk in chosen}
    begun = {way[:length] for way in ways for length in range(1, len(way))}
    made = [
        _scenario(found, journey, walk)
        for journey, walk in chosen
        if tuple(step.id for step, _ in walk) not in begun and (passes is None or any(passes(s) for s, _ in walk))
    ]
    return tuple({scenario.id: scenario for scenario in made}.values())[:MAX_SCENARIOS]


def _walk(found: Journeys, journey: Journey) -> list[tuple[Step, Edge | None]]:
    """Its steps up to one that a browser cannot take; each with the edge that led to it."""
    walk: list[tuple[Step, Edge | None]] = []
    came_by: Edge | None = None
    for step, leads_on in found.walk(journey):
        opens = step.kind is StepKind.PAGE and step.path is not None
        acts = step.kind is StepKind.ACTION and bool(step.action) and bool(walk)
        if not (opens or acts):
            break
        walk.append((step, came_by))
        came_by = leads_on
    return walk


def _scenario(found: Journeys, journey: Journey, walk: list[tuple[Step, Edge | None]]) -> TestScenario:
    pages = list(dict.fromkeys(step.title for step, _ in walk if step.kind is StepKind.PAGE))
    shown = pages if len(pages) <= MAX_TITLE_PAGES else [*pages[:2], "...", pages[-1]]
    failed = journey.outcome is Outcome.ERROR
    steps = list(_steps(walk))
    steps[-1] = steps[-1].model_copy(update={"expectations": (*steps[-1].expectations, *_WATCHED)})
    return TestScenario(
        id=f"journey-{journey.id}",
        title=" > ".join(shown),
        priority=FindingPriority.HIGH if journey.converted or failed else FindingPriority.MEDIUM,
        independent=False,
        steps=tuple(steps),
        provenance=Provenance(
            finding_id=f"journey-{journey.id}",
            finding=" > ".join(pages),
            occurrences=journey.sessions,
            sample_size=found.sessions,
            window_from=found.window_from,
            window_to=found.window_to,
        ),
    )


_WATCHED = (
    Expectation(kind="no-page-error", value=True, because="people are to get through"),
    Expectation(kind="no-failed-request", value=_SERVER_ERROR, because="people are to get through"),
)


def _steps(walk: list[tuple[Step, Edge | None]]) -> Iterator[UiStep]:
    """Actions with the page that they led to, and pages that were come to in a way that was not recorded."""
    acted: UiStep | None = None
    for step, edge in walk:
        if step.kind is StepKind.ACTION:
            if acted:
                yield acted
            acted = UiStep(action="submit", locators=tuple(_ways(step.action or "")))
            continue
        reached = (Expectation(kind="url-path-is", value=step.path, because=_seen(edge)),)
        if acted:
            yield acted.model_copy(update={"expectations": reached})
        elif edge is not None and "{" in (step.path or ""):
            yield UiStep(action="click", locators=(_link_to(step),), expectations=reached, title=f"go to {step.path}")
        else:
            yield UiStep(action="goto", value=step.example_path or step.path, expectations=reached)
        acted = None
    if acted:
        yield acted


def _seen(edge: Edge | None) -> str:
    return f"in {edge.sessions:,} recorded sessions" if edge else "where recorded sessions began"


def _ways(action: str) -> Iterator[Locator]:
    """Monitoring tells one name of what was clicked: its test id, its accessible name or its text."""
    match = _CLICKED.match(action.strip())
    name = match["what"] if match and match["what"] else action.strip()
    if _TEST_ID.fullmatch(name):
        yield Locator(by="test-id", value=name)
    yield from (Locator(by="role", value=role, name=name) for role in ("button", "link"))
    yield Locator(by="text", value=name)
    if not _TEST_ID.fullmatch(name):
        yield Locator(by="test-id", value=name)


def _link_to(step: Step) -> Locator:
    """A link to one of the pages: of their ids none is known."""
    before = (step.path or "").partition("{")[0].replace("\\", "\\\\").replace('"', '\\"')
    return Locator(by="css", value=f'a[href*="{before}"] >> visible=true >> nth=0')
