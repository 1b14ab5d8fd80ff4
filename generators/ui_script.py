"""A scenario's steps in a browser as calls of Playwright, before they are spelled in a language.

Playwright has the same words in TypeScript and Python. What is decided here once: how an element is found when there
are several ways, what is checked after a step, which steps together are one outcome.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, count, groupby
from typing import Any, NamedTuple
from urllib.parse import quote

from ..core.records.production.scenarios import Expectation, Locator, TestScenario, UiStep
from .literals import slug
from .synthetic_user import AUTOCOMPLETE, USER_DATA, user_field, user_fields

MAX_TITLE_CHARS = 120
"""Of a step's title."""
MAX_NAME_CHARS = 40
"""Of a variable's name."""
# Roles of what people act on or look for; of elements with others only the text is looked for.
_ROLES = frozenset(
    {"alert", "button", "cell", "checkbox", "columnheader", "combobox", "dialog", "form", "heading", "img", "link"}
    | {"listbox", "listitem", "menuitem", "navigation", "option", "radio", "row", "rowheader", "searchbox", "slider"}
    | {"spinbutton", "status", "switch", "tab", "textbox", "treeitem"}
)
# Keys by the names of the UI Events specification; a single character is somebody's text.
_KEYS = re.compile(
    r"Enter|Tab|Escape|Backspace|Delete|Insert|Home|End|Page(?:Up|Down)|Arrow(?:Up|Down|Left|Right)|F\d{1,2}|Space"
)


class Call(NamedTuple):
    """A method as TypeScript spells it, or a property."""

    name: str
    args: tuple[Any, ...] = ()
    """Text, numbers, `Url`, `Form`, `User`."""
    options: tuple[tuple[str, Any], ...] = ()


Chain = tuple[Call, ...]
"""Calls one after the other, the first on the page."""


class Url(NamedTuple):
    """The pattern of a URL with this path."""

    path: str
    """A regular expression in the part of them that Python and JavaScript share."""


class Form(NamedTuple):
    """What a text looks like."""

    pattern: str
    """A regular expression in the part of them that Python and JavaScript share."""


class User(NamedTuple):
    """A field of the synthetic user."""

    field: str


class Element(NamedTuple):
    """What a step acts on."""

    name: str
    """For people: `Add to cart button`."""
    ways: tuple[Chain, ...]
    """Alternatives, the best first."""


class Do(NamedTuple):
    """An action, on the page itself when there is no element."""

    element: Element | None
    call: Call
    """`submit` is a helper of the file, not a method."""


class Check(NamedTuple):
    """What must become true of an element, of what a chain finds, or of the page (None)."""

    about: Element | Chain | None
    call: Call
    because: str = ""


class Answer(NamedTuple):
    """An action that makes the page send a request, and the status that the answer stays below."""

    action: Do
    method: str
    path: str
    """See `Url`."""
    below: int
    because: str = ""


class Shown(NamedTuple):
    """Elements that must be visible, by their test ids."""

    test_ids: tuple[str, ...]
    because: str = ""


Line = Do | Check | Answer | Shown


class Outcome(NamedTuple):
    """Steps that lead to one outcome."""

    title: str
    lines: tuple[Line, ...]


def outcomes(steps: Iterable[UiStep]) -> tuple[Outcome, ...]:
    """The script: steps up to one that expects something belong together."""
    found: list[Outcome] = []
    titles: list[str] = []
    lines: list[Line] = []
    for step in steps:
        titles.append(step.title or _described(step))
        lines += _lines(step)
        if step.expectations and lines:
            found.append(Outcome(_joined(titles), tuple(lines)))
            titles, lines = [], []
    if lines:
        found.append(Outcome(_joined(titles), tuple(lines)))
    return tuple(found)


def refusal(scenario: TestScenario) -> str | None:
    """Why a scenario is none for a browser; None = it is."""
    if not scenario.steps:
        return "it has no steps"
    if scenario.requests:
        return "it sends requests instead of using a browser"
    checked = watches(scenario) or any(
        not isinstance(line, Do) for part in outcomes(scenario.ui) for line in part.lines
    )
    return None if checked else "it expects nothing: a test of it could not fail"


