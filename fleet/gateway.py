"""The fleet's door: what happens goes out as messages, what other quality agents write comes in as signals.

It also takes up rollouts whose runner died: their executors and metrics are of the outside, too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from redis.exceptions import RedisError

from ..core.errors import AqeError
from ..core.log import Logger
from .bridging import Bridges
from .messages.notify import usable
from .messages.notifying import listen
from .rollouts.desk import has_target, orphaned, orphaned_regional, run_rollout
from .rollouts.regional_runner import RegionalRunner
from .runtime import Runtime

ORPHANS_EVERY_S = 1.0

log = Logger("gateway")


class Gateway:
    """Runs until it is stopped.

    Args:
        runtime: the open parts.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Send, bridge, and take up what nobody runs."""
        settings = self._runtime.settings
        await listen(self._runtime, tuple(usable(settings, lambda line: log.info("message", line=line))))
        adopting = asyncio.create_task(self._adopt())
        try:
            await Bridges(self._runtime, settings.project_root).run(self._stopping)
        finally:
            adopting.cancel()
            await asyncio.gather(adopting, return_exceptions=True)

    def stop(self) -> None:
        """End after what is at hand."""
        self._stopping.set()

    async def _adopt(self) -> None:
        """Rollouts of targets that this aqe.yaml knows; each is run in a task of its own."""
        running: dict[str, asyncio.Task[None]] = {}
        while True:
            try:
                for id, was, run in await self._waiting():
                    if id not in running or running[id].done():
                        log.warning("rollout without a runner, taken up", rollout=id, was=was)
                        running[id] = asyncio.create_task(self._run(id, run))
            except (AqeError, RedisError) as error:
                log.warning("rollouts wait", error=str(error))
            await asyncio.sleep(ORPHANS_EVERY_S)

    async def _waiting(self) -> list[tuple[str, str, Callable[[], Awaitable[object]]]]:
        """Id, last runner and what runs it, of every rollout and every coordination of regions that nobody runs."""
        runtime, settings = self._runtime, self._runtime.settings
        rollouts = [
            (one.plan.id, one.runner, partial(run_rollout, runtime, one, seen=lambda state: None))
            for one in await orphaned(runtime)
            if has_target(settings, one.plan.environment, one.plan.region)
        ]
        regional = [
            (one.id, one.runner, RegionalRunner(runtime, one.id).run)
            for one in await orphaned_regional(runtime)
            if all(has_target(settings, one.plan.environment, name) for name in one.plan.names)
        ]
        return [*rollouts, *regional]

    async def _run(self, id: str, run: Callable[[], Awaitable[object]]) -> None:
        try:
            await run()
        except (AqeError, RedisError) as error:
            log.warning("rollout was let go", rollout=id, error=str(error))
