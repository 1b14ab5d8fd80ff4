"""Experiments that are looked at every day: how often one without an effect is ever flagged, and how often one with.

The naive test is what people do: a z test of two shares, or Welch's, at 5 %, at every look. All experiments are
simulated from a printed seed.
"""

import argparse
from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from ..analysis.inference.always_valid import ALPHA, CountTest, RankTest
from .report import json_line, table

LOOKS = 60
UNITS_A_LOOK = 200
"""Of both arms together."""
CONVERSION = 0.05
NAIVE_Z = 1.96
LIFTS = (0.1, 0.2, 0.3, 0.5)
SHIFTS = (0.02, 0.05, 0.1)
SHARES = (0.5, 0.1)

Once = Callable[[np.random.Generator, float, float], tuple[bool, bool]]
"""One experiment with this effect and share of B: whether (we, the naive test) ever flagged it."""


def main(arguments: list[str]) -> int:
    """A/A tests, then power."""
    parser = argparse.ArgumentParser(prog="ab", description=__doc__)
    parser.add_argument("--tests", type=int, default=4000, help="simulated A/A tests")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    result: dict[str, Any] = {"seed": options.seed, "looks": LOOKS, "tests": options.tests}
    for name, once, effects in (("conversion", _conversion, LIFTS), ("latency", _latency, SHIFTS)):
        aa = {share: _ever(once, rng, 0.0, share, options.tests) for share in SHARES}
        power = {effect: _ever(once, rng, effect, 0.5, options.tests // 10) for effect in effects}
        rows = [(f"no effect, {share:.0%} in B", *map(_percent, found)) for share, found in aa.items()]
        rows += [(f"{effect:+.0%}", *map(_percent, found)) for effect, found in power.items()]
        table(f"{name}: ever flagged in {LOOKS} looks", ("effect", "always-valid", "naive"), rows)
        result[name] = {"aa": aa, "power": power}
    json_line("ab", **result)
    return 0


def _ever(once: Once, rng: np.random.Generator, effect: float, share: float, tests: int) -> tuple[float, float]:
    flags = np.array([once(rng, effect, share) for _ in range(tests)])
    ours, naive = flags.mean(axis=0)
    return float(ours), float(naive)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _conversion(rng: np.random.Generator, lift: float, share: float) -> tuple[bool, bool]:
    units_b = rng.binomial(UNITS_A_LOOK, share, LOOKS)
    units_a = UNITS_A_LOOK - units_b
    a = rng.binomial(units_a, CONVERSION).cumsum()
    b = rng.binomial(units_b, CONVERSION * (1 + lift)).cumsum()
    n_a, n_b = units_a.cumsum(), units_b.cumsum()
    pooled = (a + b) / (n_a + n_b)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / np.maximum(n_b, 1)))
    naive = np.abs(b / np.maximum(n_b, 1) - a / n_a) > NAIVE_Z * spread
    ours = any(CountTest(int(x), int(y), share).p_value <= ALPHA for x, y in zip(a, b, strict=True))
    return ours, bool(naive.any())


def _latency(rng: np.random.Generator, shift: float, share: float) -> tuple[bool, bool]:
    """Log-normal with a standard deviation of 1 in the logarithm, as latencies have."""
    test, ours, naive = RankTest(share), False, False
    all_values, all_in_b = np.empty(0), np.empty(0, dtype=bool)
    for _ in range(LOOKS):
        in_b = rng.random(UNITS_A_LOOK) < share
        values = rng.lognormal(5.0, 1.0, UNITS_A_LOOK) * (1 + shift * in_b)
        test = test.updated(values, in_b)
        ours |= test.p_value <= ALPHA
        all_values, all_in_b = np.concatenate([all_values, values]), np.concatenate([all_in_b, in_b])
        a, b = all_values[~all_in_b], all_values[all_in_b]
        if len(b) > 1:
            naive |= bool(abs(b.mean() - a.mean()) > NAIVE_Z * sqrt(a.var() / len(a) + b.var() / len(b)))
    return ours, naive
