"""What every security report comes down to: vulnerabilities by severity, each counted once.

A scanner lists one and the same vulnerability a path, a file or a package: `add` takes what makes it the same. A
severity nobody gave is unknown, which gates judge as high; a word nobody knows is unknown too. What is only information
is no vulnerability. With scores (CVSS) but without a word, GitHub's bounds decide.
"""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime
from heapq import nsmallest
from typing import Any

from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, MetricValue, Outcome, SignalKind, SignalPart
from .documents import clean, finding

KIND = SignalKind.SECURITY
SEVERITIES = ("critical", "high", "unknown", "medium", "low")
"""Worst first; unknown is judged as high."""
METRICS = (*(f"{severity}_vulnerabilities" for severity in SEVERITIES), "max_cvss")
_INFO = "info"
_WORDS = {
    "critical": "critical", "high": "high", "important": "high", "medium": "medium", "moderate": "medium", "low": "low",
    "negligible": "low", "info": _INFO, "informational": _INFO, "information": _INFO, "none": _INFO,
}  # fmt: skip
_CVSS_BOUNDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"))


def severity_of_cvss(score: float) -> str:
    """GitHub's bounds for a score above 0."""
    return next((severity for bound, severity in _CVSS_BOUNDS if score >= bound), "low")


def cvss(value: object) -> float | None:
    """A score from a number or its text; None when it is none, or 0 (many tools' word for unknown)."""
    try:
        score = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except ValueError:
        return None
    return score if 0 < score <= 10 else None


class Vulnerabilities:
    """The vulnerabilities of one file."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.left_out: Counter[str] = Counter()
        """Why -> how many entries do not count."""
        self.max_cvss = 0.0
        self._found: dict[Hashable, tuple[int, Finding]] = {}

    def add(
        self,
        same: Hashable,
        severity: object,
        *,
        rule: object,
        message: object,
        score: float | None = None,
        file: object = None,
        line: object = None,
    ) -> None:
        """Count one, unless the same was there already; then its worst severity counts.

        Args:
            same: what makes two entries the same vulnerability.
            severity: the tool's word; anything unknown or missing is unknown.
            score: CVSS, above 0 to 10.
        """
        word = _WORDS.get(severity.lower()) if isinstance(severity, str) else None
        if word is None:
            word = severity_of_cvss(score) if score else "unknown"
        if word == _INFO:
            self.left_out["information only"] += 1
            return
        self.max_cvss = max(self.max_cvss, score or 0.0)
        rank = SEVERITIES.index(word)
        try:
            hash(same)
        except TypeError:  # an id that is a list or an object: the same as nothing else
            same = object()
        if same not in self._found or rank < self._found[same][0]:
            self._found[same] = rank, finding(rule, message or "(no message)", word, file, line)

    def parsed(self, *, version: object = None, measured_at: datetime | None = None, notes: Any = ()) -> Parsed:
        """Counts of all severities; clean when there is none."""
        counts = Counter(rank for rank, _ in self._found.values())
        metrics: dict[str, MetricValue] = {
            f"{severity}_vulnerabilities": counts[rank] for rank, severity in enumerate(SEVERITIES)
        }
        # Without any score the highest is unknown, unless there is nothing to score.
        if self.max_cvss or not self._found:
            metrics["max_cvss"] = self.max_cvss
        worst = nsmallest(MAX_FINDINGS, self._found.values(), key=lambda entry: entry[0])
        part = SignalPart(
            tool=self.tool,
            tool_version=clean(version, 40) or None if isinstance(version, str) else None,
            outcome=Outcome.VALUE if self._found else Outcome.CLEAN,
            measured_at=measured_at,
            metrics=metrics,
            findings=tuple(found for _, found in worst),
        )
        left_out = tuple(f"left out, {why}: {count}" for why, count in self.left_out.items())
        return Parsed(part.outcome, signals=((KIND, part),), notes=(*notes, *left_out))
