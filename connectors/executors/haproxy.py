"""HAProxy over its runtime API: weights of servers in one backend; nothing is reloaded, no request is lost.

The configuration has both arms' servers in one backend and a `stats socket ... level admin`.
https://docs.haproxy.org/2.6/management.html#9.3
"""

import asyncio
import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from ...core.errors import ServiceUnavailable
from ...core.records.rollouts.rollout import Placement
from .weights import swapped, weighted

TIMEOUT_S = 3.0
NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_UP = ("UP", "DRAIN", "no check")
"""A server that answers and has no weight is called DRAIN."""


class HAProxyExecutor:
    """A core/ports.Executor.

    Args:
        socket: Unix socket of the runtime API.
        backend: that holds all servers.
        canary, baseline: names of the servers of each arm, one or more; traffic within an arm is spread evenly.
        rolling: servers are swapped whole, the first of one arm for the first of the other; else all have a weight.
    """

    def __init__(
        self, socket: Path, backend: str, canary: Sequence[str], baseline: Sequence[str], *, rolling: bool = False
    ) -> None:
        self._socket = socket
        self._backend = backend
        self._canary = tuple(canary)
        self._baseline = tuple(baseline)
        self._rolling = rolling

    async def set_percent(self, percent: float) -> None:
        """Set the weights of all servers in one connection."""
        weigh = swapped if self._rolling else weighted
        canary, baseline = weigh(percent, len(self._canary), len(self._baseline))
        weights = [*zip(self._canary, canary, strict=True), *zip(self._baseline, baseline, strict=True)]
        # Those that lose traffic last: in between nobody is without a server.
        weights.sort(key=lambda pair: pair[1], reverse=True)
        commands = [f"set server {self._backend}/{server} weight {weight}" for server, weight in weights]
        answer = await self._ask("; ".join(commands))
        if answer.strip():
            raise ServiceUnavailable(f"HAProxy refuses: {answer.strip():.200}")

    async def look(self) -> Placement:
        """What `show stat` says of the servers."""
        rows = await self._rows()
        weight = {arm: sum(_number(rows[name]["weight"]) for name in arm) for arm in (self._canary, self._baseline)}
        whole = sum(weight.values())
        ready = sum(_is_up(rows[name]["status"]) for name in self._canary)
        return Placement(
            percent=100 * weight[self._canary] / whole if whole else 0.0,
            canary_up=ready > 0,
            baseline_up=any(_is_up(rows[name]["status"]) for name in self._baseline),
            ready_percent=100 * ready / len(self._canary),
            canary_requests=sum(_number(rows[name]["stot"]) for name in self._canary),
            baseline_requests=sum(_number(rows[name]["stot"]) for name in self._baseline),
        )

    async def _rows(self) -> dict[str, dict[str, str]]:
        text = (await self._ask("show stat")).removeprefix("# ")
        rows = {row["svname"]: row for row in csv.DictReader(StringIO(text)) if row.get("pxname") == self._backend}
        if missing := [name for name in (*self._canary, *self._baseline) if name not in rows]:
            raise ServiceUnavailable(f"HAProxy has no server {', '.join(missing)} in backend {self._backend}")
        # Of a row that ends early a weight is empty, which is none of the traffic, or only its first digits.
        if any(None in rows[name].values() for name in (*self._canary, *self._baseline)):
            raise ServiceUnavailable(f"HAProxy at {self._socket}: its answer is cut off")
        return rows

    async def _ask(self, commands: str) -> str:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                try:
                    writer.write(f"{commands}\n".encode())
                    await writer.drain()
                    return (await reader.read()).decode(errors="replace")
                finally:
                    writer.close()
        except OSError as error:  # a time-out is one
            reason = error.strerror or "no answer in time"
            raise ServiceUnavailable(f"HAProxy at {self._socket}: {reason}") from error


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _is_up(state: str) -> bool:
    return state.startswith(_UP)
