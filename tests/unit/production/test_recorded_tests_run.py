"""The tests that recorded traffic gives, run: green on the service that was recorded, red on one that changed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.production_intelligence.recorded.exchanges import exchanges
from aqe.agents.production_intelligence.recorded.suite import recorded_tests
from aqe.core.records.production.scenarios import TestScenario
from aqe.generators.pytest_target import PytestTarget
from aqe.generators.secrets_scan import scan

from .till import Answer, Till, recorded, served

TARGET = PytestTarget()


@pytest.fixture(scope="module")
def scenarios() -> tuple[TestScenario, ...]:
    return recorded_tests(exchanges(recorded())).scenarios


@pytest.fixture(scope="module")
def texts(scenarios: tuple[TestScenario, ...]) -> list[str]:
    return [TARGET.render(scenario) for scenario in scenarios]


def failures(texts: list[str], till: Till) -> list[str]:
    """Names of the tests that fail, as the files' own functions say."""
    failed = []
    with served(till) as url:
        for text in texts:
            module: dict[str, Any] = {"__name__": "generated"}
            exec(compile(text, "generated", "exec"), module)
            for name, test in module.items():
                if name.startswith("test_"):
                    try:
                        test(url)
                    except Exception:
                        failed.append(name)
    return failed


def test_they_are_green_on_the_service_that_was_recorded(texts: list[str]) -> None:
    """Again and again, whatever its ids are."""
    till = Till(seed=5)
    assert [failures(texts, till) for _ in range(3)] == [[], [], []]


def wrong_total(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {**answer, "total": answer["total"] + 1} if "total" in answer else answer


def lost_order(method: str, path: str, status: int, answer: Any) -> Answer:
    return (404, {"error": {"code": "not_found"}}) if path.startswith("/orders/") else (status, answer)


def no_validation(method: str, path: str, status: int, answer: Any) -> Answer:
    return (201, {"id": "x"}) if status == 400 else (status, answer)


def ordered_twice(method: str, path: str, status: int, answer: Any) -> Answer:
    return (201, answer) if status == 409 else (status, answer)


def other_error(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {"error": {"code": "oops"}} if status == 409 else answer


def missing_key(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {key: value for key, value in answer.items() if key != "placed_at"}


def text_for_number(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {**answer, "total": str(answer["total"])} if "total" in answer else answer


def wrong_order(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {**answer, "products": answer["products"][::-1]} if "products" in answer else answer


def one_short(method: str, path: str, status: int, answer: Any) -> Answer:
    return status, {**answer, "products": answer["products"][1:]} if "products" in answer else answer


@pytest.mark.parametrize(
    "bug",
    [
        wrong_total, lost_order, no_validation, ordered_twice, other_error, missing_key, text_for_number, wrong_order,
        one_short,
    ],
)  # fmt: skip
def test_they_are_red_on_a_service_that_changed(texts: list[str], bug: Any) -> None:
    """A recorder's script, which only wants an answer below 500, is green on all of these."""
    assert failures(texts, Till(bug=bug))


def test_the_files_are_as_formatters_linters_and_type_checkers_want_them(texts: list[str], tmp_path: Path) -> None:
    """With the default settings of ruff."""
    for number, text in enumerate(texts):
        (tmp_path / f"test_{number}.py").write_text(text, encoding="utf-8")
    for arguments in (["check", "--isolated"], ["format", "--isolated", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *arguments, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_nothing_in_the_files_looks_like_a_secret(texts: list[str]) -> None:
    """They may be committed."""
    assert [scan(text) for text in texts] == [()] * len(texts)
