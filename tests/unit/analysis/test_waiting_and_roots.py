"""What a time-out hides, Little's law, and which service left what was usual for it."""

from math import inf, nan

from aqe.analysis.root_services import change, rank
from aqe.analysis.waiting import concurrency, least_drain_s, masked, plausible


def test_a_callee_as_slow_as_the_time_out_hides_all_of_its_failures() -> None:
    """30 s latency against a 30 s time-out: whatever share fails is not seen."""
    assert masked([30_000.0] * 40, 30_000).share == 1
    assert masked([29_500.0, 31_000.0, 100.0], 30_000).cut == 2
    assert masked([], 30_000).share is None


def test_connections_fit_the_rate_and_latency_or_do_not() -> None:
    """A factor of two either way."""
    assert plausible(concurrency(11.4, 30), 342) is True
    assert plausible(concurrency(11.4, 30), 20) is False
    assert plausible(0, 20) is None and plausible(10, 0) is None
    assert least_drain_s(342, 10, 12) > 410


def test_too_little_before_is_no_change() -> None:
    """None, not 0; what is no number counts as nothing."""
    assert change([1, 2], [9]) is None
    assert change([1, 2, nan, inf], [9]) is None
    assert change([1, 2, 3], []) is None
    assert change([0, 0, 0], [0]) == 0


def test_a_service_with_many_quiet_metrics_is_not_suspected_for_their_number() -> None:
    """Three strong signs count, forty weak ones do not."""
    ranked = rank({"many": [1.0] * 40, "few": [None, 9.0], "silent": [None]})
    assert [name for name, _ in ranked] == ["few", "many"]


def test_what_was_nothing_before_cannot_outshout_what_was_measured() -> None:
    """Without a spread there is no scale: as far as a constant that became twenty times as large, and no further."""
    assert change([0, 0, 0], [2_097_152]) == change([0, 0, 0], [0.001]) == 20
    assert change([1e-9] * 3, [5e9]) == 1000
    assert change([0, 0, 0], [4], least=1) == 4


def test_the_three_that_always_jump_of_a_thousand_series_make_no_suspect() -> None:
    """A machine's exporter has them at any time."""
    ranked = rank({"machine": [20.0] * 3 + [0.5] * 997, "bank": [8.0, 9.0]})
    assert ranked[0][0] == "bank"
