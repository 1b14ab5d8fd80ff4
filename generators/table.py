"""The test targets there are."""

from typing import Protocol

from ..core.records.scenarios import TestScenario
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


TARGETS: tuple[Target, ...] = (PytestTarget(),)
