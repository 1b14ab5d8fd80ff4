"""Anomaly detection on the labelled series of the Numenta Anomaly Benchmark, and its speed.

The data and its scorer are not part of this repository: they are looked for in `../shared` beside it, or where
`--data` and `--scorer` point. A threshold found on the very series it is scored on flatters, so three figures stand
side by side: fitted, cross-validated (threshold from three quarters of the series, four folds, three shuffles), and the
product's own default.
"""

import argparse
import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from ..analysis.series import anomaly_score
from ..analysis.series.alarms import AlarmRules, Alarms
from ..analysis.series.anomaly_score import AnomalyScorer
from ..analysis.series.three_sigma import ThreeSigma
from . import error_shares
from .report import json_line, table

Array = NDArray[np.float64]
SHARED = Path(__file__).resolve().parents[2] / "shared"
PROFILES = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
FOLDS, SHUFFLES = 4, 3
MOVED = {
    "FAST_SPAN": (4, 10),
    "MID_SPAN": (30, 72),
    "LONG_SPAN": (288, 600),
    "SLOTS_A_DAY": (24, 96),
    "MEAN_HALF_LIFE_DAYS": (3.0, 10.0),
    "SPREAD_SHARE": (0.4, 0.8),
    "OUTLIER": (10.0, 40.0),
}
"""Constant -> what it is moved to, one at a time."""


def main(arguments: list[str]) -> int:
    """Score, move the constants, time."""
    parser = argparse.ArgumentParser(prog="anomaly", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "nab", help="folder with data/ and labels/")
    parser.add_argument("--scorer", type=Path, default=SHARED / "bench" / "nab_score.py", help="module with Corpus")
    parser.add_argument("--quick", action="store_true", help="do not move the constants")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"speed": _speed(), "error_shares": error_shares.measured()}
    if options.data.exists() and options.scorer.exists():
        result |= _accuracy(_corpus(options.scorer, options.data), quick=options.quick)
    else:
        print(f"accuracy: NOT_MEASURED, no labelled series at {options.data}")
    json_line("anomaly", **result)
    return 0


def _corpus(scorer: Path, data: Path) -> Any:
    spec = importlib.util.spec_from_file_location("nab_score", scorer)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Corpus(str(data))


def _accuracy(corpus: Any, *, quick: bool) -> dict[str, Any]:
    scores = dict(_every_score(corpus))
    rows = {
        "ours, threshold fitted": _fitted(corpus, scores),
        "ours, threshold cross-validated": {"standard": _cross_validated(corpus, scores)},
        "ours, default threshold": _fixed(corpus, scores, AlarmRules().threshold),
        "fixed 3 sigma, window 288": _fixed(corpus, dict(_three_sigma(corpus)), 3.0),
        "a detector that never speaks": dict.fromkeys(PROFILES, 0.0),
    }
    header = ("detector", "standard", "low false positives", "low false negatives")
    cells = [[name, *(f"{row[p]:.1f}" if p in row else "-" for p in PROFILES)] for name, row in rows.items()]
    table(
        f"{len(corpus.names)} labelled series, {corpus.n_windows} anomalies (0 = silent, 100 = perfect)", header, cells
    )
    return {"nab": rows, "moved": {} if quick else _moved(corpus)}


def _every_score(corpus: Any) -> Iterator[tuple[str, Array]]:
    """The scores that would be alarms at some threshold, 0 elsewhere."""
    for name in corpus.names:
        times = np.array([at.timestamp() for at in corpus.times[name]])
        interval_s = float(np.median(np.diff(times)))
        scores = AnomalyScorer(1, interval_s).feed(times, corpus.values[name][None, :]).total[0]
        yield name, _rested(scores, AlarmRules.for_interval(interval_s, threshold=1e-9))


def _rested(scores: Array, rules: AlarmRules) -> Array:
    kept = np.zeros(len(scores))
    raised = Alarms(rules, points_a_day=1.0).feed(scores)
    kept[raised] = scores[raised]
    return kept


