"""How often the judges of a canary are wrong, and how soon they are right, on simulated stages; all looks counted.

A stage is 30 minutes and is looked at twice a minute. Error rates: each arm has so many requests a minute, of which
some fail; ours sees the counts, Kayenta's test the error rate a minute, as it is used. Latency: each arm has one
lognormal percentile a look. "Ever" = at any look; Kayenta's own way is one look at the end, "end".
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqe.agents.deployment_readiness.judging.kayenta import Classification, MetricConfig, judge_metric
from aqe.agents.deployment_readiness.judging.sequential import Count, State, judge_share, judge_values

from .. import report
from ..report import table

MINUTES = 30
LOOKS = 60
SHARES = ((0.005, 0.005), (0.005, 0.010), (0.005, 0.020), (0.010, 0.030), (0.005, 0.200))
RATES = (20, 100, 500)
SIGMAS = (0.1, 0.3, 0.6)
SLOWER = (1.0, 1.3, 2.0)
KAYENTA = MetricConfig(direction="increase")


@dataclass(frozen=True)
class Found:
    """Of many stages: share that was ever flagged, share flagged at the end, median minute of the first flag."""

    ever: float
    end: float
    minutes: float | None

    def cells(self) -> list[str]:
        """For a table."""
        return [
            f"{100 * self.ever:.2f} %",
            f"{100 * self.end:.2f} %",
            "-" if self.minutes is None else f"{self.minutes:.1f}",
        ]


def main(arguments: Sequence[str]) -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="benchmarks judge", description=__doc__)
    parser.add_argument("--stages", type=int, default=1000, help="simulated for each cell")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    figures: dict[str, Any] = {}
    rows = [_shares(rate, pair, options.stages, rng, figures) for rate in RATES for pair in SHARES]
    table(
        f"share of failed requests, {options.stages:,} stages each",
        ["requests a minute, shares", "ever", "end", "after min", "Kayenta ever", "end", "after min"],
        rows,
    )
    rows = [_latency(sigma, factor, options.stages // 2, rng, figures) for sigma in SIGMAS for factor in SLOWER]
    table(
        f"a latency percentile a look, {options.stages // 2:,} stages each",
        ["sd of its logarithm, slower by", "ever", "end", "after min", "Kayenta ever", "end", "after min"],
        rows,
    )
    report.json_line("judge", stages=options.stages, seed=options.seed, looks=LOOKS, figures=figures)
    return 0


def _shares(
    rate: int, shares: tuple[float, float], stages: int, rng: np.random.Generator, figures: dict[str, Any]
) -> list[str]:
    base, own = shares
    ours, theirs = [], []
    for _ in range(stages):
        requests = rng.poisson(rate * MINUTES / LOOKS, (2, LOOKS))
        bad = np.array([rng.binomial(requests[0], own), rng.binomial(requests[1], base)])
        ours.append(_our_shares(bad.cumsum(1), requests.cumsum(1), rate * MINUTES))
        theirs.append(_kayenta_by_minute(bad, requests))
    return _row(f"{rate}, {base:.3f} -> {own:.3f}", ours, theirs, figures)


def _our_shares(bad: NDArray[np.int64], requests: NDArray[np.int64], planned: int) -> list[bool]:
    return [
        judge_share(
            Count(float(bad[0, n]), float(requests[0, n])),
            Count(float(bad[1, n]), float(requests[1, n])),
            planned=planned,
        ).state
        is State.WORSE
        for n in range(LOOKS)
    ]


def _kayenta_by_minute(bad: NDArray[np.int64], requests: NDArray[np.int64]) -> list[bool]:
    minute = (2, MINUTES, LOOKS // MINUTES)
    points = bad.reshape(minute).sum(2) / np.maximum(requests.reshape(minute).sum(2), 1)
    return _kayenta(points[0], points[1], every=1)


def _latency(sigma: float, factor: float, stages: int, rng: np.random.Generator, figures: dict[str, Any]) -> list[str]:
    ours, theirs = [], []
    for _ in range(stages):
        own, base = np.exp(rng.normal(np.log(np.array([[100 * factor], [100.0]])), sigma, (2, LOOKS)))
        looks = range(1, LOOKS + 1)
        ours.append([judge_values(own[:n], base[:n], planned=LOOKS).state is State.WORSE for n in looks])
        theirs.append(_kayenta(own, base, every=2))
    return _row(f"{sigma:.1f}, {100 * (factor - 1):.0f} %", ours, theirs, figures)


def _kayenta(own: NDArray[np.float64], base: NDArray[np.float64], *, every: int) -> list[bool]:
    """At its first 5 points, and from there on."""
    return [
        n >= 5 and judge_metric(list(own[:n]), list(base[:n]), KAYENTA).classification is Classification.HIGH
        for n in range(every, len(own) + 1, every)
    ]


def _row(name: str, ours: list[list[bool]], theirs: list[list[bool]], figures: dict[str, Any]) -> list[str]:
    found = {"ours": _found(ours), "kayenta": _found(theirs)}
    figures[name] = {judge: vars(one) for judge, one in found.items()}
    return [name, *found["ours"].cells(), *found["kayenta"].cells()]


def _found(flags: list[list[bool]]) -> Found:
    looks = len(flags[0])
    first = [row.index(True) + 1 for row in flags if True in row]
    return Found(
        ever=len(first) / len(flags),
        end=sum(row[-1] for row in flags) / len(flags),
        minutes=float(np.median(first)) * MINUTES / looks if first else None,
    )
