"""Price tags as release 1.4.1 makes them."""

from ..offer import Offer, PriceTag


def price_tag(offer: Offer) -> PriceTag:
    """The tag of an offer; without a price it is shown, but can not be bought."""
    price = offer.get("price")
    if price is None:
        return PriceTag(price=None, available=False)
    return PriceTag(price=price, available=offer["stock"] > 0)
