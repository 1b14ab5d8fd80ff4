"""The history of a service level objective in Datadog: good and all events a interval, and the level itself."""

from collections.abc import Iterable
from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.rows import METRICS
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, at_s, labels, number, tags_to_dict, text


class DatadogSlo(PagesFormat):
    """Datadog SLO history -> rows of metric points."""

    name = "datadog-slo"
    produces: tuple[str, ...] = (METRICS,)
    about = About(
        title="Datadog SLO history",
        producers="Datadog",
        versions="API v1",
        recognised_by="`data` with `overall` and `from_ts`; a list of objectives with `thresholds`",
        fields="slo name and tags, `overall` sli_value, `series` times, numerator, denominator",
        sample=Sample.RECORDED,
        how_to_export="GET https://api.datadoghq.com/api/v1/slo/ID/history?from_ts=...&to_ts=...",
    )

    def recognises(self, head: Head) -> bool:
        """A history, or a list of objectives."""
        data = dict_at(head.json).get("data")
        if isinstance(data, list):
            return {"thresholds", "target_threshold"} <= dict_at(first_of(data)).keys()
        return {"overall", "from_ts", "to_ts"} <= dict_at(data).keys()

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """The level as percent at the end of the window, and the events it is made of."""
        page = dict_at(document)
        data = dict_at(page, "data")
        if "overall" not in data:
            if "thresholds" in dict_at(first_of(page.get("data"))):
                reading.note("objectives without their history: nothing was measured")
            elif page.get("errors") or page.get("error"):
                reading.fail(first_of(page.get("errors")) or page.get("error"))
            else:
                raise Unusable("no `overall`")
            return
        objective = dict_at(data, "slo")
        name, tags = text(objective.get("name")) or "slo", tags_to_dict(objective.get("tags"))
        told = labels({**tags, "slo": name})
        level, at = number(dict_at(data, "overall").get("sli_value")), at_s(data.get("to_ts"))
        if level is None:
            why = text(dict_at(first_of(dict_at(data, "overall").get("errors"))).get("error_message"))
            reading.note(f"the level of the objective was not measured: {why or 'no data'}")
        elif at is not None:
            yield MetricRow(at, "slo.level", level, unit="percent", service=tags.get("service"), labels=told)
        yield from _events(dict_at(data, "series"), tags.get("service"), told)


def _events(series: dict[str, Any], service: str | None, told: str) -> Iterable[MetricRow]:
    times, interval = series.get("times"), number(series.get("interval"))
    for name, part in (("slo.good_events", "numerator"), ("slo.all_events", "denominator")):
        values = dict_at(series, part).get("values")
        if isinstance(times, list) and isinstance(values, list):
            for moment, value in zip(times, values, strict=False):
                at, found = at_ms(moment), number(value)
                if at is not None and found is not None:
                    yield MetricRow(at, name, found, "sum", "delta", None, service, told, interval)