def needs(script: Iterable[Outcome]) -> frozenset[str]:
    """The helpers that a script uses, of `found url form answer submit shown`, and Playwright's `expect`."""
    lines = [line for outcome in script for line in outcome.lines]
    actions = [line.action if isinstance(line, Answer) else line for line in lines]
    used = {"submit" for action in actions if isinstance(action, Do) and action.call.name == "submit"}
    used |= {"shown", "expect"} if any(isinstance(line, Shown) for line in lines) else set()
    used |= {"found" for line in lines if (element := element_of(line)) and len(element.ways) > 1}
    used |= {"url" for line in lines if isinstance(line, Check) and line.call.name == "toHaveURL"}
    used |= {"form" for line in lines if isinstance(line, Check) and line.call.name == "toHaveText"}
    used |= {name for line in lines if isinstance(line, Answer) for name in ("url", "answer")}
    used |= {"expect"} if "found" in used or any(isinstance(line, Check) for line in lines) else set()
    return frozenset(used)


def typed_fields(scenario: TestScenario) -> tuple[str, ...]:
    """The fields of the synthetic user that a scenario's file uses."""
    if any(step.action == "submit" for step in scenario.ui):
        return tuple(name for name in USER_DATA if name in AUTOCOMPLETE.values() or name == "text")
    return user_fields(step.value for step in scenario.ui)


def watches(scenario: TestScenario) -> tuple[str, ...]:
    """Kinds of expectations about every page of a scenario, in a fixed order."""
    expected = {expectation.kind for step in scenario.ui for expectation in step.expectations}
    return tuple(kind for kind in ("no-page-error", "no-failed-request") if kind in expected)


def element_of(line: Line) -> Element | None:
    """The one that a line acts on or speaks of."""
    part = line.action if isinstance(line, Answer) else line
    about = part.element if isinstance(part, Do) else part.about if isinstance(part, Check) else None
    return about if isinstance(about, Element) else None


def named(outcome: Outcome) -> dict[Element, str]:
    """The elements that need a variable: found in several ways or spoken of more than once; and its words.

    Args:
        outcome: the variables live in one outcome.

    Returns:
        Element -> lower-case words joined by underscores, unique, never a word of a language.
    """
    counted = Counter(filter(None, map(element_of, outcome.lines)))
    names: dict[Element, str] = {}
    taken: set[str] = set()
    for element, times in counted.items():
        if times > 1 or len(element.ways) > 1:
            words = slug(element.name, MAX_NAME_CHARS)
            # A role ends the name, so it is no keyword.
            name = words if words[:1].isalpha() and "_" in words else "the_element"
            numbered = (f"{name}_{number}" for number in count(2))
            names[element] = next(n for n in chain([name], numbered) if n.replace("_", "") not in taken)
            taken.add(names[element].replace("_", ""))
    return names


