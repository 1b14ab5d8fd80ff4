"""The fleet's door: what happens goes out as messages, what other quality agents write comes in as signals."""

import asyncio

import structlog

from .bridging import Bridges
from .notify import usable
from .notifying import listen
from .runtime import Runtime

log = structlog.get_logger("gateway")


class Gateway:
    """Runs until it is stopped.

    Args:
        runtime: the open parts.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Send and bridge."""
        settings = self._runtime.settings
        await listen(self._runtime, tuple(usable(settings, lambda line: log.info("message", line=line))))
        await Bridges(self._runtime, settings.project_root).run(self._stopping)

    def stop(self) -> None:
        """End after what is at hand."""
        self._stopping.set()
