"""A shop of six pages, for tests in a real browser; one of its buttons can be broken."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ADD = """
<button data-testid="add-to-cart" aria-label="Add to cart">+</button>
<script>
document.querySelector("button").onclick = async () => {
  const answer = await fetch("/api/cart/items", { method: "POST", body: "{}" });
  if (answer.ok) location.href = "/cart";
};
</script>"""
PAGES = {
    "/": '<h1>Books</h1><a data-testid="book" href="/books/7">A book</a> <a data-testid="book" href="/books/8">B</a>',
    "/books/7": f"<h1>A book</h1>{ADD}",
    "/cart": '<h1>Your cart</h1><p hidden>1 book</p><p>1 book</p><a href="/checkout">Check out</a>',
    "/checkout": """<h1>Checkout</h1><form action="/orders">
<label>E-mail <input name="email" type="email" required></label>
<label>Country <select name="country"><option value="de">DE</option><option value="fr">FR</option></select></label>
<label>Street <input name="street" autocomplete="shipping street-address" required></label>
<label>Delivery <select name="delivery" required><option value="">Choose</option><option>Post</option></select></label>
<iframe srcdoc="<label>Card number <input id=card></label>"></iframe><button>Place order</button></form>""",
    "/orders": '<h1>Thank you</h1><p data-testid="order-state">Order placed</p>',
    "/throws": "<h1>Books</h1><script>undefined.price</script>",
}


class _Shop(BaseHTTPRequestHandler):
    broken = False

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        lacks_something = path == "/orders" and ("=&" in self.path or self.path.endswith("="))
        page = PAGES.get("/checkout" if lacks_something else path)
        title = (page or "").partition("</h1>")[0].removeprefix("<h1>")
        html = f"<!doctype html><html lang=en><title>{title}</title>{page}"
        self._send(404 if page is None else 200, "text/html", html)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._send(500 if self.broken else 201, "application/json", json.dumps({"items": 1}))

    def _send(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not on our terminal."""


@contextmanager
def little_shop(*, broken: bool = False) -> Iterator[str]:
    """Its base URL; broken = adding to the cart answers 500."""
    handler = type("Shop", (_Shop,), {"broken": broken})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
