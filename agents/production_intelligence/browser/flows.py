"""A flow that somebody recorded in a browser, as a scenario: the same steps, what they led to, and nobody's data."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ....core.records.bulk.recordings import FlowStep, UserFlow
from ....core.records.production.findings import FindingPriority
from ....core.records.production.scenarios import Expectation, Locator, Provenance, TestScenario, UiStep
from ..endpoints import endpoint
from .journeys import PREFIX
from .typed_values import typed

MAX_STEPS = 100
"""Of a scenario; what a flow has beyond them is left out."""
_SERVER_ERROR = 500
_BECAUSE = "recorded"
# `aria/Add to cart[role="button"]`; in the name, a bracket may be escaped.
_ARIA = re.compile(r"aria/(?P<name>.*?)(?:\[role=\"(?P<role>[a-z]+)\"\])?", re.DOTALL)
_TEST_ID = re.compile(r"\[data-test-?id=[\"']?(?P<id>[^\"'\]]+)[\"']?\]")
# What a build or a list puts there, and the next build or list changes.
_BRITTLE = re.compile(r"nth-|:first|:last|>|\d{2,}|xpath|//")
_REDACTED = re.compile(r"(?:<|%3C)[a-z_-]+(?::|%3A)[0-9a-f]{8}(?:>|%3E)", re.IGNORECASE)
_CHOICE = re.compile(r"combobox|listbox|\bselect\b", re.IGNORECASE)
_OPTION = re.compile(r"[\w .-]{1,40}")
_OTHER_BUTTON = re.compile(r'"button":\s*"(?!primary)')
_ROLES_OF_CLICKS = ("button", "link")


def flow_scenario(flow: UserFlow) -> TestScenario | None:
    """The flow as a scenario; None when it has nothing that a test could do."""
    steps = tuple(_steps(flow))[:MAX_STEPS]
    if not steps:
        return None
    if steps[0].action != "goto":
        steps = (UiStep(action="goto", value="/"), *steps)
    title = flow.title.strip() or "A recorded flow"
    return TestScenario(
        id=PREFIX + flow.id,
        title=title,
        priority=FindingPriority.MEDIUM,
        independent=False,
        steps=(*steps[:-1], _watched(steps[-1])),
        provenance=Provenance(finding_id=f"flow-{flow.id}", finding=title, occurrences=1, sample_size=1),
    )


def _steps(flow: UserFlow) -> Iterator[UiStep]:
    first = next((step.url for step in flow.steps if step.action == "navigate" and step.url), None)
    home = urlsplit(first or "").netloc
    following = (*flow.steps[1:], None)
    for step, after in zip(flow.steps, following, strict=True):
        # The click that puts the cursor into the field that is filled in next is a part of filling it in.
        into = after is not None and after.action == "change" and after.selectors == step.selectors
        if not (step.action == "click" and into):
            yield from _step(step, home)


def _step(step: FlowStep, home: str) -> Iterator[UiStep]:
    expected = tuple(_expected(step, home))
    ways = tuple(dict.fromkeys(_locators(step)))
    told = [part for way in step.selectors for part in way]
    match step.action:
        case "navigate" if step.url and urlsplit(step.url).netloc == home:
            yield UiStep(action="goto", value=_path(step.url), expectations=expected)
        case "click" | "doubleClick" if ways and not _OTHER_BUTTON.search(step.details):
            yield UiStep(action="click", locators=ways, frame=step.frame, expectations=expected)
        case "change" if ways and step.value is not None and any(map(_CHOICE.search, told)):
            option = step.value if _OPTION.fullmatch(step.value) else ""
            yield UiStep(action="select", locators=ways, value=option, frame=step.frame, expectations=expected)
        case "change" if ways and step.value is not None:
            value = typed(step.value, *told)
            yield UiStep(action="fill", locators=ways, value=value, frame=step.frame, expectations=expected)
        case "keyDown" if step.key and len(step.key) > 1:  # a single one is a letter of somebody's text
            yield UiStep(action="press", value=step.key, expectations=expected)
        case "waitForElement" if ways:
            yield UiStep(action="expect", locators=ways, frame=step.frame, expectations=expected)


def _expected(step: FlowStep, home: str) -> Iterator[Expectation]:
    if step.expects_url and urlsplit(step.expects_url).netloc == home:
        yield Expectation(kind="url-path-is", value=endpoint(urlsplit(step.expects_url).path or "/"), because=_BECAUSE)
        # A title with a number in it is that of one thing at one time.
        if step.expects_title and not re.search(r"\d|<", step.expects_title):
            yield Expectation(kind="title-is", value=step.expects_title, because=_BECAUSE)


def _path(url: str) -> str:
    """Path and query; without the query where redaction took something out of it."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query and not _REDACTED.search(parts.query) else ""
    return f"{parts.path or '/'}{query}"


def _locators(step: FlowStep) -> Iterator[Locator]:
    """The ways to the element: what users see and what is made for tests, before what a redesign changes."""
    found = [way for told in step.selectors for way in _ways(told, step.action) if not _REDACTED.search(repr(way))]
    order = ("test-id", "role", "label", "text", "css")
    found.sort(key=lambda way: order.index(way.by))
    lasting = [way for way in found if way.by != "css" or not _BRITTLE.search(way.value)]
    yield from lasting or found[:1]


def _ways(told: tuple[str, ...], action: str) -> Iterator[Locator]:
    last = told[-1]
    if (match := _TEST_ID.search(last)) and last.endswith("]"):
        yield Locator(by="test-id", value=match["id"])
    elif match := _ARIA.fullmatch(last):
        yield from _by_name(match["name"].strip(), match["role"], action)
    elif last.startswith("text/"):
        yield Locator(by="text", value=last.removeprefix("text/"))
    elif last.startswith("xpath/"):
        yield Locator(by="css", value=f"xpath={last.removeprefix('xpath/')}")
    else:
        # Playwright's CSS goes through open shadow roots by itself.
        yield Locator(by="css", value=" ".join(part.removeprefix("pierce/") for part in told))


def _by_name(name: str, role: str | None, action: str) -> Iterator[Locator]:
    if role:
        yield Locator(by="role", value=role, name=name or None)
    if name and action == "change":
        yield Locator(by="label", value=name)
    elif name and not role:
        yield from (Locator(by="role", value=value, name=name) for value in _ROLES_OF_CLICKS)


def _watched(last: UiStep) -> UiStep:
    watched = (
        Expectation(kind="no-page-error", value=True, because=_BECAUSE),
        Expectation(kind="no-failed-request", value=_SERVER_ERROR, because=_BECAUSE),
    )
    return last.model_copy(update={"expectations": (*last.expectations, *watched)})
