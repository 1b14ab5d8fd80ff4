"""What every mutation format comes down to: mutants that the tests noticed, of those that could be noticed.

The score is Stryker's, for all tools: detected / (detected + undetected). A mutant that no test reached is undetected;
one that could not be built or run says nothing about the tests and is left out. While mutants are waiting in a session,
the score is that of some part of the code, so there is none: the run was cut short.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from ...core.errors import InputError
from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind, SignalPart
from .documents import clean, finding

KIND = SignalKind.MUTATION
METRICS = ("mutation_score_percent", "survived_mutants")


class Verdict(StrEnum):
    """What became of a mutant."""

    DETECTED = "detected"
    UNDETECTED = "undetected"
    INVALID = "not tried, or could not be run"
    PENDING = "pending"


class Mutants:
    """The mutants of one file.

    Args:
        tool: who wrote it.
        verdicts: the tool's words for what became of a mutant.
    """

    def __init__(self, tool: str, verdicts: Mapping[str, Verdict]) -> None:
        self.tool = tool
        self.counts: Counter[Verdict] = Counter()
        self._verdicts = verdicts
        self._survived: list[Finding] = []

    def add(self, status: str, *, count: int = 1) -> Verdict:
        """Count mutants with this status.

        Raises:
            InputError: a word the format does not have; it must not become a default.
        """
        verdict = self._verdicts.get(status)
        if verdict is None:
            raise InputError(
                f"{self.tool}: a mutant has the status {clean(status, 40)!r}",
                hint=f"expected one of {', '.join(self._verdicts)}",
            )
        self.counts[verdict] += count
        return verdict

    def survived(self, rule: object, message: object, file: object, line: object) -> None:
        """Keep one that no test noticed as evidence."""
        if len(self._survived) < MAX_FINDINGS:
            self._survived.append(finding(rule, message, "survived", file, line))

    def parsed(self, *, version: object = None, measured_at: datetime | None = None) -> Parsed:
        """The score."""
        counts = self.counts
        if counts[Verdict.PENDING]:
            reason = f"{counts[Verdict.PENDING]} of {counts.total()} mutants were not tried: the run was cut short"
            return Parsed(Outcome.TOOL_FAILED, reason=reason)
        tried = counts[Verdict.DETECTED] + counts[Verdict.UNDETECTED]
        if not tried:
            reason = f"no mutant was tried ({counts.total()} in the file)"
            return Parsed(Outcome.NOT_MEASURED, reason=reason)
        part = SignalPart(
            tool=self.tool,
            tool_version=clean(version, 40) or None if isinstance(version, str) else None,
            outcome=Outcome.VALUE,
            measured_at=measured_at,
            metrics={
                "mutation_score_percent": 100 * counts[Verdict.DETECTED] / tried,
                "survived_mutants": counts[Verdict.UNDETECTED],
            },
            findings=tuple(self._survived),
        )
        invalid = counts[Verdict.INVALID]
        notes = (f"mutants that were not tried or could not be run, which do not count: {invalid}",) if invalid else ()
        return Parsed(Outcome.VALUE, signals=((KIND, part),), notes=notes)
