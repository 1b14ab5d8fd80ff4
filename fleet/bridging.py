"""Bridges: what other quality agents write becomes signals, as they write it.

Every value is read when the library says that it changed, and all of them each POLL_S besides: a bare SET by a program
in another language tells nobody. The part of the signal holds the value's digest, so the same value is stored once.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from redis.exceptions import RedisError

from ..connectors.bridges.table import BRIDGES, Bridge, commit_of
from ..core.errors import AqeError, InputError
from ..core.log import Logger
from ..core.records.base import Record, encode
from ..core.records.release import COMMIT, Release, same_commit
from ..core.records.signals import Outcome, Signal
from ..memory.watch import changed_names
from .imports.ingest import put_part
from .repository.git import ask_git
from .runtime import Runtime
from .signals import find_release

POLL_S = 30.0

log = Logger("bridges")


class Bridged(Record):
    """One value that became part of a signal."""

    key: str
    kind: str
    version: str
    outcome: Outcome
    reason: str | None = None


class Bridges:
    """Reads the keys of the table.

    Args:
        runtime: the open parts.
        folder: asked for the git clone: a value that names no commit is about the one checked out, as in an import.
    """

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self._runtime = runtime
        self._folder = folder
        self._refused: set[str] = set()

    async def read(self) -> list[Bridged]:
        """Read every key once; returns what was new."""
        found = [await self._read(bridge) for bridge in BRIDGES]
        return [bridged for bridged in found if bridged is not None]

    async def run(self, stopping: asyncio.Event) -> None:
        """Do so at each change, and every POLL_S, until it is to stop."""
        changed = asyncio.Event()
        watching = asyncio.create_task(self._watch(changed))
        try:
            while not stopping.is_set():
                changed.clear()
                try:
                    for bridged in await self.read():
                        log.info("signal from another agent", **bridged.to_dict())
                except (AqeError, RedisError) as error:
                    log.warning("bridges wait", error=str(error))
                await _first_of((stopping, changed), within_s=POLL_S)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _read(self, bridge: Bridge) -> Bridged | None:
        try:
            value = await self._runtime.memory.retrieve(bridge.key)
        except InputError as error:  # no JSON
            self._refuse(bridge, error.message)
            return None
        if value is None:
            return None
        release = await self._release(bridge, value)
        digest = hashlib.sha256(encode(value).encode()).hexdigest()
        name = f"bridge:{bridge.key}"
        if release is None or await self._known(release, bridge, name, digest):
            return None
        part = bridge.part(value).model_copy(update={"sha256": digest, "file": bridge.key})
        await put_part(self._runtime, release, bridge.kind, name, part)
        return Bridged(
            key=bridge.key, kind=bridge.kind, version=release.version, outcome=part.outcome, reason=part.reason
        )

    async def _release(self, bridge: Bridge, value: object) -> Release | None:
        commit = commit_of(value)
        version = None
        if commit is not None:
            # Of that commit, not of the one checked out: the figures of one must not push out those of the other.
            known = COMMIT.fullmatch(commit) and ask_git(self._folder, "describe", "--tags", "--always", commit)
            if not known:
                self._refuse(bridge, f"it is about commit {commit!r:.60}, which the git clone here does not have")
                return None
            version = known.replace("/", "-")
        found = await find_release(self._runtime, version=version, commit=commit, environment=None, folder=self._folder)
        if found is None:
            self._refuse(bridge, "it names no commit, and this folder is in no git clone")
        return found.release if found else None

    async def _known(self, release: Release, bridge: Bridge, name: str, digest: str) -> bool:
        key = f"aqe/releases/{release.version}/signals/{bridge.kind}"
        stored = await self._runtime.memory.retrieve(key)
        if stored is None:
            return False
        signal = Signal.from_value(stored, where=key)
        same = release.commit is None or same_commit(signal.release.commit, release.commit)
        return same and name in signal.parts and signal.parts[name].sha256 == digest

    async def _watch(self, changed: asyncio.Event) -> None:
        keys = {bridge.key for bridge in BRIDGES}
        async for name in changed_names(self._runtime.clients.commands, prefix=self._runtime.settings.prefix):
            if name in keys:
                changed.set()

    def _refuse(self, bridge: Bridge, why: str) -> None:
        # Once for each reason: the value is read again and again.
        if (said := f"{bridge.key}: {why}") not in self._refused:
            self._refused.add(said)
            log.warning("value of another agent is not used", key=bridge.key, reason=why)


async def _first_of(events: Sequence[asyncio.Event], *, within_s: float) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
