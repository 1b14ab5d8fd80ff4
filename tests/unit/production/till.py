"""A small service with state, to be recorded and tested: carts, orders, and what can be wrong with them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.tests.receivers import web_server

PRICES = {1: 250, 2: 999, 3: 1250}
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Answer = tuple[int, Any]
Bug = Callable[[str, str, int, Any], Answer]


class Till:
    """The service.

    Args:
        seed: of its ids.
        bug: gets method, path, status and answer, and gives what is answered instead.
    """

    def __init__(self, seed: int = 1, bug: Bug | None = None) -> None:
        self._random = Random(seed)
        self._bug = bug
        self._carts: dict[str, dict[int, int]] = {}
        self._orders: dict[str, Any] = {}
        self._clock = count()

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Status and JSON."""
        status, answer = self._answer(method, path, body)
        return self._bug(method, path, status, answer) if self._bug else (status, answer)

    def _answer(self, method: str, path: str, body: Any) -> Answer:
        match method, path.partition("?")[0].strip("/").split("/"):
            case "GET", ["products"]:
                least = int(path.partition("least=")[2] or 0)
                found = [{"id": n, "price": p} for n, p in PRICES.items() if p >= least]
                return 200, {"count": len(found), "products": found}
            case "POST", ["carts"]:
                if not 1 <= body.get("quantity", 1) <= 9:
                    return 400, {"error": {"code": "bad_quantity"}}
                cart = body.get("cart_id") or self._id()
                lines = self._carts.setdefault(cart, {})
                lines[body["product"]] = lines.get(body["product"], 0) + body.get("quantity", 1)
                return (200 if "cart_id" in body else 201), self._cart(cart)
            case "POST", ["orders"]:
                lines = self._carts.pop(body["cart_id"], {})
                if not lines:
                    return 409, {"error": {"code": "ordered_already"}}
                order = self._id()
                at = (START + timedelta(seconds=next(self._clock))).isoformat()
                self._orders[order] = {**self._sums(lines), "id": order, "cart_id": body["cart_id"], "placed_at": at}
                return 201, self._orders[order]
            case "GET", ["orders", order] if order in self._orders:
                return 200, self._orders[order]
        return 404, {"error": {"code": "not_found"}}

    def _cart(self, cart: str) -> Any:
        return {**self._sums(self._carts[cart]), "id": cart}

    def _sums(self, lines: dict[int, int]) -> Any:
        shown = [{"product": n, "quantity": q, "price": PRICES[n]} for n, q in sorted(lines.items())]
        return {"lines": shown, "total": sum(q * PRICES[n] for n, q in lines.items()), "currency": "EUR"}

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128)))


def recorded(visits: int = 40, till: Till | None = None) -> list[ExchangeRow]:
    """Traffic of some visits, as an importer gives it."""
    till, random, at = till or Till(), Random(7), START
    rows: list[ExchangeRow] = []

    def ask(method: str, path: str, body: Any = None) -> Any:
        nonlocal at
        at += timedelta(milliseconds=50)
        status, answer = till.ask(method, path, body)
        rows.append(an_exchange(at, method, path, body, status, answer))
        return answer

    for visit in range(visits):
        ask("GET", f"/products?least={random.choice((0, 300, 5000))}")
        line = {"product": random.choice((1, 2, 3)), "quantity": random.choice((1, 1, 2))}
        cart = ask("POST", "/carts", line)
        if visit % 3 == 0:
            ask("POST", "/carts", {"product": 2, "cart_id": cart["id"]})
        order = ask("POST", "/orders", {"cart_id": cart["id"]})
        ask("GET", f"/orders/{order['id']}")
        if visit % 5 == 0:
            ask("POST", "/orders", {"cart_id": cart["id"]})
            ask("POST", "/carts", {"product": 1, "quantity": 0})
    return rows


def an_exchange(at: datetime, method: str, path: str, body: Any, status: int, answer: Any, **more: Any) -> ExchangeRow:
    """One exchange of JSON."""
    known: dict[str, Any] = {
        "request_type": "application/json" if body is not None else None,
        "request_body": None if body is None else json.dumps(body),
        "response_type": "application/json",
        "response_body": json.dumps(answer),
        "response_headers": '{"content-type":"application/json"}',
    }
    return ExchangeRow(at, method, "http://till.example", path, status, 3.0, **(known | more))


@contextmanager
def served(till: Till) -> Iterator[str]:
    """The service on a free port of this machine; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, answer = till.ask(self.command, self.path, json.loads(self.rfile.read(length) or "null"))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

    with web_server(Handler) as url:
        yield url
