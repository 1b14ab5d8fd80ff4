"""Google Analytics 4, BigQuery export as JSON lines. Times are microseconds written as text.

There is no session column: a session is `user_pseudo_id` with the parameter `ga_session_id`. Without consent both are
missing.
"""

from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import PRODUCT
from ....core.records.bulk.usage import ProductRow
from ..shapes import dict_at, first_of
from ..values import at_us, device_of, listed, number, path_of, properties, text, whole
from .product_pages import ProductPages

_TOLD = frozenset({"ga_session_id", "page_location", "value", "currency"})


class Ga4Export(ProductPages):
    """GA4 events -> rows of product events."""

    name = "ga4-export"
    produces: tuple[str, ...] = (PRODUCT,)
    about = About(
        title="Google Analytics 4 BigQuery export",
        producers="Google Analytics 4",
        versions="tables events_* and events_intraday_*",
        recognised_by="lines with `event_name` and `event_timestamp`",
        fields="event_name, event_timestamp, event_params, user_id, user_pseudo_id, device, geo, app_info, ecommerce",
        sample=Sample.CONSTRUCTED,
        how_to_export="bq extract --destination_format=NEWLINE_DELIMITED_JSON analytics_1.events_20261120 gs://...",
    )

    def recognises(self, head: Head) -> bool:
        """By the first event."""
        return self.is_event(dict_at(first_of(head.json) if isinstance(head.json, list) else head.json))

    def is_event(self, event: dict[str, Any]) -> bool:
        """The two columns that are never null."""
        return {"event_name", "event_timestamp"} <= event.keys()

    def identity(self, event: dict[str, Any]) -> Any:
        """The export repeats nothing: events of one batch share their time and differ in nothing we could compare."""
        return None

    def row(self, event: dict[str, Any]) -> ProductRow | None:
        """One row."""
        at, name = at_us(whole(event.get("event_timestamp")) or 0), text(event.get("event_name"))
        if at is None or name is None:
            return None
        told = {
            text(dict_at(one).get("key")) or "": _value(dict_at(one, "value"))
            for one in listed(event.get("event_params"))
        }
        pseudo, session = text(event.get("user_pseudo_id")), text(told.get("ga_session_id"))
        device, shop = dict_at(event, "device"), dict_at(event, "ecommerce")
        revenue = number(shop.get("purchase_revenue"))
        if revenue is None and name in ("purchase", "in_app_purchase", "refund"):
            revenue = number(told.get("value"))
        return ProductRow(
            at=at,
            name=name,
            user=text(event.get("user_id")) or pseudo,
            session=f"{pseudo}.{session}" if pseudo and session else None,
            page=path_of(told.get("page_location")),
            platform=(text(event.get("platform")) or "").lower() or None,
            device=device_of(device.get("category")),
            browser=text(dict_at(device, "web_info").get("browser")) or text(device.get("browser")),
            os=text(device.get("operating_system")),
            region=text(dict_at(event, "geo").get("country")),
            release=text(dict_at(event, "app_info").get("version")),
            revenue=revenue,
            currency=text(told.get("currency")),
            experiment=_experiment(told),
            properties=properties({key: value for key, value in told.items() if key not in _TOLD}),
        )


def _value(told: dict[str, Any]) -> Any:
    """Whichever of the four columns is set; whole numbers come as text."""
    found = next((value for value in told.values() if value is not None), None)
    return whole(found) if "int_value" in told and told["int_value"] is not None else found


def _experiment(told: dict[str, Any]) -> str | None:
    name, variant = (
        text(told.get(first)) or text(told.get(second))
        for first, second in (("experiment_id", "experiment"), ("variant_id", "variant"))
    )
    return f"{name}={variant}" if name and variant else None
