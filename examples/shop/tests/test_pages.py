"""The pages: catalogue, cart, what every page has."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from .visitor import CUSTOMER, Visitor


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def test_the_home_page_lists_products_with_their_prices(visitor: Visitor) -> None:
    """In euros, as people read them."""
    page = visitor.see("/")
    assert page.text("result-count") == "7 products"
    assert page.all("product")[0] == "Wired headphones Electronics €59.90"


@pytest.mark.parametrize(
    ("query", "first", "found"),
    [
        ("q=LAMP", "Desk lamp", 1),
        ("category=kitchen", "Chef's knife", 2),
        ("sort=name", "A history of maps", 7),
        ("sort=price", "Kitchen scale", 7),
        ("sort=-price", "Wired headphones", 7),
        ("category=kitchen&q=steel", "Chef's knife", 1),
    ],
)
def test_people_search_narrow_and_sort(visitor: Visitor, query: str, first: str, found: int) -> None:
    """The first product and the number say that it worked."""
    page = visitor.see(f"/?{query}")
    assert page.text("result-count").split()[0] == str(found)
    assert page.all("product")[0].startswith(first)


def test_every_product_is_on_some_page(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost at the border of two pages, and the last page is not empty."""
    monkeypatch.setattr("shop.pages.catalogue.PAGE_SIZE", 3)
    seen = [name for number in (1, 2, 3) for name in visitor.see(f"/?page={number}").all("product")]
    assert (len(seen), len(set(seen))) == (7, 7)
    assert visitor.page.text("page-number") == "Page 3 of 3"
    assert visitor.page.all("next-page") == []
    assert visitor.see("/?page=9").text("result-count") == "7 products"


@pytest.mark.parametrize("query", ["sort=magic", "page=0", "category=kitchn", "q=" + "x" * 101])
def test_a_query_without_sense_is_refused_in_words(visitor: Visitor, query: str) -> None:
    """400, and a page that says why."""
    page = visitor.see(f"/?{query}")
    assert page.status == 400
    assert page.text("error")


def test_what_people_typed_comes_back_as_text(visitor: Visitor) -> None:
    """A search for markup shows markup."""
    page = visitor.see("/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page.html
    assert page.forms["/"]["q"] == '"><script>alert(1)</script>'


def test_the_product_page_tells_price_and_stock(visitor: Visitor) -> None:
    """And says of a product that is sold out that it is."""
    page = visitor.see("/products/1")
    assert (page.text("price"), page.text("stock")) == ("€59.90", "5 in stock")
    sold_out = visitor.see("/products/4")
    assert sold_out.text("stock") == "Sold out"
    assert "/cart" not in sold_out.forms
    assert visitor.see("/products/99").status == 404


def test_a_cart_is_filled_changed_and_emptied(visitor: Visitor) -> None:
    """The total follows each step, and the head of the page counts the pieces."""
    assert visitor.see("/cart").text("cart-empty")
    page = visitor.put_into_cart(3, quantity=2)
    assert page.text("message") == "Chef's knife is in your cart."
    assert (page.text("cart-total"), page.text("nav-cart")) == ("€91.80", "Cart (2)")
    page = visitor.send("/cart/3", quantity="10")
    assert (page.text("line-cost"), page.text("cart-total")) == ("€436.05", "€436.05")  # 5% off
    page = visitor.send("/cart/3", remove="")
    assert page.text("cart-empty")


@pytest.mark.parametrize(
    ("quantity", "message"), [("11", "11 wanted, 10 in stock"), ("0", "quantity"), ("x", "quantity")]
)
def test_a_quantity_that_can_not_be_had_is_refused(visitor: Visitor, quantity: str, message: str) -> None:
    """On the product's page and in the cart, which stays as it was."""
    visitor.see("/products/3")
    assert message in visitor.send("/cart", quantity=quantity).text("message")
    visitor.put_into_cart(3)
    page = visitor.send("/cart/3", quantity=quantity)
    assert message in page.text("message")
    assert page.text("cart-total") == "€45.90"


def test_a_line_of_a_cart_that_is_gone_is_404(visitor: Visitor) -> None:
    """So is a product that is not in it."""
    visitor.put_into_cart(3)
    token = visitor.page.forms["/cart/3"]["csrf_token"]
    assert visitor.client.post("/cart/2", data={"csrf_token": token, "remove": ""}).status_code == 404
    with visitor.client.session_transaction() as session:
        session["cart_id"] = "0" * 32
    assert visitor.client.post("/cart/3", data={"csrf_token": token, "remove": ""}).status_code == 404


def test_a_form_from_elsewhere_is_refused(visitor: Visitor) -> None:
    """Without this session's token nothing happens."""
    visitor.see("/products/3")
    assert visitor.send("/cart", **{"csrf_token": "x"}).status == 400
    assert visitor.client.post("/cart", data={"product_id": "3", "quantity": "1"}).status_code == 400
    assert visitor.see("/cart").text("cart-empty")


def test_each_field_has_a_label(visitor: Visitor) -> None:
    """On every page with a form."""
    visitor.at_the_checkout()
    for path in ("/", "/products/1", "/cart", "/login", "/checkout"):
        page = visitor.see(path)
        fields = re.findall(r'<(?:input|select) id="([^"]+)"', page.html)
        assert fields
        assert set(fields) <= page.labels, path


def test_every_answer_has_the_headers_that_protect(client: FlaskClient) -> None:
    """Pages, the API, files and errors; pages are kept by nobody."""
    for path in ("/", "/api/products", "/static/shop.css", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_a_browser_sees_errors_as_pages(app: Flask, visitor: Visitor) -> None:
    """Also of what nobody foresaw, with the number of the request and none of the details."""

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("secret")

    page = visitor.see("/nowhere")
    assert (page.status, bool(page.text("error"))) == (404, True)
    page = visitor.see("/broken")
    assert (page.status, len(page.text("request-id"))) == (500, 32)
    assert "secret" not in page.html


def test_the_log_names_a_customer_by_pseudonym(
    visitor: Visitor, app_log: Callable[[], list[dict[str, object]]]
) -> None:
    """Neither name nor address."""
    visitor.log_in(**CUSTOMER)
    visitor.see("/orders/" + "0" * 32)
    assert app_log()[-1]["user_id"] == "u1001"
    assert "reader" not in str(app_log())
