"""Publishing: validated, idempotent by event id, coalesced while another publish is on its way."""

import asyncio
from collections.abc import Sequence

from redis.exceptions import ResponseError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from ..core.errors import ServiceUnavailable, StreamFullError
from ..core.ports import CommandClient, Functions
from ..core.writes import Write
from .events import Event
from .group import SERVER_GONE
from .names import StreamNames, check_type

DEDUPE_WINDOW_MS = 600_000
"""How long the id of an event is remembered (10 min): a publish that is retried within it adds nothing."""
HARD_CAP_ENTRIES = 1_000_000
"""Entries of one stream (about 0.5 GB of ordinary ones) at which a publish is refused; nothing is dropped."""
RETRY_FOR_S = 20.0
"""How long a publish is retried while the server cannot be reached: longer than a fail-over (4 s measured)."""

_MAX_BATCH = 512


class Publisher:
    """Sends events. One in flight goes straight out; what arrives meanwhile leaves together in one write.

    Args:
        client: asyncio client that returns bytes.
        functions: the server-side library.
        names: stream names of the fleet.
        cap: hard cap of entries a stream.
    """

    def __init__(
        self, client: CommandClient, functions: Functions, names: StreamNames, *, cap: int = HARD_CAP_ENTRIES
    ) -> None:
        self._client = client
        self._functions = functions
        self._names = names
        self.cap = cap
        self._window = str(DEDUPE_WINDOW_MS)
        self._busy = False
        self._waiting: list[tuple[Write, asyncio.Future[str]]] = []

    def prepare(self, event: Event) -> Write:
        """The publish as a value, to be sent with a task's acknowledgement."""
        return Write(
            "publish",
            self._names.events(check_type(event.type)),
            (event.id, self._window, str(self.cap), event.type, *event.fields()),
        )

    async def publish(self, event: Event) -> str:
        """Send one event; returns its stream entry id once the server has it.

        Raises:
            StreamFullError: the stream is at its hard cap; nothing was dropped.
            ServiceUnavailable: the server could not be reached for RETRY_FOR_S seconds.
        """
        write = self.prepare(event)
        if self._busy:
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._waiting.append((write, future))
            return await future
        self._busy = True
        try:
            return (await self._send([write]))[0]
        finally:
            self._busy = False
            if self._waiting:
                self._busy = True
                self._flusher = asyncio.get_running_loop().create_task(self._flush())

    async def publish_many(self, events: Sequence[Event]) -> list[str]:
        """Send events in one write per batch, in order; returns their entry ids. Raises like `publish`."""
        ids: list[str] = []
        for start in range(0, len(events), _MAX_BATCH):
            ids += await self._send([self.prepare(event) for event in events[start : start + _MAX_BATCH]])
        return ids

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
                await self._settle(batch)
        finally:
            self._busy = False

    async def _settle(self, batch: list[tuple[Write, "asyncio.Future[str]"]]) -> None:
        try:
            answers = await self._send_each([write for write, _ in batch])
        except Exception as error:
            answers = [error] * len(batch)
        for (_, future), value in zip(batch, answers, strict=True):
            if future.done():  # its caller was cancelled
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)

    async def _send(self, writes: list[Write]) -> list[str]:
        ids: list[str] = []
        for value in await self._send_each(writes):
            if isinstance(value, Exception):
                raise value
            ids.append(value)
        return ids

    async def _send_each(self, writes: list[Write]) -> list[str | Exception]:
        """Entry id or error of each; safe to repeat, because every event carries its own id."""
        try:
            return await self._attempt(writes)
        except SERVER_GONE:
            pass
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(SERVER_GONE),
                wait=wait_exponential_jitter(initial=0.05, max=2.0),
                stop=stop_after_delay(RETRY_FOR_S),
                reraise=True,
            ):
                with attempt:
                    return await self._attempt(writes)
        except SERVER_GONE as error:
            raise ServiceUnavailable(f"publish: no answer from the server for {RETRY_FOR_S:.0f} s: {error}") from error
        raise AssertionError("unreachable")

    async def _attempt(self, writes: list[Write]) -> list[str | Exception]:
        pipeline = self._client.pipeline(transaction=False)
        for write in writes:
            pipeline.execute_command("FCALL", "aqe_publish", 1, write.key, *write.args)
        raw = await pipeline.execute(raise_on_error=False)
        return [await self._answer(value, write) for value, write in zip(raw, writes, strict=True)]

    async def _answer(self, value: object, write: Write) -> str | Exception:
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, SERVER_GONE):
            raise value
        if isinstance(value, ResponseError):
            if "Function not found" in str(value):
                return str((await self._functions.call("aqe_publish", [write.key], list(write.args))).decode())
            if str(value).startswith("STREAMFULL"):
                return StreamFullError(str(value).removeprefix("STREAMFULL ").split(" script: ")[0])
            return ServiceUnavailable(f"publish: {value}")
        return ServiceUnavailable(f"publish: unexpected answer {value!r}")
