"""One probe a mutant: a few requests that show its bug, written by hand. A probe holds on the healthy shop."""

import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.visitor import ADDRESS, CARD, CUSTOMER, OTHER_CUSTOMER, Page

TIMEOUT_S = 20

# How long the payment stub takes in probes that do something meanwhile, in milliseconds.
SLOW_PAYMENT_MS = 1_500

DECLINED = {**CARD, "number": "4000000000000002"}


@dataclass
class Shop:
    """A running shop as one visitor sees it: with cookies, and with a token once logged in through the API."""

    url: str
    database: Path
    cookie: str = ""
    token: str = ""
    page: Page = field(default_factory=lambda: Page(0, ""))

    def other(self) -> "Shop":
        """Another visitor."""
        return Shop(self.url, self.database)

    def ask(self, method: str, path: str, body: str | None = None, kind: str = "") -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of one request."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        headers = {"Accept": "text/html" if not path.startswith("/api/") else "application/json", "Content-Type": kind}
        headers |= {"Cookie": self.cookie} if self.cookie else {}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        given = dict(answer.getheaders())
        if "Set-Cookie" in given:
            self.cookie = given["Set-Cookie"].split(";")[0]
        return answer.status, text, given

    def api(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a request to the API."""
        status, text, _ = self.ask(
            method, f"/api{path}", None if body is None else json.dumps(body), "application/json"
        )
        return status, json.loads(text) if text else None

    def see(self, path: str) -> Page:
        """Open a page, following redirects."""
        status, text, headers = self.ask("GET", path)
        return self._follow(status, text, headers)

    def send(self, action: str, **changed: str) -> Page:
        """Send a form of the page in front, and follow where it leads."""
        fields = urlencode({**self.page.forms[action], **changed})
        return self._follow(*self.ask("POST", action, fields, "application/x-www-form-urlencoded"))

    def _follow(self, status: int, text: str, headers: dict[str, str]) -> Page:
        if status == 303:
            return self.see(headers["Location"])
        self.page = Page(status, text)
        return self.page

    def log_in(self, customer: dict[str, str] = CUSTOMER) -> "Shop":
        """Through the API, with a token."""
        self.token = self.api("POST", "/login", customer)[1]["token"]
        return self

    def cart(self, product_id: int = 1, quantity: int = 1) -> str:
        """A new cart through the API; its id."""
        return str(self.api("POST", "/cart", {"product_id": product_id, "quantity": quantity})[1]["id"])

    def at_the_checkout(self, quantity: int = 1) -> "Shop":
        """On the pages: logged in, product 1 in the cart, in front of the form."""
        self.see("/login")
        self.send("/login", **CUSTOMER)
        self.see("/products/1")
        self.send("/cart", quantity=str(quantity))
        self.see("/checkout")
        return self

    def buy(self, card: dict[str, str] = CARD, **changed: str) -> Page:
        """Send the checkout's form."""
        return self.send("/checkout", **{**ADDRESS, **card, **changed})


Probe = Callable[[Shop], bool]

FLAGS: dict[str, tuple[str, ...]] = {
    "price_race": ("--payment-delay-ms", str(SLOW_PAYMENT_MS)),
    "timeout_traceback": ("--payment-delay-ms", str(SLOW_PAYMENT_MS), "--payment-timeout-s", "0.2"),
}


def wrong_total(shop: Shop) -> bool:
    """Two pieces cost twice the price."""
    return bool(shop.api("POST", "/cart", {"product_id": 1, "quantity": 2})[1]["total_cents"] == 2 * 5990)


def lost_order(shop: Shop) -> bool:
    """An order stands in the history."""
    shop.at_the_checkout().buy()
    return len(shop.see("/orders").all("order-row")) == 1


def missing_validation(shop: Shop) -> bool:
    """A postcode "?" is refused beside its field."""
    return bool(shop.at_the_checkout().buy(postcode="?").all("postcode-problem"))


def slow_query(shop: Shop) -> bool:
    """A list takes less than twenty times as long as one product."""

    def seconds(path: str) -> float:
        began = time.perf_counter()
        shop.api("GET", path)
        return time.perf_counter() - began

    return min(seconds("/products") for _ in range(5)) < 20 * min(seconds("/products/1") for _ in range(5))


def price_race(shop: Shop) -> bool:
    """A cart that changes while the card is charged is not ordered at another total."""
    cart_id = shop.log_in().cart()
    answers: list[tuple[int, Any]] = []
    order = {"cart_id": cart_id, "address": ADDRESS, "card": CARD}
    buying = threading.Thread(target=lambda: answers.append(shop.api("POST", "/checkout", order)))
    buying.start()
    time.sleep(SLOW_PAYMENT_MS / 3000)
    shop.api("POST", "/cart", {"cart_id": cart_id, "product_id": 2})
    buying.join()
    return answers[0][0] == 409


def broken_button(shop: Shop) -> bool:
    """The buy button sends its form."""
    return 'type="button"' not in shop.at_the_checkout().page.html


def rounding(shop: Shop) -> bool:
    """Half a cent is rounded up."""
    return bool(shop.api("POST", "/cart", {"product_id": 1, "quantity": 11})[1]["total_cents"] == 62596)


def currency(shop: Shop) -> bool:
    """Carts are in euros."""
    return bool(shop.api("GET", f"/cart/{shop.cart()}")[1]["currency"] == "EUR")


def sold_out_sellable(shop: Shop) -> bool:
    """When all pieces are sold, nobody gets another."""
    stock = shop.api("GET", "/products/5")[1]["stock"]
    shop.api("POST", "/orders", {"cart_id": shop.cart(5, stock)})
    return shop.api("POST", "/cart", {"product_id": 5})[0] == 409


def cart_of_others(shop: Shop) -> bool:
    """A customer's cart is nobody else's business."""
    cart_id = shop.log_in().cart()
    return shop.other().api("GET", f"/cart/{cart_id}")[0] == 404


def any_password(shop: Shop) -> bool:
    """A wrong password does not open."""
    return shop.api("POST", "/login", {**CUSTOMER, "password": "wrong"})[0] == 401


def logout_keeps_login(shop: Shop) -> bool:
    """After the logout the token is worth nothing."""
    shop.log_in().api("POST", "/logout")
    return shop.api("GET", "/account")[0] == 401


def search_case(shop: Shop) -> bool:
    """LAMP finds what lamp finds."""
    found = [shop.api("GET", f"/products?q={text}")[1]["total"] for text in ("HEADPHONES", "headphones")]
    return bool(found[0] == found[1] > 0)


def pagination_drops_last(shop: Shop) -> bool:
    """Following "Next" leads past all products."""
    seen = len(shop.see("/").all("product"))
    while shop.page.all("next-page"):
        page = int(shop.page.text("page-number").split()[1])
        seen += len(shop.see(f"/?page={page + 1}").all("product"))
    return f"{seen} products" == shop.page.text("result-count")


def sort_order(shop: Shop) -> bool:
    """The dearest comes first."""
    prices = [product["price"] for product in shop.api("GET", "/products?sort=-price&limit=10")[1]["products"]]
    return prices == sorted(prices, reverse=True)


def unicode_500(shop: Shop) -> bool:
    """A search for café is answered."""
    return shop.see(f"/?q={quote('café')}").status == 200


def wrong_status(shop: Shop) -> bool:
    """A new cart is 201."""
    return shop.api("POST", "/cart", {"product_id": 1})[0] == 201


def missing_header(shop: Shop) -> bool:
    """Pages forbid scripts from elsewhere."""
    return "Content-Security-Policy" in shop.ask("GET", "/")[2]


def double_submit(shop: Shop) -> bool:
    """The same form, sent twice, is one order."""
    form = shop.at_the_checkout().page
    shop.buy()
    shop.page = form
    shop.buy()
    return len(shop.see("/orders").all("order-row")) == 1


def stock_not_reduced(shop: Shop) -> bool:
    """Two pieces sold are two fewer."""
    before = shop.api("GET", "/products/1")[1]["stock"]
    shop.api("POST", "/orders", {"cart_id": shop.cart(1, 2)})
    return bool(shop.api("GET", "/products/1")[1]["stock"] == before - 2)


def declined_still_orders(shop: Shop) -> bool:
    """A declined card buys nothing."""
    shop.at_the_checkout().buy(DECLINED)
    return shop.see("/orders").all("order-row") == []


def timeout_traceback(shop: Shop) -> bool:
    """A payment that does not answer is told in words."""
    page = shop.at_the_checkout().buy()
    return page.status == 504 and "Traceback" not in page.html


def broken_link(shop: Shop) -> bool:
    """The list's links lead to products."""
    path = shop.see("/").html.split('data-testid="product">')[1].split('href="')[1].split('"')[0]
    return shop.see(path).status == 200


def cart_js_error(shop: Shop) -> bool:
    """The cart's scripts run without an error, in Chromium."""
    from playwright.sync_api import sync_playwright

    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{shop.url}/products/1")
        page.get_by_test_id("add-to-cart").click()
        page.get_by_test_id("cart").wait_for()
        browser.close()
    return errors == []


def form_loses_input(shop: Shop) -> bool:
    """After a mistake in the card the street is still there."""
    return shop.at_the_checkout().buy(cvc="x").forms["/checkout"]["street"] == ADDRESS["street"]


def label_missing(shop: Shop) -> bool:
    """E-mail and password have labels."""
    return {"email", "password"} <= shop.see("/login").labels


def wrong_unit(shop: Shop) -> bool:
    """5990 cents are €59.90."""
    return shop.see("/products/1").text("price") == "€59.90"


def orders_of_others(shop: Shop) -> bool:
    """A customer's history has no orders of others."""
    shop.at_the_checkout().buy()
    return bool(shop.other().log_in(OTHER_CUSTOMER).api("GET", "/orders")[1]["count"] == 0)


def stale_cache(shop: Shop) -> bool:
    """A new price is shown at once."""
    shop.see("/products/1")
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("UPDATE offers SET record = json_set(record, '$.price', 4990) WHERE product_id = 1")
    return shop.see("/products/1").text("price") == "€49.90"


def health_always_ok(shop: Shop) -> bool:
    """Without tables the shop is not well."""
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("DROP TABLE cart_lines")
        connection.execute("DROP TABLE order_lines")
        connection.execute("DROP TABLE offers")
        connection.execute("DROP TABLE products")
    return shop.ask("GET", "/health")[0] == 503


PROBES: dict[str, Probe] = {
    probe.__name__.replace("_", "-"): probe
    for probe in (
        wrong_total, lost_order, missing_validation, slow_query, price_race, broken_button, rounding, currency,
        sold_out_sellable, cart_of_others, any_password, logout_keeps_login, search_case, pagination_drops_last,
        sort_order, unicode_500, wrong_status, missing_header, double_submit, stock_not_reduced,
        declined_still_orders, timeout_traceback, broken_link, cart_js_error, form_loses_input, label_missing,
        wrong_unit, orders_of_others, stale_cache, health_always_ok,
    )
}  # fmt: skip


def holds(probe: Probe, folder: Path) -> bool:
    """Whether the probe holds on the shop whose sources are in `folder`, started anew with its own feed.

    Raises:
        RuntimeError: the shop does not start.
    """
    with tempfile.TemporaryDirectory() as data:
        flags = ("--port", "0", "--data-dir", data, *FLAGS.get(probe.__name__, ()))
        process = subprocess.Popen(  # noqa: S603 - a command of our own making
            [sys.executable, "-m", "shop", *flags],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                line = process.stdout.readline() if process.stdout else ""
                if not line.startswith("listening on "):
                    raise RuntimeError(f"the shop in {folder} does not start")
                return probe(Shop(line.split()[-1], Path(data) / "shop.sqlite3"))
            finally:
                process.terminate()
