"""One measurement: a fresh server, one producer process, one consumer process."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..servers.server import Server, Transport, own_server
from .load import Job
from .plan import LATENCY_RATE, MODES, Peer

LINK = Path(__file__).resolve().parents[2] / ".dev"
"""Where this clone is importable as `aqe`, whatever its folder is called."""
TIMEOUT_S = 60.0
SETTLE_S = 0.3
"""From a consumer's word that it is ready to the first publish: some start reading a little later."""
LEAVE_S = 5.0
ERROR_CHARS = 400

Measured = dict[str, Any]
"""`per_s`, or `p50 p95 p99 max` in ms; `client_us` and `server_us`: CPU a message; or only `error`."""


@dataclass(frozen=True)
class Setting:
    """What holds for all measurements of a run."""

    program: str
    transport: Transport
    durable: bool
    uvloop: bool
    share: float
    """Part of each peer's message count that is sent."""


async def measure(setting: Setting, peer: Peer, mode: str) -> Measured:
    """Run one; what goes wrong is the result."""
    try:
        with own_server(setting.program, transport=setting.transport, durable=setting.durable) as server:
            async with asyncio.timeout(TIMEOUT_S):
                measured = await _run(setting, server, peer, mode)
                return {name: round(value, 3) for name, value in measured.items()}
    except TimeoutError:
        return {"error": f"not done within {TIMEOUT_S:.0f} s"}
    except Exception as error:  # whatever a peer does, the others are measured
        return {"error": f"{type(error).__name__}: {error}"}


async def _run(setting: Setting, server: Server, peer: Peer, mode: str) -> Measured:
    count = max(100, round(peer.counts[mode] * setting.share))
    send = MODES[mode].send or peer.fill
    common: dict[str, Any] = {
        "peer": peer.module,
        "url": server.url,
        "count": count,
        "batch": peer.batch,
        "uvloop": setting.uvloop,
    }
    producer = Job(**common, role="produce", how=send, rate=LATENCY_RATE if send == "paced" else 0.0)
    consumer = Job(**common, role="consume")
    if mode == "drain":
        async with _worker(producer) as filling:
            await filling.said("done")
        used_s = server.cpu_s()
        async with _worker(consumer) as draining:
            consumed = await draining.said("done")
        result = {"per_s": consumed["per_s"], "client_us": consumed["cpu_us"]}
    elif mode.startswith("publish"):
        used_s = server.cpu_s()
        async with _worker(producer) as sending:
            produced = await sending.said("done")
        return {"per_s": produced["per_s"], "client_us": produced["cpu_us"], "server_us": _us(server, used_s, count)}
    else:
        async with _worker(consumer) as consuming:
            await consuming.said("ready")
            await asyncio.sleep(SETTLE_S)
            used_s = server.cpu_s()
            async with _worker(producer) as sending:
                produced = await sending.said("done")
                consumed = await consuming.said("done")
        per_s = count / (consumed["to_ns"] - produced["from_ns"]) * 1e9
        result = {"per_s": per_s, "client_us": produced["cpu_us"] + consumed["cpu_us"]}
        if mode == "latency":
            result |= consumed["latency_ms"]
    if consumed["distinct"] != count:
        raise RuntimeError(f"{count} events handled, but only {consumed['distinct']} different ones")
    return result | {"server_us": _us(server, used_s, count)}


def _us(server: Server, before_s: float, count: int) -> float:
    return (server.cpu_s() - before_s) * 1e6 / count


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors

    async def said(self, what: str) -> dict[str, Any]:
        """Its next word of this kind; libraries may print other things between."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b'{"say"') and (word := json.loads(line))["say"] == what:
                return dict(word)
        raise RuntimeError(f"ended with status {await self._process.wait()}: {self._last_words()}")

    async def leave(self) -> None:
        """Wait for its own end."""
        try:
            async with asyncio.timeout(LEAVE_S):
                status = await self._process.wait()
        except TimeoutError:
            raise RuntimeError(f"did not end within {LEAVE_S:.0f} s: {self._last_words()}") from None
        if status:
            raise RuntimeError(f"ended with status {status}: {self._last_words()}")

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "")[-ERROR_CHARS:]


@asynccontextmanager
async def _worker(job: Job) -> AsyncIterator[_Worker]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AQE_")}
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder, tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "aqe.benchmarks.bus.worker", job.to_json(),
            cwd=folder, env=environment | {"PYTHONPATH": str(LINK)}, stdout=asyncio.subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        try:
            worker = _Worker(process, errors)
            yield worker
            await worker.leave()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
