"""Service level objectives as Keptn writes them: criteria such as `<=500` and `<=+10%`, sets of them, scores.

An objective passes when one of its sets does, and a set when all of its criteria do. A criterion with a sign or a
percent sign is relative to an aggregate of earlier values: `<=+10%` is at most a tenth more. What is not known makes a
criterion neither hold nor fail, and that is carried through: `None` beside True and False, as in Kleene's logic, so
that an unknown matters only where it could matter.

>>> latency = Objective(passes=(("<=+10%", "<600"),), warns=(("<800",),))
>>> grade(latency, 540.0, baseline=500.0).grade, grade(latency, 560.0, baseline=500.0).grade
(<Grade.PASS: 'pass'>, <Grade.WARNING: 'warning'>)

Semantics: Keptn's SLO specification 1.0 (lighthouse), which grades what is not known itself: a missing value fails, a
relative criterion without an earlier value holds. `Unknown` says which.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

_CRITERION = re.compile(r"(<=|>=|<|>|=)([+-]?)([0-9]+(?:\.[0-9]+)?)(%?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, target: value < target,
    "<=": lambda value, target: value <= target,
    "=": lambda value, target: value == target,
    ">=": lambda value, target: value >= target,
    ">": lambda value, target: value > target,
}
AGGREGATES = ("avg", "p50", "p90", "p95")
Sets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Criterion:
    """One comparison, read.

    Args:
        operator: < <= = >= >
        value: of the text, >= 0.
        relative: to an aggregate of earlier values.
        percent: the value is a share of that aggregate.
        increase: above it; False = below, or not relative.
    """

    operator: str
    value: float
    relative: bool
    percent: bool
    increase: bool

    def target(self, baseline: float | None) -> float | None:
        """What a value is compared with; None = relative, and there is no baseline."""
        if not self.relative:
            return self.value
        if baseline is None:
            return None
        change = self.value if self.increase else -self.value
        return baseline * (100 + change) / 100 if self.percent else baseline + change

    def holds(self, value: float, target: float) -> bool:
        """Whether the value compares so with the target."""
        return _COMPARE[self.operator](value, target)


@cache
def parse_criterion(text: str) -> Criterion:
    """`<=500`, `>-10%`, `<= +10 %`, `>=90%` (a percent without a sign is an increase); spaces do not matter.

    >>> parse_criterion("<=+10.5%")
    Criterion(operator='<=', value=10.5, relative=True, percent=True, increase=True)

    Raises:
        ValueError: anything else.
    """
    match = _CRITERION.fullmatch("".join(text.split()))
    if not match:
        raise ValueError(f"{text!r} is no criterion, expected < <= = >= or > and a number: <=500, <=+10%, >=-5")
    operator, sign, number, percent = match.groups()
    relative = bool(sign or percent)
    return Criterion(operator, float(number), relative, bool(percent), relative and sign != "-")


def aggregate(values: Sequence[float], how: str) -> float | None:
    """One number for earlier values; None when there is none.

    Args:
        values: in any order.
        how: of AGGREGATES; percentiles lie at p * (n + 1) of the sorted values (type 6 of Hyndman and Fan, 1996).
    """
    if not values:
        return None
    if how == "avg":
        return math.fsum(values) / len(values)
    return percentile(values, float(how[1:]) / 100)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0 to 1) of at least one value lies.

    >>> percentile(range(11), 0.9)
    9.8
    """
    ordered = sorted(values)
    position = share * (len(ordered) + 1)
    below = math.floor(position)
    if below < 1:
        return float(ordered[0])
    if below >= len(ordered):
        return float(ordered[-1])
    low, high = ordered[below - 1], ordered[below]
    return float(low + (position - below) * (high - low))


class Grade(StrEnum):
    """What becomes of an objective."""

    PASS = "pass"
    WARNING = "warning"
    FAIL = "fail"
    INFO = "info"
    """No criteria: measured, not graded."""
    OPEN = "open"
    """What is not known could make a difference."""


@dataclass(frozen=True)
class Unknown:
    """How a criterion is answered that cannot be: True, False, or None = that is not known.

    Args:
        value: no value was measured.
        baseline: it is relative, and there is no earlier value.
    """

    value: bool | None = None
    baseline: bool | None = None


