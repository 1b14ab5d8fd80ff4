"""Moves nothing and says what it would move: for `simulate`, and for trying a plan."""

from collections.abc import Callable

from ...core.records.rollouts.rollout import Placement


class DryRunExecutor:
    """A core/ports.Executor.

    Args:
        say: told each change.
    """

    def __init__(self, say: Callable[[str], None] = lambda line: None) -> None:
        self._say = say
        self._percent = 0.0

    async def set_percent(self, percent: float) -> None:
        """Remember it."""
        self._say(f"would give the canary {percent:g} % of the traffic")
        self._percent = percent

    async def look(self) -> Placement:
        """What was last set."""
        return Placement(percent=self._percent, canary_up=True, baseline_up=True)
