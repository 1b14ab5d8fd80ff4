"""`aqe signal put`: what is taken as a signal."""

from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.release import check_version
from aqe.core.records.signals import SignalKind
from aqe.fleet.signals import check_kind, read_signal
from aqe.tests.builders import NOW, a_good_signal, a_release

KIND = SignalKind.PERFORMANCE
SHORT: dict[str, Any] = {"metrics": {"p95LatencyMs": 320}, "tool": "k6", "measuredAt": "2026-01-10T11:00:00Z"}


def read(value: Any, *, whole: bool = False) -> Any:
    return read_signal(value, KIND, None if whole else a_release(), where="perf.json", now=NOW)


def test_metrics_with_a_tool_are_enough() -> None:
    """Release comes from the flags; the names may be camelCase or snake_case."""
    signal = read(SHORT)
    assert (signal.kind, signal.tool, signal.metrics) == (KIND, "k6", {"p95_latency_ms": 320})
    assert signal.release == a_release()
    assert read({**SHORT, "metrics": {"p95_latency_ms": 320}}).metrics == signal.metrics


def test_a_short_one_without_a_time_was_measured_now() -> None:
    """A tool that does not say."""
    assert read({"metrics": {"requests": 10}, "tool": "k6"}).measured_at == NOW


def test_a_whole_signal_is_taken_as_it_is() -> None:
    """As `aqe signal show --json` prints it."""
    signal = a_good_signal(KIND)
    assert read(signal.to_dict(), whole=True) == signal


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected a JSON object"),
        ({"tool": "k6"}, "no metrics"),
        ({**SHORT, "metrics": {}}, "no metrics"),
        ({**SHORT, "metrics": {"p95Latency": 3}}, "has no metric 'p95Latency', did you mean 'p95LatencyMs'"),
        ({**SHORT, "metrics": {"p95LatencyMs": "320"}}, "metrics.p95LatencyMs is '320'"),
        ({**SHORT, "metrics": {"p95LatencyMs": True}}, "metrics.p95LatencyMs is True"),
        ({**SHORT, "metrics": {"p95LatencyMs": -1}}, "metrics.p95LatencyMs is -1"),
        ({**SHORT, "metrics": {"requests": 1.5}}, "metrics.requests is 1.5"),
        ({**SHORT, "metrics": {"p95LatencyMs": None}}, "metrics.p95LatencyMs is null"),
        ({**SHORT, "metrics": {"errorRatePercent": 101}}, "metrics.errorRatePercent is 101"),
        ({**SHORT, "tool": ""}, "tool"),
        ({**SHORT, "measuredAt": "2026-01-10T11:00:00"}, "timezone"),
        ({**SHORT, "measuredat": "2026-01-10T11:00:00Z"}, "measuredat"),
    ],
)
def test_everything_else_is_refused_with_file_and_field(value: Any, message: str) -> None:
    """A wrong figure that is stored would be believed."""
    with pytest.raises(InputError, match=message) as caught:
        read(value)
    assert caught.value.message.startswith("perf.json: ")
    assert "\n" not in caught.value.message


def test_a_whole_signal_must_be_of_the_kind_and_have_a_time_zone() -> None:
    """Both are said in one line."""
    with pytest.raises(InputError, match="is a mutation signal, not performance"):
        read({**a_good_signal(KIND).to_dict(), "kind": "mutation"}, whole=True)
    with pytest.raises(InputError, match="measuredAt has no time zone"):
        read({**a_good_signal(KIND).to_dict(), "measuredAt": "2026-01-10T11:00:00"}, whole=True)


def test_names_are_checked_with_help() -> None:
    """Kinds know their nearest neighbour, versions what they may consist of."""
    with pytest.raises(InputError, match="did you mean 'test-coverage'"):
        check_kind("test-coverag")
    for version in ("", "a/b", "v 1", "v*", "-v", "x" * 200):
        with pytest.raises(InputError, match="cannot be a release's version"):
            check_version(version)
    assert check_version("v1.2.3-4-gabc123-dirty") == "v1.2.3-4-gabc123-dirty"
