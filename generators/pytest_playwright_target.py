"""TestScenario -> a file for pytest with pytest-playwright, laid out as ruff and black do it by default."""

import re
from typing import Any

from ..core.records.production.scenarios import TestScenario
from .derived import docstring
from .literals import python, python_prose, slug
from .python_layout import skip_mark
from .synthetic_user import AUTOCOMPLETE, USER_DATA
from .ui_script import Answer, Call, Outcome, needs, outcomes, refusal, typed_fields, watches
from .ui_speller import Speller

_WIDTH = 88
_HOW = "Run it against a service: AQE_TARGET_URL=http://127.0.0.1:8000 pytest FILE"
_TAB = " " * 4
_PROPERTIES = frozenset({"first", "contentFrame"})

_BASE_URL = '''

@pytest.fixture(scope="session")
def base_url(base_url: str | None) -> str | None:
    """The service under test; else what --base-url says."""
    return os.environ.get("AQE_TARGET_URL") or base_url
'''
_FAULTS = '''

@pytest.fixture(autouse=True)
def faults(context: BrowserContext, base_url: str) -> Iterator[list[str]]:
    """What goes wrong in the pages: anything fails the test."""
    faults: list[str] = []
WATCHED
    yield faults
    assert not faults, f"what went wrong at {base_url}"
'''
_WATCHED = {
    "no-page-error": """
    def thrown(error: WebError) -> None:
        faults.append(f"in a page: {error.error}")

    context.on("weberror", thrown)
""",
    "no-failed-request": """
    def answered(answer: Response) -> None:
        if answer.url.startswith(base_url) and answer.status >= 500:
            faults.append(f"{answer.status} from {answer.url}")

    context.on("response", answered)
""",
}
_STEP = '''

@contextmanager
def step(title: str) -> Iterator[None]:
    """Names the step in the report of a failure."""
    try:
        yield
    except (AssertionError, Error) as error:
        error.add_note(f"in the step: {title}")
        raise
'''
_FOUND = '''

def found(*ways: Locator) -> Locator:
    """The element, by the first of its recorded ways that finds one."""
    visible = [way.filter(visible=True) for way in ways]
    expect(reduce(Locator.or_, visible).first).to_be_visible()
    return next(way.first for way in visible if way.count())
'''
_SUBMIT = '''

ASKED = {
ASKED}


def submit(button: Locator, user: dict[str, str]) -> None:
    """Clicks; what a form still lacks is filled in before, as its fields ask for it."""
    form = button.locator("xpath=ancestor::form")
    for field in form.locator("input, select, textarea").all():
        if not field.is_editable() or not field.is_visible() or field.input_value():
            continue
        told = (field.get_attribute("autocomplete") or "").split(" ")[-1]
        kind = field.get_attribute("type") or ""
        asked = ASKED.get("email" if kind == "email" else told) or ASKED.get(kind)
        required = field.get_attribute("required") is not None
        if not asked and not required and not told.startswith("country"):
            continue
        if field.evaluate("node => node.nodeName") == "SELECT":
            field.select_option(index=1)
        else:
            field.fill(user[asked or "text"])
    button.click()
'''
_SHOWN = '''

def shown(page: Page, *test_ids: str) -> None:
    """All of these are to be seen."""
    for test_id in test_ids:
        expect(page.get_by_test_id(test_id).filter(visible=True).first).to_be_visible()
'''
_URL = '''

def url(path: str) -> re.Pattern[str]:
    """The URL of a page, whatever its host and query."""
    return re.compile(f"^https?://[^/]+{path}(?:[?#].*)?$")
'''
_ANSWER = '''

def answer_to(method: str, path: str) -> Callable[[Response], bool]:
    """Whether an answer is the one to this request."""
    return lambda answer: (
        answer.request.method == method and url(path).match(answer.url) is not None
    )
'''


class PytestPlaywrightTarget:
    """Tests in a browser, in Python."""

    name = "pytest-playwright"
    language = "python"

    def refusal(self, scenario: TestScenario) -> str | None:
        """It acts in a browser, and there alone."""
        return refusal(scenario)

    def file_name(self, scenario: TestScenario) -> str:
        """`test_from_the_front_page_to_an_order_<end of the id>.py`."""
        return f"test_{slug(f'{slug(scenario.title)} {scenario.id[-12:]}', limit=80)}.py"

    def render(self, scenario: TestScenario) -> str:
        """The file's text; see Target."""
        script, fields = outcomes(scenario.ui), typed_fields(scenario)
        needed, watched = needs(script), watches(scenario)
        faults = _FAULTS.replace("WATCHED\n", "".join(_WATCHED[kind] for kind in watched)) if watched else ""
        helpers = (("found", _FOUND), ("submit", _submit()), ("shown", _SHOWN), ("url", _URL), ("answer", _ANSWER))
        return "".join(
            [
                docstring(scenario, _HOW),
                _imports(needed, watched, fields),
                f"\n{skip_mark(scenario.skipped)}" if scenario.skipped else "",
                _BASE_URL,
                faults,
                _user(fields) if fields else "",
                _STEP,
                *(text for name, text in helpers if name in needed),
                _test(scenario, script, fields),
            ]
        )


