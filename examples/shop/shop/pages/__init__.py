"""The pages that people see: one blueprint, a module a subject, templates in templates/."""

from flask import Flask

from . import account, cart, catalogue, checkout, orders
from .blueprint import blueprint
from .view import install_view

__all__ = ["account", "blueprint", "cart", "catalogue", "checkout", "install", "orders"]


def install(app: Flask) -> None:
    """Register the pages and what their templates use."""
    app.register_blueprint(blueprint)
    install_view(app)
