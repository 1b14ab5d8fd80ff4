"""Release confidence: the probability that a release succeeds, with an interval that holds what it says.

Few deployments, or none that differ: a Beta-Binomial posterior. More: a Bayesian logistic model in which worse features
can only take away, and the release's own service may differ from the others (partial pooling: how far, the history
decides). Deployments in the older half of the policy's window weigh less and less.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ....analysis.inference.bayesian_logistic import Posterior, sample
from ....analysis.inference.beta_binomial import Beta
from ....analysis.inference.logistic import Floats
from ....core.records.decisions.confidence import Certainty, Pool, ReleaseConfidence
from ....core.records.decisions.history import DeploymentOutcome
from ....core.records.decisions.policy import Policy
from ..inputs import ReadinessInputs
from .features import FEATURES
from .past import Past, scaled

DAY_S = 86_400
"""Ages are counted in whole days, so that the posterior of a history holds for a day."""
Flags = npt.NDArray[np.bool_]

PRIOR = (9.0, 1.0)
"""Successes and failures: before there is history, 90 %, give or take a lot (66 to 99.7 %)."""
LEAST_FOR_FEATURES = 20
"""Deployments below which features are not looked at: their effects would be the prior's."""
LATEST = 1000
"""Deployments that are looked at; more would narrow an interval that is three points wide at most."""
OTHER_SERVICE_WEIGHT = 0.5
"""What a deployment of another service counts for where there are too few to learn how they differ."""
SIMILAR = 1.0
"""Root mean square distance, in standard deviations, up to which a past release is called similar."""
LEVELS = ((90.0, "VERY_HIGH"), (75.0, "HIGH"), (50.0, "MEDIUM"), (0.0, "LOW"))
"""Least lower end of the interval of each level."""
CERTAIN = ((100.0, 15.0, Certainty.HIGH), (20.0, 30.0, Certainty.MEDIUM))
"""Least effective deployments and widest interval, points, of each certainty; else LOW."""
_WORSE = np.array([1.0 if feature.worse == "higher" else -1.0 for feature in FEATURES])


@dataclass(frozen=True)
class _Estimate:
    """Percent, 0-100."""

    score: float
    interval: tuple[float, float]
    baseline: float


@lru_cache(maxsize=4)
def sampled(harm: bytes, failed: bytes, weights: bytes, harmful: bytes) -> Posterior:
    """From the bytes of the arguments of `sample`: the same history is sampled once a process and day."""
    flags, labels = np.frombuffer(harmful, bool), 1 - np.frombuffer(failed)
    rows = np.frombuffer(harm).reshape(len(labels), len(flags))
    return sample(rows, labels, prior=PRIOR, weights=np.frombuffer(weights), harmful=flags)


Sampled = Callable[[bytes, bytes, bytes, bytes], Posterior]


def release_confidence(
    inputs: ReadinessInputs, policy: Policy, features: dict[str, float], sample_from: Sampled = sampled
) -> ReleaseConfidence:
    """The posterior for the release.

    Args:
        inputs: of the release, the history among them; one that cannot be read counts as none.
        policy: its window bounds the history.
        features: from `features.features_of`.
        sample_from: `sampled`, or what recalls its answers.
    """
    window = timedelta(seconds=policy.history_window_s)
    items = [item for item in inputs.past if inputs.now - item.deployed_at <= window][-LATEST:]
    past = Past.of(items)
    weights = _recency(np.floor((inputs.now.timestamp() - past.at) / DAY_S) * DAY_S / policy.history_window_s)
    foreign = np.array([_is_foreign(item, inputs.release.service) for item in items], bool)
    harm, own = _harm(past, features)
    if len(items) >= LEAST_FOR_FEATURES and not foreign.all() and (len(own) or foreign.any()):
        method, estimate = "bayesian-logistic", _logistic(harm, own, past.failed, weights, foreign, sample_from)
    else:
        weights = weights * np.where(foreign, OTHER_SERVICE_WEIGHT, 1.0)
        method, estimate = ("beta-binomial" if items else "prior"), _beta(past.failed, weights)
    certainty = _certainty(float(weights.sum()), estimate.interval)
    return ReleaseConfidence.model_validate(
        {
            "version": inputs.release.version,
            "score": estimate.score,
            "interval": estimate.interval,
            "certainty": certainty,
            "level": next(level for least, level in LEVELS if estimate.interval[0] >= least),
            "deployments": len(items),
            "effective_deployments": float(weights.sum()),
            "similar_releases": _similar(harm, own, foreign),
            "window_days": window / timedelta(days=1),
            "baseline": estimate.baseline,
            "difference": estimate.score - estimate.baseline,
            "method": method,
            "reason": _reason(method, inputs, len(items), len(own)),
            "pools": _pools(past.failed, weights, foreign),
            "recommendation": _recommendation(certainty, estimate),
            "computed_at": inputs.now,
        }
    )


