"""The test targets there are."""

from typing import Protocol

from ..core.records.production.load_test import LoadTest
from ..core.records.production.scenarios import TestScenario
from .jest_target import JestTarget
from .k6_target import K6Target
from .locust_target import LocustTarget
from .playwright_target import PlaywrightTarget
from .pytest_playwright_target import PytestPlaywrightTarget
from .pytest_target import PytestTarget


class Target(Protocol):
    """One kind of test file."""

    @property
    def name(self) -> str:
        """What the user asks for: `pytest`."""
        ...

    @property
    def language(self) -> str:
        """Of the file: `python`, `typescript`."""
        ...

    def refusal(self, scenario: TestScenario) -> str | None:
        """Why a scenario cannot be written for this target, in one line; None = it can."""
        ...

    def file_name(self, scenario: TestScenario) -> str:
        """Without folder; the same for the same scenario id and title."""
        ...

    def render(self, scenario: TestScenario) -> str:
        """The file's text: complete, ASCII, formatted, the same bytes for the same scenario."""
        ...


TARGETS: tuple[Target, ...] = (PytestTarget(), PlaywrightTarget(), PytestPlaywrightTarget(), JestTarget())


class LoadTarget(Protocol):
    """One load tool."""

    @property
    def name(self) -> str:
        """What the user asks for: `k6`."""
        ...

    @property
    def language(self) -> str:
        """Of the file: `javascript`."""
        ...

    def file_name(self, test: LoadTest) -> str:
        """Without folder; the same for the same name of the test."""
        ...

    def render(self, test: LoadTest) -> str:
        """The file's text: complete, ASCII, formatted, the same bytes for the same test."""
        ...


LOAD_TARGETS: tuple[LoadTarget, ...] = (K6Target(), LocustTarget())
"""The load tools there are."""
