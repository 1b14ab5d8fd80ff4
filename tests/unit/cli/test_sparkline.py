"""Numbers as a line of blocks."""

import math

from hypothesis import given
from hypothesis import strategies as st

from aqe.cli.sparkline import BLOCKS, GAP, PLAIN, sparkline

numbers = st.lists(st.none() | st.floats())


def test_a_short_peak_among_many_points_is_seen() -> None:
    """It is one point of 500, and the line has 20 characters."""
    assert sparkline([1.0] * 250 + [9.0] + [1.0] * 249, width=20) == "▁" * 10 + "█" + "▁" * 9


@given(numbers, st.integers(1, 60), st.booleans())
def test_any_numbers_give_one_line_of_at_most_the_width(values: list[float | None], width: int, blocks: bool) -> None:
    """NaN, infinity and nothing at all included; the highest and the lowest are told apart."""
    line = sparkline(values, width=width, blocks=blocks)
    steps = BLOCKS if blocks else PLAIN
    assert len(line) == min(width, len(values))
    assert set(line) <= {*steps, GAP}
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(values) <= width and len(set(finite)) > 1:
        assert {steps[0], steps[-1]} <= set(line)
