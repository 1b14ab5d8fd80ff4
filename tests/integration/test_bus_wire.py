"""Kept connections: each call gets its own answer, whatever happened to the one before it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from aqe.bus.wire import Wire

CONNECTIONS = 6


@pytest.fixture
async def client(redis_url: str, raw: Any) -> AsyncIterator[Any]:
    """A client with few connections that gives a command up after half a second."""
    pool = BlockingConnectionPool.from_url(
        redis_url, max_connections=CONNECTIONS, timeout=5, protocol=2, socket_timeout=0.5
    )
    async with Redis.from_pool(pool) as client:
        yield client


async def test_the_last_answer_of_several_commands_is_returned(client: Any) -> None:
    """In one write, in order."""
    wire = Wire(client)
    assert await wire.last([("SET", "a", 1), ("INCR", "a"), ("GET", "a")]) == b"2"
    await wire.close()


async def test_a_refused_command_is_told_and_shifts_no_answers(client: Any) -> None:
    """The others are executed, and the next call over the connection gets its own answer."""
    wire = Wire(client)
    with pytest.raises(ResponseError, match="unknown command"):
        await wire.last([("SET", "a", 1), ("NONSENSE",), ("INCR", "a")])
    assert await wire.call("GET", "a") == b"2"
    await wire.close()


async def test_a_call_that_is_cancelled_leaves_nothing_for_the_next(client: Any) -> None:
    """Its answer comes for nobody."""
    wire = Wire(client)
    waiting = asyncio.create_task(wire.call("BLPOP", "nothing", 30))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await wire.call("ECHO", "mine") == b"mine"
    await wire.close()


async def test_a_server_that_does_not_answer_is_given_up(client: Any) -> None:
    """After the client's time-out; the task itself is not cancelled, and the next call is answered."""
    wire = Wire(client)
    for _ in range(2):
        with pytest.raises(RedisTimeoutError):
            await wire.call("BLPOP", "nothing", 30)
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0
    assert await wire.call("ECHO", "mine") == b"mine"
    await wire.close()


async def test_who_calls_again_and_again_hands_its_connection_on(client: Any) -> None:
    """One connection, two callers without a pause: the second is answered long before the first has done."""
    wire, turns = Wire(client), list[str]()
    held = [await client.connection_pool.get_connection() for _ in range(CONNECTIONS - 1)]

    async def call(name: str) -> None:
        for _ in range(50):
            await wire.call("ECHO", name)
            turns.append(name)

    await asyncio.gather(call("first"), call("second"))
    assert "second" in turns[:5]
    for connection in held:
        await client.connection_pool.release(connection)
    await wire.close()


async def test_more_calls_than_connections_wait_for_their_turn(client: Any) -> None:
    """Nobody starves behind a connection that somebody keeps, and others of the client find one, too."""
    wire = Wire(client)

    async def call(n: int) -> None:
        for round_ in range(20):
            assert await wire.call("ECHO", f"{n}-{round_}") == f"{n}-{round_}".encode()

    await asyncio.wait_for(asyncio.gather(*(call(n) for n in range(4 * CONNECTIONS))), 4)
    await asyncio.wait_for(asyncio.gather(*(client.ping() for _ in range(4 * CONNECTIONS))), 4)
    await wire.close()


async def test_a_connection_that_broke_is_not_used_again(client: Any, raw: Any) -> None:
    """One call may notice; the next one connects anew."""
    wire = Wire(client)
    own = await wire.call("CLIENT", "ID")
    raw.client_kill_filter(_id=str(own))
    with pytest.raises(RedisConnectionError):
        await wire.call("PING")
    assert await wire.call("CLIENT", "ID") != own
    await wire.close()
