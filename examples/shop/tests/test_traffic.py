"""The traffic driver: its visitors, its arithmetic, and a short run."""

import json
import random
import time
from pathlib import Path

import pytest

import traffic
from traffic import drive, loopback_address, percentile
from visits import Answer, Request, visit

from .shop_process import ShopProcess


def requests_of_a_visit(seed: int, *, product_status: int = 200) -> list[Request]:
    """Plays the shop for one visit: every list has products 1 to 5, and each can be bought."""

    def answer(request: Request) -> Answer:
        if request.path.startswith("/api/products?"):
            return Answer(200, {"products": [{"id": number} for number in range(1, 6)]})
        if request.path.startswith("/api/products/"):
            return Answer(product_status, {"available": True} if product_status == 200 else None)
        return Answer(201 if request.method == "POST" else 200, {"id": "c1"})

    visitor = visit(random.Random(seed))
    sent = [next(visitor)]
    while True:
        try:
            sent.append(visitor.send(answer(sent[-1])))
        except StopIteration:
            return sent


def test_the_same_seed_makes_the_same_visit() -> None:
    """And another seed another one."""
    assert requests_of_a_visit(7) == requests_of_a_visit(7)
    assert len({str(requests_of_a_visit(seed)) for seed in range(20)}) > 10


def test_many_visits_use_every_part_of_the_shop() -> None:
    """Lists by category and by text, pages, carts and orders, in the order a person would."""
    visits = [requests_of_a_visit(seed) for seed in range(200)]
    seen = {(request.method, request.path.split("?")[0].rstrip("0123456789")) for each in visits for request in each}
    assert seen == {
        ("GET", "/api/products"),
        ("GET", "/api/products/"),
        ("POST", "/api/cart"),
        ("GET", "/api/cart/c"),
        ("POST", "/api/orders"),
        ("GET", "/api/orders/c"),
    }


def test_nobody_buys_a_product_whose_page_failed() -> None:
    """The error stays with the page, as with a person in front of it."""
    paths = {request.path for seed in range(50) for request in requests_of_a_visit(seed, product_status=500)}
    assert not {"/api/cart", "/api/orders"} & paths


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 95, None),
        ([5.0], 50, 5.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        (list(range(1, 101)), 95, 95),
        ([1.0, 9.0], 95, 9.0),
    ],
)
def test_percentiles_are_nearest_rank(values: list[float], percent: float, expected: float | None) -> None:
    """A percentile is a value that was measured; without values there is none."""
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081", "http://localhost:8081/", "http://127.8.8.8:8081", "http://[::1]:8081"]
)
def test_this_machine_may_be_driven(url: str) -> None:
    """Under each of its names."""
    assert loopback_address(url)[1] == 8081


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "http://10.0.0.1:8081",
        "http://0.0.0.0:8081",
        "http://127.0.0.1@example.org",
        "http://localhost.example.org",
        "https://127.0.0.1:8081",
        "http://127.0.0.1:port",
        "http://127.0.0.1:8081/api?x",
        "127.0.0.1:8081",
    ],
)
def test_no_other_machine_may_be_driven(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line, before anything is sent."""
    assert traffic.main(["--base-url", url]) == 2
    assert capsys.readouterr().err.startswith("traffic: ")


@pytest.mark.parametrize("flags", [["--seconds", "0"], ["--rate-rps", "inf"], ["--rate-rps", "nan"], ["--users", "0"]])
def test_numbers_that_make_no_sense_are_refused(flags: list[str]) -> None:
    """Exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        traffic.main(["--base-url", "http://127.0.0.1:8081", *flags])
    assert stopped.value.code == 2


def test_a_silent_address_ends_with_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    """Port 1 is nobody's."""
    assert traffic.main(["--base-url", "http://127.0.0.1:1"]) == 3
    assert "nothing answers at http://127.0.0.1:1" in capsys.readouterr().err


def test_a_run_sends_at_the_rate_and_adds_up(shop: ShopProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary is JSON; it says what the shop's access log says."""
    before = len((shop.data_dir / "access.log").read_text().splitlines())
    assert traffic.main(["--base-url", shop.url, "--seconds", "1", "--rate-rps", "80", "--seed", "7", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["requests"] == sum(summary["statuses"].values()) <= 80
    assert summary["errors"] == 0
    assert summary["error_share"] == summary["errors"] / summary["requests"]
    assert 0 < summary["p50_ms"] <= summary["p95_ms"]
    # The shop logs a request after it has answered it, so the last lines may come a moment later.
    deadline = time.monotonic() + 5
    logged: list[str] = []
    while len(logged) < summary["requests"] + 1 and time.monotonic() < deadline:
        logged = (shop.data_dir / "access.log").read_text().splitlines()[before:]
    assert len(logged) == summary["requests"] + 1  # and the first look at /health
    assert len({line.split('"')[5] for line in logged}) > 2  # several kinds of browser


def test_a_recording_holds_what_was_asked_and_answered(shop: ShopProcess, tmp_path: Path) -> None:
    """As HTTP archive, bodies of both sides included, in order of time."""
    record = tmp_path / "traffic.har"
    assert traffic.main(
        ["--base-url", shop.url, "--seconds", "1", "--rate-rps", "60", "--seed", "3", "--record", str(record)]
    ) == 0  # fmt: skip
    log = json.loads(record.read_text(encoding="utf-8"))["log"]
    assert log["version"] == "1.2"
    assert [one["startedDateTime"] for one in log["entries"]] == sorted(
        one["startedDateTime"] for one in log["entries"]
    )
    added = next(one for one in log["entries"] if one["request"]["method"] == "POST")
    sent, got = json.loads(added["request"]["postData"]["text"]), json.loads(added["response"]["content"]["text"])
    assert added["request"]["url"] == f"{shop.url}/api/cart"
    assert (added["response"]["status"], got["lines"][0]["product_id"]) == (201, sent["product_id"])
    found = next(one for one in log["entries"] if "?" in one["request"]["url"])
    assert found["request"]["queryString"][0]["name"] in ("q", "category")


def test_a_recording_that_can_not_be_written_is_said_in_one_line(
    shop: ShopProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2."""
    record = tmp_path / "nowhere" / "traffic.har"
    assert traffic.main(["--base-url", shop.url, "--seconds", "0.1", "--record", str(record)]) == 2
    assert str(record) in capsys.readouterr().err


def test_a_run_in_words_has_the_same_numbers(shop: ShopProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json, a line a number."""
    assert traffic.main(["--base-url", shop.url, "--seconds", "0.2", "--rate-rps", "20"]) == 0
    assert "requests: " in capsys.readouterr().out


def test_a_run_too_short_for_a_request_has_no_shares(shop: ShopProcess) -> None:
    """None, not zero: nothing was measured."""
    summary = drive(shop.url, seconds=1e-9, rate_rps=1, seed=0)
    assert (summary.requests, summary.error_share, summary.p95_ms) == (0, None, None)
