"""Runs the programs that stand before and after a rollout's stages, while its looks go on."""

import asyncio
import re
from collections.abc import Mapping

from ...config.settings import environment
from ...connectors.executors.programs import run_program
from ...core.errors import ServiceUnavailable
from ...core.log import Logger
from ...core.records.rollouts.hooks import DueHook, EndedHook
from ...core.records.rollouts.rollout import RolloutPlan

log = Logger("rollout")


class HookRunner:
    """At most one at a time.

    One that had begun when its runner died is begun again by the next runner: a hook is to do no harm a second time.

    Args:
        plan: of the rollout.
    """

    def __init__(self, plan: RolloutPlan) -> None:
        self._plan = plan
        self._running: tuple[str, asyncio.Task[EndedHook]] | None = None

    async def begin(self, due: DueHook | None) -> None:
        """Begin what is due and does not run yet; end what is not due any more."""
        if self._running is not None and (due is None or due.key != self._running[0]):
            await self.stop()
        if due is not None and self._running is None:
            self._running = (due.key, asyncio.create_task(self._run(due)))

    def ended(self) -> EndedHook | None:
        """How it ended, once it has; said once."""
        if self._running is None or not self._running[1].done():
            return None
        task = self._running[1]
        self._running = None
        return task.result()

    async def stop(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running[1].cancel()
            await asyncio.gather(self._running[1], return_exceptions=True)
            self._running = None

    async def _run(self, due: DueHook) -> EndedHook:
        plan, hook = self._plan, due.hook
        known = {
            "version": plan.version, "baseline": plan.baseline or "", "environment": plan.environment,
            "percent": f"{due.percent:g}", "rollout": plan.id,
        }  # fmt: skip
        log.info("hook begins", rollout=plan.id, hook=due.key)
        try:
            await run_program(filled(hook.run, known), timeout_s=hook.timeout_s, environment=environment())
        except ServiceUnavailable as error:
            return EndedHook(key=due.key, problem=error.message)
        return EndedHook(key=due.key)


def filled(arguments: tuple[str, ...], known: Mapping[str, str]) -> tuple[str, ...]:
    """Arguments with their places filled in, once: what is filled in is not looked at again.

    >>> filled(("a", "{version}-{other}"), {"version": "{percent}; rm", "percent": "5"})
    ('a', '{percent}; rm-{other}')
    """
    return tuple(re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), one) for one in arguments)
