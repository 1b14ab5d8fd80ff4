"""Our binomial tails and corrected p-values against scipy.stats, which is too slow to import for a command."""

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx
from scipy.stats import binom, false_discovery_control

from aqe.analysis.inference.binomial import at_least, at_most, most_hits
from aqe.analysis.inference.false_discovery import corrected

trials = st.integers(0, 1_000_000)
shares = st.floats(0, 1)


@given(of=trials, part=st.floats(-0.1, 1.1), share=shares)
def test_tails_are_those_of_scipy(of: int, part: float, share: float) -> None:
    hits = round(part * of)
    assert at_least(hits, of, share) == approx(binom.sf(hits - 1, of, share), rel=1e-9, abs=1e-300)
    assert at_most(hits, of, share) == approx(binom.cdf(hits, of, share), rel=1e-9, abs=1e-300)


@given(of=trials, off=st.integers(-30, 30), share=st.floats(1e-6, 1 - 1e-6))
def test_tails_near_the_mean_are_those_of_scipy(of: int, off: int, share: float) -> None:
    hits = round(of * share) + off
    assert at_least(hits, of, share) == approx(binom.sf(hits - 1, of, share), rel=1e-9)
    assert at_most(hits, of, share) == approx(binom.cdf(hits, of, share), rel=1e-9)


@given(chance=st.floats(0.5, 0.9999), of=st.integers(1, 1_000_000), share=shares)
def test_most_hits_are_the_quantile_of_scipy(chance: float, of: int, share: float) -> None:
    """But for ties, where SciPy may be one too high: of 469 coins 234 or fewer show heads with a chance of one half."""
    hits, of_scipy = most_hits(chance, of, share), binom.ppf(chance, of, share)
    assert hits == of_scipy or at_most(hits, of, share) == approx(chance, rel=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_p_values_are_corrected_as_scipy_does(p_values: list[float]) -> None:
    assert corrected(p_values) == false_discovery_control(p_values).tolist()


def test_nothing_to_correct() -> None:
    assert corrected([]) == []
