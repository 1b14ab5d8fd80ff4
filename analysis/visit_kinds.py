"""Two kinds of visits, told apart by how long they last and whether they saw more than one page.

A mixture of two kinds, each with a log-normal length and a share of visits with a single page, fitted by expectation
maximisation. No limit such as "below 10 seconds" is set: what is short depends on the site. Visits come as a histogram,
so that any number of them takes the same memory and time.

Reference: Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39 (1977);
whether there are two kinds at all: Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978).
"""

from math import log, log1p

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 180
"""Of log(1 + seconds), BIN_WIDTH each: up to two years."""
BIN_WIDTH = 0.1
LEAST_VISITS = 50
"""Visits below which no kinds are looked for."""
# A kind whose visits all last the same is no spike without width.
_LEAST_SD = 0.3
_ROUNDS = 200
_SETTLED = 1e-4
# A kind of fewer visits than that is noise.
_LEAST_SHARE = 0.005


def cell(seconds: float, pages: int) -> tuple[int, int]:
    """Where in the histogram a visit counts: row 0 for a single page, row 1 for more.

    >>> cell(0.0, 1), cell(60.0, 3)
    ((0, 0), (1, 41))
    """
    return int(pages > 1), min(int(log1p(max(seconds, 0.0)) / BIN_WIDTH), BINS - 1)


def visit_kinds(visits: Array) -> Array | None:
    """Tell short visits from the others.

    Args:
        visits: (2, BINS): how many visits there are in each cell.

    Returns:
        (2, BINS): probability that a visit of this cell is of the short kind. The model is surer of itself than it is
        right (`make bench-load`): good for shares, no measure of its own quality. None with fewer than LEAST_VISITS, or
        when one kind explains them as well.
    """
    total = float(visits.sum())
    if total < LEAST_VISITS:
        return None
    short = np.repeat([[0.9], [0.1]], BINS, axis=1)
    likelihood = -np.inf
    for _ in range(_ROUNDS):
        kinds = np.stack([_log_density(visits * short, total), _log_density(visits * (1 - short), total)])
        both = np.logaddexp(kinds[0], kinds[1])
        likelihood = float((visits * both).sum())
        before, short = short, np.exp(kinds[0] - both)
        if np.abs(short - before).max() < _SETTLED:
            break
    one_kind = float((visits * _log_density(visits, total)).sum())
    share = float((visits * short).sum()) / total
    # Three parameters a kind, and the share.
    better = 2 * (likelihood - one_kind) > 4 * log(total)
    if not better or not _LEAST_SHARE < share < 1 - _LEAST_SHARE or not _is_shorter(visits, short):
        return None
    return short


def _log_density(visits: Array, total: float) -> Array:
    """(2, BINS): log of share and density of the kind that these visits make up."""
    count = visits.sum() + 1e-9
    lengths = np.arange(BINS) * BIN_WIDTH
    mean = float((visits * lengths).sum()) / count
    sd = max(_LEAST_SD, float(np.sqrt((visits * (lengths - mean) ** 2).sum() / count)))
    single = float(np.clip(visits[0].sum() / count, 0.01, 0.99))
    pages = np.log([[single], [1 - single]])
    density: Array = log(count / total) - log(sd) - ((lengths - mean) / sd) ** 2 / 2 + pages
    return density


def _is_shorter(visits: Array, short: Array) -> bool:
    lengths = np.arange(BINS) * BIN_WIDTH
    means = [(visits * kind * lengths).sum() / (visits * kind).sum() for kind in (short, 1 - short)]
    return bool(means[0] < means[1])
