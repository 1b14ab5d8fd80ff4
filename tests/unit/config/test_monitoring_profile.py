"""Phases and limits after a release, from YAML."""

from pathlib import Path

import pytest

from aqe.config.monitoring_profile import PHASED, load_profile
from aqe.core.errors import InputError
from aqe.core.records.rollouts.checks import CheckLimits
from aqe.fleet.rollouts.defaults import asked_trigger
from aqe.tests.servers import documented

ONE = "phases:\n  - {name: calm, duration: 10m}\n"


def test_the_three_phases_of_the_specification() -> None:
    phases = load_profile(PHASED).watches
    assert [(phase.duration_s, phase.interval_s, phase.auto_rollback) for phase in phases] == [
        (300, 10, True),
        (1500, 30, True),
        (3600, 60, False),
    ]
    limits = {trigger.metric: (trigger.limit, trigger.below) for trigger in phases[0].triggers}
    assert limits["error_rate_percent"] == (0.5, False)
    assert limits["availability_percent"] == (99.9, True)


def test_limits_of_ones_own_metrics(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(ONE + "limits:\n  checkout_conversion_rate: {below: 80, for: 1m, alert_only: true}\n")
    (trigger,) = load_profile(path).triggers
    assert (trigger.limit, trigger.below, trigger.for_s, trigger.alert_only) == (80, True, 60, True)


def test_argos_counters_instead_of_a_time(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(ONE + "limits:\n  queue: {above: 80, counters: {failure_limit: 2, success: 60}}\n")
    (trigger,) = load_profile(path).triggers
    assert trigger.counters == CheckLimits(failure_limit=2, success=60)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("{above: 80, for: 1m, counters: {failure_limit: 2}}", "a limit has `for` or `counters`, one of them"),
        ("{above: 80, counters: {success: 90}}", "counters.success is 90, expected at most `above`"),
        ("{below: 80, counters: {success: 70}}", "counters.success is 70, expected at least `below`"),
        ("{above: 80, counters: {failures: 2}}", "failures"),
        ("{above: 80, counters: {failure_limit: -2}}", "failure_limit"),
    ],
)
def test_counters_that_say_nothing_clear_are_refused_with_their_line(tmp_path: Path, limit: str, words: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(ONE + f"limits:\n  queue: {limit}\n")
    with pytest.raises(InputError, match=r"own.yaml:4") as caught:
        load_profile(path)
    assert words in str(caught.value)


def test_a_time_and_counters_are_refused_on_the_command_line_too() -> None:
    with pytest.raises(InputError, match="latency_p95_ms: a trigger has `for_s` or `counters`"):
        asked_trigger("latency_p95_ms", 800, below=False, for_s=60, counters={"failure_limit": 2})
    asked = asked_trigger("latency_p95_ms", 800, below=False, for_s=None, counters={"failure_limit": None})
    assert (asked.for_s, asked.counters) == (120, None)


def test_the_documented_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(documented("monitoring.yaml"))
    profile = load_profile(path)
    assert [phase.auto_rollback for phase in profile.watches] == [True, False]
    assert all(trigger.alert_only for trigger in profile.triggers)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "phases is missing"),
        ("phases: []", "phases"),
        ("phases:\n  - {name: a, duration: 10}", ":2: phases.0.duration cannot be used: 10 is not a duration"),
        (ONE + "limits: {x: {above: 1, below: 2}}", "one of them"),
        (ONE + "limits: {x: {}}", "one of them"),
        (ONE + "limits: {x: {above: .nan}}", "finite"),
        (ONE + "limits: {'a b': {above: 1}}", "pattern"),
        (ONE + "phase: 3", "phase"),
        ("phases: 3", "phases"),
        ("- 3", "expected `key: value` lines"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        load_profile(path)
    assert said in error.value.message and str(path) in error.value.message
    assert "\n" not in error.value.message


def test_a_file_that_is_not_there_and_one_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary", "."):
        with pytest.raises(InputError, match=name):
            load_profile(tmp_path / name)
