"""Sends regions' users where the state says: away from a region that fails, and back."""

import asyncio
from collections.abc import Callable, Mapping

from ...core.errors import AqeError
from ...core.log import Logger
from ...core.ports import Executor
from ...core.records.rollouts.regions import RegionState

IN_FULL = 100.0

log = Logger("regions")


class RegionTraffic:
    """Moves beside everything else: a tool that hangs must keep no region from being taken back.

    Args:
        moves: region -> what sends it its users; None = nothing does.
    """

    def __init__(self, moves: Callable[[str], Executor | None]) -> None:
        self._moves = moves
        self._executors: dict[str, Executor | None] = {}
        self._seen: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def bring(self, regions: Mapping[str, RegionState]) -> None:
        """Begin to bring every region to where it is to be, unless it was seen there or is being brought somewhere."""
        for name, region in regions.items():
            wanted = 0.0 if region.away else IN_FULL
            busy = name in self._tasks and not self._tasks[name].done()
            if self._seen.get(name) != wanted and not busy:
                self._tasks[name] = asyncio.create_task(self._bring(name, wanted))

    async def stop(self) -> None:
        """Let go of what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _bring(self, name: str, wanted: float) -> None:
        """Set it and look whether it is so: a runner before this one may have left it anywhere."""
        try:
            if name not in self._executors:
                self._executors[name] = self._moves(name)
            moves = self._executors[name]
            if moves is not None and (await moves.look()).percent != wanted:
                await moves.set_percent(wanted)
                if (await moves.look()).percent != wanted:
                    return
            self._seen[name] = wanted
        except AqeError as error:
            log.warning("a region's traffic was not moved", region=name, percent=wanted, error=error.message)
