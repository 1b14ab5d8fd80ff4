"""Any tool that shifts traffic, as argument lists: kubectl, argo, aws, a Jenkins job. No shell is involved.

`{percent}` in an argument is filled in. The tool that looks prints the share as a number, or JSON with `percent`.
"""

import json
from collections.abc import Mapping, Sequence

from ...core.errors import ServiceUnavailable
from ...core.masking import mask_text
from ...core.records.rollouts.rollout import Placement
from .programs import run_program


class CommandExecutor:
    """A core/ports.Executor.

    Args:
        set_command: arguments, the program first.
        look_command: the same; None = what was last set is believed, and said to be unverified.
        timeout_s: for each.
        environment: of the programs.
    """

    def __init__(
        self,
        set_command: Sequence[str],
        look_command: Sequence[str] | None,
        *,
        timeout_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._set = tuple(set_command)
        self._look = tuple(look_command) if look_command else None
        self._timeout_s = timeout_s
        self._environment = dict(environment) if environment is not None else None
        self._last = 0.0

    async def set_percent(self, percent: float) -> None:
        """Run the tool; its exit code says whether it did."""
        await self._run(self._set, percent)
        self._last = percent

    async def look(self) -> Placement:
        """Ask the tool that looks."""
        if self._look is None:
            return Placement(percent=self._last)
        printed = (await self._run(self._look, self._last)).strip()
        try:
            value = json.loads(printed)
            percent = float(value["percent"] if isinstance(value, dict) else value)
            return Placement(percent=percent)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            shown = mask_text(printed[:1000])[:80]
            raise ServiceUnavailable(f"{self._look[0]} printed {shown!r}, expected a percentage") from error

    async def _run(self, command: Sequence[str], percent: float) -> str:
        arguments = [part.replace("{percent}", f"{percent:g}") for part in command]
        return await run_program(arguments, timeout_s=self._timeout_s, environment=self._environment)