def _three_sigma(corpus: Any) -> Iterator[tuple[str, Array]]:
    for name in corpus.names:
        yield name, ThreeSigma().feed(corpus.values[name])


def _fitted(corpus: Any, scores: dict[str, Array], names: list[str] | None = None) -> dict[str, float]:
    return {profile: float(found[0]) for profile, found in corpus.score(scores, names).items()}


def _fixed(corpus: Any, scores: dict[str, Array], threshold: float) -> dict[str, float]:
    found = corpus.score(scores, thresholds=dict.fromkeys(PROFILES, threshold))
    return {profile: float(value[0]) for profile, value in found.items()}


def _cross_validated(corpus: Any, scores: dict[str, Array]) -> float:
    """Points won on series that had no say in the threshold, as a share of all there are to win."""
    shares = []
    for shuffle in range(SHUFFLES):
        names = np.random.default_rng(shuffle).permutation(corpus.names).tolist()
        won = weight = 0.0
        for fold in range(FOLDS):
            held_out = names[fold::FOLDS]
            rest = [name for name in names if name not in held_out]
            threshold = corpus.score(scores, rest)["standard"][1]
            windows = sum(len(corpus.windows[name]) for name in held_out)
            won += windows * corpus.score(scores, held_out, dict.fromkeys(PROFILES, threshold))["standard"][0]
            weight += windows
        shares.append(won / weight)
    return float(np.mean(shares))


def _moved(corpus: Any) -> dict[str, float]:
    found = {}
    for name, values in MOVED.items():
        usual = getattr(anomaly_score, name)
        for value in values:
            setattr(anomaly_score, name, value)
            found[f"{name} {usual} -> {value}"] = _fitted(corpus, dict(_every_score(corpus)))["standard"]
        setattr(anomaly_score, name, usual)
    table("One constant moved at a time", ("constant", "standard"), [[k, f"{v:.1f}"] for k, v in found.items()])
    return found


def _speed() -> dict[str, float]:
    points = np.random.default_rng(1).lognormal(3, 0.4, 200_000)
    many = np.random.default_rng(2).lognormal(3, 0.4, (1000, 7 * 288))
    found = {
        "one series, 5 minutes apart, one block": _rate(points[None, :], 300.0, len(points)),
        "one series, 5 minutes apart, blocks of 1,000": _rate(points[None, :], 300.0, 1000),
        "one series, 1 minute apart, one block": _rate(points[None, :], 60.0, len(points)),
        "1,000 series, 5 minutes apart, day by day": _rate(many, 300.0, 288),
        "the same, 64 side by side": _time(
            lambda: [_rate(part, 300.0, 288, runs=1) for part in _parts(many)], many.size
        ),
        "numpy and scipy: one exponential mean of the same 1,000 series": _time(lambda: _means(many), many.size),
        "fixed 3 sigma, for comparison": _time(lambda: ThreeSigma().feed(points), points.size),
    }
    table("Points per CPU second", ("what", "thousands"), [[k, f"{v / 1e3:,.0f}"] for k, v in found.items()])
    return found


def _means(values: Array) -> Array:
    """What the fastest detector there could be does: one pass, one number a series."""
    means: Array = lfilter([0.1], [1.0, -0.9], values, axis=-1)
    return means


def _parts(values: Array) -> list[Array]:
    """As the product feeds them."""
    return [values[start : start + 64] for start in range(0, len(values), 64)]


def _rate(values: Array, interval_s: float, block: int, *, runs: int = 3) -> float:
    times: Array = np.arange(values.shape[1], dtype=np.float64) * interval_s

    def work() -> None:
        scorer = AnomalyScorer(len(values), interval_s)
        for start in range(0, values.shape[1], block):
            scorer.feed(times[start : start + block], values[:, start : start + block])

    return _time(work, values.size, runs=runs)


def _time(work: Any, points: int, *, runs: int = 3) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return points / best
