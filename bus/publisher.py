"""Publishing: validated, idempotent by event id, coalesced while another publish is on its way."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from itertools import chain, compress, islice
from typing import Any, Literal

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ResponseError

from ..core.errors import InputError, ServiceUnavailable, StreamFullError
from ..core.ports import CommandClient, Functions
from ..core.writes import Write
from .envelope import ATTRIBUTES, SAME_FOR_ALL, Event, Values, stream_fields
from .group import SERVER_GONE
from .names import StreamNames, check_type
from .wire import Wire

DEDUPE_WINDOW_MS = 600_000
"""How long the id of an event is remembered (10 min): a publish that is retried within it adds nothing."""
HARD_CAP_ENTRIES = 1_000_000
"""Entries of one stream (about 0.5 GB of ordinary ones) at which a publish is refused; nothing is dropped."""
RETRY_FOR_S = 20.0
"""How long a publish is retried while the server cannot be reached: longer than a fail-over (4 s measured)."""

Confirm = Literal["server", "replicas"]
"""Whose word a publish waits for: the server's reply, or that replicas have it, too."""
CONFIRM_TIMEOUT_MS = 1000
MAX_CONFIRM_TIMEOUT_MS = 4000
"""Below the 5 s after which a client gives a command up."""

_Parcel = tuple[str, Values, int]
"""What is sent of an event: its type, `Event.values`, and how long its id is remembered, in ms."""
_DIFFERS = ""
"""In aqe_publish_many: this field differs from event to event."""
_MAX_BATCH = 512
_TOGETHER = 100
"""Events a call: bounds how long the server is busy with one."""


