"""nginx: weights of an upstream in a file that it includes, tested, reloaded, and verified by its access log.

nginx counts nothing for each server of an upstream, and `nginx -s reload` succeeds before anything is loaded. So what
it really does is read from an access log that names the upstream (`LOG_FORMAT`): where the log contradicts the weights,
the log is right. The configuration has, and both paths are named in aqe.yaml:

    upstream shop { include /etc/nginx/aqe/shop.conf; }
    log_format aqe '$msec|$request_time|$upstream_addr';
    access_log /var/log/nginx/shop-upstream.log aqe;

https://nginx.org/en/docs/http/ngx_http_upstream_module.html
"""

import asyncio
import os
import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from ...core.clock import SystemClock
from ...core.errors import InputError, ServiceUnavailable
from ...core.records.rollouts.rollout import Placement
from .programs import run_program
from .weights import Weights, swapped, weighted

LOG_FORMAT = "$msec|$request_time|$upstream_addr"
SERVER = re.compile(r"[A-Za-z0-9_.-]{1,80}(?::[0-9]{1,5})?")
"""Host and port as they may stand in the file: what else there is could end the line and begin another directive."""
SETTLE_S = 0.5
"""After a reload; requests that began before are still of the old workers."""
RELOAD_AGAIN_S = 10.0
"""Where the log goes on contradicting the weights."""
MAX_LOG_BYTES = 8_000_000
"""Of the log that are read at a look, the latest."""
MAX_REQUESTS = 5_000
"""Of the log that are held against the weights, the latest."""
LATEST_S, FEW = 3.0, 20
SIGMAS = 4.0
SLACK = 8
"""Requests by which a share may be off besides: each worker deals its own cards."""
_SHARE = re.compile(r"^# aqe: ([0-9.]{1,8}) % at ([0-9.]{1,20}), (loaded|written)$", re.MULTILINE)

CLOCK = SystemClock()


@dataclass(frozen=True)
class _Written:
    """What the file says of itself."""

    percent: float
    at_s: float
    loaded: bool


