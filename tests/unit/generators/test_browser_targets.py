"""The files for Playwright in both languages: how they read, and that only data comes from outside."""

import ast
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.core.records.production.scenarios import USER_FIELDS, Locator, RequestStep, UiStep
from aqe.generators.playwright_target import PlaywrightTarget
from aqe.generators.pytest_playwright_target import PytestPlaywrightTarget
from aqe.generators.secrets_scan import scan
from aqe.generators.synthetic_user import USER_DATA
from aqe.generators.table import Target
from aqe.generators.ui_script import Do, Url, named, outcomes, path_pattern
from aqe.tests.ui_scenarios import a_ui_scenario, by_test_id, click, expects, role

TARGETS: tuple[Target, ...] = (PlaywrightTarget(), PytestPlaywrightTarget())
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
REACHED = (expects("url-path-is", "/cart"),)

texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["'\"", '"""', "*/", "${x}", "`", "\\", "\n# x", "\u2028", "\0", "{0}", "//evil.example", "</script>", "import os"]
)
locators = st.builds(
    Locator,
    by=st.sampled_from(["test-id", "role", "label", "text", "css"]),
    value=texts | st.sampled_from(["button", "link", "textbox"]),
    name=st.none() | texts,
)
steps = st.builds(
    UiStep,
    action=st.sampled_from(["goto", "click", "submit", "fill", "select", "press", "expect"]),
    locators=st.lists(locators, max_size=3).map(tuple),
    value=st.none() | texts | st.sampled_from(["{{user.email}}", "{{user.nobody}}", "Enter"]),
    frame=st.lists(st.integers(0, 3), max_size=2).map(tuple),
    expectations=st.lists(
        st.builds(
            expects,
            st.sampled_from(
                [
                    "url-path-is",
                    "title-is",
                    "heading-visible",
                    "text-visible",
                    "element-visible",
                    "field-labelled",
                    "text-matches",
                    "no-page-error",
                ]
            ),
            texts,
        )
        | st.builds(lambda path: expects("request-below", 500, f"POST {path}"), texts),
        max_size=3,
    ).map(tuple),
    title=st.none() | texts,
)


def test_both_files_read_as_a_good_engineer_would_write_them() -> None:
    """No sleeps, no waiting for an idle network, no position unless nothing else is known; no typed text."""
    scenario = a_ui_scenario()
    for text in (target.render(scenario) for target in TARGETS):
        assert not re.search(r"(?i)sleep|wait_?for_?timeout|networkidle|nth-child", text)
        assert text.count("nth(") == 1  # the iframe
        assert "4242424242424242" not in text and scan(text) == ()


