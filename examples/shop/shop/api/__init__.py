"""The JSON API: one blueprint a resource."""

from . import accounts, carts, checkout, health, orders, products

BLUEPRINTS = (
    health.blueprint,
    products.blueprint,
    carts.blueprint,
    orders.blueprint,
    accounts.blueprint,
    checkout.blueprint,
)