def _recency(age: Floats) -> Floats:
    """Weights by age in windows: 1 in the younger half, then falling to a half at the window's end."""
    return np.asarray(0.5 ** np.maximum(2 * age - 1, 0))


def _is_foreign(item: DeploymentOutcome, service: str | None) -> bool:
    return service is not None and item.service is not None and item.service != service


def _harm(past: Past, features: dict[str, float]) -> tuple[Floats, Floats]:
    """Standardised features, higher = worse, of the past deployments and of the release.

    Only what most of them have and what differs among them. What the release lacks is taken at the worst that was seen,
    and beyond that nothing is told apart, so that not measuring never helps.
    """
    values = past.values * _WORSE
    own = (scaled([features]) * _WORSE)[0]
    usual = [column for column in np.flatnonzero(past.usual) if np.nanstd(values[:, column]) > 1e-9]
    if not usual:
        return np.empty((len(past.items), 0)), np.empty(0)
    values, own = values[:, usual], own[usual]
    mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    standard = (values - mean) / deviation
    low, high = np.nanmin(standard, axis=0), np.nanmax(standard, axis=0)
    own = np.clip(np.where(np.isnan(own), high, (own - mean) / deviation), low, high)
    return np.nan_to_num(standard), own


def _logistic(
    harm: Floats, own: Floats, failed: Floats, weights: Floats, foreign: Flags, sample_from: Sampled
) -> _Estimate:
    """The posterior of this release and of a typical one of its service.

    Another service is a feature that may do harm or good: its deployments count the more, the more alike the two are.
    """
    harmful = np.ones(len(own), bool)
    if foreign.any():
        harm, own, harmful = np.column_stack([harm, foreign]), np.append(own, 0), np.append(harmful, False)
    posterior = sample_from(harm.tobytes(), failed.tobytes(), weights.tobytes(), harmful.tobytes())
    mine, typical = 100 * posterior.probabilities(np.vstack([own, np.zeros(len(own))]))
    low, high = np.quantile(mine, [0.025, 0.975])
    return _Estimate(float(mine.mean()), (float(low), float(high)), float(typical.mean()))


def _beta(failed: Floats, weights: Floats) -> _Estimate:
    posterior = Beta(*PRIOR).updated(successes=float(weights @ (1 - failed)), failures=float(weights @ failed))
    low, high = posterior.interval()
    return _Estimate(100 * posterior.mean, (100 * low, 100 * high), 100 * posterior.mean)


def _similar(harm: Floats, own: Floats, foreign: Flags) -> int:
    """Past deployments of the service that are near the release; all of them, where there is nothing to compare."""
    distance = np.sqrt(((harm - own) ** 2).mean(axis=1)) if len(own) else np.zeros(len(harm))
    return int(((distance <= SIMILAR) & ~foreign).sum())


def _certainty(effective: float, interval: tuple[float, float]) -> Certainty:
    width = interval[1] - interval[0]
    return next((word for least, most, word in CERTAIN if effective >= least and width <= most), Certainty.LOW)


def _pools(failed: Floats, weights: Floats, foreign: Flags) -> tuple[Pool, ...]:
    groups = {"this service": ~foreign, "other services": foreign} if foreign.any() else {"all deployments": ~foreign}
    return tuple(
        Pool(
            name=name,
            deployments=int(rows.sum()),
            successes=int((1 - failed[rows]).sum()),
            effective=float(weights[rows].sum()),
        )
        for name, rows in groups.items()
        if rows.any()
    )


def _reason(method: str, inputs: ReadinessInputs, deployments: int, features: int) -> str:
    if inputs.history_problem:
        return f"the prior: the history cannot be read ({inputs.history_problem})"
    if method == "prior":
        return f"the prior: no deployment to {inputs.release.environment} with a known outcome in the policy's window"
    if method == "beta-binomial":
        return f"successes and failures of {deployments} deployments; too few, or too alike, to look at features"
    return f"{features} features of {deployments} deployments"


def _recommendation(certainty: Certainty, estimate: _Estimate) -> str:
    low, high = estimate.interval
    between = f"{low:.0f} to {high:.0f} %"
    if certainty is Certainty.LOW:
        return f"NONE: anything from {between} is possible; let gates and risk decide"
    if high < estimate.baseline:
        return f"CAUTION: {between} lies below the baseline of {estimate.baseline:.0f} %"
    if low >= LEVELS[1][0]:
        return f"DEPLOY, if gates and risk agree: {between}, baseline {estimate.baseline:.0f} %"
    return f"CAUTION: {between} leaves room for failure, baseline {estimate.baseline:.0f} %"