def test_python_is_laid_out_and_linted_as_ruff_does_it_by_default() -> None:
    """Formatting a repository does not change it."""
    text = PytestPlaywrightTarget().render(a_ui_scenario(skipped="hardly anybody does it"))
    for command in (["format", "--isolated", "--check"], ["check", "--isolated", "--select", "E,F,I,B,UP,D1,SIM,RUF"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", "test_it.py", "-"]
        done = subprocess.run(ruff, input=text, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stdout + done.stderr


@given(st.lists(steps, min_size=1, max_size=4), texts)
def test_python_holds_nothing_but_the_data(given_steps: list[UiStep], title: str) -> None:
    """With other texts in it the file has the same syntax tree, but for its constants."""
    scenario = a_ui_scenario(*given_steps, title=title)
    text = PytestPlaywrightTarget().render(scenario)
    assert text.isascii()
    called = {
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called <= {"step", "found", "url", "answer_to", "expect", "reduce", "next", "uuid4", "submit", "shown"}
    assert compile(text, "test_it.py", "exec")


@given(st.lists(steps, min_size=1, max_size=4), texts)
def test_typescript_has_the_lines_of_its_script_whatever_the_texts_are(given_steps: list[UiStep], title: str) -> None:
    """Blank out the literals, and what is left is made of our own words alone."""
    text = PlaywrightTarget().render(a_ui_scenario(*given_steps, title=title))
    assert text.isascii()
    _, _, body = text.rpartition("\ntest(")
    bare = re.sub(r"//[^\n]*", "", re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', "0", body))
    assert not re.search(r"[\"'`\\$]", bare)


@each_target
def test_a_scenario_that_expects_nothing_is_refused(target: Target) -> None:
    """It would pass whatever happens; and requests are not for a browser."""
    assert target.refusal(a_ui_scenario()) is None
    assert "could not fail" in (target.refusal(a_ui_scenario(UiStep(action="goto", value="/"))) or "")
    request = RequestStep(method="GET", path="/", expectations=())
    assert "browser" in (target.refusal(a_ui_scenario().model_copy(update={"steps": (request,)})) or "")
    assert target.refusal(a_ui_scenario().model_copy(update={"steps": ()})) == "it has no steps"


@each_target
def test_a_test_id_is_preferred_and_the_accessible_name_checked(target: Target) -> None:
    """The role is the fallback; where it is found by the test id, the name must still be what it was."""
    text = target.render(a_ui_scenario(click(by_test_id("buy"), role("button", "Buy now"), expectations=REACHED)))
    ways = [text.index('"buy"'), text.index('"button"')]
    assert ways == sorted(ways) and len(re.findall(r'[nN]ame\(\s*"Buy now"', text)) == 1


def test_steps_up_to_an_expectation_are_one_outcome() -> None:
    """Its title names what was done."""
    field = UiStep(action="fill", locators=(Locator(by="label", value="E-mail"),), value="x")
    [one, rest] = outcomes((field, click(role("button", "Send"), expectations=REACHED), click(role("link", "Home"))))
    assert (one.title, rest.title) == ("fill in E-mail, click Send", "click Home")


def test_variables_are_unique_and_no_keywords() -> None:
    """Names that differ in underscores only are one in camel case."""
    buttons = [click(by_test_id(name), role("button", name)) for name in ("a 1", "a1", "a_1", "", "del", "€" * 9)]
    [outcome] = outcomes([*buttons, click(by_test_id("x"))])
    names = [*named(outcome).values()]
    assert len({name.replace("_", "") for name in names}) == len(names) == 6
    assert {"a_1_button", "a1_button_2", "a_1_button_3", "del_button"} <= {*names}


def test_a_key_is_pressed_and_typed_letters_are_not() -> None:
    """A single character is a part of somebody's text."""
    press = [UiStep(action="press", value=value) for value in ("Enter", "s", "Control+V", "eval()")]
    [outcome] = outcomes(press)
    assert len(outcome.lines) == 1


def test_a_page_of_another_host_is_never_opened() -> None:
    """`//host` would be one."""
    script = outcomes(
        [UiStep(action="goto", value=value) for value in ("//evil.example/a", "https://evil.example", "")]
    )
    paths = [line.call.args[0] for line in script[0].lines if isinstance(line, Do)]
    assert paths == ["/evil.example/a", "/https://evil.example", "/"]


@given(st.text("/abc.{}id()[]+*?$^|\\", max_size=20))
def test_a_path_pattern_matches_its_path_and_ids(path: str) -> None:
    """Whatever the path is made of; `{id}` is one segment."""
    pattern = re.compile(path_pattern(path))
    assert pattern.fullmatch(re.sub(r"\{[a-zA-Z_]\w*\}", "17", re.split(r"[?#]", path)[0] or "/"))
    assert Url(path).path == path


def test_every_field_of_the_synthetic_user_has_a_value_in_both_languages() -> None:
    """And no value is taken for somebody's."""
    assert tuple(USER_DATA) == USER_FIELDS
    fields = tuple(
        UiStep(action="fill", locators=(by_test_id(name),), value=f"{{{{user.{name}}}}}") for name in USER_FIELDS
    )
    scenario = a_ui_scenario(*fields, click(by_test_id("send"), expectations=REACHED))
    for text in (target.render(scenario) for target in TARGETS):
        assert scan(text) == () and all(name in text for name in USER_FIELDS)
