"""Rows whose clock was wrong by years."""

from datetime import UTC, datetime, timedelta

from aqe.fleet.imports.clocks import Clocks

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_rows_of_1970_and_of_the_future_are_told_and_a_clock_some_hours_off_is_none_of_them() -> None:
    """Nothing is said where nothing is wrong."""
    clocks = Clocks(NOW)
    for at in (NOW + timedelta(hours=14), NOW - timedelta(days=3000)):
        clocks.look(at)
    assert clocks.notes() == ()
    for at in (datetime(1970, 1, 1, tzinfo=UTC), NOW + timedelta(days=2), datetime(9999, 1, 1, tzinfo=UTC)):
        clocks.look(at)
    assert clocks.notes() == (
        "rows from the future, where no analysis looks: 2",
        "rows from before 2000, where no analysis looks: 1",
    )
