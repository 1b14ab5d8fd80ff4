"""What every linter comes down to: issues by how much they matter, and the worst of them as evidence.

A linter knows errors and the rest: major and minor. Critical issues are counted only by tools that know such; from the
others they are not measured, rather than 0.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, MetricValue, Outcome, SignalKind, SignalPart
from .documents import clean, finding

KIND = SignalKind.CODE_QUALITY
Level = Literal["critical", "major", "minor"]
METRICS = ("major_issues", "minor_issues")
_LEVELS: tuple[Level, ...] = ("critical", "major", "minor")


class Issues:
    """The issues of one file.

    Args:
        tool: who wrote it.
        levels: those that the tool knows.
    """

    def __init__(self, tool: str, levels: tuple[Level, ...] = ("major", "minor")) -> None:
        self.tool = tool
        self.counts: Counter[Level] = Counter()
        self._levels = levels
        self._kept: dict[Level, list[Finding]] = {level: [] for level in _LEVELS}

    @property
    def count(self) -> int:
        """All issues."""
        return self.counts.total()

    def add(self, level: Level, *, rule: object, message: object, file: object = None, line: object = None) -> None:
        """Count one."""
        self.counts[level] += 1
        if len(self._kept[level]) < MAX_FINDINGS:
            self._kept[level].append(finding(rule, message or "(no message)", level, file, line))

    def parsed(
        self,
        *,
        more: Mapping[str, MetricValue] | None = None,
        version: object = None,
        measured_at: datetime | None = None,
        notes: tuple[str, ...] = (),
    ) -> Parsed:
        """Counts of the levels that the tool knows; clean when there is no issue."""
        worst = [found for level in _LEVELS for found in self._kept[level]]
        part = SignalPart(
            tool=self.tool,
            tool_version=clean(version, 40) or None if isinstance(version, str) else None,
            outcome=Outcome.VALUE if self.count or any((more or {}).values()) else Outcome.CLEAN,
            measured_at=measured_at,
            metrics={**{f"{level}_issues": self.counts[level] for level in self._levels}, **(more or {})},
            findings=tuple(worst[:MAX_FINDINGS]),
        )
        return Parsed(part.outcome, signals=((KIND, part),), notes=notes)
