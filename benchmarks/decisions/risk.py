"""How well failures are predicted on real commits: ours against scikit-learn, in time order.

Sorted by time; the last fifth is predicted, the rest is what can be learnt from. Where the data say when a failure was
known (`lat`), it counts from then on and as a success before; the first commits before any failure and the last 30 days
are left out. Where they do not, a label counts as known at once, and again as known 90 days later: the truth lies
between.
"""

import argparse
import csv
import gzip
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aqe.analysis.inference.forecast_scores import (
    auc,
    bootstrap_interval,
    brier_skill,
    expected_calibration_error,
    reliability,
)
from aqe.analysis.inference.logistic import Floats
from aqe.analysis.inference.online_risk import Outcomes, walk

from .. import report
from ..report import table

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "change_risk"
TRAIN_SHARE = 0.8
SEEN_SHARE = 0.6
"""From here on ours predicts, so that its intercept has something to be moved by when the last fifth begins."""
DAY_S = 86_400
RIPE_DAYS = 30
LATE_DAYS = 90
TIME, LABEL, DELAY = ("t", "date"), ("y", "bug"), "lat"
NO_FEATURE = {"", "_id", "h", "__", *TIME, *LABEL, DELAY}
RESAMPLES = 500


@dataclass(frozen=True)
class Data:
    """One set of commits, in order of time."""

    name: str
    outcomes: Outcomes
    has_delays: bool

    @property
    def cut(self) -> int:
        return int(TRAIN_SHARE * len(self.outcomes.at))

    @property
    def known(self) -> Floats:
        """Labels of the training part, as known at the cut."""
        cut, outcomes = self.cut, self.outcomes
        return np.where(outcomes.learnt_at[:cut] <= outcomes.at[cut], outcomes.failed[:cut], outcomes.presumed)


@dataclass(frozen=True)
class Result:
    """One model on one set."""

    auc: tuple[float, tuple[float, float]]
    skill: tuple[float, tuple[float, float]]
    ece: tuple[float, tuple[float, float]]
    bins: str
    seconds: float


def load(path: Path) -> Data:
    """A file of the shape that data/README.md describes."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    at_name, label_name = (next(name for name in names if name in rows[0]) for names in (TIME, LABEL))
    features = [name for name in rows[0] if name not in NO_FEATURE]
    rows.sort(key=lambda row: float(row[at_name]))
    at = np.array([float(row[at_name]) for row in rows])
    failed = np.array([float(row[label_name]) for row in rows])
    values = np.log1p(np.maximum(np.array([[float(row[name]) for name in features] for row in rows]), 0))
    name = path.name.removesuffix(".csv.gz")
    if DELAY not in rows[0]:
        return Data(name, Outcomes(at, at, failed, values), False)
    learnt = at + DAY_S * np.array([float(row[DELAY] or 0) for row in rows])
    kept = (at <= at[-1] - RIPE_DAYS * DAY_S) & (np.arange(len(at)) >= np.argmax(failed > 0))
    return Data(name, Outcomes(at[kept], learnt[kept], failed[kept], values[kept], presumed=0.0), True)


def ours(data: Data, *, late_days: float = 0) -> Floats:
    """The online model; late_days = how much later labels are known."""
    outcomes = data.outcomes
    later = replace(outcomes, learnt_at=outcomes.learnt_at + late_days * DAY_S)
    return walk(later, first=int(SEEN_SHARE * len(outcomes.at))).probability[data.cut :]


def frozen(data: Data) -> Floats:
    """Ours, fitted once at the cut like theirs; nothing is learnt after it."""
    cut, outcomes = data.cut, data.outcomes
    seen = Outcomes(outcomes.at[:cut], outcomes.at[:cut], data.known, outcomes.features[:cut])
    return walk(seen, first=int(SEEN_SHARE * cut)).model.predict(outcomes.features[cut:])


def sklearn(data: Data, make: Callable[[], Any]) -> Floats:
    """A model of theirs, fitted once at the cut, as in the published comparisons."""
    features, cut = data.outcomes.features, data.cut
    mean, deviation = features[:cut].mean(axis=0), features[:cut].std(axis=0)
    scaled = (features - mean) / np.where(deviation > 0, deviation, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make().fit(scaled[:cut], data.known)
    return np.asarray(model.predict_proba(scaled[cut:])[:, 1])


def models(data: Data) -> dict[str, Callable[[], Floats]]:
    """Name -> predictions of the last fifth."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    found: dict[str, Callable[[], Floats]] = {
        "LogisticRegression": partial(sklearn, data, partial(LogisticRegression, max_iter=2000)),
        "HistGradientBoosting": partial(sklearn, data, HistGradientBoostingClassifier),
        "ours": partial(ours, data),
        "ours, frozen": partial(frozen, data),
    }
    if not data.has_delays:
        found[f"ours, {LATE_DAYS} d late"] = partial(ours, data, late_days=LATE_DAYS)
    return found


