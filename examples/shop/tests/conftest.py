"""Fixtures: a shop with a small catalogue of its own, in this process and as a process.

`SHOP_PRICING` chooses the pricing under test, as it does for the server: the suite passes with either.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from shop import access_log, logs, rum
from shop.app import create_app
from shop.config import Settings, load_settings
from shop.payment.stub import PaymentStub

from .shop_process import ShopProcess, running_shop

FEED = Path(__file__).with_name("feed.json")

# The customers that ship, with hashes that cost next to nothing: tests log in often.
ACCOUNTS = Path(__file__).with_name("accounts.json")


@pytest.fixture
def payments() -> Iterator[PaymentStub]:
    """The payment service, which can be asked what it took."""
    with PaymentStub() as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, payments: PaymentStub, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("shop.seed.ACCOUNTS", ACCOUNTS)
    pricing = os.environ.get("SHOP_PRICING", "safe")
    return load_settings(
        ["--feed", str(FEED), "--release", "1.4.0", "--payment-url", payments.url],
        {"SHOP_DATA_DIR": str(tmp_path), "SHOP_PRICING": pricing},
    )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates, compiled once for all apps."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, compiled: FileSystemBytecodeCache) -> Iterator[Flask]:
    app = create_app(settings)
    app.jinja_env.bytecode_cache = compiled
    yield app
    logs.close_logs(*logs.LOGGERS, access_log.LOGGER, rum.LOGGER)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def a_cart(client: FlaskClient) -> Callable[..., str]:
    """Makes a cart with `quantity` pieces of a product; its id."""

    def make(product_id: int = 1, quantity: int = 1) -> str:
        answer = client.post("/api/cart", json={"product_id": product_id, "quantity": quantity})
        assert answer.status_code == 201
        return str(answer.get_json()["id"])

    return make


@pytest.fixture
def supplier_says(app: Flask, settings: Settings) -> Callable[..., None]:
    """Changes fields of a stored offer, as the supplier's next feed would."""

    def change(product_id: int, **fields: object) -> None:
        with closing(sqlite3.connect(settings.database)) as connection, connection:
            (record,) = connection.execute("SELECT record FROM offers WHERE product_id = ?", (product_id,)).fetchone()
            changed = json.dumps({**json.loads(record), **fields})
            connection.execute("UPDATE offers SET record = ? WHERE product_id = ?", (changed, product_id))

    return change


@pytest.fixture
def app_log(settings: Settings) -> Callable[[], list[dict[str, Any]]]:
    """Reads the application log written so far."""
    return lambda: [json.loads(line) for line in settings.app_log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    """One process for all tests of a module, with the tests' catalogue."""
    with running_shop(tmp_path_factory.mktemp("shop"), "--release", "1.4.0", "--feed", str(FEED)) as running:
        yield running
