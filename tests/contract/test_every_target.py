"""What every test target must do; a new one is tested the day it is registered."""

import difflib
import re
from datetime import UTC, datetime
from pathlib import PurePath

import pytest

from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import (
    Expectation,
    Locator,
    Provenance,
    RequestStep,
    Sample,
    TestScenario,
    UiStep,
)
from aqe.generators.literals import javascript, javascript_prose, python
from aqe.generators.secrets_scan import scan
from aqe.generators.table import TARGETS, Target

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOSTILE = "a\"b'c`d\\e${f}*/</script>\n\r\0\u2028\ud800\u202e#{g}%s'''\"\"\""

SAMPLE = Sample(requests=123, allowed=7, usual_share=0.004, seen_share=0.3, false_alarm=0.001, miss=0.01)


def a_scenario(target: Target, text: str = "price", *, path: str = "/api/products/3") -> TestScenario:
    """The first that the target does not refuse: of requests, or in a browser."""
    because = f"production answered 500 for {text}"
    below = Expectation(kind="status-below", value=500, because=because)
    key = Expectation(kind="json-has-key", value=text, because=text)
    request = RequestStep(method="GET", path=path, expectations=(below, key))
    page = tuple(Expectation(kind=kind, value=text, because=because) for kind in ("url-path-is", "title-is"))
    watched = Expectation(kind="no-failed-request", value=500, because=because)
    ways = (Locator(by="test-id", value=text), Locator(by="role", value="button", name=text))
    ui = (
        UiStep(action="goto", value=path, expectations=(*page, watched)),
        UiStep(action="fill", locators=ways, value=text),
        UiStep(action="click", locators=(*ways, Locator(by="css", value=text)), expectations=page),
    )
    scenarios = (
        TestScenario(
            id="scenario-err-0123456789ab",
            title=f"no {text}",
            priority=FindingPriority.HIGH,
            steps=steps,
            provenance=Provenance(
                finding_id="err-0123456789ab", finding=text, occurrences=8, sample_size=90, window_from=AT, window_to=AT
            ),
        )
        for steps in ((request,), ui)
    )
    return next(scenario for scenario in scenarios if target.refusal(scenario) is None)


each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def test_names_are_unique() -> None:
    """`--target NAME` means one."""
    assert len({target.name for target in TARGETS}) == len(TARGETS)


@each_target
def test_a_target_says_what_it_is(target: Target) -> None:
    """Name and language are lower-case words; the class explains itself."""
    assert target.name.islower() and target.language.islower()
    assert type(target).__doc__


@each_target
@pytest.mark.parametrize("text", ["price", HOSTILE, "", "x" * 5000])
def test_a_file_name_is_a_plain_name_of_bearable_length(target: Target, text: str) -> None:
    """No folders, no blanks, whatever the title is."""
    name = target.file_name(a_scenario(target, text))
    assert PurePath(name).name == name and len(name) <= 120
    assert name.isascii() and not set(name) & set(" \\/:*?\"<>|'")


@each_target
def test_the_same_scenario_gives_the_same_bytes(target: Target) -> None:
    """Also after a trip through JSON, as it is stored."""
    scenario = a_scenario(target)
    stored = TestScenario.from_json(scenario.to_json(), where="test")
    assert target.render(scenario) == target.render(scenario) == target.render(stored)
    assert target.file_name(scenario) == target.file_name(stored)


@each_target
def test_a_file_names_its_finding_and_holds_the_request(target: Target) -> None:
    """A reader finds the way back to production; the evidence stands beside the assertion."""
    text = target.render(a_scenario(target))
    assert all(part in text for part in ("err-0123456789ab", "/api/products/3", "500", "price"))
    assert text.endswith("\n") and not text.endswith("\n\n")


@each_target
@pytest.mark.parametrize("slower_than_ms", [None, 250.0], ids=["failures", "slow ones"])
def test_requests_that_are_judged_together_are_sent_as_often_as_asked(
    target: Target, slower_than_ms: float | None
) -> None:
    """By every target that sends requests; those with a browser refuse them."""
    scenario = a_scenario(target)
    if not scenario.requests:
        return
    sample = SAMPLE.model_copy(update={"slower_than_ms": slower_than_ms})
    text = target.render(scenario.model_copy(update={"sample": sample}))
    assert all(part in text for part in ("123", "7", "0.4%", "30%", "/api/products/3"))
    assert ("250" in text) is (slower_than_ms is not None)


@each_target
def test_hostile_text_is_written_escaped(target: Target) -> None:
    """Nothing of it stands in the file as it came."""
    text = target.render(a_scenario(target, HOSTILE, path=f"/{HOSTILE}"))
    assert text.isascii() and "\0" not in text and "\r" not in text
    assert HOSTILE not in text


@each_target
def test_a_harmless_file_passes_the_secrets_scan(target: Target) -> None:
    """Our own text must not look like a secret."""
    assert scan(target.render(a_scenario(target))) == ()


@each_target
@pytest.mark.parametrize("reason", ["used by 0.05 % of 84,392 users", "x" * 200, HOSTILE])
@pytest.mark.parametrize("sample", [None, SAMPLE], ids=["each once", "a sample"])
def test_a_skipped_scenario_is_written_as_skipped_with_its_reason(
    target: Target, reason: str, sample: Sample | None
) -> None:
    """It does not run by mistake, and the file says why; without the reason it is the file that it was."""
    scenario = a_scenario(target)
    scenario = scenario.model_copy(update={"sample": sample if scenario.requests else None})
    runs, skips = (target.render(scenario.model_copy(update={"skipped": why})) for why in (None, reason))
    added = "\n".join(line[2:] for line in difflib.ndiff(runs.splitlines(), skips.splitlines()) if line[0] == "+")
    assert re.search(r"\bskip\(", added) and "skip" not in runs
    assert skips.isascii() and HOSTILE not in skips
    shown = added.replace("\n// ", " ")
    words = " ".join(reason.split())
    assert any(form(words) in shown for form in (python, javascript, javascript_prose))


@each_target
def test_a_file_names_the_feature_that_it_tests(target: Target) -> None:
    """With how much that is used, in its header."""
    scenario = a_scenario(target)
    of = scenario.provenance.model_copy(update={"feature": "feature checkout, used by 34 % of 1,204 users"})
    assert "used by 34 % of 1,204 users" in target.render(scenario.model_copy(update={"provenance": of}))
