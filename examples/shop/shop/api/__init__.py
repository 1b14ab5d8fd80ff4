"""The JSON API: one blueprint a resource."""

from . import carts, health, orders, products

BLUEPRINTS = (health.blueprint, products.blueprint, carts.blueprint, orders.blueprint)
