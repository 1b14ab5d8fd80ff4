"""k6's end-of-test summary, in its three shapes.

    handleSummary(data)             metrics.<name>.values["p(95)"], thresholds {"p(95)<500": {"ok": true}}
    --summary-export                metrics.<name>["p(95)"], thresholds {"p(95)<500": false}
    --new-machine-readable-summary  results.metrics[] with name and values; no thresholds (schema 1)

In the second a threshold's boolean is inverted: true means crossed, so failed. `http_req_failed` is a rate of failures:
its `passes` are the requests that failed. Percentiles other than those in `summaryTrendStats` are not in the file.
Times are ms.
"""

from collections.abc import Mapping
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..load_tests import METRICS, THRESHOLDS, Thresholds, load_test
from ..shapes import Shape, dict_at, first_of, shaped_list
from ..times import utc_moment

_WHAT = "k6 summary"
_NAMES = {50: ("med", "p(50)", "p50"), 95: ("p(95)", "p95"), 99: ("p(99)", "p99")}
"""Percent -> names in a trend."""


class _Metric(Shape):
    name: str
    values: dict[str, Any]


class K6Summary(JsonFormat):
    """k6 summary -> performance."""

    name = "k6-summary"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="k6 end-of-test summary",
        producers="k6",
        versions="handleSummary (k6 0.30 and later), --summary-export, machine-readable summary (schema 1)",
        recognised_by="`metrics` with `http_reqs`, `iterations` or `vus`; or `results.metrics` with a `k6Version`",
        fields="`http_req_duration`, `http_reqs`, `http_req_failed`; `thresholds` of all metrics",
        metrics=(*METRICS, THRESHOLDS),
        sample=Sample.REAL,
        how_to_export="k6 run --summary-export=summary.json script.js, or handleSummary() that writes its data",
    )

    def recognises(self, head: Head) -> bool:
        """By a metric that every run has, or by one that looks like k6's."""
        metrics = dict_at(head.json, "metrics")
        if {"http_reqs", "iterations", "vus", "iteration_duration"} & metrics.keys():
            return True
        if "root_group" in head.json_keys or {"contains", "type", "values"} <= dict_at(first_of(metrics)).keys():
            return True
        return "results" in head.json_keys and _is_new(head.json)

    def read(self, document: Any) -> Parsed:
        """Look the metrics up, whatever shape they are in."""
        if "results" in document:
            return _read_new(document)
        metrics = document.get("metrics")
        if not isinstance(metrics, dict) or not all(isinstance(metric, dict) for metric in metrics.values()):
            raise InputError(f"{_WHAT}: no object `metrics`", hint="is this the output of k6 run?")
        thresholds = Thresholds()
        for name, metric in metrics.items():
            for rule, result in dict_at(metric, "thresholds").items():
                thresholds.add(name, rule, crossed=_crossed(name, rule, result))
        values = {name: dict_at(metric, "values") if "values" in metric else metric for name, metric in metrics.items()}
        duration_ms = _number(dict_at(document, "state"), "testRunDurationMs")
        return _parsed(values, thresholds, duration_s=duration_ms and duration_ms / 1000)


def _is_new(document: Any) -> bool:
    metadata = dict_at(document, "metadata")
    return bool({"k6Version", "k6_version"} & metadata.keys()) and "execution" in dict_at(document, "config")


def _read_new(document: Any) -> Parsed:
    if not _is_new(document):
        raise InputError(f"{_WHAT}: `results` without k6's `metadata` and `config`")
    metrics = shaped_list(_Metric, dict_at(document, "results").get("metrics"), _WHAT)
    metadata = dict_at(document, "metadata")
    return _parsed(
        {metric.name: metric.values for metric in metrics},
        Thresholds(),
        duration_s=_number(dict_at(document, "config"), "duration"),
        version=metadata.get("k6Version") or metadata.get("k6_version"),
        measured_at=utc_moment(metadata.get("generatedAt") or metadata.get("generated_at")),
    )


def _crossed(name: str, rule: str, result: object) -> bool:
    if isinstance(result, bool):
        return result  # --summary-export: true = crossed
    ok = dict_at(result).get("ok")
    if not isinstance(ok, bool):
        raise InputError(f"{_WHAT}: the threshold {clean(rule, 60)!r} of {clean(name, 60)!r} has no result")
    return not ok


def _parsed(
    values: Mapping[str, Mapping[str, Any]], thresholds: Thresholds, *, duration_s: float | None, **more: Any
) -> Parsed:
    reqs, failed, times = (values.get(name, {}) for name in ("http_reqs", "http_req_failed", "http_req_duration"))
    count = _number(reqs, "count")
    rate = _number(reqs, "rate")
    if rate is None and count and duration_s:
        rate = count / duration_s
    share = _number(failed, "rate")
    return load_test(
        "k6",
        requests=int(count) if count is not None else None,
        failed_share=_number(failed, "value") if share is None else share,
        percentiles={
            percent: next((_number(times, name) for name in names if name in times), None)
            for percent, names in _NAMES.items()
        },
        throughput_rps=rate,
        thresholds=thresholds,
        **more,
    )


def _number(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InputError(f"{_WHAT}: {name} is {clean(value, 40)!r}, expected a number")
    return float(value)