KEPTN = Unknown(value=False, baseline=True)


@dataclass(frozen=True)
class Objective:
    """What is asked of one value.

    Args:
        passes, warns: sets of criteria; one set must hold, all criteria of it.
        weight: in the total score.
        key: when it fails, everything fails.
    """

    passes: Sets = ()
    warns: Sets = ()
    weight: float = 1.0
    key: bool = False


def bound(sets: Sets, baseline: float | None, *, upper: bool) -> float | None:
    """The one limit that sets of upper (or lower) bounds come to: the tightest of a set, the loosest of the sets.

    >>> bound((("<=500", "<=+10%"), ("<=200",)), 400.0, upper=True)
    440.0

    Returns:
        None where a bound is relative and there is no baseline.
    """
    tightest: Callable[..., float] = min if upper else max
    loosest: Callable[..., float] = max if upper else min
    targets = [[parse_criterion(text).target(baseline) for text in each] for each in sets]
    known = [[target for target in each if target is not None] for each in targets]
    return loosest(map(tightest, known)) if known == targets else None


@dataclass(frozen=True)
class Target:
    """One criterion held against a value.

    Args:
        criterion: as written.
        value: what it comes to; None = relative, without a baseline.
        holds: None = not known.
    """

    criterion: str
    value: float | None
    holds: bool | None


@dataclass(frozen=True)
class Graded:
    """An objective held against a value.

    Args:
        points: of its weight: all for PASS, half for WARNING, else none.
        passes, warns: its criteria, in order.
    """

    grade: Grade
    points: float
    passes: tuple[Target, ...]
    warns: tuple[Target, ...]


def grade(
    objective: Objective, value: float | None, baseline: float | None = None, unknown: Unknown | None = None
) -> Graded:
    """Hold an objective against a value.

    Args:
        objective: what is asked.
        value: finite; None = not measured.
        baseline: aggregate of earlier values; None = there is none.
        unknown: how what is not known is answered; default: it is not.
    """
    unknown = unknown or Unknown()
    passes = tuple(tuple(_target(text, value, baseline, unknown) for text in each) for each in objective.passes)
    warns = tuple(tuple(_target(text, value, baseline, unknown) for text in each) for each in objective.warns)
    found = _grade(_any(map(_all, passes)), _any(map(_all, warns))) if objective.passes else Grade.INFO
    share = {Grade.PASS: 1.0, Grade.WARNING: 0.5}.get(found, 0.0)
    return Graded(found, share * objective.weight, sum(passes, ()), sum(warns, ()))


def _grade(passes: bool | None, warns: bool | None) -> Grade:
    if passes is not False:
        return Grade.PASS if passes else Grade.OPEN
    return {True: Grade.WARNING, False: Grade.FAIL, None: Grade.OPEN}[warns]


def _target(text: str, value: float | None, baseline: float | None, unknown: Unknown) -> Target:
    criterion = parse_criterion(text)
    target = criterion.target(baseline)
    if value is None:
        return Target(text, target, unknown.value)
    if target is None:
        return Target(text, None, unknown.baseline)
    return Target(text, target, criterion.holds(value, target))


def _all(targets: Iterable[Target]) -> bool | None:
    known = {target.holds for target in targets}
    return False if False in known else None if None in known else True


def _any(sets: Iterable[bool | None]) -> bool | None:
    known = set(sets)
    return True if True in known else None if None in known else False


@dataclass(frozen=True)
class Total:
    """A score over several objectives, 0 to 100, and what it is worth."""

    score: float
    grade: Grade


def total(
    points: float, maximum: float, *, pass_percent: float, warning_percent: float, key_failed: bool = False
) -> Total:
    """The total of graded objectives.

    Args:
        points: sum of theirs.
        maximum: sum of the weights of those that are graded; 0 = nothing was asked, which passes.
        pass_percent, warning_percent: from where the score passes or warns, 0 to 100.
        key_failed: a key objective failed: the score does not matter.
    """
    score = 100 * points / maximum if maximum else 100.0
    if key_failed or score < min(pass_percent, warning_percent):
        return Total(score, Grade.FAIL)
    return Total(score, Grade.PASS if score >= pass_percent else Grade.WARNING)
