"""How an offer becomes a price tag: one module a rule, selected by name."""

from collections.abc import Callable, Mapping

from ..offer import Offer, PriceTag
from . import naive, safe

PriceRule = Callable[[Offer], PriceTag]

PRICE_RULES: Mapping[str, PriceRule] = {
    "naive": naive.price_tag,
    "safe": safe.price_tag,
}
