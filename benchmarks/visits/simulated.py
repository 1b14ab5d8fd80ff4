"""Simulated visits whose kinds are known, for the benchmark of user classes.

Each seed is another site: shares, lengths, pages and their law differ, and on some sites nobody knows how long the last
page was looked at. Seeds below 100 were looked at while the method was chosen; the benchmark takes others.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...analysis.visit_kinds import BINS, cell, visit_kinds

Array = NDArray[np.float64]
VISITS = 6_000


class Visits(NamedTuple):
    """Visits of those who do not buy."""

    pages: Array
    seconds: Array
    bounced: NDArray[np.bool_]
    """The truth."""


def simulate(seed: int) -> Visits:
    """One site."""
    draw = np.random.default_rng(seed)
    kinds = draw.choice(3, VISITS, p=draw.dirichlet([2, 4, 2]))  # bouncer, browser, buyer
    law, mean_pages = draw.integers(3), draw.uniform(3, 9)
    browse_s, bounce_s = draw.uniform(60, 600), draw.uniform(3, 40)
    pages, seconds = np.ones(VISITS), np.zeros(VISITS)
    short = kinds == 0
    pages[short] += draw.random(short.sum()) < draw.uniform(0, 0.3)
    seconds[short] = draw.lognormal(np.log(bounce_s), draw.uniform(0.6, 1.2), short.sum())
    means = np.where(kinds[~short] == 2, 1.6 * mean_pages, mean_pages)
    pages[~short] = (
        1 + draw.poisson(means - 1),
        draw.geometric(1 / means),
        np.maximum(1, np.round(draw.lognormal(np.log(means) - 0.3, 0.77))),
    )[law]
    seconds[~short] = pages[~short] * draw.lognormal(np.log(browse_s / mean_pages), 0.7, (~short).sum())
    if draw.random() < 0.4:  # only the time from the first to the last view is known
        seconds = np.where(pages == 1, 0.0, seconds * (pages - 1) / pages)
    others = kinds != 2
    return Visits(pages[others], seconds[others], short[others])


def mixture(visits: Visits) -> Array:
    """Ours: probability of each visit to be a bounce."""
    cells = [cell(s, int(p)) for s, p in zip(visits.seconds, visits.pages, strict=True)]
    histogram = np.zeros((2, BINS))
    for at in cells:
        histogram[at] += 1
    found = visit_kinds(histogram)
    return single_page(visits) if found is None else np.array([found[at] for at in cells])


def single_page(visits: Visits) -> Array:
    """The classic rule: a bounce is a visit of one page."""
    return np.where(visits.pages == 1, 1.0, 0.0)


def not_engaged(visits: Visits) -> Array:
    """Google Analytics 4: one page and less than 10 seconds."""
    return np.where((visits.pages == 1) & (visits.seconds < 10), 1.0, 0.0)


METHODS: dict[str, Callable[[Visits], Array]] = {
    "ours: mixture of two kinds": mixture,
    "a bounce has one page": single_page,
    "GA4: one page and below 10 s": not_engaged,
}
