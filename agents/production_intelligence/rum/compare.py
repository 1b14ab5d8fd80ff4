"""Shares of one group of visits against those of the others, tested, and corrected for how much was compared."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from ....analysis.inference.false_discovery import corrected
from ....analysis.inference.rate_ratio import rate_ratio_p_value
from ....core.records.production.rum_analysis import Difference

FALSE_SHARE = 0.01
"""Of what is reported, what may be chance."""
LEAST_RATIO = 1.5
"""Times as frequent as among the others; a smaller difference helps nobody."""
LEAST_VISITS = 5
"""With it in the group: fewer are an anecdote."""

D = TypeVar("D", bound=Difference)


class Group(NamedTuple):
    """Visits of which some have it.

    Args:
        visits: with it.
        of: all of the group.
    """

    visits: int
    of: int

    @property
    def share(self) -> float:
        """0 when the group is empty."""
        return self.visits / self.of if self.of else 0.0


class Compared(NamedTuple):
    """One comparison that was made; `what` goes into its record."""

    group: Group
    others: Group
    what: dict[str, Any]


def differences(
    compared: Iterable[Compared], record: Callable[..., D], *, least_ratio: float = LEAST_RATIO
) -> tuple[D, ...]:
    """Those that are more frequent in their group than chance explains, the largest first.

    The test is for rare events, on the safe side where they are not rare. A visit counts once however often it has it,
    so that one visit in a loop of errors is one visit.

    Args:
        compared: all of one question: the correction is for all of them.
        record: makes a record of the fields of Difference and `what`.
        least_ratio: times as frequent as among the others.
    """
    tested = [(one, p) for one in compared if (p := rate_ratio_p_value(*one.group, *one.others)) is not None]
    p_values = corrected([p for _, p in tested])
    told = [
        record(visits=g.visits, share=g.share, other_share=others.share, p_value=p, **what)
        for ((g, others, what), _), p in zip(tested, p_values, strict=True)
        if p <= FALSE_SHARE and g.visits >= LEAST_VISITS and g.share >= least_ratio * others.share
    ]
    return tuple(sorted(told, key=lambda one: (one.p_value, -one.visits)))
