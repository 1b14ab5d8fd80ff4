"""A visitor without JavaScript: reads pages by test id, and sends forms with all that stands in them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

CUSTOMER = {"email": "reader@example.test", "password": "paper-and-ink"}
OTHER_CUSTOMER = {"email": "cook@example.test", "password": "salt-and-thyme"}

GOOD_CARD = "4242 4242 4242 4242"
ADDRESS = {"name": "Robin Reader", "street": "Long Lane 7", "postcode": "1010", "city": "Vienna", "country": "AT"}
CARD = {"number": GOOD_CARD, "expires": "12/99", "cvc": "123"}

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """An answer: status, text by test id, forms by action with their fields."""

    def __init__(self, status: int, html: str) -> None:
        super().__init__()
        self.status = status
        self.html = html
        self.texts: dict[str, list[str]] = {}
        self.forms: dict[str, dict[str, str]] = {}
        self.labels: set[str] = set()
        self._open: list[str | None] = []
        self._form: dict[str, str] = {}
        self.feed(html)

    def text(self, testid: str) -> str:
        """The text of the one element with this test id."""
        (text,) = self.all(testid)
        return text

    def all(self, testid: str) -> list[str]:
        """The texts of all elements with this test id."""
        return [" ".join(text.split()) for text in self.texts.get(testid, [])]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "form":
            self._form = self.forms.setdefault(named.get("action") or "", {})
        if tag == "input" and (name := named.get("name")):
            self._form[name] = named.get("value") or ""
        if tag == "label":
            self.labels.add(named.get("for") or "")
        testid = named.get("data-testid")
        if testid:
            self.texts.setdefault(testid, []).append("")
        if tag not in VOID:
            self._open.append(testid)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for testid in self._open:
            if testid:
                self.texts[testid][-1] += data


@dataclass
class Visitor:
    """Someone with a browser; `page` is what is in front of them."""

    client: FlaskClient
    page: Page = field(default_factory=lambda: Page(0, ""))

    def see(self, path: str) -> Page:
        """Open a page, following redirects."""
        return self._show(self.client.get(path, follow_redirects=True, buffered=True, headers={"Accept": "text/html"}))

    def send(self, action: str, **changed: str) -> Page:
        """Send the form that goes to `action`, with some fields filled in, and follow where it leads."""
        fields = {**self.page.forms[action], **changed}
        answer = self.client.post(
            action, data=fields, follow_redirects=True, buffered=True, headers={"Accept": "text/html"}
        )
        return self._show(answer)

    def log_in(self, email: str, password: str) -> Page:
        """Through the form."""
        self.see("/login")
        return self.send("/login", email=email, password=password)

    def put_into_cart(self, product_id: int, quantity: int = 1) -> Page:
        """Through the product's page."""
        self.see(f"/products/{product_id}")
        return self.send("/cart", quantity=str(quantity))

    def at_the_checkout(self, product_id: int = 2, quantity: int = 1) -> "Visitor":
        """Logged in, with something in the cart, in front of the checkout's form."""
        self.log_in(**CUSTOMER)
        self.put_into_cart(product_id, quantity)
        self.see("/checkout")
        return self

    def _show(self, answer: Any) -> Page:
        self.page = Page(answer.status_code, answer.text)
        return self.page
