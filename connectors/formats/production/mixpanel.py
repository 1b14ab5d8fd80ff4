"""Mixpanel's raw export: one event a line, times in seconds. An event may be there twice; Mixpanel counts it once."""

from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.rows import PRODUCT
from ....core.records.usage import ProductRow
from ..shapes import dict_at, first_of
from ..values import clock, device_of, number, path_of, properties, text
from .product_pages import ProductPages

_TOLD = frozenset({"time", "distinct_id", "revenue", "currency", "session_id", "mp_country_code", "amount"})


class Mixpanel(ProductPages):
    """Mixpanel events -> rows of product events."""

    name = "mixpanel"
    produces: tuple[str, ...] = (PRODUCT,)
    about = About(
        title="Mixpanel raw export",
        producers="Mixpanel",
        versions="API 2.0 export",
        recognised_by="lines with `event` and `properties` that have `time` or `distinct_id`",
        fields="event; properties time, distinct_id, $user_id, $insert_id, $current_url, $browser, $os, country",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl 'https://data.mixpanel.com/api/2.0/export?from_date=...&to_date=...' > events.jsonl",
    )

    def recognises(self, head: Head) -> bool:
        """By the first event."""
        return self.is_event(dict_at(first_of(head.json) if isinstance(head.json, list) else head.json))

    def is_event(self, event: dict[str, Any]) -> bool:
        """A name, and properties of which two are always there."""
        return isinstance(event.get("event"), str) and not {"time", "distinct_id"}.isdisjoint(
            dict_at(event, "properties")
        )

    def identity(self, event: dict[str, Any]) -> Any:
        """Event, person, time and the id that the library gave it."""
        told = dict_at(event, "properties")
        insert = text(told.get("$insert_id"))
        return insert and (event["event"], text(told.get("distinct_id")), text(told.get("time")), insert)

    def row(self, event: dict[str, Any]) -> ProductRow | None:
        """One row."""
        told = dict_at(event, "properties")
        at, name = clock(told.get("time")), text(event.get("event"))
        if at is None or name is None:
            return None
        os = text(told.get("$os"))
        return ProductRow(
            at=at,
            name=name,
            user=text(told.get("$user_id")) or text(told.get("distinct_id")),
            session=text(told.get("$session_id")) or text(told.get("session_id")),
            page=path_of(told.get("$current_url")),
            platform="web" if "$browser" in told else "ios" if os == "iOS" else "android" if os == "Android" else None,
            device=device_of(told.get("$device_type")) or device_of(told.get("$device")),
            browser=text(told.get("$browser")),
            os=os,
            region=text(told.get("mp_country_code")) or text(told.get("$country_code")),
            release=text(told.get("$app_version_string")) or text(told.get("$app_version")),
            revenue=number(told.get("$amount")) if "$amount" in told else number(told.get("revenue")),
            currency=text(told.get("currency")),
            experiment=_experiment(event, told),
            properties=properties({key: value for key, value in told.items() if key[0:1] != "$" and key not in _TOLD}),
        )


def _experiment(event: dict[str, Any], told: dict[str, Any]) -> str | None:
    """`$experiment_started` says which variant somebody saw."""
    name, variant = text(told.get("Experiment name")), text(told.get("Variant name"))
    return f"{name}={variant}" if event.get("event") == "$experiment_started" and name and variant else None
