"""A store on each of two servers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis

from aqe.memory.store import MemoryStore
from aqe.tests.contract.memory.places import Place


@pytest.fixture(params=["server", "fakeredis"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "server":
        client: Any = Redis.from_url(request.getfixturevalue("redis_url"), protocol=2)
    else:
        client = FakeAsyncRedis()
    yield Place(request.param, client)
    await client.aclose()


@pytest.fixture
def memory(place: Place) -> MemoryStore:
    return place.store()
