"""Price rules: what every one of them must do."""

import pytest

from shop.offer import Offer, PriceTag
from shop.pricing import PRICE_RULES, PriceRule


@pytest.fixture(params=sorted(PRICE_RULES))
def price_tag(request: pytest.FixtureRequest) -> PriceRule:
    return PRICE_RULES[request.param]


def an_offer(*, price: int = 990, stock: int = 3) -> Offer:
    return {"sku": "X-1", "price": price, "stock": stock}


def test_an_offer_in_stock_can_be_bought_at_its_price(price_tag: PriceRule) -> None:
    """Price and availability are the supplier's."""
    assert price_tag(an_offer(price=990, stock=1)) == PriceTag(price=990, available=True)


def test_an_offer_without_stock_keeps_its_price(price_tag: PriceRule) -> None:
    """It is shown, and can not be bought."""
    assert price_tag(an_offer(price=990, stock=0)) == PriceTag(price=990, available=False)


@pytest.mark.parametrize(
    ("tag", "cost_cents"),
    [
        (PriceTag(price=990, available=True), 2970),
        (PriceTag(price=0, available=True), 0),  # a gift costs nothing, which is not the same as no price
        (PriceTag(price=990, available=False), None),
        (PriceTag(price=None, available=False), None),
    ],
)
def test_only_what_can_be_bought_has_a_cost(tag: PriceTag, cost_cents: int | None) -> None:
    """Whole cents, no rounding."""
    assert tag.cost(3) == cost_cents
