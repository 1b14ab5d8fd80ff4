"""Datadog's search answers, API v2: real users, logs, spans, events, CI.

One envelope for all, so one importer; what an item is says its `type`. The last page is an envelope without items, and
nothing tells of which search.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import LOGS, OPS, RUM, SPANS, Row
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import text
from .datadog_ci import ci_row
from .datadog_events import event_row
from .datadog_issues import issue_row
from .datadog_logs import log_row_of
from .datadog_rum import rum_row
from .datadog_spans import span_row

_ROWS: dict[Any, Callable[[dict[str, Any]], Row]] = {
    "rum": rum_row,
    "log": log_row_of,
    "spans": span_row,
    "span": span_row,
    "event": event_row,
    "issue": issue_row,
    "cipipeline": ci_row,
    "citest": ci_row,
}
"""Type of an item -> its row."""
_WITHOUT_ROWS = {
    "error_tracking_search_result": "the counts of an error search have no time: get the issues one by one",
}
_PAGE_KEYS = frozenset({"data", "meta", "links", "included"})


class DatadogSearch(PagesFormat):
    """Datadog search pages -> rows of real users, logs, spans, marks on the timeline."""

    name = "datadog-search"
    produces: tuple[str, ...] = (RUM, LOGS, SPANS, OPS)
    about = About(
        title="Datadog search answers (RUM, logs, spans, events, CI, error issues)",
        producers="Datadog",
        versions="API v2; pages, or one item a line",
        recognised_by="`data` whose items have the type rum, log, spans, event, cipipeline, citest or issue; an "
        "envelope without items",
        fields="RUM: session, view, vitals, action, error, resource, device, browser; logs, spans, events: service, "
        "request, error; CI: pipeline, job, test, status, commit; durations in ns",
        sample=Sample.RECORDED,
        how_to_export="POST https://api.datadoghq.com/api/v2/rum/events/search (logs/events/search, "
        "spans/events/search, events/search, ci/pipelines/events/search), page by page into one file",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("data",),)

    def recognises(self, head: Head) -> bool:
        """By the type of the first item; a page without items by having nothing else."""
        page = dict_at(head.json)
        data = page.get("data")
        if "buckets" in dict_at(data):
            return True
        item = page if "attributes" in page else data if isinstance(data, dict) else first_of(data)
        if text(dict_at(item).get("type")) in _ROWS.keys() | _WITHOUT_ROWS.keys():
            return "attributes" in dict_at(item)
        return (data == [] or (data is None and "meta" in page)) and page.keys() <= _PAGE_KEYS

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[Row]:
        """One event."""
        kind = text(dict_at(item).get("type"))
        make = _ROWS.get(kind)
        if make is not None:
            yield make(item)
        elif kind in _WITHOUT_ROWS:
            reading.note(_WITHOUT_ROWS[kind])
        else:
            raise Unusable("an item of another type")

    def document(self, document: Any, reading: Reading) -> Iterable[Row]:
        """A page is done; a line of an export may be an item itself."""
        page = dict_at(document)
        if "attributes" in page:
            yield from self.item((), page, reading)
            reading.used += 1
        elif "attributes" in dict_at(page, "data"):
            yield from self.item((), page["data"], reading)
        elif "buckets" in dict_at(page, "data"):
            reading.note("an aggregate does not say what was asked: export the events, or the metrics")
        elif page.get("errors"):
            reading.fail(first_of(page["errors"]))
        elif not page or not page.keys() <= _PAGE_KEYS or isinstance(page.get("data"), dict):
            raise Unusable("no page of a search")
        elif dict_at(page, "meta").get("status") == "timeout":
            reading.note("a search timed out: its page is not whole")
