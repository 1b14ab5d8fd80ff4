"""What a supplier offers, and what the shop asks for it."""

from dataclasses import dataclass
from typing import NotRequired, TypedDict


class Offer(TypedDict):
    """A supplier's record for one product, kept as received.

    `price` is in integer cents of EUR. It is missing while the supplier's price import is pending; since release
    1.4.0 such a record is taken in all the same, so that new products can be found before their price is known.
    `stock` is the supplier's count at the time of the feed, less what the shop has sold since: goods go from the
    supplier to the buyer, and the shop keeps no stock of its own.
    """

    sku: str
    stock: int
    price: NotRequired[int]


# From so many pieces of one product on, the line costs so many percent less.
BULK_QUANTITY = 10
BULK_DISCOUNT_PERCENT = 5


@dataclass(frozen=True)
class PriceTag:
    """The price in cents, None when unknown, and whether the product can be bought now."""

    price: int | None
    available: bool

    def cost(self, quantity: int) -> int | None:
        """Cents for `quantity` pieces, bulk discount taken off; None when the product can not be bought."""
        if self.price is None or not self.available:
            return None
        full_cents = self.price * quantity
        if quantity < BULK_QUANTITY:
            return full_cents
        # Half a cent is rounded up, in the shop's favour as on any invoice.
        return (full_cents * (100 - BULK_DISCOUNT_PERCENT) + 50) // 100
