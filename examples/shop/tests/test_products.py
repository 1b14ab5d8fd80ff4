"""The catalogue over HTTP."""

import pytest
from flask.testing import FlaskClient


def ids(client: FlaskClient, **query: object) -> list[int]:
    answer = client.get("/api/products", query_string=query)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["count"] == len(body["products"])
    return [product["id"] for product in body["products"]]


def test_the_list_shows_all_products_with_price_in_cents(client: FlaskClient) -> None:
    """Without parameters the list holds summaries of all products, in order of id."""
    assert ids(client) == [1, 2, 3, 4, 5, 6, 7]
    first = client.get("/api/products").get_json()["products"][0]
    assert first == {"id": 1, "name": "Wired headphones", "category": "electronics", "price": 5990}


def test_a_category_narrows_the_list(client: FlaskClient) -> None:
    """Only products of the category are listed."""
    assert ids(client, category="kitchen") == [3, 4]


def test_an_unknown_category_is_named_with_the_known_ones(client: FlaskClient) -> None:
    """A misspelt category is an error, not an empty list."""
    answer = client.get("/api/products?category=kitchn")
    assert answer.status_code == 400
    assert (
        "'kitchn' is unknown: expected one of books, electronics, garden, kitchen, sport"
        in answer.get_json()["error"]["message"]
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LAMP", [2]),  # any case
        ("steel", [3]),  # in the description
        ("chef's", [3]),  # a quote is text
        ("50%", [2]),  # and so are the wildcards of SQL
        ("_", []),
        ("tractor", []),
    ],
)
def test_a_search_finds_its_text_in_name_or_description(client: FlaskClient, text: str, found: list[int]) -> None:
    """The text is taken literally."""
    assert ids(client, q=text) == found


def test_category_search_and_limit_work_together(client: FlaskClient) -> None:
    """Each parameter narrows further."""
    assert ids(client, category="electronics", q="e", limit=1) == [1]


def test_empty_parameters_are_no_parameters(client: FlaskClient) -> None:
    """An HTML form sends the fields that were left empty."""
    assert ids(client, category="", q="", limit="") == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "2.5", "many", "9" * 5000, "٣"])
def test_a_limit_outside_1_to_100_is_refused(client: FlaskClient, limit: str) -> None:
    """The message says what is expected."""
    answer = client.get("/api/products", query_string={"limit": limit})
    assert answer.status_code == 400
    assert "expected a whole number from 1 to 100" in answer.get_json()["error"]["message"]


def test_a_search_text_over_100_characters_is_refused(client: FlaskClient) -> None:
    """100 are fine, 101 are not."""
    assert client.get("/api/products", query_string={"q": "x" * 100}).status_code == 200
    assert client.get("/api/products", query_string={"q": "x" * 101}).status_code == 400


def test_a_product_page_has_price_stock_and_availability(client: FlaskClient) -> None:
    """The page of a product that can be bought."""
    answer = client.get("/api/products/3")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "id": 3,
        "name": "Chef's knife",
        "category": "kitchen",
        "description": "Forged steel.",
        "sku": "KI-3",
        "stock": 10,
        "currency": "EUR",
        "price": 4590,
        "available": True,
    }


def test_a_sold_out_product_is_shown_but_not_available(client: FlaskClient) -> None:
    """It keeps its price."""
    product = client.get("/api/products/4").get_json()
    assert (product["price"], product["available"]) == (1790, False)


@pytest.mark.parametrize("product_id", ["8", "0", "-1", "one", "9" * 30])
def test_a_product_that_is_not_there_is_404(client: FlaskClient, product_id: str) -> None:
    """Also for ids that no database could hold."""
    answer = client.get(f"/api/products/{product_id}")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"
