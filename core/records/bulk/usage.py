"""Rows of product analytics: what people did, as the product itself names it."""

from datetime import datetime
from typing import NamedTuple

from ..privacy import Id, Json, Session, Text, Url, User


class ProductRow(NamedTuple):
    """One analytics event. None = not said."""

    at: datetime
    """Aware UTC."""
    name: Text
    """`page_view`, `add_to_cart`, `Search`: as the product calls it."""
    user: User | None = None
    session: Session | None = None
    page: Url | None = None
    """Path of the page, with query."""
    platform: Text | None = None
    """`web`, `ios`, `android`, else as written in lower case."""
    device: Text | None = None
    """`mobile`, `desktop`, `tablet`, else as written in lower case."""
    browser: Text | None = None
    os: Text | None = None
    region: Text | None = None
    """Country code, else country as written."""
    release: Id | None = None
    """Version of the app."""
    revenue: float | None = None
    currency: Text | None = None
    """Of `revenue`; ISO 4217 where the source says."""
    experiment: Text | None = None
    """`name=variant`, several separated by blanks."""
    properties: Json = "{}"
    """JSON object of the other properties, plain values only."""
