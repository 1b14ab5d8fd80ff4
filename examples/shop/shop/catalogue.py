"""Products: the list that people browse and search, and the one that they look at."""

import json
from dataclasses import dataclass
from typing import Any

from .db import Connection
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


def categories(connection: Connection) -> list[str]:
    """Names of the categories that have products, sorted."""
    rows = connection.execute("SELECT DISTINCT category FROM products ORDER BY category")
    return [row["category"] for row in rows]


def count(connection: Connection) -> int:
    """How many products there are."""
    return int(connection.execute("SELECT count(*) AS number FROM products").fetchone()["number"])


# How a list may be sorted; "-price" is the dearest first.
SORTS = ("id", "name", "price", "-price")


@dataclass(frozen=True)
class Page:
    """One page of a list: summaries of products, and how many there are on all pages."""

    products: list[dict[str, Any]]
    total: int


def search(
    connection: Connection, category: str | None, text: str | None, limit: int, *, sort: str = "id", page: int = 1
) -> Page:
    """Summaries for a list page of `limit` products; None as `category` or `text` means all.

    The price (cents, or None) is read by the database in the same query, so that a page of 100 products does not parse
    100 offers. Products without a price come last when sorted by it; equals come in order of id, or pages would
    overlap.

    Args:
        connection: where to look.
        category: its exact name.
        text: must occur in the name or the description, in any case for ASCII letters; taken literally.
        limit: products on a page, from 1.
        sort: one of `SORTS`.
        page: from 1; one after the last is empty.

    Raises:
        InvalidRequest: no product has this category. An empty list would hide a misspelt one.
    """
    if category is not None and category not in categories(connection):
        raise InvalidRequest(f"category {category!r} is unknown: expected one of {', '.join(categories(connection))}")
    rows = connection.execute(
        """
        SELECT p.id, p.name, p.category, o.price, count(*) OVER () AS total
        FROM products AS p JOIN offers AS o ON o.product_id = p.id
        WHERE (:category IS NULL OR p.category = :category)
          AND (:text IS NULL OR instr(lower(p.name || ' | ' || p.description), lower(:text)) > 0)
        ORDER BY
          CASE WHEN :sort = 'name' THEN lower(p.name) END,
          CASE WHEN :sort IN ('price', '-price') THEN o.price IS NULL END,
          CASE :sort WHEN 'price' THEN o.price WHEN '-price' THEN -o.price END,
          p.id
        LIMIT :limit OFFSET :skipped
        """,
        {"category": category, "text": text, "limit": limit, "sort": sort, "skipped": (page - 1) * limit},
    )
    products = [dict(row) for row in rows]
    if not products and page > 1:
        return Page([], search(connection, category, text, 1, sort=sort).total)
    totals = [product.pop("total") for product in products]
    return Page(products, totals[0] if totals else 0)


def find(connection: Connection, product_id: int) -> Product:
    """The product with its offer.

    Raises:
        NotFound: there is none with this id.
    """
    row = connection.execute(
        """
        SELECT p.id, p.name, p.category, p.description, CAST(o.record AS TEXT) AS record, o.sold
        FROM products AS p JOIN offers AS o ON o.product_id = p.id
        WHERE p.id = :id
        """,
        {"id": product_id},
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no product {product_id}")
    offer: Offer = json.loads(row["record"])
    # The supplier's next feed may count less than was sold since the last one.
    offer["stock"] = max(0, offer["stock"] - row["sold"])
    return Product(row["id"], row["name"], row["category"], row["description"], offer)
