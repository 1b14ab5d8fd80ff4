"""Visits of people with an account, and of those who make mistakes: what a shop's support hears of.

Each errand is something that somebody came to do: buy, and look whether it worked; type a password wrongly; press "buy"
twice; try a card that is declined, or a link that a friend sent and that is not theirs; ask for more than there is.
Customers are the invented ones of shop/accounts.json.
"""

import random
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

from visits import Answer, Request, Visit

CUSTOMERS = (
    {"email": "reader@example.test", "password": "paper-and-ink"},
    {"email": "gardener@example.test", "password": "spade-and-seed"},
    {"email": "cook@example.test", "password": "salt-and-thyme"},
)
ADDRESS = {"name": "Robin Reader", "street": "Long Lane 7", "postcode": "1010", "city": "Vienna", "country": "AT"}
CARD = {"number": "4242424242424242", "expires": "12/40", "cvc": "123"}
DECLINED_CARD, SLOW_CARD = "4000000000000002", "4000000000000077"

# What is bought again and again; there is plenty of it.
BESTSELLERS = (4, 22, 24, 33)

# Has no price yet; there are fewer than 50 of it; is in no feed.
PENDING, SCARCE, UNKNOWN = 3, 30, 999_999

SEARCHES = ("HEADPHONES", "Headphones", "lamp", "Lamp", "café", "crème brûlée", "o'clock", "xylophone", "100 %")
LISTS: tuple[dict[str, str], ...] = (
    {"sort": "price", "limit": "10"}, {"sort": "-price", "limit": "10"}, {"sort": "name", "limit": "10"},
    {"category": "kitchen", "sort": "-price"}, {"category": "garden", "sort": "price"}, {"limit": "100"},
    {"category": "toys"},
)  # fmt: skip
WRONG_LISTS: tuple[dict[str, str], ...] = (
    {"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"sort": "cheapest"}, {"page": "-1"}, {"q": "x" * 300},
)  # fmt: skip
WRONG_LINES: tuple[dict[str, Any] | str, ...] = (
    {"product_id": 1, "quantity": 0}, {"product_id": 1, "quantity": -1}, {"product_id": 1, "quantity": 100},
    {"product_id": 1, "quantity": "2"}, {"quantity": 1}, {"product_id": "1"}, {"product_id": UNKNOWN},
    {"product_id": PENDING}, {"product_id": SCARCE, "quantity": 50}, {"product_id": 1, "cart_id": "mine"},
    '{"product_id": 1', "[]",
)  # fmt: skip
MISTYPED: tuple[dict[str, str], ...] = (
    {"postcode": "?"}, {"postcode": ""}, {"street": ""}, {"country": "XX"}, {"city": "x" * 100},
)  # fmt: skip
MISTYPED_CARDS: tuple[dict[str, str], ...] = ({"expires": "01/20"}, {"expires": "soon"})

Signed = Generator[Request, Answer, dict[str, str]]


def look_closely(rng: random.Random) -> Visit:
    """Lists in every order, searches as people type them, all pages to the last and one more; and what is refused."""
    for text in rng.sample(SEARCHES, 3):
        yield Request("GET", f"/api/products?{urlencode({'q': text})}")
    for query in rng.sample(LISTS, 3):
        yield Request("GET", f"/api/products?{urlencode(query)}")
    for query in rng.sample(WRONG_LISTS, 2):
        yield Request("GET", f"/api/products?{urlencode(query)}")
    for page in range(1, 5):
        yield Request("GET", f"/api/products?limit=12&page={page}")
    yield Request("GET", f"/api/products/{rng.choice((PENDING, UNKNOWN, SCARCE))}")
    yield Request("GET", "/health")


def change_the_cart(rng: random.Random) -> Visit:
    """Some pieces, more of them, another number, out again; and lines that are refused."""
    for line in rng.sample(WRONG_LINES, 3):
        yield Request("POST", "/api/cart", line)
    added = yield Request("POST", "/api/cart", {"product_id": 1, "quantity": rng.choice((2, 11))})
    if added.status not in (200, 201):
        return
    cart = added.body["id"]
    yield Request("POST", "/api/cart", {"cart_id": cart, "product_id": 2, "quantity": 1})
    yield Request("PUT", f"/api/cart/{cart}/lines/1", {"quantity": rng.choice((0, 3, 12))})
    yield Request("GET", f"/api/cart/{cart}")
    yield Request("DELETE", f"/api/cart/{cart}/lines/{rng.choice((2, 5))}")
    yield Request("GET", f"/api/cart/{cart}")


def sign_in(rng: random.Random, customer: dict[str, str]) -> Signed:
    """The header of whoever is signed in; now and then the password is typed wrongly first."""
    if rng.random() < 0.3:
        yield Request("POST", "/api/login", {**customer, "password": f"{customer['password']}s"})
    answer = yield Request("POST", "/api/login", customer)
    return {"Authorization": f"Bearer {answer.body['token']}"} if answer.status == 200 else {}


def buy(rng: random.Random) -> Visit:
    """Sign in, look, fill the cart, pay, and look whether it worked; press "buy" once more; sign out."""
    signed = yield from sign_in(rng, rng.choice(CUSTOMERS))
    yield Request("GET", "/api/account", headers=signed)
    product = rng.choice(BESTSELLERS)
    yield Request("GET", f"/api/products/{product}", headers=signed)
    cart = yield from _cart(product, rng.choice((1, 2)), signed)
    if cart is None:
        return
    order = yield from _pay(cart, signed)
    yield Request("GET", f"/api/products/{product}", headers=signed)
    yield Request("GET", "/api/orders", headers=signed)
    if order is not None:
        yield Request("GET", f"/api/orders/{order}", headers=signed)
    yield from _pay(cart, signed)
    yield Request("POST", "/api/cart", {"cart_id": cart, "product_id": 1}, signed)
    yield Request("POST", "/api/logout", headers=signed)
    yield Request("GET", "/api/account", headers=signed)


def pay_in_vain(rng: random.Random) -> Visit:
    """A declined card, a field mistyped or a bank that sleeps; then it is put right."""
    signed = yield from sign_in(rng, rng.choice(CUSTOMERS))
    cart = yield from _cart(rng.choice(BESTSELLERS), 1, signed)
    if cart is None:
        return
    kind = rng.choices(("declined", "address", "card", "slow"), (4, 5, 3, 2))[0]
    if kind == "declined":
        yield from _pay(cart, signed, number=DECLINED_CARD)
    elif kind == "address":
        yield from _pay(cart, signed, **rng.choice(MISTYPED))
    elif kind == "card":
        yield from _pay(cart, signed, **rng.choice(MISTYPED_CARDS))
    else:
        yield from _pay(cart, signed, number=SLOW_CARD)
    yield Request("GET", f"/api/cart/{cart}", headers=signed)
    yield from _pay(cart, signed)


def follow_a_friends_link(rng: random.Random) -> Visit:
    """A customer passes on the links of their cart and of their order; a friend, and somebody else, open them."""
    owner, friend = rng.sample(CUSTOMERS, 2)
    signed = yield from sign_in(rng, owner)
    cart = yield from _cart(rng.choice(BESTSELLERS), 1, signed)
    if cart is None:
        return
    friends = yield from sign_in(rng, friend)
    yield Request("GET", f"/api/cart/{cart}", headers=friends)
    yield Request("GET", f"/api/cart/{cart}")
    order = yield from _pay(cart, signed)
    if order is None:
        return
    yield Request("GET", f"/api/orders/{order}", headers=friends)
    yield Request("GET", f"/api/orders/{order}")
    yield Request("GET", "/api/orders", headers=friends)
    yield Request("GET", "/api/orders", headers=signed)


def stand_outside(rng: random.Random) -> Visit:
    """What asks for a login, without one."""
    yield Request("GET", "/api/account")
    yield Request("GET", "/api/orders")
    yield Request("POST", "/api/checkout", {"cart_id": "0" * 32, "address": ADDRESS, "card": CARD})
    yield Request("POST", "/api/login", rng.choice(({"email": "", "password": ""}, {"email": 7}, {})))


def order_twice(rng: random.Random) -> Visit:
    """Order on account, once more, and an empty cart."""
    product = rng.choice(BESTSELLERS)
    yield Request("GET", f"/api/products/{product}")
    cart = yield from _cart(product, rng.choice((1, 3)), {})
    if cart is None:
        return
    yield Request("POST", "/api/orders", {"cart_id": cart})
    yield Request("POST", "/api/orders", {"cart_id": cart})
    yield Request("GET", f"/api/products/{product}")
    yield Request("GET", f"/api/cart/{cart}")


def _cart(product: int, quantity: int, headers: dict[str, str]) -> Generator[Request, Answer, str | None]:
    answer = yield Request("POST", "/api/cart", {"product_id": product, "quantity": quantity}, headers)
    return answer.body["id"] if answer.status in (200, 201) else None


def _pay(cart: str, headers: dict[str, str], **typed: str) -> Generator[Request, Answer, str | None]:
    address = {name: typed.get(name, value) for name, value in ADDRESS.items()}
    card = {name: typed.get(name, value) for name, value in CARD.items()}
    answer = yield Request("POST", "/api/checkout", {"cart_id": cart, "address": address, "card": card}, headers)
    return answer.body["id"] if answer.status == 201 else None


# What people come for, and in which proportion.
ERRANDS = {
    look_closely: 4, change_the_cart: 5, buy: 6, pay_in_vain: 6, follow_a_friends_link: 3, order_twice: 3,
    stand_outside: 1,
}  # fmt: skip


def visit(rng: random.Random) -> Visit:
    """One visit with one errand; like `visits.visit`, it does no I/O itself."""
    return rng.choices(list(ERRANDS), weights=list(ERRANDS.values()))[0](rng)
