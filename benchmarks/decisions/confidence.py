"""Whether the intervals of release confidence hold what they say, on simulated histories.

The true success probability is drawn from the prior, a history of n deployments from it; the 95 % interval must hold
the truth in 93 to 97 % of the histories. Simulation-based calibration: the place of the truth in the posterior is
uniform. Whether a deviation is the sampler's or chance, the same histories tell, looked at more thoroughly. Then the
product's own function is asked, also where its assumptions do not hold: old deployments, fixed rates, a rate that
drifts.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import erfc, exp, log, sqrt
from typing import Any

import numpy as np

from aqe.agents.deployment_readiness.foresight.confidence import PRIOR, release_confidence
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.analysis.inference.bayesian_logistic import HARM_MEDIAN, HARM_SD, PROPOSALS, sample
from aqe.analysis.inference.beta_binomial import Beta
from aqe.analysis.inference.logistic import Floats, sigmoid
from aqe.config.policy import default_policy
from aqe.core.records.decisions.history import DeploymentOutcome, Foresight
from aqe.core.records.release import DeploymentResult, Release

from .. import report
from ..report import table

SIZES = (0, 5, 20, 50, 156)
HISTORIES = 2000
FEATURES = 5
RANKS = 20
"""Bins of the rank histogram."""
THOROUGH = 16
"""Times as many proposals, against which the product's number is held."""
COMPARED = 20
"""Of so many histories one is looked at thoroughly, too."""
NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
GOAL = (0.93, 0.97)
MEASURED = ("change_size", "test_coverage", "files_modified", "commits", "modules_affected")


@dataclass(frozen=True)
class Drawn:
    """A simulated history and the truth about the next release.

    Args:
        harm, succeeded: of the deployments; harm is standard normal.
        own: harm of the release.
        truth: its success probability.
    """

    harm: Floats
    succeeded: Floats
    own: Floats
    truth: float


def from_prior(rng: np.random.Generator, size: int, features: int) -> Drawn:
    """Intercept and effects from the prior of the model."""
    success = rng.beta(*PRIOR)
    intercept = log(success) - np.log1p(-success)
    effects = HARM_MEDIAN * np.exp(HARM_SD * rng.standard_normal(features))
    harm, own = rng.standard_normal((size, features)), rng.standard_normal(features)
    succeeded = rng.random(size) < sigmoid(intercept - harm @ effects)
    return Drawn(harm, succeeded.astype(float), own, float(sigmoid(np.array([intercept - own @ effects]))[0]))


