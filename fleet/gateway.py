"""The fleet's door: what happens goes out as messages, what other quality agents write comes in as signals.

It also takes up rollouts whose runner died: their executors and metrics are of the outside, too.
"""

import asyncio

from redis.exceptions import RedisError

from ..core.errors import AqeError
from ..core.log import Logger
from ..core.records.rollout import Rollout
from .bridging import Bridges
from .notify import usable
from .notifying import listen
from .rollouts import has_target, orphaned, run_rollout
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
                for rollout in await orphaned(self._runtime):
                    known = rollout.plan.id
                    if has_target(self._runtime.settings, rollout) and (known not in running or running[known].done()):
                        log.warning("rollout without a runner, taken up", rollout=known, was=rollout.runner)
                        running[known] = asyncio.create_task(self._run(rollout))
            except (AqeError, RedisError) as error:
                log.warning("rollouts wait", error=str(error))
            await asyncio.sleep(ORPHANS_EVERY_S)

    async def _run(self, rollout: Rollout) -> None:
        try:
            await run_rollout(self._runtime, rollout, seen=lambda state: None)
        except (AqeError, RedisError) as error:
            log.warning("rollout was let go", rollout=rollout.plan.id, error=str(error))
