"""Fills an empty database from a supplier feed, and with some customers.

A feed is a JSON list of `{"id", "name", "category", "description", "offer": {"sku", "stock", "price"?}}`; `offer.py`
says when `price` is missing. Other fields of an offer are kept but not used.
"""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from .db import Database, connect, transaction
from .errors import StartError

# Invented customers; the README tells their passwords, which are not used anywhere else.
ACCOUNTS = Path(__file__).with_name("accounts.json")

PRODUCT_FIELDS = {"id": int, "name": str, "category": str, "description": str, "offer": dict}
OFFER_FIELDS = {"sku": str, "stock": int}


def _check(record: Any, fields: dict[str, type], where: str) -> None:
    if not isinstance(record, dict):
        raise StartError(f"{where}: expected an object, found {type(record).__name__}")
    for name, kind in fields.items():
        # bool is a subclass of int, and `"stock": true` is a mistake.
        if not isinstance(record.get(name), kind) or isinstance(record[name], bool):
            raise StartError(f"{where}: {name} is {record.get(name)!r}, expected {kind.__name__}")


def read_feed(path: Path) -> list[dict[str, Any]]:
    """The products of a feed.

    Raises:
        StartError: the file is missing or not JSON, or a field is missing or of the wrong type.
    """
    try:
        feed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StartError(f"supplier feed {path}: {error}") from error
    if not isinstance(feed, list):
        raise StartError(f"supplier feed {path}: expected a list of products")
    for position, product in enumerate(feed):
        where = f"supplier feed {path}, product {position}"
        _check(product, PRODUCT_FIELDS, where)
        _check(product["offer"], OFFER_FIELDS, f"{where}, offer")
        if "price" in product["offer"]:
            _check(product["offer"], {"price": int}, f"{where}, offer")
    return feed


def _accounts(path: Path) -> list[dict[str, str]]:
    accounts: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return accounts


def seed(database: Database, feed: Path) -> None:
    """Load `feed` and the accounts unless there are products already; two processes that start at once load them once.

    Raises:
        StartError: see `read_feed`, or an id stands in the feed twice; nothing is stored.
    """
    with closing(connect(database)) as connection, transaction(connection):
        if connection.execute("SELECT 1 FROM products LIMIT 1").fetchone():
            return
        products = read_feed(feed)
        if len({product["id"] for product in products}) < len(products):
            raise StartError(f"supplier feed {feed}: an id stands there twice")
        connection.executemany(
            "INSERT INTO products (id, name, category, description) VALUES (:id, :name, :category, :description)",
            products,
        )
        connection.executemany(
            "INSERT INTO offers (product_id, record) VALUES (:id, :record)",
            [{"id": product["id"], "record": json.dumps(product["offer"])} for product in products],
        )
        connection.executemany(
            "INSERT INTO accounts (id, email, name, password_hash) VALUES (:id, :email, :name, :password_hash)",
            _accounts(ACCOUNTS),
        )
