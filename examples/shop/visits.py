"""Visits of people who just look: they search, look at products, fill carts and order on account.

A visit is a coroutine that yields requests and is sent the answers; who drives it does the I/O (traffic.py).
"""

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

# What visitors come for, and in which proportion.
CATEGORIES = {"electronics": 5, "kitchen": 3, "garden": 2, "books": 3, "sport": 2}
SEARCHES = {
    "headphones": 4,
    "charger": 2,
    "usb": 2,
    "knife": 1,
    "bread": 1,
    "garden": 2,
    "mat": 1,
    "lamp": 1,
    "xylophone": 1,
}

# Shares of visitors, 0 to 1, at each fork of a visit.
SEARCH_SHARE = 0.4
STALE_LINK_SHARE = 0.02  # of visits: a bookmark of a product that is gone
ADD_SHARE = 0.2  # of the products that were seen and can be bought
LOOK_AT_CART_SHARE = 0.5
ORDER_SHARE = 0.6  # of the visits with something in the cart

# A product id that no feed reaches.
GONE_PRODUCT = 999_999


@dataclass(frozen=True)
class Request:
    """What a visitor asks for; `body` is sent as JSON, a text as it is."""

    method: str
    path: str
    body: dict[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 means none came, and `body` is None then or when it is no JSON."""

    status: int
    body: Any = None


Visit = Generator[Request, Answer, None]


def _pick(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def visit(rng: random.Random) -> Visit:
    """One visit, as a coroutine: it yields requests, is sent the answers, and does no I/O itself."""
    if rng.random() < STALE_LINK_SHARE:
        yield Request("GET", f"/api/products/{GONE_PRODUCT}")
    if rng.random() < SEARCH_SHARE:
        query = {"q": _pick(rng, SEARCHES)}
    else:
        query = {"category": _pick(rng, CATEGORIES), "limit": "12"}
    found = yield Request("GET", f"/api/products?{urlencode(query)}")
    if found.status != 200 or not found.body["products"]:
        return
    products = [product["id"] for product in found.body["products"]]
    cart_id = None
    for _ in range(rng.randint(1, 3)):
        # People look at what stands first: rank r has weight 1/r.
        product_id = rng.choices(products, weights=[1 / rank for rank in range(1, len(products) + 1)])[0]
        seen = yield Request("GET", f"/api/products/{product_id}")
        if seen.status == 200 and seen.body["available"] and rng.random() < ADD_SHARE:
            line = {"product_id": product_id, "quantity": rng.choice((1, 1, 1, 2))}
            added = yield Request("POST", "/api/cart", line if cart_id is None else {**line, "cart_id": cart_id})
            if added.status in (200, 201):
                cart_id = added.body["id"]
    if cart_id is None:
        return
    if rng.random() < LOOK_AT_CART_SHARE:
        yield Request("GET", f"/api/cart/{cart_id}")
    if rng.random() < ORDER_SHARE:
        placed = yield Request("POST", "/api/orders", {"cart_id": cart_id})
        if placed.status == 201:
            yield Request("GET", f"/api/orders/{placed.body['id']}")
