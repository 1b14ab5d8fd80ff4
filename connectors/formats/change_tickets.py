"""What every change management comes down to: the ticket of the change is approved, pending or rejected.

Of several tickets the worst counts: one that is rejected rejects, one that is pending holds back.
"""

from collections import Counter
from typing import Literal

from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind, SignalPart
from .documents import clean, finding, no_value

KIND = SignalKind.APPROVALS
METRICS = ("change_ticket",)
TicketState = Literal["approved", "pending", "rejected"]
_WORST_FIRST: tuple[TicketState, ...] = ("rejected", "pending", "approved")


class ChangeTickets:
    """The tickets of one file.

    Args:
        tool: who wrote it.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self._counts: Counter[TicketState] = Counter()
        self._findings: list[Finding] = []
        self._unknown = ""

    @property
    def count(self) -> int:
        """All tickets."""
        return self._counts.total()

    def add(self, state: TicketState | None, *, ticket: object, title: object, said: object) -> None:
        """Count one.

        Args:
            state: None when the file's word for it is not known; then nothing is known of the change.
            said: that word.
        """
        if state is None:
            self._unknown = self._unknown or f"{clean(ticket, 40)} is {clean(said, 40)!r}"
            return
        self._counts[state] += 1
        if state != "approved" and len(self._findings) < MAX_FINDINGS:
            self._findings.append(finding(ticket, f"{state}: {title or '(no title)'}", state))

    def parsed(self) -> Parsed:
        """The worst state; not measured when there is no ticket."""
        if self._unknown:
            reason = f"{self._unknown}, which says neither approved nor pending nor rejected"
            return no_value(Outcome.NOT_MEASURED, reason, KIND, tool=self.tool)
        if not self.count:
            return no_value(Outcome.NOT_MEASURED, "there is no change ticket in it", KIND, tool=self.tool)
        worst = next(state for state in _WORST_FIRST if self._counts[state])
        part = SignalPart(
            tool=self.tool, outcome=Outcome.VALUE, metrics={"change_ticket": worst}, findings=tuple(self._findings)
        )
        notes = (f"change tickets: {self.count}, the worst counts",) if self.count > 1 else ()
        return Parsed(Outcome.VALUE, signals=((KIND, part),), notes=notes)
