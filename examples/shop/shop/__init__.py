"""A small web shop: catalogue, carts, customers and orders, as pages and as a JSON API."""
