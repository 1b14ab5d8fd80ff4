"""Price tags as release 1.4.0 made them. Kept with its bug: it is what the fleet's demo has to find."""

from ..offer import Offer, PriceTag


def price_tag(offer: Offer) -> PriceTag:
    """The tag of an offer; every offer is taken to have a price."""
    return PriceTag(price=offer["price"], available=offer["stock"] > 0)
