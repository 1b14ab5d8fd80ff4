"""The guard of a rollout: on the runner's host, it takes the release back when nobody is left who runs it.

The runner holds a lock on a file as long as it lives; the kernel lets go of it at its death, whatever happens to disk
and clocks. Where nobody holds it and the server knows of no runner either, or does not answer, for `dead_man_s`, the
guard writes down that it acts, and brings the executor to 0. Whoever takes the rollout up later finds that note before
anything is moved, and ends the rollback. A runner starts the guard and starts it again when it is gone; both gone at
once, and the whole host, leave nobody acting.
"""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from redis.exceptions import RedisError

from ...agents.deployment_readiness.rollout.readiness import is_there
from ...config.settings import Settings
from ...core.clock import SystemClock
from ...core.errors import AqeError, InputError, ServiceUnavailable
from ...core.log import Logger
from ...core.ports import Executor
from ...core.records.rollouts.rollout import Phase, Rollout, Strategy, rollout_key
from ..locks import is_locked, locked
from ..processes import start_beside
from ..servers.connect import open_clients
from ..servers.server import find_server
from .parts import executor, target

LOOK_EVERY_S = 1.0
GIVE_UP_S = 3600.0
"""An executor that is out of reach for so long is not coming back."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

CLOCK = SystemClock()

log = Logger("guard")


def heartbeat(prefix: str, rollout: str) -> str:
    """Physical key of a runner's heartbeat."""
    return f"{prefix}aqe:rollout-runner:{rollout}"


