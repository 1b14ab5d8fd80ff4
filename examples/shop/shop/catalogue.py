"""Products: the list that people browse and search, and the one that they look at."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from .errors import InvalidRequest, NotFound
from .offer import Offer


@dataclass(frozen=True)
class Product:
    """A product with the supplier's offer; what it costs is for a price rule to say."""

    id: int
    name: str
    category: str
    description: str
    offer: Offer


def categories(connection: sqlite3.Connection) -> list[str]:
    """Names of the categories that have products, sorted."""
    rows = connection.execute("SELECT DISTINCT category FROM products ORDER BY category")
    return [row["category"] for row in rows]


def count(connection: sqlite3.Connection) -> int:
    """How many products there are."""
    (number,) = connection.execute("SELECT count(*) FROM products").fetchone()
    return int(number)


def search(connection: sqlite3.Connection, category: str | None, text: str | None, limit: int) -> list[dict[str, Any]]:
    """Summaries for a list page, in order of id; None as `category` or `text` means all.

    `text` must occur in the name or the description, in any case for ASCII letters. The price (cents, or None) is
    read by the database in the same query, so that a page of 100 products does not parse 100 offers.

    Raises:
        InvalidRequest: no product has this category. An empty list would hide a misspelt one.
    """
    if category is not None and category not in categories(connection):
        raise InvalidRequest(f"category {category!r} is unknown: expected one of {', '.join(categories(connection))}")
    rows = connection.execute(
        """
        SELECT p.id, p.name, p.category, json_extract(o.record, '$.price') AS price
        FROM products AS p JOIN offers AS o ON o.product_id = p.id
        WHERE (:category IS NULL OR p.category = :category)
          AND (:text IS NULL OR instr(lower(p.name || char(10) || p.description), lower(:text)) > 0)
        ORDER BY p.id
        LIMIT :limit
        """,
        {"category": category, "text": text, "limit": limit},
    )
    return [dict(row) for row in rows]


def find(connection: sqlite3.Connection, product_id: int) -> Product:
    """The product with its offer.

    Raises:
        NotFound: there is none with this id.
    """
    row = connection.execute(
        """
        SELECT p.id, p.name, p.category, p.description, o.record
        FROM products AS p JOIN offers AS o ON o.product_id = p.id
        WHERE p.id = ?
        """,
        (product_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no product {product_id}")
    return Product(row["id"], row["name"], row["category"], row["description"], json.loads(row["record"]))