def main(arguments: Sequence[str]) -> int:
    """Simulate and print."""
    options = _options(arguments)
    rng = np.random.default_rng(options.seed)
    figures: dict[str, Any] = {}
    places: dict[str, list[float]] = {name: [] for name in MODELS}
    rows = [_analysis(name, size, options.histories, rng, figures, places[name]) for name in MODELS for size in SIZES]
    for name, all_places in places.items():
        figures[f"{name}, all n"] = {"p": _uniform_p(np.array(all_places))}
        rows.append([f"{name}, all n", "", "", _mean_place(all_places), f"{figures[f'{name}, all n']['p']:.3f}"])
    table(
        f"{options.histories:,} histories each, truth drawn from the prior",
        ["posterior, n", "95 % interval holds it", "mean width", "mean place of the truth", "rank chi-square p"],
        rows,
    )
    _print_calibration(figures)
    few = max(2, options.histories // COMPARED)
    table(
        f"Bayesian logistic, {THOROUGH} times the proposals less the product's, the same {few:,} histories",
        ["n", "place of the truth", "mean, points", "lower end, points", "upper end, points"],
        [_thoroughly(size, few, rng, figures) for size in SIZES],
    )
    rows = [_product(name, options.histories // 4, rng, figures) for name in CASES]
    table(
        f"release_confidence itself, {options.histories // 4:,} histories each",
        ["deployments", "95 % interval holds it", "mean width"],
        rows,
    )
    _print_widths(figures)
    report.json_line("confidence", histories=options.histories, seed=options.seed, goal=GOAL, figures=figures)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks confidence", description=__doc__)
    parser.add_argument("--histories", type=int, default=HISTORIES, help=f"of each size; default {HISTORIES}")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation; default 1")
    return parser.parse_args(arguments)


def _beta(rng: np.random.Generator, size: int) -> tuple[tuple[float, float], float, float]:
    """Interval, truth, and the truth's place in the posterior."""
    drawn = from_prior(rng, size, 0)
    posterior = Beta(*PRIOR).updated(successes=drawn.succeeded.sum(), failures=size - drawn.succeeded.sum())
    return posterior.interval(), drawn.truth, posterior.below(drawn.truth)


def _logistic(rng: np.random.Generator, size: int) -> tuple[tuple[float, float], float, float]:
    drawn = from_prior(rng, size, FEATURES)
    mine = _posterior(drawn, int(rng.integers(2**31)), PROPOSALS)
    low, high = np.quantile(mine, [0.025, 0.975])
    # Among n draws there are n + 1 ranks, which no number of bins need divide; spread out, they are uniform exactly.
    return (float(low), float(high)), drawn.truth, float(((mine < drawn.truth).sum() + rng.random()) / (len(mine) + 1))


def _posterior(drawn: Drawn, seed: int, proposals: int) -> Floats:
    """Draws of the release's success probability."""
    found = sample(drawn.harm, drawn.succeeded, prior=PRIOR, seed=seed, proposals=proposals)
    return np.asarray(found.probabilities(drawn.own[None])[0])


def _thoroughly(size: int, histories: int, rng: np.random.Generator, figures: dict[str, Any]) -> list[str]:
    """What the product's number of proposals gets wrong: a row of mean differences with their standard errors."""
    differences = []
    for _ in range(histories):
        drawn, seed = from_prior(rng, size, FEATURES), int(rng.integers(2**31))
        quick, thorough = (
            np.array(
                [(mine < drawn.truth).mean(), *(100 * np.array([mine.mean(), *np.quantile(mine, [0.025, 0.975])]))]
            )
            for mine in (_posterior(drawn, seed + times, times * PROPOSALS) for times in (1, THOROUGH))
        )
        differences.append(thorough - quick)
    means, errors = np.mean(differences, axis=0), np.std(differences, axis=0) / sqrt(histories)
    figures[f"thorough, n = {size}"] = {"difference": means.tolist(), "error": errors.tolist()}
    place, *points = [f"{mean:+.4f} +- {error:.4f}" for mean, error in zip(means, errors, strict=True)]
    return [str(size), place, *points]


MODELS: dict[str, Callable[[np.random.Generator, int], tuple[tuple[float, float], float, float]]] = {
    "Beta-Binomial": _beta,
    f"Bayesian logistic, {FEATURES} features": _logistic,
}


def _analysis(
    name: str, size: int, histories: int, rng: np.random.Generator, figures: dict[str, Any], places: list[float]
) -> list[str]:
    """A row; adds the figures, and where the truth was in the posteriors."""
    found = [MODELS[name](rng, size) for _ in range(histories)]
    places += [place for _, _, place in found]
    covered = float(np.mean([low <= truth <= high for (low, high), truth, _ in found]))
    width = float(np.mean([high - low for (low, high), _, _ in found]))
    p = _uniform_p(np.array(places[-histories:]))
    figures[f"{name}, n = {size}"] = {"covered": covered, "width": width, "p": p}
    mine = places[-histories:]
    return [f"{name}, n = {size}", _share(covered, histories), f"{100 * width:.1f}", _mean_place(mine), f"{p:.3f}"]


def _mean_place(places: Sequence[float]) -> str:
    """0.5 when calibrated; more, when the posterior is too careful."""
    return f"{np.mean(places):.3f} +- {np.std(places) / sqrt(len(places)):.3f}"


def _print_calibration(figures: dict[str, Any]) -> None:
    """Of so many cells one or the other looks unlikely: the least p, once that is allowed for (Sidak, 1967)."""
    cells = {name: found["p"] for name, found in figures.items() if ", n = " in name}
    name, least = min(cells.items(), key=lambda cell: cell[1])
    adjusted = adjusted_p(least, len(cells))
    figures["least p"] = {"cell": name, "p": least, "adjusted": adjusted}
    print(f"\nleast p of {len(cells)} cells: {least:.3f} ({name}); allowing for so many: {adjusted:.3f}")


def adjusted_p(least: float, tests: int) -> float:
    """The chance that the least of so many independent p-values is as small as this, were all histories calibrated."""
    return 1 - (1 - least) ** tests


def _uniform_p(places: Floats) -> float:
    """Chi-square test of uniformity; the tail by Wilson and Hilferty's normal approximation (1931)."""
    counts = np.bincount(np.minimum((places * RANKS).astype(int), RANKS - 1), minlength=RANKS)
    expected = len(places) / RANKS
    statistic, freedom = float(((counts - expected) ** 2 / expected).sum()), RANKS - 1
    z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return 0.5 * erfc(z / sqrt(2))


def _share(covered: float, histories: int) -> str:
    error = 1.96 * sqrt(covered * (1 - covered) / histories)
    return f"{100 * covered:.1f} % +- {100 * error:.1f}"


# The product's function ----------------------------------------------------------------------------------------------

CASES: dict[str, dict[str, Any]] = {
    "156 alike, of the last 60 days": {"size": 156},
    "156 alike, over the whole window of 180 days": {"size": 156, "days": 179},
    "156 with features, of the last 60 days": {"size": 156, "features": FEATURES},
    "156 alike, true rate 99 %": {"size": 156, "success": 0.99},
    "156 alike, true rate 80 %": {"size": 156, "success": 0.80},
    "156 alike over 180 days, log-odds drift by 1 a year": {"size": 156, "days": 179, "drift": 1.0},
}
"""What is simulated -> how; the truth is drawn from the prior unless `success` fixes it."""


def _product(name: str, histories: int, rng: np.random.Generator, figures: dict[str, Any]) -> list[str]:
    found = [_asked(rng, **CASES[name]) for _ in range(histories)]
    covered = float(np.mean([low <= 100 * truth <= high for (low, high), truth in found]))
    width = float(np.mean([high - low for (low, high), _ in found]))
    figures[name] = {"covered": covered, "width": width / 100}
    return [name, _share(covered, histories), f"{width:.1f}"]


def _asked(
    rng: np.random.Generator,
    size: int,
    days: float = 60,
    features: int = 0,
    success: float | None = None,
    drift: float = 0.0,
) -> tuple[tuple[float, float], float]:
    """The interval that the product gives, and the truth."""
    drawn = from_prior(rng, size, features)
    truth, succeeded = drawn.truth, drawn.succeeded
    ages = np.sort(rng.uniform(0, days, size))[::-1]
    if success is not None or drift:
        truth = rng.beta(*PRIOR) if success is None else success
        # A random walk backwards from today; `drift` is its standard deviation after a year.
        steps = rng.standard_normal(size) * drift * np.sqrt(-np.diff(ages, append=0.0) / 365)
        logits = log(truth) - np.log1p(-truth) + np.cumsum(steps[::-1])[::-1]
        succeeded = (rng.random(size) < sigmoid(logits)).astype(float)
    names = MEASURED[:features]
    history = tuple(
        _deployment(place, ages[place], succeeded[place], dict(zip(names, drawn.harm[place], strict=True)))
        for place in range(size)
    )
    inputs = ReadinessInputs(Release(version="v"), NOW, history=history)
    own = {name: _raw(name, value) for name, value in zip(names, drawn.own, strict=True)}
    return release_confidence(inputs, default_policy(), own).interval, truth


def _deployment(place: int, age: float, succeeded: float, harm: dict[str, float]) -> DeploymentOutcome:
    at = NOW - timedelta(days=float(age))
    before = Foresight(version="v", assessed_at=at, features={name: _raw(name, value) for name, value in harm.items()})
    outcome: DeploymentResult = "success" if succeeded else "failed"
    return DeploymentOutcome(version=f"v{place}", deployed_at=at, outcome=outcome, before=before)


def _raw(name: str, harm: float) -> float:
    """A raw feature whose scaled value is a linear function of the harm."""
    return 50 - 5 * harm if name == "test_coverage" else exp(5 + harm) - 1


def _print_widths(figures: dict[str, Any]) -> None:
    """Four times the history, half the width."""

    def width(size: int) -> float:
        low, high = Beta(*PRIOR).updated(successes=0.9 * size, failures=0.1 * size).interval()
        return high - low

    ratios = {size: width(4 * size) / width(size) for size in (50, 156, 1000)}
    figures["width(4n) / width(n)"] = ratios
    print("\nwidth(4n) / width(n):", ", ".join(f"n = {size}: {ratio:.3f}" for size, ratio in ratios.items()))