class NotConfirmedError(ServiceUnavailable):
    """The primary has the event, but not enough replicas said so in time: a fail-over now might lose it.

    Publish the same event again (same id: it stays one entry) until it is confirmed, or let an `Outbox` do that.
    """


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
        self._busy = False
        self._waiting: list[tuple[_Parcel, asyncio.Future[str]]] = []
        self._wire = Wire(client)

    def prepare(self, event: Event) -> Write:
        """The publish as a value, to be sent with a task's acknowledgement."""
        return self._write(_parcel(event))

    def _write(self, parcel: _Parcel) -> Write:
        arguments = (str(part) if isinstance(part, int) else part for part in self._alone(parcel))
        return Write("publish", self._names.events(parcel[0]), tuple(arguments))

    def publish(
        self, event: Event, *, confirm: Confirm = "server", replicas: int = 1, timeout_ms: int = CONFIRM_TIMEOUT_MS
    ) -> Coroutine[Any, Any, str]:
        """Send one event; returns its stream entry id once it is confirmed.

        Args:
            event: the event.
            confirm: "server" = the primary has it: a crash of a server with an append-only file loses at most about a
                second of such events, a fail-over what its replicas had not received. "replicas" = so many replicas
                have received it, too (WAIT; into their memory, not onto their disks): it survives the primary, unless a
                replica is promoted that is not among them. This narrows the window, it is no consensus.
            replicas: how many, from 1; "replicas" only.
            timeout_ms: how long to wait for them, 1-4000; "replicas" only.

        Raises:
            NotConfirmedError: written, but not by enough replicas in time.
            StreamFullError: the stream is at its hard cap; nothing was dropped.
            ServiceUnavailable: the server could not be reached for RETRY_FOR_S seconds.
        """
        # Not async itself, so that nothing holds on to the event while its parcel is on the way: with many in flight
        # the collector of garbage would look through all their payloads again and again.
        return self._publish(_parcel(event), _wait(confirm, replicas, timeout_ms))

    async def _publish(self, parcel: _Parcel, wait: "_Wait | None") -> str:
        if wait is not None:  # on its own, so that nobody else waits for replicas
            return (await self._send([parcel], wait))[0]
        if self._busy:
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._waiting.append((parcel, future))
            return await future
        self._busy = True
        try:
            return (await self._send([parcel], None))[0]
        finally:
            self._busy = False
            if self._waiting:
                self._busy = True
                self._flusher = asyncio.get_running_loop().create_task(self._flush())

    async def publish_many(
        self,
        events: Iterable[Event],
        *,
        confirm: Confirm = "server",
        replicas: int = 1,
        timeout_ms: int = CONFIRM_TIMEOUT_MS,
    ) -> list[str]:
        """Send events in one write per batch, in order; returns their entry ids.

        Args:
            events: the events; a generator is cheaper than a list, since each is let go once its JSON is made.
            confirm, replicas, timeout_ms: as for `publish`; replicas are waited for once a batch.

        Raises:
            As `publish`, for the first that was refused; others of its batch are written all the same.
        """
        wait = _wait(confirm, replicas, timeout_ms)
        ids: list[str] = []
        parcels = map(_parcel, events)
        while batch := list(islice(parcels, _MAX_BATCH)):
            ids += await self._send(batch, wait)
        return ids

    async def publish_each(
        self,
        events: Sequence[Event],
        *,
        confirm: Confirm,
        replicas: int,
        timeout_ms: int,
        window_ms: int,
    ) -> list[str | Exception]:
        """Send events in one write; returns the entry id or the error of each.

        Args:
            events: at most some hundreds.
            confirm, replicas, timeout_ms: as for `publish`.
            window_ms: how long the server remembers their ids, at least.

        Raises:
            ServiceUnavailable: the server could not be reached for RETRY_FOR_S seconds.
        """
        parcels = [_parcel(event, window_ms) for event in events]
        return await self._send_each(parcels, _wait(confirm, replicas, timeout_ms))

    async def close(self) -> None:
        """Give connections back."""
        await self._wire.close()

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
                await self._settle(batch)
                await asyncio.sleep(0)  # whoever publishes one after the other does so now, and all leave together
        finally:
            self._busy = False

    async def _settle(self, batch: list[tuple[_Parcel, "asyncio.Future[str]"]]) -> None:
        try:
            answers = await self._send_each([parcel for parcel, _ in batch], None)
        except Exception as error:
            answers = [error] * len(batch)
        for (_, future), value in zip(batch, answers, strict=True):
            if future.done():  # its caller was cancelled
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)

    async def _send(self, parcels: list[_Parcel], wait: "_Wait | None") -> list[str]:
        ids: list[str] = []
        for value in await self._send_each(parcels, wait):
            if isinstance(value, Exception):
                raise value
            ids.append(value)
        return ids

    async def _send_each(self, parcels: list[_Parcel], wait: "_Wait | None") -> list[str | Exception]:
        """Entry id or error of each; safe to repeat, because every event carries its own id."""
        try:
            return await self._attempt(parcels, wait)
        except SERVER_GONE:
            pass
        # Seldom needed, and no light import.
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(SERVER_GONE),
                wait=wait_random_exponential(multiplier=0.1, max=2.0),
                stop=stop_after_delay(RETRY_FOR_S),
                reraise=True,
            ):
                with attempt:
                    return await self._attempt(parcels, wait)
        except SERVER_GONE as error:
            raise ServiceUnavailable(f"publish: no answer from the server for {RETRY_FOR_S:.0f} s: {error}") from error
        raise AssertionError("unreachable")

    async def _attempt(self, parcels: list[_Parcel], wait: "_Wait | None") -> list[str | Exception]:
        if wait is None:
            return await self._attempt_together(parcels)
        return await self._attempt_singly(parcels, wait)

    async def _attempt_together(self, parcels: list[_Parcel]) -> list[str | Exception]:
        """One call a stream for up to _TOGETHER events; where the stream has no room for all, each on its own."""
        types = dict.fromkeys([parcel[0] for parcel in parcels])
        if len(types) == 1 and len(parcels) <= _TOGETHER:
            return await self._one_call(parcels)
        answers: dict[int, str | Exception] = {}
        for event_type in types:
            positions = [position for position, parcel in enumerate(parcels) if parcel[0] == event_type]
            for start in range(0, len(positions), _TOGETHER):
                chunk = positions[start : start + _TOGETHER]
                together = [parcels[position] for position in chunk]
                answers.update(zip(chunk, await self._one_call(together), strict=True))
        return [answers[position] for position in range(len(parcels))]

    async def _one_call(self, parcels: list[_Parcel]) -> list[str | Exception]:
        stream = self._names.events(parcels[0][0])
        if len(parcels) == 1:
            try:
                entry = await self._wire.call("FCALL", "aqe_publish_one", 1, stream, *self._alone(parcels[0]))
            except ResponseError as error:
                return [await self._answer(error, self._write(parcels[0]))]
            return [entry.decode()]
        arguments = self._table(parcels)
        try:
            entries = await self._wire.call("FCALL", "aqe_publish_many", 1, stream, *arguments)
        except ResponseError as error:
            if "Function not found" not in str(error):
                return await self._attempt_singly(parcels, None)  # which tells what is wrong with each
            entries = await self._functions.call("aqe_publish_many", [stream], arguments)
        return [entry.decode() for entry in entries]

    def _alone(self, parcel: _Parcel) -> list[str | bytes | int]:
        """Arguments of aqe_publish_one."""
        event_type, values, window_ms = parcel
        return [values[0], window_ms, self.cap, event_type, *stream_fields(event_type, values)]

    def _table(self, parcels: list[_Parcel]) -> list[str | bytes | int]:
        """Arguments of aqe_publish_many: what all events have in common once, the rest an event."""
        event_type, _, window_ms = parcels[0]
        rows = [values for _, values, _ in parcels]
        fields: list[str | bytes] = ["type", event_type, *SAME_FOR_ALL]
        differs = []
        for name, column in zip(ATTRIBUTES, zip(*rows, strict=True), strict=True):
            value = column[0] if name != "id" and column.count(column[0]) == len(column) else _DIFFERS
            differs.append(value == _DIFFERS and any(column))
            if value or differs[-1]:
                fields += [name, value]
        return [
            window_ms, self.cap, event_type, len(fields), *fields,
            *chain.from_iterable(compress(values, differs) for values in rows),
        ]  # fmt: skip

    async def _attempt_singly(self, parcels: list[_Parcel], wait: "_Wait | None") -> list[str | Exception]:
        writes = [self._write(parcel) for parcel in parcels]
        pipeline = self._client.pipeline(transaction=False)
        for write in writes:
            pipeline.execute_command("FCALL", "aqe_publish", 1, write.key, *write.args)
        if wait is not None:
            # Over the same connection: it waits for what this connection wrote, and a repeated publish writes, too.
            pipeline.execute_command("WAIT", *wait)
        raw = await pipeline.execute(raise_on_error=False)
        confirmed = raw.pop() if wait is not None else None
        answers = [await self._answer(value, write) for value, write in zip(raw, writes, strict=True)]
        if wait is None:
            return answers
        if any("Function not found" in str(value) for value in raw):
            return await self._attempt(parcels, wait)  # they were published over another connection just now
        return _unless_confirmed(answers, confirmed, wait)

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
            if isinstance(value, OutOfMemoryError):
                return ServiceUnavailable("publish: the Redis server has no memory left", hint="raise its maxmemory")
            return ServiceUnavailable(f"publish: {value}")
        return ServiceUnavailable(f"publish: unexpected answer {value!r}")


