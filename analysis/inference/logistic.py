"""Logistic regression with a ridge penalty, by Newton's method with step halving.

The penalty is the Gaussian prior N(0, 1/penalty) on each coefficient of a standardised feature; the intercept has none.
Without step halving Newton's method diverges on rare events: a first step from the base rate of 1 % overshoots.

>>> X = np.array([[-1.0], [-1.0], [1.0], [1.0], [1.0]])
>>> fitted = fit_logistic(X, np.array([0.0, 0.0, 1.0, 1.0, 0.0]), penalty=np.array([1.0]))
>>> np.round(fitted, 3)
array([-0.635,  0.781])

Reference: le Cessie and van Houwelingen, "Ridge estimators in logistic regression", Applied Statistics 41 (1992).
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MAX_STEPS = 60
"""Newton needs 5 to 10; the rest is for separable data, where only the penalty holds the coefficients."""
TOLERANCE = 1e-7
"""Relative gain in the penalised log-likelihood at which a step no longer matters."""
SMALLEST_STEP = 1e-4
LEAST_WEIGHT = 1e-9
"""Of one observation in the curvature: keeps it invertible where every probability is 0 or 1."""


def sigmoid(logits: Floats) -> Floats:
    """Probability of log-odds, without overflow.

    >>> sigmoid(np.array([-800.0, 0.0, 800.0]))
    array([0. , 0.5, 1. ])
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def fit_logistic(features: Floats, labels: Floats, *, penalty: Floats, weights: Floats | None = None) -> Floats:
    """Intercept and coefficients.

    Args:
        features: one row an observation, standardised.
        labels: 0 or 1 each.
        penalty: one a feature, above 0.
        weights: of the observations, 0 or more; None = all 1.

    Returns:
        The intercept, then a coefficient a feature. Every label the same is no error: the intercept is then as far out
        as half an observation of the other kind would put it.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    design = np.column_stack([np.ones(len(labels)), features])
    ridge = np.concatenate([[0.0], penalty])
    total = weights.sum()
    rate = (weights @ labels + 0.5) / (total + 1)
    if not 0 < weights @ labels < total:
        return np.concatenate([[np.log(rate / (1 - rate))], np.zeros(features.shape[1])])
    fitted = np.zeros(design.shape[1])
    fitted[0] = np.log(rate / (1 - rate))
    loss = _loss(design, labels, weights, ridge, fitted)
    for _ in range(MAX_STEPS):
        direction = _newton(design, labels, weights, ridge, fitted)
        step, better = 1.0, _loss(design, labels, weights, ridge, fitted + direction)
        while better > loss and step > SMALLEST_STEP:
            step /= 2
            better = _loss(design, labels, weights, ridge, fitted + step * direction)
        if better > loss:
            break
        fitted, gain, loss = fitted + step * direction, loss - better, better
        if gain < TOLERANCE * abs(loss):
            break
    return fitted


def _loss(design: Floats, labels: Floats, weights: Floats, ridge: Floats, fitted: Floats) -> float:
    logits = design @ fitted
    return float(weights @ (np.logaddexp(0, logits) - labels * logits) + 0.5 * ridge @ fitted**2)


def _newton(design: Floats, labels: Floats, weights: Floats, ridge: Floats, fitted: Floats) -> Floats:
    p = sigmoid(design @ fitted)
    gradient = design.T @ (weights * (labels - p)) - ridge * fitted
    curvature = (design.T * (weights * np.maximum(p * (1 - p), LEAST_WEIGHT))) @ design + np.diag(ridge)
    return np.asarray(np.linalg.solve(curvature, gradient))
