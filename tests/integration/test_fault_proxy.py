"""The fault proxy with real sockets: each fault as its client meets it, hostile HTTP, and a kill -9."""

import asyncio
import errno
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from aqe.benchmarks.servers.nodes import free_port
from aqe.connectors.faults.admin import Admin
from aqe.connectors.faults.proxy import FaultProxy
from aqe.connectors.faults.wire import reset
from aqe.connectors.formats.production.har import Har
from aqe.core.errors import InputError
from aqe.core.records.faults import FaultPlan, ProxyPlan
from aqe.fleet.replays.fault_proxy import all_stats, proxies, read_plan
from aqe.tests.unit.formats.reading_rows import rows as rows_of

BODY = b'{"price": 12}'
GET = b"GET /products?id=1 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"


class Upstream:
    """A server that keeps what it was asked, and answers one thing."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
        self.body = BODY

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-le")), 0)
        body = await reader.readexactly(length)
        if b"chunked" in head.lower():
            body += await reader.readuntil(b"0\r\n\r\n")
        self.asked.append(head + body)
        writer.write(self.head + self.body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, int]]:
    one = Upstream()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    yield one, server.sockets[0].getsockname()[1]
    server.close()


@asynccontextmanager
async def proxy(port: int | None, *faults: dict[str, Any], http: bool = True, **more: Any) -> AsyncIterator[FaultProxy]:
    target = None if port is None else f"{'http://' * http}127.0.0.1:{port}"
    one = {"name": "bank", "target": target, "faults": faults}
    async with proxies(FaultPlan.from_value({"seed": 7, "proxies": [one]}, where="test"), **more) as running:
        yield running[0]


async def ask(running: FaultProxy, request: bytes = GET, *, half_close: bool = False) -> bytes:
    """Everything that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection(running.host, running.port)
    try:
        writer.write(request)
        if half_close:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_without_faults_everything_passes(upstream: tuple[Upstream, int]) -> None:
    """Method, path, headers, bodies; what is about the connection alone is not passed on."""
    post = (
        b"POST /pay HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
    )
    async with proxy(upstream[1]) as running:
        answer = await ask(running, post)
    head, _, body = upstream[0].asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /pay HTTP/1.1\r\nhost: 127.0.0.1:") and b"x-a: 1" in head and body == b"hello"
    assert b"x-hop" not in head and b"expect" not in head
    assert answer.startswith(b"HTTP/1.1 100") and answer.endswith(BODY)


