"""Cyclomatic complexity of functions: mean, largest, and the ones that are hard to test as evidence."""

from heapq import nlargest
from math import isfinite

from ...core.errors import InputError
from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind, SignalPart
from .documents import clean, finding

METRICS = ("complexity_mean", "complexity_max")
_HARD = 10
"""McCabe's own limit (1976): above it a function is evidence."""


class Complexities:
    """The functions of one file.

    Args:
        tool: who wrote it.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.count = 0
        self._sum = 0.0
        self._max = 0.0
        self._hard: list[tuple[float, Finding]] = []

    def add(self, name: object, complexity: float, *, file: object = None, line: object = None) -> None:
        """One function or method.

        Raises:
            InputError: no complexity: negative or not finite.
        """
        if not (isfinite(complexity) and complexity >= 0):
            raise InputError(f"{self.tool}: the complexity of {clean(name, 80)!r} is {complexity:g}")
        self.count += 1
        self._sum += complexity
        self._max = max(self._max, complexity)
        if complexity > _HARD:
            message = f"{clean(name, 120)} has a cyclomatic complexity of {complexity:g}"
            self._hard.append((complexity, finding("complexity", message, "complexity", file, line)))
            if len(self._hard) > 2 * MAX_FINDINGS:
                self._hard = self._worst()

    def _worst(self) -> list[tuple[float, Finding]]:
        return nlargest(MAX_FINDINGS, self._hard, key=lambda entry: entry[0])

    def parsed(self, notes: tuple[str, ...] = ()) -> Parsed:
        """Mean and maximum; not measured without a function."""
        if not self.count:
            return Parsed(Outcome.NOT_MEASURED, reason="no function in the report", notes=notes)
        part = SignalPart(
            tool=self.tool,
            outcome=Outcome.VALUE,
            metrics={"complexity_mean": self._sum / self.count, "complexity_max": self._max},
            findings=tuple(found for _, found in self._worst()),
        )
        return Parsed(Outcome.VALUE, signals=((SignalKind.CODE_QUALITY, part),), notes=notes)
