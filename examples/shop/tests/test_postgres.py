"""The shop on PostgreSQL: the same answers. Skipped where there is no server or no driver."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shop import access_log, logs, rum
from shop.app import create_app
from shop.config import load_settings
from shop.db import connect
from shop.payment.stub import PaymentStub

from .conftest import FEED
from .shop_process import start_shop
from .visitor import ADDRESS, CARD, CUSTOMER, Visitor

START_TIMEOUT_S = 30


def owner() -> str | None:
    """Whom the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="no psycopg: pip install '.[postgres]'")
    if not (shutil.which("initdb") and shutil.which("postgres")):
        pytest.skip("no initdb and postgres on PATH")
    user = owner()
    # Not pytest's folder, which another user can not enter.
    folder = Path(tempfile.mkdtemp())
    if user:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = str(folder / "data")
    subprocess.run(
        ["initdb", "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8", "--no-sync"],  # noqa: S607
        user=user, cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    server = subprocess.Popen(
        ["postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"],  # noqa: S607
        user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"postgresql://shop@127.0.0.1:{port}/postgres"
        await_server(url)
        yield url
    finally:
        server.send_signal(2)  # SIGINT: a fast shutdown
        server.wait()
        shutil.rmtree(folder)


def await_server(url: str) -> None:
    import psycopg

    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def client(database_url: str, tmp_path: Path, payments: PaymentStub) -> Iterator[FlaskClient]:
    flags = ["--feed", str(FEED), "--database-url", database_url, "--payment-url", payments.url]
    yield create_app(load_settings(flags, {"SHOP_DATA_DIR": str(tmp_path)})).test_client()
    logs.close_logs(*logs.LOGGERS, access_log.LOGGER, rum.LOGGER)


def test_a_customer_buys_on_postgresql(client: FlaskClient, tmp_path: Path) -> None:
    """From the search to the history; stock falls, a second order is refused, and no SQLite file appears."""
    visitor = Visitor(client)
    assert visitor.see("/?q=LAMP&sort=-price").text("result-count") == "1 product"
    page = visitor.at_the_checkout(3, quantity=2).send("/checkout", **ADDRESS, **CARD)
    assert page.text("order-total") == "€91.80"
    assert len(visitor.see("/orders").all("order-row")) == 1
    assert client.get("/api/products/3").get_json()["stock"] == 8
    cart_id = client.get(f"/api/orders/{page.text('order-id')}").get_json()["cart_id"]
    assert client.post("/api/orders", json={"cart_id": cart_id}).status_code == 409
    assert not list(tmp_path.glob("*.sqlite3"))


def test_lists_are_the_same_as_on_sqlite(client: FlaskClient) -> None:
    """Sorted, searched, by pages, with wildcards and null bytes taken as text."""
    first = {sort: client.get(f"/api/products?sort={sort}&limit=1").get_json()["products"][0]["id"] for sort in
             ("id", "name", "price", "-price")}  # fmt: skip
    assert first == {"id": 1, "name": 6, "price": 4, "-price": 1}
    beyond = client.get("/api/products?category=kitchen&limit=1&page=3").get_json()
    assert (beyond["products"], beyond["total"]) == ([], 2)
    assert client.get("/api/products", query_string={"q": "50%"}).get_json()["count"] == 1
    assert client.get("/api/products", query_string={"q": "\x00"}).get_json()["count"] == 0


def test_a_transaction_that_fails_leaves_nothing(client: FlaskClient) -> None:
    """More than the stock is refused, and the cart stays as it was."""
    client.post("/api/login", json=CUSTOMER)
    cart_id = client.post("/api/cart", json={"product_id": 1, "quantity": 3}).get_json()["id"]
    assert client.post("/api/cart", json={"cart_id": cart_id, "product_id": 1, "quantity": 3}).status_code == 409
    assert client.get(f"/api/cart/{cart_id}").get_json()["lines"][0]["quantity"] == 3


def test_a_server_that_does_not_answer_is_said_without_a_traceback(database_url: str, tmp_path: Path) -> None:
    """Exit code 2."""
    with start_shop("--data-dir", str(tmp_path), "--database-url", "postgresql://shop@127.0.0.1:1/x") as process:
        _, err = process.communicate(timeout=START_TIMEOUT_S)
    assert process.returncode == 2
    assert err.startswith("shop: ") and "Traceback" not in err
