"""Fault proxies as a process: their plan from YAML, signals, the admin endpoint, the recording, stats at the end."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...config.yamlfile import load_yaml
from ...connectors.faults.admin import Admin
from ...connectors.faults.proxy import FaultProxy
from ...connectors.faults.recorder import HarRecorder
from ...core.clock import SystemClock
from ...core.errors import AqeError, InputError
from ...core.jsontext import dumps
from ...core.records.faults import FaultPlan

CLOCK = SystemClock()


@dataclass(frozen=True)
class Extras:
    """What may run beside the proxies.

    Args:
        record: HAR file for every HTTP exchange.
        admin: `127.0.0.1:PORT` of the admin endpoint.
        token_file: where its token stands; made with a new token when it is not there.
    """

    record: Path | None = None
    admin: str | None = None
    token_file: Path = Path(".aqe-fault-proxy-token")


def read_plan(path: Path) -> FaultPlan:
    """The plan in a YAML file.

    Raises:
        InputError: it cannot be read, with line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or 'is no text in UTF-8'}") from error
    document = load_yaml(text, where=str(path))
    return document.read(FaultPlan, document.value)


@contextlib.asynccontextmanager
async def proxies(
    plan: FaultPlan, *, record: Path | None = None, steady: bool = False
) -> AsyncIterator[list[FaultProxy]]:
    """All proxies of a plan, listening; closed at the end.

    Args:
        record: HAR file for every HTTP exchange.
        steady: delays are right on average, in place of never too short: for replays on a fast scale.

    Raises:
        InputError: an address is taken, or the recording cannot be written.
    """
    async with contextlib.AsyncExitStack() as stack:
        recorder = HarRecorder(record, CLOCK) if record else None
        if recorder:
            stack.push_async_callback(_ended, asyncio.create_task(recorder.run()))
        add = recorder.add if recorder else None
        yield [
            await stack.enter_async_context(
                FaultProxy(proxy, seed=plan.seed, clock=CLOCK, record=add, steady=steady).running()
            )
            for proxy in plan.proxies
        ]


async def serve(
    plan: FaultPlan, extras: Extras, say: Callable[[str], None], again: Callable[[], FaultPlan] | None = None
) -> dict[str, Any]:
    """Run until SIGINT or SIGTERM.

    SIGHUP reads the plan again and takes its faults; SIGUSR1 says the stats.

    Args:
        say: gets the lines for people.
        again: reads the plan again; None = there is no file.

    Returns:
        The stats.
    """
    stop = asyncio.Event()
    async with proxies(plan, record=extras.record) as running, contextlib.AsyncExitStack() as stack:
        for proxy in running:
            say(f"{proxy.plan.name}: {proxy.url} -> {proxy.plan.target or 'answers by itself'}")
        if extras.admin:
            token = _token(extras.token_file)
            admin = Admin(extras.admin, token, {p.plan.name: p for p in running}, lambda: all_stats(plan, running))
            await stack.enter_async_context(admin.running())
            say(f"admin: http://{admin.host}:{admin.port}, token in {extras.token_file}")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, _reload, running, again, say)
        loop.add_signal_handler(signal.SIGUSR1, lambda: say(dumps(all_stats(plan, running))))
        await stop.wait()
        return all_stats(plan, running)


def all_stats(plan: FaultPlan, running: Sequence[FaultProxy]) -> dict[str, Any]:
    """JSON-ready."""
    return {"seed": plan.seed, "proxies": [proxy.stats() for proxy in running]}


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _reload(running: Sequence[FaultProxy], again: Callable[[], FaultPlan] | None, say: Callable[[str], None]) -> None:
    """A plan that cannot be read, or that has other proxies, changes nothing."""
    if again is None:
        say("nothing to read again: there is no --config")
        return
    try:
        new = {proxy.name: proxy.faults for proxy in again().proxies}
        if set(new) != {proxy.plan.name for proxy in running}:
            raise InputError("the proxies themselves have changed, which needs a restart")
        for proxy in running:
            proxy.change(new[proxy.plan.name])
        say("read again: the faults are the new ones")
    except AqeError as error:
        say(f"nothing is changed: {error.message}")


def _token(path: Path) -> str:
    """What stands in the file; a new one, for its owner only, when there is no file."""
    try:
        with contextlib.suppress(FileNotFoundError):
            if token := path.read_text(encoding="utf-8").strip():
                return token
            raise InputError(f"{path} is empty, expected a token")
        token = secrets.token_urlsafe(24)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(f"{token}\n")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="--admin-token-file names another") from error
    return token
