"""What a supplier offers, and what the shop asks for it."""

from dataclasses import dataclass
from typing import NotRequired, TypedDict


class Offer(TypedDict):
    """A supplier's record for one product, kept as received.

    `price` is in integer cents of EUR. It is missing while the supplier's price import is pending; since release
    1.4.0 such a record is taken in all the same, so that new products can be found before their price is known.
    `stock` is the supplier's count at the time of the feed: goods go from the supplier to the buyer, and the shop
    keeps no stock of its own.
    """

    sku: str
    stock: int
    price: NotRequired[int]


@dataclass(frozen=True)
class PriceTag:
    """The price in cents, None when unknown, and whether the product can be bought now."""

    price: int | None
    available: bool

    def cost(self, quantity: int) -> int | None:
        """Cents for `quantity` pieces; None when the product can not be bought."""
        if self.price is None or not self.available:
            return None
        return self.price * quantity