def _parcel(event: Event, window_ms: int | None = None) -> _Parcel:
    return check_type(event.type), event.values(), window_ms or DEDUPE_WINDOW_MS


_Wait = tuple[int, int]
"""Replicas, milliseconds."""


def _wait(confirm: Confirm, replicas: int, timeout_ms: int) -> _Wait | None:
    if confirm == "server":
        return None
    if confirm != "replicas" or replicas < 1 or not 0 < timeout_ms <= MAX_CONFIRM_TIMEOUT_MS:
        raise InputError(
            f"confirm={confirm!r}, replicas={replicas}, timeout_ms={timeout_ms} cannot be waited for",
            hint=f"confirm is 'server' or 'replicas', replicas >= 1, timeout_ms from 1 to {MAX_CONFIRM_TIMEOUT_MS}",
        )
    return replicas, timeout_ms


def _unless_confirmed(answers: list[str | Exception], confirmed: object, wait: _Wait) -> list[str | Exception]:
    """The answers, when enough replicas have what was written before."""
    replicas, timeout_ms = wait
    if isinstance(confirmed, ResponseError) and "UNBLOCKED" in str(confirmed):
        raise RedisConnectionError(str(confirmed))  # demoted while it waited
    if isinstance(confirmed, int) and confirmed >= replicas:
        return answers
    have = f"{confirmed} of {replicas} replicas have it" if isinstance(confirmed, int) else str(confirmed)
    problem = NotConfirmedError(
        f"publish: written, but not confirmed: {have} after {timeout_ms} ms",
        hint="publish the same event again; look at INFO replication of the primary",
    )
    return [answer if isinstance(answer, Exception) else problem for answer in answers]
