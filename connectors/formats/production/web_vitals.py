"""Beacons of the web-vitals library. A metric is reported again whenever it grows, under the same id: the last counts.

A beacon has no time of its own, but its id begins with the moment its page was loaded; one with another id is taken to
come right after the beacon before it.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import RUM
from ....core.records.bulk.rum import RumRow
from ....core.user_agent import browser, device
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, clock, device_of, ms, number, path_of, text

_METRICS = {"LCP": "lcp_ms", "INP": "inp_ms", "CLS": "cls", "FCP": "fcp_ms", "TTFB": "ttfb_ms", "FID": "fid_ms"}
_ID = re.compile(r"v\d+-(\d{13})-")
_TIMES = ("timestamp", "time", "ts", "at", "date", "@timestamp")
_PAGES = ("url", "href", "page", "path", "pathname", "location")
_AGENTS = ("userAgent", "user_agent", "ua")
MAX_OPEN = 50_000
"""Beacons that may still be corrected; the oldest is given when there are more."""


class WebVitals(PagesFormat):
    """web-vitals beacons -> rows of real users."""

    name = "web-vitals"
    produces: tuple[str, ...] = (RUM,)
    about = About(
        title="web-vitals beacons",
        producers="the web-vitals library, next/web-vitals",
        versions="web-vitals 2 to 5; FID (until 4) is read as legacy",
        recognised_by="objects whose `name` is one of the vitals, with `value` and `id`",
        fields="name, value, id (with the time of the page load); url, session, user, device, browser, userAgent",
        sample=Sample.CONSTRUCTED,
        how_to_export="write each body of navigator.sendBeacon('/vitals', JSON.stringify(metric)) as a line",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one = "beacon"

    def recognises(self, head: Head) -> bool:
        """By the first beacon."""
        return _is_beacon(first_of(head.json) if isinstance(head.json, list) else head.json)

    def start(self, reading: Reading) -> None:
        """No beacon is open."""
        reading.memory = {}

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[RumRow]:
        """Kept until it is too old to be corrected."""
        if not _is_beacon(item):
            raise Unusable("a beacon needs `name` of a vital, `value` and `id`")
        beacon, open_rows = dict_at(item), reading.memory
        key = f"{beacon['name']} {text(beacon.get('id'))}"
        row = _row(beacon, next(reversed(open_rows.values())).at if open_rows else None)
        earlier = open_rows.pop(key, None)
        open_rows[key] = row if earlier is None else row._replace(at=min(row.at, earlier.at))
        if row.fid_ms is not None:
            reading.note("FID is a legacy vital: INP took its place in March 2024")
        if len(open_rows) > MAX_OPEN:
            yield open_rows.pop(next(iter(open_rows)))

    def document(self, document: Any, reading: Reading) -> Iterable[RumRow]:
        """A line is a beacon."""
        if not isinstance(document, list):
            yield from self.item((), document, reading)
            reading.used += 1

    def end(self, reading: Reading) -> Iterable[RumRow]:
        """Those that are still open."""
        rows: dict[str, RumRow] = reading.memory
        return rows.values()


def _is_beacon(value: Any) -> bool:
    beacon = dict_at(value)
    return beacon.get("name") in tuple(_METRICS) and {"value", "id"} <= beacon.keys()


def _row(beacon: dict[str, Any], latest: datetime | None) -> RumRow:
    """With the time of the beacon before where it has none itself."""
    loaded = _ID.match(text(beacon.get("id")) or "")
    at = next((at for name in _TIMES if (at := clock(beacon.get(name)))), None) or at_ms(loaded[1] if loaded else None)
    at = at or latest
    column = _METRICS[beacon["name"]]
    value = number(beacon["value"]) if column == "cls" else ms(beacon["value"])
    if at is None or value is None:
        raise Unusable("a beacon needs a number, and a time in its id or beside it")
    agent = next((told for name in _AGENTS if (told := text(beacon.get(name)))), None)
    measured: dict[str, Any] = {column: value}
    return RumRow(
        at=at,
        event="vital",
        session=text(beacon.get("session")) or text(beacon.get("sessionId")),
        user=text(beacon.get("user")) or text(beacon.get("userId")),
        page=next((page for name in _PAGES if (page := path_of(beacon.get(name)))), None),
        name=beacon["name"],
        device=device_of(beacon.get("device")) or (agent and device(agent)),
        browser=text(beacon.get("browser")) or (agent and browser(agent)),
        **measured,
    )
