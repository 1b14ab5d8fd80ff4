"""Where people leave without having converted, and whether errors have to do with it."""

import numpy as np

from ....analysis.inference.false_discovery import corrected
from ....core.records.bulk.visits import OTHER_STEP
from ....core.records.production.journeys import DropOff
from .conformance import share_of
from .counts import Counts

MAX_DROP_OFFS = 20
FALSE_SHARE = 0.01
"""Of the reasons that are told, what may be chance."""
LEAST_RATIO = 2.0
"""Times as many who met an error among those who left; a smaller difference helps nobody."""


def drop_offs(counts: Counts, ids: list[str], *, least: int, tells_errors: bool) -> tuple[DropOff, ...]:
    """The steps where most people leave.

    Args:
        ids: of the steps.
        least: people who must have left there.
        tells_errors: whether any row of the window failed.
    """
    enough = np.flatnonzero(counts.left_by >= least)
    enough = enough[enough != OTHER_STEP]
    most = enough[np.argsort(-counts.left[enough], kind="stable")][:MAX_DROP_OFFS].tolist()
    p_values = [_p_value(counts, step) for step in most] if tells_errors else []
    told = corrected(p_values) if tells_errors else [None] * len(most)
    return tuple(_drop_off(counts, step, ids[step], p) for step, p in zip(most, told, strict=True))


def _p_value(counts: Counts, step: int) -> float:
    from scipy.stats import fisher_exact

    left, left_met = int(counts.left[step]), int(counts.left_met[step])
    stayed, stayed_met = int(counts.seen[step]) - left, int(counts.met[step] - counts.left_met[step])
    table = [[left_met, left - left_met], [stayed_met, stayed - stayed_met]]
    return float(fisher_exact(table).pvalue)


def _drop_off(counts: Counts, step: int, name: str, p_value: float | None) -> DropOff:
    sessions, left = int(counts.seen[step]), int(counts.left[step])
    left_met, stayed_met = int(counts.left_met[step]), int(counts.met[step] - counts.left_met[step])
    of_left, of_stayed = left_met / left, stayed_met / max(1, sessions - left)
    points = p_value is not None and p_value <= FALSE_SHARE and of_left >= LEAST_RATIO * of_stayed
    return DropOff(
        step=name,
        sessions=sessions,
        left=left,
        share=share_of(left, sessions),
        error_share_left=None if p_value is None else of_left,
        error_share_stayed=None if p_value is None else of_stayed,
        p_value=p_value,
        reason="inference: errors met here, which those who left met more often than those who went on"
        if points
        else None,
    )
