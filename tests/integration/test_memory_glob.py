"""A glob finds in the index what KEYS finds in the whole store."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from aqe.core.globs import compile_glob
from aqe.fleet.servers.library import Library
from aqe.memory import store as store_module
from aqe.memory.store import MemoryStore

CHARACTERS = "abcz-/^[]*?\\ é\N{SNOWMAN}"
PIECES = [
    *CHARACTERS,
    "aqe/",
    "*/",
    "/*/",
    "a/",
    "**",
    "[a-c]",
    "[c-a]",
    "[^a]",
    "[^a-c]",
    "[z-a]",
    "[]",
    "[^]",
    "[]a]",
    "[\\]]",
    "[\\",
    "[a-",
    "[a-]",
    "[-a]",
    "[a\\-c]",
    "[a-é]",
    "[é-z]",
    "[^\N{SNOWMAN}]",
    "\\*",
    "\\?",
    "\\[",
    "\\\\",
    "\\a",
]
names = st.text(CHARACTERS, min_size=1, max_size=6).map(lambda text: "aqe/" + text) | st.text(
    CHARACTERS, min_size=1, max_size=4
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Names, and patterns of which some are a name with a part replaced, so that they hit."""
    stored = draw(st.lists(names, min_size=1, max_size=12, unique=True))
    globs = draw(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=1, max_size=8))
    for name in draw(st.lists(st.sampled_from(stored), max_size=4)):
        start = draw(st.integers(0, len(name)))
        end = draw(st.integers(start, len(name)))
        globs.append(name[:start] + draw(st.sampled_from(PIECES)) + name[end:])
    return stored, globs


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.mark.parametrize("page", [1_000, 2], ids=["one page", "pages of two"])
@pytest.mark.parametrize("prefix", ["", "{fleet}"], ids=["default fleet", "named fleet"])
def test_a_glob_finds_what_keys_finds(
    redis_url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, prefix: str, page: int
) -> None:
    """Property over random names and patterns, the malformed ones too: same names, in order, with their values."""
    monkeypatch.setattr(store_module, "PAGE_NAMES", page)

    async def connected() -> Any:
        return Redis.from_url(redis_url, protocol=2)

    client = runner.run(connected())
    memory = MemoryStore(client, Library(client), prefix=prefix)

    async def check(stored: list[str], globs: list[str]) -> None:
        await client.flushall()
        await memory.apply([memory.prepare_store(name, name) for name in stored])
        for glob in globs:
            physical = await client.keys((prefix + glob).encode())  # braces mean nothing in a glob
            expected = {key.removeprefix(prefix.encode()).decode() for key in physical} & set(stored)
            in_order = sorted(expected, key=str.encode)
            assert await memory.keys(glob) == in_order, glob
            assert await memory.retrieve_pattern(glob) == {name: name for name in in_order}, glob
            if glob.isascii():  # the server compares bytes, the pattern of our own side characters
                ascii_names = [name for name in stored if name.isascii()]
                ours = {name for name in ascii_names if compile_glob(glob).fullmatch(name)}
                assert ours == expected & set(ascii_names), glob

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(cases())
    @example((["a", "b", "é", "z"], ["[a-é]", "[é-a]", "[z-é]*", "[^a-é]"]))
    @example(
        (["aqe/a]", "aqe/]", "aqe/[", "aqe/\\"], ["aqe/[", "aqe/[]*", "aqe/\\", "aqe/[^", "aqe/[^]*", "aqe/[\\]]"])
    )
    @example(
        (["aqe/a/1/b", "aqe/a/2/b", "aqe/a/b", "aqe/a/1/b/c"], ["aqe/*/b", "aqe/a/*/b", "*/b", "aqe/*/*/b*", "*1/*"])
    )
    @example((["ab", "a-b", "abc"], ["a*b*c", "*b", "a\\-b", "**", "*?", "?*?*?", ""]))
    def property_(case: tuple[list[str], list[str]]) -> None:
        runner.run(check(*case))

    property_()
    runner.run(client.aclose())


async def test_a_nasty_pattern_does_not_hold_the_server_up(redis_url: str) -> None:
    """Thirty stars against a long name: the matcher is not exponential."""
    client: Any = Redis.from_url(redis_url, protocol=2, socket_timeout=5)
    memory = MemoryStore(client, Library(client))
    await memory.apply([memory.prepare_store(f"aqe/{'a' * 500}{n}", 1) for n in range(20)])
    assert await memory.keys("*a" * 30 + "b") == []
    assert len(await memory.keys("aqe/" + "*a" * 30 + "*")) == 20
    await client.aclose()


async def test_a_glob_costs_what_it_finds_not_what_is_stored(redis_url: str) -> None:
    """Fifty hits are as few index entries among 20,000 names as among 200: one call of the server, however many."""
    client: Any = Redis.from_url(redis_url, protocol=2, socket_timeout=60)
    memory = MemoryStore(client, Library(client))
    await memory.apply([memory.prepare_store(f"aqe/quality-signals/{n:03}", n) for n in range(50)])
    for start in range(0, 20_000, 1_000):
        await memory.apply([memory.prepare_store(f"aqe/other/{n:06}", n) for n in range(start, start + 1_000)])
    await client.config_resetstat()
    assert len(await memory.retrieve_pattern("aqe/quality-signals/*")) == 50
    calls = await client.info("commandstats")
    assert calls["cmdstat_fcall_ro"]["calls"] == 1
    assert calls["cmdstat_mget"]["calls"] == 1
    assert "cmdstat_exists" not in calls and "cmdstat_get" not in calls
    assert "cmdstat_scan" not in calls and "cmdstat_keys" not in calls
    await client.aclose()
