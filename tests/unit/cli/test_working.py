"""The line while something long is worked on: on a terminal only, and gone at the end."""

import asyncio
import io
import sys

import pytest

from aqe.cli import working as module
from aqe.cli.working import working


class Terminal(io.StringIO):
    """Standard error as it may be."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(("terminal", "long_s", "said"), [(True, 0.0, True), (False, 0.0, False), (True, 60.0, False)])
def test_what_takes_long_is_named_on_a_terminal_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, long_s: float, said: bool
) -> None:
    error = Terminal(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(module, "LONG_S", long_s)
    monkeypatch.setenv("TERM", "xterm")

    async def work() -> int:
        async with working("rum-analysis"):
            for _ in range(5):  # enough turns for the line to begin
                await asyncio.sleep(0)
            return 7

    assert asyncio.run(work()) == 7
    assert ("rum-analysis" in error.getvalue()) is said


def test_an_error_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal(terminal=True))

    async def work() -> None:
        async with working("journeys"):
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        asyncio.run(work())
