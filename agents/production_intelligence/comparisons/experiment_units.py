"""Who was in an experiment and what they did: rows of real users and of product analytics, a unit at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from ....core.records.bulk.rows import PRODUCT, RUM
from ..loaded import Loaded

MAX_UNITS = 500_000
"""Held in memory; later ones are counted and left out."""


@dataclass(slots=True)
class Unit:
    """One user or session.

    Args:
        variant: None once it was seen in a second one.
        first_at: when it was first seen in the experiment, aware UTC.
    """

    variant: str | None
    first_at: datetime
    converted: bool = False
    failed: bool = False
    revenue: float = 0.0
    times: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Metric in ms -> sum and count."""

    def time(self, metric: str, value: float | None) -> None:
        """Count a measured time; what is no number is none."""
        if value is not None and isfinite(value) and value >= 0:
            total, count = self.times.get(metric, (0.0, 0))
            self.times[metric] = (total + value, count + 1)

    def mean(self, metric: str) -> float | None:
        """Of the unit's times: what one unit does many times counts once."""
        total, count = self.times.get(metric, (0.0, 0))
        return total / count if count else None


@dataclass
class Units:
    """All units of one experiment.

    Args:
        goal: name of the event that counts as conversion; None = a purchase: revenue above 0.
    """

    experiment: str
    goal: str | None
    by_id: dict[str, Unit] = field(default_factory=dict)
    left_out: int = 0
    has_revenue: bool = False
    sees_errors: bool = False
    currencies: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """Names of other experiments seen, for a helpful refusal."""

    def in_order(self) -> list[Unit]:
        """Those in one arm only, by when they were first seen."""
        return sorted((unit for unit in self.by_id.values() if unit.variant is not None), key=lambda u: u.first_at)

    def take(self, row: Any) -> Unit | None:
        """The unit of a row; None when it says none, belongs to another experiment or is one too many.

        A row without the mark belongs to the experiment when its unit is known from an earlier one.
        """
        who = row.user or row.session
        if who is None:
            return None
        unit, variant = self.by_id.get(who), self._variant(row.experiment)
        if unit is None:
            if variant is None:
                return None
            if len(self.by_id) >= MAX_UNITS:
                self.left_out += 1
                return None
            unit = self.by_id[who] = Unit(variant, row.at)
        elif variant is not None and variant != unit.variant:
            unit.variant = None
        return unit

    def _variant(self, marks: str | None) -> str | None:
        for mark in (marks or "").split():
            name, equals, variant = mark.partition("=")
            if name == self.experiment and equals and variant:
                return variant
            if len(self.others) < 20:
                self.others.add(name)
        return None


def units_of(loaded: Loaded, experiment: str, goal: str | None) -> Units:
    """Everybody in the experiment, from all rows of the window."""
    units = Units(experiment, goal)
    for _ in _real_users(loaded, units):
        pass
    for _ in _product(loaded, units):
        pass
    return units


def _real_users(loaded: Loaded, units: Units) -> Iterator[Unit]:
    for row in loaded.rows(RUM):
        unit = units.take(row)
        if unit is None:
            continue
        units.sees_errors = True
        unit.failed |= row.event == "error"
        unit.converted |= units.goal is not None and units.goal in (row.name, row.page_group, row.page)
        unit.time("loading", row.loading_ms)
        unit.time("lcp", row.lcp_ms)
        unit.time("inp", row.inp_ms)
        yield unit


def _product(loaded: Loaded, units: Units) -> Iterator[Unit]:
    for row in loaded.rows(PRODUCT):
        unit = units.take(row)
        if unit is None:
            continue
        unit.converted |= units.goal is not None and units.goal == row.name
        if row.revenue is not None and isfinite(row.revenue):
            units.has_revenue = True
            unit.revenue += row.revenue
            unit.converted |= units.goal is None and row.revenue > 0
            if row.currency:
                units.currencies.add(row.currency)
        yield unit
