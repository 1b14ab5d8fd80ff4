"""Self time of torn traces: what is known is told, nothing hangs, nothing is negative."""

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.span_tree import Span, tree_of

ids = st.sampled_from("abcdef")
numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e6, 1e6))
spans = st.builds(Span, ids, st.none() | ids, numbers, st.none() | numbers)


@given(st.lists(spans, max_size=40))
def test_any_trace_gives_every_span_a_self_time_within_its_duration(trace: list[Span]) -> None:
    """Circles, twins, missing parents, no numbers: each span is in the tree once."""
    tree = tree_of(trace)
    assert len(tree.self_ms) == len(trace)
    for span, own in zip(trace, tree.self_ms, strict=True):
        assert 0 <= own <= max(0.0, span.duration_ms or 0.0) or own == 0
    placed = sorted([*tree.roots, *(child for children in tree.children for child in children)])
    assert placed == list(range(len(trace)))


def test_parallel_children_count_once() -> None:
    """Two calls at the same time leave the parent its own 40 ms."""
    tree = tree_of([Span("a", None, 0, 100), Span("b", "a", 10, 60), Span("c", "a", 10, 60)])
    assert tree.self_ms == [40, 60, 60]


def test_a_child_of_a_fast_clock_is_moved_into_its_parent_with_all_below_it() -> None:
    """An hour ahead: nobody's self time changes."""
    hour = 3_600_000.0
    trace = [Span("a", None, 0, 100), Span("b", "a", hour, 60), Span("c", "b", hour + 5, 20)]
    tree = tree_of(trace)
    assert (tree.self_ms, tree.skewed) == ([40, 40, 20], 1)


def test_a_child_that_outlives_its_parent_takes_only_what_the_parent_had() -> None:
    """Work that goes on after the answer."""
    assert tree_of([Span("a", None, 0, 100), Span("b", "a", 80, 500)]).self_ms == [80, 500]


def test_missing_parents_and_circles_are_counted() -> None:
    """They become roots of their own."""
    tree = tree_of([Span("a", "gone", 0, 10), Span("b", "c", 5, 10), Span("c", "b", 4, 10), Span("d", "d", 0, 1)])
    assert (tree.orphans, tree.cut, sorted(tree.roots)) == (1, 2, [0, 2, 3])


def test_spans_without_a_duration_are_told_apart_from_fast_ones() -> None:
    """Still open, or no number."""
    tree = tree_of(
        [Span("a", None, 0, None), Span("b", None, nan, nan), Span("c", None, 0, inf), Span("d", None, 0, 0)]
    )
    assert (tree.self_ms, tree.unmeasured) == ([0, 0, 0, 0], 3)


def test_a_chain_of_two_hundred_thousand_spans_is_no_recursion() -> None:
    """One trace may be that long; it is walked in linear time."""
    chain = [Span(str(n), str(n - 1) if n else None, n / 1000, 300 - n / 1000) for n in range(200_000)]
    tree = tree_of(chain)
    assert len(tree.roots) == 1 and sum(tree.self_ms) > 0