class NginxExecutor:
    """A core/ports.Executor.

    Args:
        include: file that the upstream includes; only this executor writes it.
        log: access log in LOG_FORMAT.
        canary, baseline: `host:port` of the servers of each arm, one or more.
        program: arguments before `-t` and `-s reload`: `sudo nginx`, `nginx -c FILE`.
        rolling: servers are swapped whole.
        timeout_s: for each program.

    Raises:
        InputError: a server whose name could be a directive.
    """

    def __init__(
        self, include: Path, log: Path, canary: Sequence[str], baseline: Sequence[str], *,
        program: Sequence[str] = ("nginx",), rolling: bool = False, timeout_s: float = 60.0,
    ) -> None:  # fmt: skip
        for name in (*canary, *baseline):
            if not SERVER.fullmatch(name):
                raise InputError(f"server {name[:80]!r} of nginx: expected host or host:port")
        self._include = include
        self._canary, self._baseline = tuple(canary), tuple(baseline)
        self._program = tuple(program)
        self._weigh = swapped if rolling else weighted
        self._timeout_s = timeout_s
        self._log = UpstreamLog(log)

    async def set_percent(self, percent: float) -> None:
        """Write, test, reload; a file that nginx refuses is taken back, and nothing is reloaded."""
        before = await asyncio.to_thread(self._read)
        now_s = CLOCK.now().timestamp()
        known = _written(before)
        if known and known.loaded and is_same(known.percent, percent) and now_s - known.at_s < RELOAD_AGAIN_S:
            return
        weights = self._weigh(percent, len(self._canary), len(self._baseline))
        text = self._text(percent, weights, now_s, loaded=False)
        await asyncio.to_thread(self._write, text)
        try:
            await self._run("-t")
            await self._run("-s", "reload")
        except ServiceUnavailable:
            await asyncio.to_thread(self._write, before) if before is not None else self._include.unlink()
            raise
        # Whoever dies before this line leaves a file that says that it may not have been loaded.
        await asyncio.to_thread(self._write, text.replace(", written\n", ", loaded\n", 1))

    async def look(self) -> Placement:
        """The share that is loaded, unless the log shows another one."""
        known = _written(await asyncio.to_thread(self._read))
        await asyncio.to_thread(self._log.read)
        canary, baseline = self._log.since(known.at_s + SETTLE_S if known else 0.0, self._canary, self._baseline)
        seen = 100 * canary / (canary + baseline) if canary + baseline else None
        if known and not known.loaded and seen is None:
            raise ServiceUnavailable(f"{self._include}: {known.percent:g} % was written, and maybe not loaded")
        if known and known.loaded and (seen is None or agrees(known.percent, canary, baseline)):
            percent = known.percent
        else:  # before the first time nobody but the log knows; without requests there is no canary to speak of
            percent = seen or 0.0
        return Placement(
            percent=percent,
            canary_requests=self._log.total(self._canary),
            baseline_requests=self._log.total(self._baseline),
        )

    def _text(self, percent: float, weights: Weights, now_s: float, *, loaded: bool) -> str:
        lines = [f"# aqe: {percent:g} % at {now_s:.3f}, {'loaded' if loaded else 'written'}"]
        for servers, own in ((self._canary, weights[0]), (self._baseline, weights[1])):
            lines += [f"server {s} {f'weight={w}' if w else 'down'};" for s, w in zip(servers, own, strict=True)]
        return "\n".join(lines) + "\n"

    def _read(self) -> str | None:
        try:
            return self._include.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceUnavailable(f"{self._include}: {error.strerror or error}") from error

    def _write(self, text: str) -> None:
        """All of it or nothing: nginx may read it at any time."""
        beside = self._include.with_name(f".{self._include.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self._include)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise ServiceUnavailable(f"{self._include}: {error.strerror or error}") from error

    async def _run(self, *more: str) -> None:
        await run_program((*self._program, *more), timeout_s=self._timeout_s)


def is_same(written: float, wanted: float) -> bool:
    """Whether the file has this share, as it is written there."""
    return f"{written:g}" == f"{wanted:g}"


def agrees(percent: float, canary: int, baseline: int) -> bool:
    """Whether so many requests to each arm can be of this share.

    >>> agrees(0, 1, 99), agrees(25, 27, 73), agrees(25, 3, 197)
    (False, True, False)
    """
    whole, share = canary + baseline, percent / 100
    if share in (0.0, 1.0):
        return canary == whole * share
    return abs(canary - whole * share) <= SLACK + SIGMAS * sqrt(whole * share * (1 - share))


def _written(text: str | None) -> _Written | None:
    found = _SHARE.search(text or "")
    if not found:
        return None
    with suppress(ValueError):
        return _Written(min(float(found[1]), 100.0), float(found[2]), found[3] == "loaded")
    return None


class UpstreamLog:
    """The access log, read on from where the last look ended.

    Args:
        path: of the log; it may be rotated or cut.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._rest = b""
        self._requests = deque[tuple[float, str]](maxlen=MAX_REQUESTS)
        self._counts: dict[str, int] = {}

    def read(self) -> None:
        """What was written since; ServiceUnavailable when it cannot be read."""
        try:
            with self._path.open("rb") as stream:
                stat = os.fstat(stream.fileno())
                known = self._file is not None and self._file[0] == stat.st_ino and self._file[1] <= stat.st_size
                begin = self._file[1] if known and self._file else 0
                if stat.st_size - begin > MAX_LOG_BYTES or not known:
                    begin, self._rest = max(begin, stat.st_size - MAX_LOG_BYTES), b""
                stream.seek(begin)
                data = self._rest + stream.read(MAX_LOG_BYTES)
                self._file = (stat.st_ino, stream.tell())
        except OSError as error:
            raise ServiceUnavailable(f"{self._path}: {error.strerror or error}") from error
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace"))

    def since(self, at_s: float, canary: Sequence[str], baseline: Sequence[str]) -> tuple[int, int]:
        """Requests of each arm that began at this time or later: those of the last LATEST_S, else the last FEW."""
        known = [one for one in self._requests if one[0] >= at_s]
        # An old worker may take a last request after the reload; it must not be held against the weights for ever.
        latest = [one for one in known if one[0] >= known[-1][0] - LATEST_S]
        sent_to = [server for _, server in (latest if len(latest) >= FEW else known[-FEW:])]
        return sum(server in canary for server in sent_to), sum(server in baseline for server in sent_to)

    def total(self, servers: Sequence[str]) -> int:
        """Requests that these servers were sent since this process began to read."""
        return sum(self._counts.get(server, 0) for server in servers)

    def _take(self, line: str) -> None:
        moment, _, more = line.partition("|")
        took, _, upstream = more.partition("|")
        # The first is where it was sent; the others got it because that one did not answer.
        server = upstream.split(",")[0].strip()
        with suppress(ValueError):
            began_s = float(moment) - float(took)
            self._requests.append((began_s, server))
            self._counts[server] = self._counts.get(server, 0) + 1
