"""Rollback prediction: the probability that the deployment fails or is rolled back, and what speaks for it.

The model (analysis/inference/online_risk.py) learns from the outcomes of earlier deployments. It is believed only while
it has predicted outcomes that it had not seen better than counting them would have; until then the base rate is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ....analysis.inference.beta_binomial import Beta
from ....analysis.inference.logistic import Floats, sigmoid
from ....analysis.inference.online_risk import FIRST_FIT, KNOTS, PRIOR_FAILURES, PRIOR_SUCCESSES, Model, Outcomes, walk
from ....core.records.decisions.calibration import Calibration
from ....core.records.decisions.prediction import Factor, RollbackPrediction, SimilarDeployment
from ..inputs import ReadinessInputs
from .calibrate import calibrate
from .features import FEATURES
from .past import Past, filled, scaled, unscaled

LATEST = 5000
"""Deployments that are learnt from; the rate of older ones says little of today's."""
LEAST_FAILURES = 10
"""Failures among the held-out outcomes below which their skill is luck."""
HELD_OUT = 0.5
"""Latest share of the outcomes on which the model is judged: what it did while it knew little is forgiven."""
NEAREST = 50
"""Held-out predictions nearest to this one, whose outcomes give its interval."""
RESAMPLES = 200
LEVELS: tuple[tuple[float, Literal["LOW", "MEDIUM"]], ...] = ((15.0, "LOW"), (30.0, "MEDIUM"))
"""Highest percentage of each level; above is HIGH. The specification wants less than 15 %."""
FACTORS, SIMILAR, MITIGATIONS = 5, 5, 3
LEAST_POINTS = 0.5
"""Percentage points from which on a factor asks for a mitigation."""


@dataclass(frozen=True)
class Taught:
    """What the history teaches, whatever the release.

    Args:
        model: fitted on all of it.
        rate: posterior of the share that fails.
        judged: the figures of the held-out predictions.
        probability, failed: the held-out predictions and their outcomes.
    """

    model: Model
    rate: Beta
    judged: Calibration
    probability: Floats
    failed: Floats

    @property
    def doubt(self) -> str | None:
        """Why the model is not believed."""
        judged = self.judged
        if self.model.basis is None or judged.failures < LEAST_FAILURES:
            return f"the base rate, since {judged.failures} failures in held-out outcomes are below {LEAST_FAILURES}"
        if judged.brier_skill is None or judged.brier_skill <= 0:
            return f"on {judged.predictions} held-out outcomes the features predict no better than the base rate"
        return None


@lru_cache(maxsize=4)
def taught(at: bytes, learnt_at: bytes, failed: bytes, values: bytes) -> Taught:
    """From the bytes of the columns of `Past`: the same history is learnt once a process."""
    labels = np.frombuffer(failed)
    features = filled(np.frombuffer(values).reshape(len(labels), len(FEATURES)))
    first = min(len(labels), max(FIRST_FIT, int(len(labels) * (1 - HELD_OUT))))
    walked = walk(Outcomes(np.frombuffer(at), np.frombuffer(learnt_at), labels, features), first=first)
    held_out = slice(first, None)
    judged = calibrate(
        "rollback",
        walked.probability[held_out],
        labels[held_out],
        walked.base_rate[held_out],
        resamples=RESAMPLES,
    )
    rate = Beta(PRIOR_FAILURES, PRIOR_SUCCESSES).updated(successes=labels.sum(), failures=(1 - labels).sum())
    return Taught(walked.model, rate, judged, walked.probability[held_out], labels[held_out])


Teach = Callable[[bytes, bytes, bytes, bytes], Taught]


def predict_rollback(
    inputs: ReadinessInputs, features: Mapping[str, float], teach: Teach = taught
) -> RollbackPrediction:
    """The prediction for the release.

    Args:
        inputs: of the release, with the history; one that cannot be read counts as none.
        features: from `features.features_of`.
        teach: `taught`, or what recalls its answers.
    """
    past = Past.of(inputs.past[-LATEST:])
    columns = (past.at, past.learnt_at, past.failed, past.values)
    learnt = teach(*(column.tobytes() for column in columns))
    row = scaled([features])[0]
    said = _base_rate(learnt) if learnt.doubt else _calibrated(past, row, learnt, features)
    probability = said["probability_percent"]
    return RollbackPrediction(
        version=inputs.release.version,
        level=next((word for most, word in LEVELS if probability <= most), "HIGH"),
        base_rate_percent=100 * learnt.rate.mean,
        deployments=len(past.items),
        failures=int(past.failed.sum()),
        held_out=learnt.judged,
        features=dict(features),
        similar=_similar(past, row),
        computed_at=inputs.now,
        **said,
    )