def _imports(needed: frozenset[str], watched: tuple[str, ...], fields: tuple[str, ...]) -> str:
    types = {"Error", "Page"} | (needed & {"expect"})
    types |= {"BrowserContext"} if watched else set()
    types |= {"WebError"} if "no-page-error" in watched else set()
    types |= {"Response"} if "answer" in needed or "no-failed-request" in watched else set()
    types |= {"Locator"} if needed & {"found", "submit"} else set()
    lines = [
        "import os",
        "import re" if needed & {"url", "form"} else "",
        f"from collections.abc import {'Callable, ' if 'answer' in needed else ''}Iterator",
        "from contextlib import contextmanager",
        "from functools import reduce" if "found" in needed else "",
        "from uuid import uuid4" if any("uuid4" in USER_DATA[field].python for field in fields) else "",
        "\nimport pytest",
        _wrapped_import("from playwright.sync_api import", sorted(types, key=lambda name: (name.islower(), name))),
    ]
    return "\n" + "\n".join(filter(None, lines)) + "\n"


def _wrapped_import(head: str, names: list[str]) -> str:
    flat = f"{head} {', '.join(names)}"
    return flat if len(flat) <= _WIDTH else f"{head} (\n" + "".join(f"{_TAB}{name},\n" for name in names) + ")"


def _user(fields: tuple[str, ...]) -> str:
    values = "".join(f'{_TAB * 2}"{field}": {USER_DATA[field].python},\n' for field in fields)
    return (
        "\n\n@pytest.fixture\ndef user() -> dict[str, str]:\n"
        f'{_TAB}"""Nobody: what people typed is not in this file."""\n{_TAB}return {{\n{values}{_TAB}}}\n'
    )


def _submit() -> str:
    asked = (f"{_TAB}{python(name)}: {python(field)},\n" for name, field in AUTOCOMPLETE.items())
    return _SUBMIT.replace("ASKED}", f"{''.join(asked)}}}", 1)


class _Python(Speller):
    """Statements in a step of a test."""

    room = _WIDTH - 2 * len(_TAB)
    tab, comment, wait, end, declare, regex = _TAB, "#", "", "", "", "re.compile"

    def literal(self, value: object) -> str:
        """Of Python."""
        return python(value)

    def prose(self, text: str) -> str:
        """Of Python."""
        return python_prose(text)

    def word(self, name: str) -> str:
        """`get_by_test_id`."""
        return re.sub(r"(?<=[a-z])(?:URL|[A-Z])", lambda capital: f"_{capital[0].lower()}", name)

    def variable(self, words: str) -> str:
        """As they are."""
        return words

    def options(self, given: tuple[tuple[str, Any], ...]) -> list[str]:
        """Keywords."""
        return [f"{name}={python(value)}" for name, value in given]

    def link(self, call: Call) -> str:
        """Some are properties."""
        return f".{self.word(call.name)}" if call.name in _PROPERTIES else super().link(call)

    def user(self, field: str) -> str:
        """An item."""
        return f'user["{field}"]'

    def answered(self, answer: Answer, action: str) -> list[str]:
        """The wait is a context around the action."""
        request = f"answer_to({python(answer.method)}, {python(answer.path)})"
        within = "\n".join(f"{_TAB}{line}" for line in action.split("\n"))
        return [
            self.call("with page.expect_response", [request], " as answered:"),
            within,
            f"assert answered.value.status < {answer.below}",
        ]


def _test(scenario: TestScenario, script: tuple[Outcome, ...], fields: tuple[str, ...]) -> str:
    name = f"test_{slug(scenario.title) or 'journey'}"
    parameters = ["page: Page", *(["user: dict[str, str]"] if fields else [])]
    signature = f"def {name}({', '.join(parameters)}) -> None:"
    if len(signature) > _WIDTH:
        signature = f"def {name}(\n{_TAB}{', '.join(parameters)}\n) -> None:"
    return f'\n\n{signature}\n{_TAB}"""Every step leads to what it led to in production."""\n' + "".join(
        map(_step, script)
    )


def _step(outcome: Outcome) -> str:
    lines = (line for statement in _Python().statements(outcome) for line in statement.split("\n"))
    return f"{_TAB}with step({python(outcome.title)}):\n" + "".join(f"{_TAB * 2}{line}\n" for line in lines)