class Presence:
    """What a runner leaves on its host: a lock that it lives, and a guard for its death.

    Where the files cannot be written the rollout goes on without a guard, and the log says so.

    Args:
        settings: the project's.
        rollout: that is run.
    """

    def __init__(self, settings: Settings, rollout: Rollout) -> None:
        self._settings, self._id = settings, rollout.plan.id
        plan = rollout.plan
        self._says = {"environment": plan.environment, "region": plan.region, "strategy": plan.strategy}
        self._guard: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While the rollout is run here."""
        with contextlib.ExitStack() as stack:
            try:
                file = runner_file(self._settings, self._id)
                stack.enter_context(locked(file, json.dumps(self._says)))
            except (OSError, InputError) as error:
                log.warning("the rollout is run without a guard", rollout=self._id, error=str(error))
            yield

    def keep_guard(self) -> None:
        """Start the guard, unless one is there."""
        if self._guard is not None and self._guard.poll() is None:
            return
        with contextlib.suppress(OSError, InputError):
            if not is_locked(guard_file(self._settings, self._id)):
                self._guard = start_beside(self._settings, "fleet", "guard", self._id)

    def over(self) -> None:
        """The rollout has ended: there is nothing to be guarded any more."""
        with contextlib.suppress(OSError, InputError):
            for file in (runner_file, note_file):
                file(self._settings, self._id).unlink(missing_ok=True)
            if self._guard is None or self._guard.poll() is not None:
                guard_file(self._settings, self._id).unlink(missing_ok=True)


def taken_back(settings: Settings, rollout: str) -> str | None:
    """Why a guard of this host took the rollout back; None = none did."""
    try:
        said = json.loads(note_file(settings, rollout).read_text())
        return str(said["reason"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return "a guard took it back; its note cannot be read"


async def guard(settings: Settings, rollout: str) -> None:
    """Be the guard, until the rollout has ended or was taken back.

    Raises:
        InputError: no rollout of this id is run on this host, or aqe.yaml has no target for it.
    """
    lock = guard_file(settings, rollout)
    try:
        with locked(lock, ""):
            with contextlib.suppress(OSError):  # on a full disk it says nothing, and holds all the same
                lock.write_text(str(os.getpid()))
            await _watch(settings, rollout)
        lock.unlink(missing_ok=True)
    except BlockingIOError:
        log.info("there is a guard already", rollout=rollout)


async def _watch(settings: Settings, rollout: str) -> None:
    file = runner_file(settings, rollout)
    try:
        said = json.loads(file.read_text())
        section = target(settings, said["environment"], said["region"])
        moves = executor(section, Strategy(said["strategy"]))
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: no note of a runner") from error
    alone_since: float | None = None
    while file.exists():
        now = CLOCK.monotonic_s()
        if is_locked(file) or await _is_cared_for(settings, rollout):
            alone_since = None
        elif alone_since is None:
            alone_since = now
        elif now - alone_since >= section.dead_man_s + GIVE_UP_S:
            log.error("the executor is out of reach, given up", rollout=rollout)
            return
        elif now - alone_since >= section.dead_man_s:
            reason = f"nobody ran it for {section.dead_man_s:g} s and the server did not say otherwise"
            if await _take_back(settings, rollout, moves, reason):
                return
        await CLOCK.sleep(LOOK_EVERY_S)


async def _is_cared_for(settings: Settings, rollout: str) -> bool:
    """True when the server answers and says that it is run somewhere, or has ended."""
    # A server that is away, or holds nonsense there, knows of nobody.
    with contextlib.suppress(AqeError, RedisError, OSError, ValueError, KeyError, TypeError):
        info = find_server(settings)
        if info is None:
            return False
        clients = await open_clients(info.url, settings=settings)
        try:
            if await clients.commands.execute_command("EXISTS", heartbeat(settings.prefix, rollout)):  # type: ignore[no-untyped-call]
                return True
            value = await clients.commands.get(settings.prefix + rollout_key(rollout))
        finally:
            await clients.aclose()
        if value and Phase(json.loads(value)["state"]["phase"]).is_final:
            runner_file(settings, rollout).unlink(missing_ok=True)
            return True
    return False


async def _take_back(settings: Settings, rollout: str, moves: Executor, reason: str) -> bool:
    """Write down that it is done, do it, and see whether it is; True when it is done and written down."""
    written = _noted(settings, rollout, reason)  # a full disk must not leave a bad release where it is
    try:
        await moves.set_percent(0.0)
        return written and is_there((await moves.look()).percent, 0.0)
    except ServiceUnavailable as error:
        log.warning("the executor was not reached", rollout=rollout, error=error.message)
        return False


def _noted(settings: Settings, rollout: str, reason: str) -> bool:
    note = note_file(settings, rollout)
    if note.exists():
        return True
    log.error("nobody runs the rollout, it is taken back", rollout=rollout, reason=reason)
    beside = note.with_suffix(".noting")
    try:
        beside.write_text(json.dumps({"reason": reason, "at": CLOCK.now().isoformat()}))
        beside.replace(note)  # on a full disk an empty one would be left
    except OSError as error:
        log.error("the note was not written", rollout=rollout, error=str(error))
        return False
    return True


# Files ---------------------------------------------------------------------------------------------------------------


def guarded(settings: Settings) -> Iterator[tuple[str, bool, bool]]:
    """Of each rollout that was begun on this host and has not ended: id, whether it is run here, whether guarded."""
    for file in sorted((settings.data_dir / "rollouts").glob("*.runner")):
        yield file.stem, is_locked(file), is_locked(file.with_suffix(".guard"))


def runner_file(settings: Settings, rollout: str) -> Path:
    """Locked by who runs it on this host."""
    return _file(settings, rollout, "runner")


def guard_file(settings: Settings, rollout: str) -> Path:
    """Locked by its guard."""
    return _file(settings, rollout, "guard")


def note_file(settings: Settings, rollout: str) -> Path:
    """There when the guard acted."""
    return _file(settings, rollout, "taken-back")


def _file(settings: Settings, rollout: str, kind: str) -> Path:
    if not _ID.fullmatch(rollout):
        raise InputError(f"{rollout[:60]!r} is no id of a rollout")
    return settings.data_dir / "rollouts" / f"{rollout}.{kind}"
