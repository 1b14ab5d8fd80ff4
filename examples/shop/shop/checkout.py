"""Buying: a cart, an address and a card become an order."""

import logging
from dataclasses import dataclass
from datetime import datetime

from . import carts, orders
from .accounts import Account
from .db import Connection
from .errors import Conflict, OrderedAlready, PaymentUnavailable
from .payment.gateway import Card, Gateway
from .pricing import PriceRule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Purchase:
    """What a customer decided.

    Args:
        cart_id: what is bought.
        address: where it goes, in one line.
        card: how it is paid.
        agreed_cents: the total that the customer saw and agreed to; None takes the cart's of the moment.
        key: the same for each repetition of the same decision, so that it is paid once.
    """

    cart_id: str
    address: str
    card: Card
    agreed_cents: int | None
    key: str


def buy(
    connection: Connection, price_tag: PriceRule, gateway: Gateway, account: Account, purchase: Purchase, now: datetime
) -> orders.Order:
    """Charge the card and place the order: both, or neither.

    The database is not locked while the payment service thinks. What changed meanwhile is found when the order is
    placed, and then the money goes back.

    Raises:
        NotFound: the account has no such cart.
        OrderedAlready: it was ordered before.
        Conflict: it can not be bought, or costs something else than was agreed. Nothing is charged.
        PaymentDeclined: nothing is ordered.
        PaymentUnavailable: nothing is ordered; with the same key it may be tried again without paying twice.
    """
    cart = carts.load_open(connection, price_tag, purchase.cart_id, viewer=account.id)
    total_cents = carts.require_buyable(cart)
    if purchase.agreed_cents not in (None, total_cents):
        raise Conflict("prices have changed: please look at the new total")
    payment_id = gateway.charge(total_cents, purchase.card, key=purchase.key)
    paid = orders.Paid(total_cents, payment_id, purchase.card.last4, purchase.address)
    try:
        return orders.place(connection, price_tag, cart_id=purchase.cart_id, viewer=account.id, now=now, paid=paid)
    except Conflict as conflict:
        if not _is_paid_by(connection, conflict, account, payment_id):
            _give_back(gateway, payment_id)
        raise


def _is_paid_by(connection: Connection, conflict: Conflict, account: Account, payment_id: str) -> bool:
    # A double click: the other request has placed the order, with this very payment.
    return (
        isinstance(conflict, OrderedAlready)
        and orders.load(connection, conflict.order_id, viewer=account.id).payment_id == payment_id
    )


def _give_back(gateway: Gateway, payment_id: str) -> None:
    try:
        gateway.void(payment_id)
    except PaymentUnavailable:
        log.exception("payment %s has no order and could not be voided", payment_id)
