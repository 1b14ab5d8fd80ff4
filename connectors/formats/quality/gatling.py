"""Gatling's statistics: `js/global_stats.json`, `js/stats.json`, `js/stats.js`, and `js/assertions.json`.

`percentiles1` to `percentiles4` have no names; by default they are the 50th, 75th, 95th and 99th, and a site that
configured others must not import them. Numbers may be text, with blanks and commas; `-` is none. stats.js is JavaScript
around the same object. Times are ms.
"""

from json import JSONDecoder
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..load_tests import METRICS, THRESHOLDS, Thresholds, load_test
from ..shapes import Shape, dict_at, shaped_list
from ..values import number

_WHAT = "Gatling"
_JS = "stats: {"
_PERCENTILES = {50: "percentiles1", 95: "percentiles3", 99: "percentiles4"}
_MAX_JS_BYTES = 1 << 20
"""The figures of the whole run stand at the beginning."""


class _Assertion(Shape):
    result: bool
    path: Any = None
    message: Any = None
    target: Any = None


class Gatling(JsonFormat):
    """Gatling -> performance."""

    name = "gatling"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    documents = (dict, list)
    about = About(
        title="Gatling statistics and assertions",
        producers="Gatling",
        versions="Gatling 2 and 3: global_stats.json, stats.json, stats.js, assertions.json",
        recognised_by="`numberOfRequests` with `percentiles1`; `var stats =`; `assertions` with a `simulation`",
        fields="numberOfRequests, percentiles1, 3 and 4, meanNumberOfRequestsPerSecond; `assertions` result",
        metrics=(*METRICS, THRESHOLDS),
        sample=Sample.CONSTRUCTED,
        how_to_export="the report's folder: js/global_stats.json, js/assertions.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the figures of the whole run, or by the assertions."""
        if head.text.startswith("var stats ="):
            return "numberOfRequests" in head.text
        keys = head.json_keys | dict_at(head.json, "stats").keys()
        return {"numberOfRequests", "percentiles1"} <= keys or {"simulation", "assertions"} <= keys

    def loads(self, data: bytes) -> Any:
        """JSON, or JavaScript with an object after `stats:`."""
        if not data.lstrip().startswith(b"var stats"):
            return super().loads(data)
        text = data[:_MAX_JS_BYTES].decode("utf-8", "replace")
        try:
            return JSONDecoder().raw_decode(text, text.index(_JS) + len(_JS) - 1)[0]
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    def read(self, document: Any) -> Parsed:
        """The whole run, or the assertions about it."""
        if isinstance(document, list):
            document = document[0] if document else {}
        if "assertions" in dict_at(document):
            return _read_assertions(shaped_list(_Assertion, document["assertions"], _WHAT))
        stats = dict_at(document, "stats") or dict_at(document)
        if not {"numberOfRequests", "percentiles1"} <= stats.keys():
            raise InputError(f"{_WHAT}: no numberOfRequests and percentiles1 in it")
        requests, failed = _number(stats, "numberOfRequests"), _number(stats, "numberOfRequests", "ko")
        if requests is None:
            raise InputError(f"{_WHAT}: numberOfRequests has no total")
        return load_test(
            "gatling",
            requests=int(requests),
            failed_share=(failed or 0) / requests if requests else None,
            percentiles={percent: _number(stats, name) for percent, name in _PERCENTILES.items()},
            throughput_rps=_number(stats, "meanNumberOfRequestsPerSecond"),
            notes=("percentiles1, 3 and 4 are taken for the 50th, 95th and 99th, Gatling's default",),
        )


def _read_assertions(assertions: list[_Assertion]) -> Parsed:
    thresholds = Thresholds()
    for assertion in assertions:
        rule = assertion.message or assertion.target
        thresholds.add(assertion.path or "Global", rule, crossed=not assertion.result)
    return load_test(
        "gatling", requests=None, failed_share=None, percentiles={}, throughput_rps=None, thresholds=thresholds
    )


def _number(stats: dict[str, Any], name: str, of: str = "total") -> float | None:
    value = dict_at(stats, name).get(of)
    text = str(value).strip().replace(",", "") if isinstance(value, str | int | float) else ""
    if text in ("", "-"):
        return None
    found = number(text)
    if found is None:
        raise InputError(f"{_WHAT}: {name}.{of} is {clean(value, 40)!r}, expected a number")
    return found
