"""Amplitude's export: one event a line, in gzip files in a zip. Times are UTC without a zone, to six digits.

A session's id is the time of its start in milliseconds, so it is one only together with the device; -1 is no session.
"""

from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import PRODUCT
from ....core.records.bulk.usage import ProductRow
from ..shapes import dict_at, first_of
from ..values import clock, device_of, number, path_of, properties, text, whole
from .product_pages import ProductPages

_PAGES = ("[Amplitude] Page URL", "page_url", "url", "[Amplitude] Page Location")
_EXPOSURES = ("$exposure", "[Experiment] Exposure", "[Experiment] Assignment")


class Amplitude(ProductPages):
    """Amplitude events -> rows of product events."""

    name = "amplitude"
    produces: tuple[str, ...] = (PRODUCT,)
    about = About(
        title="Amplitude export",
        producers="Amplitude",
        versions="Export API 2",
        recognised_by="lines with `event_type` and `event_time`",
        fields="event_type, event_time, user_id, device_id, session_id, event_properties, platform, os_name, country, "
        "version_name, $insert_id",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -u ... 'https://amplitude.com/api/2/export?start=...&end=...' > export.zip",
    )

    def recognises(self, head: Head) -> bool:
        """By the first event."""
        return self.is_event(dict_at(first_of(head.json) if isinstance(head.json, list) else head.json))

    def is_event(self, event: dict[str, Any]) -> bool:
        """The names of type and time."""
        return {"event_type", "event_time"} <= event.keys()

    def identity(self, event: dict[str, Any]) -> Any:
        """The id that the SDK gave it, of one device."""
        insert = text(event.get("$insert_id")) or text(event.get("insert_id"))
        return insert and (insert, text(event.get("device_id")))

    def row(self, event: dict[str, Any]) -> ProductRow | None:
        """One row."""
        at, name = clock(event.get("event_time")), text(event.get("event_type"))
        told = dict_at(event, "event_properties")
        if at is None or name is None:
            return None
        device = text(event.get("device_id")) or text(event.get("amplitude_id"))
        session = whole(event.get("session_id"))
        platform = (text(event.get("platform")) or "").lower() or None
        is_web = platform == "web"
        flag, variant = text(told.get("flag_key")), text(told.get("variant"))
        prices = (number(value) for value in (event.get("revenue"), told.get("$revenue"), told.get("revenue")))
        return ProductRow(
            at=at,
            name=name,
            user=text(event.get("user_id")) or device,
            session=f"{device}.{session}" if device and session is not None and session >= 0 else None,
            page=next((page for key in _PAGES if (page := path_of(told.get(key)))), None),
            platform=platform,
            device=device_of(event.get("device_type")) or device_of(event.get("device_family")),
            browser=text(event.get("os_name")) if is_web else None,
            os=text(event.get("device_family")) if is_web else text(event.get("os_name")),
            region=text(event.get("country")),
            release=text(event.get("version_name")),
            revenue=next((price for price in prices if price is not None), None),
            currency=text(told.get("currency")),
            experiment=f"{flag}={variant}" if name in _EXPOSURES and flag and variant else None,
            properties=properties(told),
        )
