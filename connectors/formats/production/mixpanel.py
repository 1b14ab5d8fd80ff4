"""Mixpanel's raw export: one event a line, times in seconds. An event may be there twice; Mixpanel counts it once."""

from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import PRODUCT
from ....core.records.bulk.usage import ProductRow
from ..shapes import dict_at, first_of
from ..values import clock, device_of, number, path_of, properties, text
from .product_pages import ProductPages

_TOLD = frozenset({"time", "distinct_id", "revenue", "currency", "session_id", "mp_country_code", "amount"})

_KNOWN: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Names of an event's properties -> those that are the site's own."""
_MAX_KNOWN = 500
_MAX_KNOWN_CHARS = 4_000


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
        told = dict_at(event, "properties")
        return isinstance(event.get("event"), str) and ("time" in told or "distinct_id" in told)

    def identity(self, event: dict[str, Any]) -> Any:
        """Event, person, time and the id that the library gave it."""
        told = dict_at(event, "properties")
        insert = text(told.get("$insert_id"))
        return insert and (event["event"], text(told.get("distinct_id")), text(told.get("time")), insert)

    def row(self, event: dict[str, Any]) -> ProductRow | None:
        """One row."""
        told = dict_at(event, "properties")
        say = told.get
        at, name = clock(say("time")), text(event["event"])
        if at is None or name is None:
            return None
        user = text(say("$user_id") or say("distinct_id"))
        session = text(say("$session_id") or say("session_id"))
        page, os = path_of(say("$current_url")), text(say("$os"))
        platform = "web" if "$browser" in told else "ios" if os == "iOS" else "android" if os == "Android" else None
        device = device_of(say("$device_type") or say("$device"))
        browser = text(say("$browser"))
        region = text(say("mp_country_code") or say("$country_code"))
        release = text(say("$app_version_string") or say("$app_version"))
        revenue = number(say("$amount") if "$amount" in told else say("revenue"))
        currency = text(say("currency"))
        experiment = _experiment(told) if name == "$experiment_started" else None
        own = properties({key: told[key] for key in _own(tuple(told))})
        # By position: with names it would take half a microsecond longer, of nine that an event takes.
        return ProductRow(
            at, name, user, session, page, platform, device, browser, os, region, release, revenue, currency,
            experiment, own,
        )  # fmt: skip


def _own(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of what the site tells by itself; Mixpanel's own begin with a dollar sign. Events of one library have the
    same names: to look at each every time would take an eighth of all reading.
    """
    own = _KNOWN.get(names)
    if own is None:
        own = tuple(name for name in names if name[:1] != "$" and name not in _TOLD)
        if len(_KNOWN) < _MAX_KNOWN and sum(map(len, names)) <= _MAX_KNOWN_CHARS:
            _KNOWN[names] = own
    return own


def _experiment(told: dict[str, Any]) -> str | None:
    """Which variant somebody saw."""
    name, variant = text(told.get("Experiment name")), text(told.get("Variant name"))
    return f"{name}={variant}" if name and variant else None
