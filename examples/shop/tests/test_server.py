"""The shop as a process, over real connections."""

import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .shop_process import STOP_TIMEOUT_S, ShopProcess, running_shop, start_shop


def call(url: str, body: object = None) -> tuple[int, Any]:
    """GET, or POST with a body; status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - the shop's own URL
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_customer_buys_something(shop: ShopProcess) -> None:
    """From the search to the order, on one server."""
    _, found = call(f"{shop.url}/api/products?q=knife")
    (product,) = found["products"]
    status, page = call(f"{shop.url}/api/products/{product['id']}")
    assert (status, page["available"]) == (200, True)
    _, cart = call(f"{shop.url}/api/cart", {"product_id": product["id"], "quantity": 2})
    status, order = call(f"{shop.url}/api/orders", {"cart_id": cart["id"]})
    assert (status, order["total_cents"]) == (201, 2 * page["price"])


def test_orders_of_one_cart_at_the_same_time_make_one_order(shop: ShopProcess) -> None:
    """Whoever comes second is told the order that won."""
    _, cart = call(f"{shop.url}/api/cart", {"product_id": 2})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call(f"{shop.url}/api/orders", {"cart_id": cart["id"]}), range(8)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7


def test_pieces_added_at_the_same_time_are_all_in_the_cart(shop: ShopProcess) -> None:
    """No update is lost between threads."""
    _, cart = call(f"{shop.url}/api/cart", {"product_id": 2})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: call(f"{shop.url}/api/cart", {"product_id": 2, "cart_id": cart["id"]}), range(16)))
    _, cart = call(f"{shop.url}/api/cart/{cart['id']}")
    assert cart["lines"][0]["quantity"] == 17


def test_sigterm_ends_the_server_cleanly(tmp_path: Path) -> None:
    """Exit code 0, one line on stdout, nothing on stderr, both logs complete; this shop has the feed that ships."""
    with running_shop(tmp_path, "--release", "1.4.0") as shop:
        assert call(f"{shop.url}/health") == (200, {"status": "ok", "release": "1.4.0", "products": 36})
        shop.process.send_signal(signal.SIGTERM)
        out, err = shop.process.communicate(timeout=STOP_TIMEOUT_S)
    assert (shop.process.returncode, out, err) == (0, "", "")
    messages = [json.loads(line)["message"] for line in (tmp_path / "app.jsonl").read_text().splitlines()]
    assert messages[0].startswith("release 1.4.0 listens on port ")
    assert messages[-1] == "stopped"
    assert '"GET /health HTTP/1.1" 200' in (tmp_path / "access.log").read_text()


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, and the address is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_shop("--port", str(port), "--data-dir", str(tmp_path))
        _, err = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 2
    assert err.startswith(f"shop: can not listen on 127.0.0.1:{port}: Address already in use")
    assert err.count("\n") == 1


def test_a_directory_that_can_not_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, no traceback."""
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    process: subprocess.Popen[str] = start_shop("--port", "0", "--data-dir", str(in_the_way))
    _, err = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 2
    assert err.startswith("shop: ") and err.count("\n") == 1
