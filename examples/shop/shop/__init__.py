"""A small web shop: catalogue, carts and orders behind a JSON API."""
