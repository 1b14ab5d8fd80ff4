"""Phases and limits after a release, from YAML."""

from pathlib import Path

import pytest

from aqe.config.monitoring_profile import PHASED, load_profile
from aqe.core.errors import InputError
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
