"""Splunk search results: the export endpoint (one object a line), the results endpoint, rows and columns.

Previews are not the result and are dropped; values are text, or lists where a field has several.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, listed, text
from .log_rows import level_in, log_row, message_and_attributes


class Splunk(PagesFormat):
    """Splunk events -> rows of logs."""

    name = "splunk"
    produces: tuple[str, ...] = (LOGS,)
    about = About(
        title="Splunk search results",
        producers="Splunk Enterprise, Splunk Cloud",
        versions="search/v2/jobs/export and results with output_mode json, json_rows",
        recognised_by="lines with `result` and `preview` or `offset`; `results` whose items have `_raw` or `_time`",
        fields="_time, _raw, host, source, sourcetype, and every extracted field whose name tells what it is",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl https://splunk:8089/services/search/v2/jobs/export -d output_mode=json -d search='...'",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("results",),)
    one = "event"

    def recognises(self, head: Head) -> bool:
        """By the envelope of either endpoint."""
        page = dict_at(head.json)
        if "result" in page and not {"preview", "offset", "lastrow"}.isdisjoint(page):
            return True
        first = dict_at(first_of(page.get("results")))
        return not {"_raw", "_time"}.isdisjoint(first) or (
            "preview" in page and not {"results", "rows"}.isdisjoint(page)
        )

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[LogRow]:
        """One event."""
        told = {name: value[0] if isinstance(value, list) and value else value for name, value in dict_at(item).items()}
        at, raw = clock(told.get("_time")), told.get("_raw")
        if at is None or (raw is None and "message" not in told):
            raise Unusable("an event needs `_time` and `_raw`: a statistic is none")
        message, record = message_and_attributes(raw)
        known = {name: value for name, value in told.items() if not name.startswith("_")}
        level = text(known.get("log_level")) or text(known.get("level")) or text(known.get("severity"))
        yield log_row(
            at,
            level or ("" if record else level_in(message)),
            message,
            record | known,
            host=text(told.get("host")),
            logger=text(known.get("logger")) or text(told.get("source")),
        )

    def document(self, document: Any, reading: Reading) -> Iterable[LogRow]:
        """A line of an export, or a page."""
        page = dict_at(document)
        for message in listed(page.get("messages")):
            if text(dict_at(message).get("type")) in ("FATAL", "ERROR"):
                reading.fail(dict_at(message).get("text"))
        if page.get("preview") is True:
            reading.note("previews were left out")
        elif isinstance(page.get("result"), dict):
            yield from self.item((), page["result"], reading)
            reading.used += 1
        elif isinstance(page.get("rows"), list) and isinstance(page.get("fields"), list):
            names = [text(dict_at(field).get("name")) or text(field) or "" for field in page["fields"]]
            for row in page["rows"]:
                yield from self.item((), dict(zip(names, listed(row), strict=False)), reading)
                reading.used += 1
        elif page.keys().isdisjoint({"results", "messages", "lastrow"}):
            raise Unusable("no `result` or `results`")