def _base_rate(learnt: Taught) -> dict[str, Any]:
    low, high = learnt.rate.interval()
    return {
        "probability_percent": 100 * learnt.rate.mean,
        "interval_percent": (100 * low, 100 * high),
        "method": "base-rate",
        "reason": learnt.doubt,
    }


def _calibrated(past: Past, row: Floats, learnt: Taught, features: Mapping[str, float]) -> dict[str, Any]:
    row = _without_gaps(past, row, learnt.model)
    probability = float(learnt.model.predict(row[None])[0])
    factors = _factors(past, row, learnt.model, features)
    judged = learnt.judged
    return {
        "probability_percent": 100 * probability,
        "interval_percent": _interval(learnt, probability),
        "method": "calibrated",
        "reason": f"Brier skill {judged.brier_skill:+.3f} on {judged.predictions} held-out outcomes",
        "factors": factors[:FACTORS],
        "mitigation": _mitigation(factors),
    }


def _without_gaps(past: Past, row: Floats, model: Model) -> Floats:
    """The row, within what was seen; where most deployments have a value and this one has none, at its worst.

    So not measuring something never lowers the prediction.
    """
    typical = _typical(past)
    seen = np.where(np.isnan(past.values), typical, past.values)
    low, high = seen.min(axis=0), seen.max(axis=0)
    # Between the knots the model is linear: its extremes lie on one of them, or at the ends.
    places = np.quantile(seen, np.linspace(0, 1, KNOTS + 2), axis=0)
    complete = np.where(np.isnan(row), typical, np.clip(row, low, high))
    for feature in np.flatnonzero(np.isnan(row) & past.usual):
        tried = np.tile(complete, (len(places), 1))
        tried[:, feature] = places[:, feature]
        complete[feature] = places[np.argmax(model.logits(tried)), feature]
    return np.asarray(complete)


def _typical(past: Past) -> Floats:
    """Median of each feature; 0 where nobody measured it."""
    return np.array([np.nanmedian(column) if (~np.isnan(column)).any() else 0.0 for column in past.values.T])


def _factors(past: Past, row: Floats, model: Model, features: Mapping[str, float]) -> tuple[Factor, ...]:
    """Of the measured features, those that matter most first."""
    typical = _typical(past)
    parts = model.contributions(row, typical)
    logit = float(model.logits(row[None])[0]) + model.shift
    points = 100 * (sigmoid(np.array([logit])) - sigmoid(logit - parts))
    raw = unscaled(typical)
    found = [
        Factor(
            feature=feature.name,
            value=features[feature.name],
            typical=float(raw[place]),
            contribution=float(parts[place]),
            points=float(points[place]),
        )
        for place, feature in enumerate(FEATURES)
        if feature.name in features
    ]
    return tuple(sorted(found, key=lambda factor: -abs(factor.contribution)))


def _mitigation(factors: tuple[Factor, ...]) -> tuple[str, ...]:
    words = {feature.name: feature.mitigation for feature in FEATURES}
    against = [factor for factor in factors if factor.points >= LEAST_POINTS]
    return tuple(words[factor.feature] for factor in against[:MITIGATIONS])


def _interval(learnt: Taught, probability: float) -> tuple[float, float]:
    """Of the share that failed among the held-out predictions nearest to this one; it holds the prediction itself."""
    nearest = np.argsort(np.abs(learnt.probability - probability), kind="stable")[:NEAREST]
    failures = float(learnt.failed[nearest].sum())
    low, high = Beta(0.5, 0.5).updated(successes=failures, failures=len(nearest) - failures).interval()
    return 100 * min(low, probability), 100 * max(high, probability)


def _similar(past: Past, row: Floats) -> tuple[SimilarDeployment, ...]:
    """The nearest past deployments, by the features that both have."""
    there = ~np.isnan(row) & past.usual
    if not there.any():
        return ()
    values = past.values[:, there]
    deviation = np.nanstd(values, axis=0)
    gaps = (values - row[there]) / np.where(deviation > 0, deviation, 1.0)
    distance = np.sqrt(np.where(np.isnan(gaps), 1.0, gaps**2).mean(axis=1))
    return tuple(
        SimilarDeployment(
            version=past.items[place].version,
            deployed_at=past.items[place].deployed_at,
            outcome=past.items[place].outcome,
            distance=float(distance[place]),
        )
        for place in np.argsort(distance, kind="stable")[:SIMILAR]
    )
