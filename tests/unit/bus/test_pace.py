"""When a reader waits for a batch to come together."""

import pytest

from aqe.bus.delivery import worth_gathering


@pytest.mark.parametrize(
    ("entries", "within_s", "worth"),
    [
        (1, 0.0002, True),  # 5,000 a second: ten would come within 2 ms
        (20, 0.003, True),
        (1, 0.001, False),  # 1,000 a second: two would come
        (1, 0.01, False),
        (0, 1.0, False),
        (0, 0.0, False),
    ],
)
def test_a_pause_before_a_read_must_bring_some_entries(entries: int, within_s: float, worth: bool) -> None:
    """So that a quiet stream's entries are never late."""
    assert worth_gathering(entries, within_s, 0.002) is worth


def test_without_a_pause_there_is_nothing_to_gather() -> None:
    """`gather_s=0` reads at once, always."""
    assert not worth_gathering(50, 0.001, 0.0)