def judged(data: Data, predict: Callable[[], Floats], resamples: int) -> Result:
    """Figures with bootstrap intervals."""
    start = time.perf_counter()
    probability = predict()
    seconds = time.perf_counter() - start
    failed = data.outcomes.failed[data.cut :]
    base = np.full(len(failed), data.known.mean())

    def of(score: Callable[..., Any], *columns: Floats) -> tuple[float, tuple[float, float]]:
        interval = bootstrap_interval(score, *columns, resamples=resamples) or (float("nan"), float("nan"))
        return score(*columns), interval

    bins = reliability(probability, failed)
    inside = sum(found.expected[0] <= found.happened <= found.expected[1] for found in bins)
    return Result(
        of(auc, probability, failed),
        of(brier_skill, probability, failed, base),
        of(expected_calibration_error, probability, failed),
        f"{inside}/{len(bins)}",
        seconds,
    )


def main(arguments: Sequence[str]) -> int:
    """Measure every set of the folder and print."""
    options = _options(arguments)
    paths = sorted(options.data.glob("*.csv.gz"))
    if not paths:
        print(f"no *.csv.gz in {options.data}: give the folder with --data")
        return 2
    results: dict[str, dict[str, Result]] = {}
    for path in paths:
        data = load(path)
        results[data.name] = {name: judged(data, predict, options.resamples) for name, predict in models(data).items()}
        rate = f"{data.known.mean():.4f} -> {data.outcomes.failed[data.cut :].mean():.4f}"
        _print(f"{data.name}: {len(data.outcomes.at):,} commits, rate {rate}", results[data.name])
    _print_goals(results)
    report.json_line(
        "risk",
        versions=report.versions(["scikit-learn", "numpy"]),
        results={name: {model: vars(found) for model, found in row.items()} for name, row in results.items()},
    )
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks risk", description=__doc__, epilog="Takes 2 minutes.")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder of *.csv.gz; default ../shared/data/change_risk"
    )
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help=f"of the bootstrap; default {RESAMPLES}")
    return parser.parse_args(arguments)


def _print(title: str, results: dict[str, Result]) -> None:
    def cell(found: tuple[float, tuple[float, float]], sign: str = "") -> str:
        value, (low, high) = found
        return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"

    rows = [
        [name, cell(found.auc), cell(found.skill, "+"), cell(found.ece), found.bins, f"{found.seconds:.1f}"]
        for name, found in results.items()
    ]
    table(title, ["model", "AUC", "Brier skill", "ECE", "bins right", "s"], rows)


def _print_goals(results: dict[str, dict[str, Result]]) -> None:
    """Ours against what was asked for."""
    kinds = {"defects": [], "reverts": []}  # type: dict[str, list[dict[str, Result]]]
    for name, row in results.items():
        kinds["reverts" if name.startswith("reverts") else "defects"].append(row)
    rows = []
    for kind, found in kinds.items():
        for model in ("LogisticRegression", "HistGradientBoosting", "ours", "ours, frozen") if found else ():
            mean = [np.mean([getattr(row[model], part)[0] for row in found]) for part in ("auc", "skill", "ece")]
            least = min(row[model].skill[0] for row in found)
            behind = max(row["LogisticRegression"].auc[0] - row[model].auc[0] for row in found)
            rows.append([f"{kind} ({len(found)}), {model}", f"{mean[0]:.3f}", f"{mean[1]:+.3f}", f"{least:+.3f}",
                         f"{mean[2]:.3f}", f"{max(behind, 0):.3f}"])  # fmt: skip
    table("Means", ["", "AUC", "Brier skill", "least skill", "ECE", "AUC behind LR, most"], rows)