async def test_one_connection_carries_several_requests(upstream: tuple[Upstream, int]) -> None:
    """Keep-alive, with both requests sent before the first answer."""
    async with proxy(upstream[1]) as running:
        answer = await ask(running, b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n" + GET)
        assert running.stats()["connections"] == 1
    assert answer.count(b"HTTP/1.1 200") == 2
    assert [asked.split(b" ")[1] for asked in upstream[0].asked] == [b"/a", b"/products?id=1"]


async def test_latency_makes_the_answer_wait(upstream: tuple[Upstream, int]) -> None:
    """The upstream is asked at once; the answer is not there before its time."""
    async with proxy(upstream[1], {"kind": "latency", "value": 80}) as running:
        before = time.monotonic()
        assert (await ask(running)).endswith(BODY)
        assert time.monotonic() - before >= 0.08


async def test_a_timeout_is_never_answered_and_closes_when_told(upstream: tuple[Upstream, int]) -> None:
    """The upstream is not asked."""
    async with proxy(upstream[1], {"kind": "timeout", "value": 30}) as running:
        assert await ask(running) == b""
    assert not upstream[0].asked


async def test_a_client_that_does_not_wait_is_counted_with_the_fault_it_did_not_see(
    upstream: tuple[Upstream, int],
) -> None:
    """This is how a client's time-out hides failures: the 500 was decided, and nobody read it."""
    faults = ({"kind": "latency", "value": 60}, {"kind": "error", "value": 500})
    async with proxy(upstream[1], *faults) as running:
        _, writer = await asyncio.open_connection(running.host, running.port)
        writer.write(GET)
        await asyncio.sleep(0)
        writer.close()
        await eventually(lambda: running.stats()["left"] == {"any": 1, "error": 1, "latency": 1})


async def test_who_counts_after_the_clients_have_left_counts_all_of_them() -> None:
    """One hangs up, one dies; the proxy's wait ends with the second, long before the answers are due."""
    async with proxy(None, {"kind": "latency", "value": 30_000}) as running:
        writers = [(await asyncio.open_connection(running.host, running.port))[1] for _ in range(2)]
        for writer in writers:
            writer.write(GET)
        await eventually(lambda: len(running.pace.waiting) == 2)
        writers[0].close()
        reset(writers[1])
        await running.pace.settled(20)
        assert running.stats()["left"] == {"any": 2, "latency": 2}


async def test_the_wait_for_clients_ends_without_them() -> None:
    """One that stays is waited for so long and not longer; one that has its answer is waited for no more."""
    async with proxy(None, {"kind": "latency", "value": 30_000}) as running:
        answer = asyncio.create_task(ask(running))
        await eventually(lambda: bool(running.pace.waiting))
        await running.pace.settled(0.01)
        assert running.pace.waiting
        answer.cancel()
    async with proxy(None, {"kind": "latency", "value": 60}) as running:
        answer = asyncio.create_task(ask(running))
        await eventually(lambda: bool(running.pace.waiting))
        await running.pace.settled(20)
        assert not running.pace.waiting and await answer
        assert running.stats()["left"] == {}


async def test_a_reset_is_a_reset(upstream: tuple[Upstream, int]) -> None:
    """Not an end in good order."""
    async with proxy(upstream[1], {"kind": "reset"}) as running:
        with pytest.raises(ConnectionResetError):
            await ask(running)


async def test_an_error_is_answered_in_place_of_the_upstream(upstream: tuple[Upstream, int]) -> None:
    """For its route only."""
    fault = {"kind": "error", "value": 502, "method": "get", "path": "/products"}
    async with proxy(upstream[1], fault) as running:
        assert (await ask(running)).startswith(b"HTTP/1.1 502 ")
        assert (await ask(running, GET.replace(b"/products", b"/orders"))).startswith(b"HTTP/1.1 200 ")
        assert running.stats()["statuses"] == {"200": 1, "502": 1}


async def test_a_truncated_body_breaks_off(upstream: tuple[Upstream, int]) -> None:
    """Half of what is announced, or so many bytes."""
    async with proxy(upstream[1], {"kind": "truncate"}) as running:
        assert (await ask(running)).endswith(b"\r\n\r\n" + BODY[:6])
    async with proxy(upstream[1], {"kind": "truncate", "value": 2}) as running:
        assert (await ask(running)).endswith(b"\r\n\r\n" + BODY[:2])


async def test_bandwidth_slows_the_body(upstream: tuple[Upstream, int]) -> None:
    """13 bytes at 130 a second."""
    async with proxy(upstream[1], {"kind": "bandwidth", "value": 130}) as running:
        before = time.monotonic()
        assert (await ask(running)).endswith(BODY)
        assert time.monotonic() - before >= 0.1


async def test_slow_close_keeps_the_connection_after_the_answer(upstream: tuple[Upstream, int]) -> None:
    async with proxy(upstream[1], {"kind": "slow-close", "value": 60}) as running:
        reader, writer = await asyncio.open_connection(running.host, running.port)
        before = time.monotonic()  # not after the answer: it may be read late
        writer.write(GET)
        assert (await reader.readuntil(BODY)).endswith(BODY)
        assert await reader.read() == b""
        assert time.monotonic() - before >= 0.06
        writer.close()


async def test_refuse_closes_the_door_and_opens_it_again(upstream: tuple[Upstream, int]) -> None:
    """Changed while it runs."""
    async with proxy(upstream[1]) as running:
        running.change(
            FaultPlan.from_value(
                {"proxies": [{"name": "x", "target": "h:1", "faults": [{"kind": "refuse"}]}]}, where=""
            )
            .proxies[0]
            .faults
        )
        await eventually(lambda: refused(running))
        running.change(())
        await eventually(lambda: not refused(running))
        assert (await ask(running)).endswith(BODY)


async def test_a_client_that_is_still_sending_gets_the_refusal(upstream: tuple[Upstream, int]) -> None:
    """Hung up on at once, it would see a reset: a head without end, a body that nobody wants."""
    async with proxy(upstream[1]) as running:
        assert (await ask(running, GET[:-2] + b"X: " + b"a" * 500_000)).startswith(b"HTTP/1.1 431 ")
    async with proxy(free_port()) as running:
        body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"a" * 800_000
        assert (await ask(running, body, half_close=True)).startswith(b"HTTP/1.1 502 ")


async def test_a_recording_that_cannot_be_written_any_more_ends_and_the_proxy_goes_on(
    upstream: tuple[Upstream, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: what was written is a whole file still."""
    file = tmp_path / "a" / "traffic.har"
    file.parent.mkdir()
    async with proxy(upstream[1], record=file) as running:
        await ask(running)
        await eventually(lambda: len(json.loads(file.read_text())["log"]["entries"]) == 1)

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("aqe.connectors.faults.recorder.os.replace", full)
        await ask(running)
        await eventually(lambda: [path.name for path in file.parent.iterdir()] == ["traffic.har"])
        assert (await ask(running)).endswith(BODY)
    assert len(json.loads(file.read_text())["log"]["entries"]) == 1


async def test_a_door_that_cannot_be_opened_again_says_so_and_opens_when_it_can(
    upstream: tuple[Upstream, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else took the address while the proxy refused."""
    monkeypatch.setattr("aqe.connectors.faults.proxy.REOPEN_S", 0.01)
    async with proxy(upstream[1], {"kind": "refuse"}) as running:
        await eventually(lambda: refused(running))
        with socket.socket() as other:
            other.bind((running.host, running.port))
            other.listen()
            running.change(())
            await eventually(lambda: "cannot listen" in running.stats().get("problem", ""))
        await eventually(lambda: "problem" not in running.stats())
        assert (await ask(running)).endswith(BODY)


async def test_an_upstream_that_is_not_there_is_a_bad_gateway() -> None:
    """And one that breaks off, too."""
    async with proxy(free_port()) as running:
        assert (await ask(running)).startswith(b"HTTP/1.1 502 ")
        assert (await ask(running, GET.replace(b"GET", b"HEAD"))).startswith(b"HTTP/1.1 502 ")


async def test_without_a_target_the_proxy_answers_by_itself() -> None:
    async with proxy(None) as running:
        assert (await ask(running)).endswith(b"\r\n\r\n{}")
        head = await ask(running, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
        assert head.count(b"HTTP/1.1 200") == 2 and head.endswith(b"\r\n\r\n{}")


async def test_connections_of_any_protocol_get_the_faults_that_apply(upstream: tuple[Upstream, int]) -> None:
    """Latency, truncation, reset, and none."""
    async with proxy(upstream[1], http=False) as running:
        assert (await ask(running)).endswith(BODY)
    async with proxy(upstream[1], {"kind": "latency", "value": 50}, http=False) as running:
        before = time.monotonic()
        assert (await ask(running)).endswith(BODY)
        assert time.monotonic() - before >= 0.05
    async with proxy(upstream[1], {"kind": "truncate", "value": 8}, http=False) as running:
        assert await ask(running) == b"HTTP/1.1"
    async with proxy(upstream[1], {"kind": "reset"}, http=False) as running:
        with pytest.raises(ConnectionResetError):
            await ask(running)
    async with proxy(upstream[1], {"kind": "bandwidth", "value": 2000}, {"kind": "slow-close", "value": 20},
                     http=False) as running:  # fmt: skip
        assert (await ask(running)).endswith(BODY)


HOSTILE = {
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  # noqa: E501
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n",
    "odd encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "blank before the colon": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd",
    "bad chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n",
    "null in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "another server": b"GET http://other/ HTTP/1.1\r\nHost: other\r\n\r\n",
    "tunnel": b"CONNECT other:22 HTTP/1.1\r\nHost: other\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "giant header": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "headers without end": b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_requests_end_at_the_proxy(upstream: tuple[Upstream, int], kind: str) -> None:
    """Answered with 4xx or 501 or closed, never passed on whole, and the next client is served."""
    async with proxy(upstream[1]) as running:
        try:
            answer = await asyncio.wait_for(ask(running, HOSTILE[kind], half_close=True), 5)
        except ConnectionResetError:
            answer = b""
        assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 502"))
        assert not upstream[0].asked
        assert (await ask(running)).endswith(BODY)


async def test_a_client_that_closed_its_half_gets_its_answer(upstream: tuple[Upstream, int]) -> None:
    async with proxy(upstream[1], {"kind": "latency", "value": 20}) as running:
        assert (await ask(running, half_close=True)).endswith(BODY)


async def test_chunks_of_the_upstream_arrive_whole(upstream: tuple[Upstream, int]) -> None:
    """Framed anew."""
    upstream[0].head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    upstream[0].body = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    async with proxy(upstream[1]) as running:
        answer = await ask(running)
        assert b"hello" in answer and answer.endswith(b"0\r\n\r\n")
        old = await ask(running, b"GET / HTTP/1.0\r\n\r\n")
        assert old.endswith(b"\r\n\r\nhello!")
        sent = await ask(running, GET.replace(b"GET", b"POST").replace(
            b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))  # fmt: skip
        assert sent.startswith(b"HTTP/1.1 200") and b"3\r\nabc\r\n" in upstream[0].asked[-1]


async def test_a_recording_is_an_archive_that_our_importer_reads(
    upstream: tuple[Upstream, int], tmp_path: Path
) -> None:
    """Bodies of text up to 16 KiB, compressed ones as text; faults and errors are told."""
    packed = gzip.compress(BODY)
    upstream[0].head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(packed)
    )
    upstream[0].body = packed
    path = tmp_path / "traffic.har"
    async with proxy(upstream[1], {"kind": "reset", "path": "/reset"}, record=path) as running:
        assert json.loads(path.read_text())["log"]["entries"] == []
        await ask(running)
        post = b'POST /pay HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'
        await ask(running, post)
        await ask(running, GET.replace(b"/products?id=1", b"/large").replace(b"\r\n\r\n", b"\r\nX: 1\r\n\r\n"))
        with pytest.raises(ConnectionResetError):
            await ask(running, GET.replace(b"/products", b"/reset"))
    rows = rows_of(Har(), path.read_bytes())
    assert [(row.method, row.path, row.status) for row in rows] == [
        ("GET", "/products?id=1", 200), ("POST", "/pay", 200), ("GET", "/large", 200), ("GET", "/reset?id=1", None),
    ]  # fmt: skip
    assert rows[0].response_body == BODY.decode() and rows[0].host == "http://shop"
    assert rows[1].request_body == '{"a": 1}' and rows[3].error == "reset"
    assert path.stat().st_mode & 0o077 == 0


async def test_a_recording_tells_visits_apart_and_opens_no_door(upstream: tuple[Upstream, int], tmp_path: Path) -> None:
    """A session given by one answer is the one that the next request sends, also to the importer."""
    path = tmp_path / "traffic.har"
    given = b"Set-Cookie: shop_session=0pen; HttpOnly\r\nContent-Length: 13\r\n"
    upstream[0].head = upstream[0].head.replace(b"Content-Length: 13\r\n", given)
    async with proxy(upstream[1], record=path) as running:
        for head in (b"", b"Cookie: a=1; shop_session=0pen\r\n", b"Authorization: Bearer 0pen\r\n"):
            await ask(running, GET.replace(b"Host: shop\r\n", b"Host: shop\r\n" + head))
    assert b"0pen" in upstream[0].asked[1] and "0pen" not in path.read_text()
    first, second, third = rows_of(Har(), path.read_bytes())
    assert first.session_given == second.session is not None and third.session not in (None, second.session)


async def test_the_admin_endpoint_changes_faults_for_who_has_the_token(upstream: tuple[Upstream, int]) -> None:
    async with proxy(upstream[1]) as running:
        plan = FaultPlan(proxies=(ProxyPlan(name="bank"),))
        admin = Admin("127.0.0.1:0", "t0ken", {"bank": running}, lambda: all_stats(plan, [running]))
        async with admin.running():

            async def say(request: str, body: str = "", token: str = "t0ken") -> tuple[int, Any]:
                head = f"{request} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
                sent = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
                answer = await ask(admin, sent)  # type: ignore[arg-type]
                return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])

            assert (await say("GET /stats", token="guess"))[0] == 401
            status, told = await say("PUT /faults/bank", '[{"kind": "latency"}]')
            assert status == 400 and "latency needs value, in milliseconds" in told["error"]
            assert (await say("PUT /faults/bank", '[{"kind": "error"}]'))[0] == 200
            assert (await ask(running)).startswith(b"HTTP/1.1 503")
            assert (await say("GET /stats"))[1]["proxies"][0]["faults"] == {"error": 1}
            assert (await say("POST /reset"))[1]["proxies"][0]["requests"] == 0
            assert (await say("PUT /faults/other", "[]"))[0] == 404


def test_the_admin_endpoint_is_for_this_machine_only() -> None:
    with pytest.raises(InputError, match="expected one of this machine"):
        Admin("0.0.0.0:9", "t", {}, dict)


def test_a_plan_is_read_from_yaml_with_the_line_of_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "seed: 7\nproxies:\n  - name: bank\n    target: http://127.0.0.1:1\n    faults:\n      - kind: lag\n"
    )
    with pytest.raises(InputError, match=r"faults.yaml:6: .*'latency'"):
        read_plan(file)


def test_a_killed_proxy_leaves_an_archive_that_can_be_read(tmp_path: Path) -> None:
    """kill -9 in the middle of traffic loses the last second at most; SIGTERM prints the stats."""
    config, har = tmp_path / "faults.yaml", tmp_path / "traffic.har"
    port = free_port()
    config.write_text(
        f"proxies:\n  - {{name: stub, listen: '127.0.0.1:{port}', faults: [{{kind: latency, value: 1}}]}}\n"
    )
    command = [sys.executable, "-P", "-m", "aqe", "fault-proxy", "--config", str(config), "--record", str(har)]
    with started(command, tmp_path) as process:
        sent, until = [], time.monotonic() + 1.6
        while time.monotonic() < until:
            sent.append(time.monotonic())
            once(port)
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        process.wait()
    entries = json.loads(har.read_text())["log"]["entries"]
    assert len(entries) >= sum(at < killed - 1 for at in sent) > 10
    with started(command, tmp_path) as process:
        once(port)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=240)
    stats = json.loads(out)["proxies"][0]
    assert process.returncode == 0 and stats["requests"] >= 1 and stats["faults"] == {"latency": stats["requests"]}
    assert "read again" in err


def once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(GET)
        while client.recv(4096):
            pass


@contextmanager
def started(command: list[str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that listens; killed at the end."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AQE_")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("stub: http://127.0.0.1:")
        try:
            yield process
        finally:
            process.kill()


def refused(running: FaultProxy) -> bool:
    with socket.socket() as client:
        return client.connect_ex((running.host, running.port)) != 0


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)