def path_pattern(path: str) -> str:
    """A regular expression for a path template; `{id}` stands for one segment.

    >>> path_pattern("/products/{id}/a.b")
    '/products/[^/?#]+/a\\\\.b'
    """
    parts = re.split(r"\{[a-zA-Z_]\w*\}", re.split(r"[?#]", path, maxsplit=1)[0] or "/")
    return "[^/?#]+".join(re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", part) for part in parts)


def _lines(step: UiStep) -> Iterator[Line]:
    element = Element(_name(step), tuple(_ways(step))) if step.locators else None
    action = _action(step, element)
    answer = next((e for e in step.expectations if e.kind == "request-below"), None)
    if element and (name := _accessible_name(step)):
        yield Check(element, Call("toHaveAccessibleName", (name,)))
    if action and answer:
        method, _, path = (answer.path or "").partition(" ")
        yield Answer(action, method, path_pattern(path), int(answer.value), answer.because)
    elif action:
        yield action
    elif element:
        yield Check(element, Call("toBeVisible"))
    for because, group in groupby(step.expectations, key=lambda expectation: expectation.because):
        told = list(group)
        for expectation in told:
            yield from _expected(expectation)
        if ids := tuple(str(e.value) for e in told if e.kind == "element-visible"):
            yield Shown(ids, because)


def _action(step: UiStep, element: Element | None) -> Do | None:
    value = step.value or ""
    match step.action:
        case "goto":
            return Do(None, Call("goto", (_own_path(value),)))
        case "click" if element:
            return Do(element, Call("click"))
        case "submit" if element:
            return Do(element, Call("submit"))
        case "fill" if element:
            field = user_field(value)
            return Do(element, Call("fill", (User(field) if field else value,)))
        case "select" if element:
            return Do(element, Call("selectOption", (value,)))
        case "press" if _KEYS.fullmatch(value):
            return Do(element, Call("press" if element else "keyboard.press", (value,)))
        case _:
            return None


def _own_path(path: str) -> str:
    """The path as it goes over the wire; never one of another host, as `//host` would be."""
    encoded = quote(path.encode("utf-8", "surrogatepass"), safe="/?:@!$&'()*+,;=-._~%[]#")
    return "/" + encoded.lstrip("/")


def _expected(expectation: Expectation) -> Iterator[Check]:
    value, because = str(expectation.value), expectation.because
    match expectation.kind:
        case "url-path-is":
            yield Check(None, Call("toHaveURL", (Url(path_pattern(value)),)), because)
        case "title-is":
            yield Check(None, Call("toHaveTitle", (value,)), because)
        case "heading-visible":
            yield Check((_role("heading", value), _FIRST), Call("toBeVisible"), because)
        case "text-visible":
            yield Check((Call("getByText", (value,)), _VISIBLE, _FIRST), Call("toBeVisible"), because)
        case "field-labelled":
            label = Call("getByLabel", (value,), (("exact", True),))
            yield Check((label, _VISIBLE, _FIRST), Call("toBeVisible"), because)
        case "text-matches":
            element = Call("getByTestId", (expectation.path or "",))
            yield Check((element, _VISIBLE, _FIRST), Call("toHaveText", (Form(value),)), because)
        case _:  # about every page of the scenario: the files watch them all
            return


# Roles are those of visible elements; texts may also stand in hidden ones.
_VISIBLE = Call("filter", options=(("visible", True),))
_FIRST = Call("first")


def _ways(step: UiStep) -> Iterator[Chain]:
    frames = tuple(
        call
        for index in step.frame
        for call in (Call("locator", ("iframe",)), Call("nth", (index,)), Call("contentFrame"))
    )
    # Monitoring names an element of a list as it names the others.
    first = (_FIRST,) if step.action == "submit" and len(step.locators) == 1 else ()
    for locator in step.locators:
        yield (*frames, _way(locator), *first)


def _way(locator: Locator) -> Call:
    match locator.by:
        case "test-id":
            return Call("getByTestId", (locator.value,))
        case "role" if locator.value in _ROLES:
            return _role(locator.value, locator.name)
        case "role":
            return Call("getByText", (locator.name or locator.value,), (("exact", True),))
        case "label":
            return Call("getByLabel", (locator.value,), (("exact", True),))
        case "text":
            return Call("getByText", (locator.value,), (("exact", True),))
        case "css":
            return Call("locator", (locator.value,))


def _role(role: str, name: str | None) -> Call:
    return Call("getByRole", (role,), (("name", name), ("exact", True)) if name else ())


def _accessible_name(step: UiStep) -> str | None:
    """The recorded one, where the element can be found without it."""
    first, *others = step.locators
    names = (other.name for other in others if other.by == "role" and other.name)
    return next(names, None) if first.by == "test-id" else None


_KINDS = {"fill": "field", "select": "field"}


def _name(step: UiStep) -> str:
    roles = (locator.value for locator in step.locators if locator.by == "role" and locator.value in _ROLES)
    return f"{_called(step)} {_KINDS.get(step.action) or next(roles, 'element')}"


def _called(step: UiStep) -> str:
    """What people would call the element."""
    by_kind = {locator.by: locator.name or locator.value for locator in reversed(step.locators)}
    return next((by_kind[kind] for kind in ("label", "role", "text", "test-id") if kind in by_kind), "")


_VERBS = {"click": "click", "submit": "click", "fill": "fill in", "select": "choose", "expect": "see"}


def _described(step: UiStep) -> str:
    if step.action in ("goto", "press"):
        return f"{'open' if step.action == 'goto' else 'press'} {step.value or ''}"
    return f"{_VERBS[step.action]} {_called(step) or 'an element'}"


def _joined(titles: list[str]) -> str:
    return ", ".join(dict.fromkeys(titles))[:MAX_TITLE_CHARS]
