"""OTLP/JSON: traces, logs and metrics of OpenTelemetry, as exporters send them and the collector's file exporter writes
them (one request a line).

Read by own code: protobuf's `json_format` would take the hex ids for base64 and give wrong ones without an error.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import LOGS, METRICS, SPANS, Row
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from .otlp_logs import log_rows
from .otlp_metrics import metric_rows
from .otlp_spans import span_rows

_SIGNALS = ("resourceSpans", "resourceLogs", "resourceMetrics")
_Rows = Callable[[dict[str, Any], Any, Reading], Iterator[Row]]
_READERS: dict[str, tuple[tuple[str, ...], _Rows]] = {
    "resourceSpans": (("scopeSpans", "instrumentationLibrarySpans"), span_rows),
    "resourceLogs": (("scopeLogs", "instrumentationLibraryLogs"), log_rows),
    "resourceMetrics": (("scopeMetrics", "instrumentationLibraryMetrics"), metric_rows),
}
"""Signal -> where its scopes are (before 2022 the second), and what reads one."""


class OtlpJson(PagesFormat):
    """OTLP/JSON -> rows of spans, logs, metric points."""

    name = "otlp-json"
    produces: tuple[str, ...] = (SPANS, LOGS, METRICS)
    about = About(
        title="OTLP/JSON (OpenTelemetry traces, logs, metrics)",
        producers="OpenTelemetry SDKs and collector, Grafana Tempo, Honeycomb, ...",
        versions="OTLP 0.9 to 1.x, semantic conventions before and after 1.21; one request a file or a line",
        recognised_by="`resourceSpans`, `resourceLogs` or `resourceMetrics`",
        fields="resource service, version, environment; spans with status, exception events, HTTP, database and peer "
        "attributes; log records; gauges, sums, histograms, summaries",
        sample=Sample.REAL,
        how_to_export="the collector's file exporter (exporters: file: path: otlp.jsonl), or an exporter with "
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
    )
    arrays: ClassVar[tuple[Way, ...]] = tuple((signal,) for signal in _SIGNALS)
    counts_items = False

    def recognises(self, head: Head) -> bool:
        """By the name of a signal at the top."""
        return not head.json_keys.isdisjoint(_SIGNALS)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[Row]:
        """Everything of one resource."""
        return resource_rows(way[0], item, reading)

    def document(self, document: Any, reading: Reading) -> Iterable[Row]:
        """A request is done."""
        if dict_at(document).keys().isdisjoint(_SIGNALS):
            raise Unusable("no `resourceSpans`, `resourceLogs` or `resourceMetrics`")
        return ()


def resource_rows(signal: str, item: Any, reading: Reading) -> Iterator[Row]:
    """The rows of one element of `resourceSpans` and its like; also for formats that carry OTLP inside (Faro)."""
    if not isinstance(item, dict):
        raise Unusable("a resource that is no object")
    names, read = _READERS[signal]
    resource = dict_at(item, "resource")
    for name in names:
        scopes = item.get(name)
        for scope in scopes if isinstance(scopes, list) else ():
            yield from read(resource, scope, reading)
