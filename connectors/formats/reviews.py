"""What every review comes down to: how many people stand by the change as it is now.

A review counts while it is its author's last word: a comment takes nothing back, a request for changes and a dismissal
do. Nobody approves a change of their own, a bot approves nothing, and an approval of an older commit is about another
change. Of several changes the one with the fewest approvals counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ...core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind, SignalPart
from .documents import finding

KIND = SignalKind.APPROVALS
METRICS = ("review_approvals",)
_APPROVED = "APPROVED"
_TAKES_BACK = ("CHANGES_REQUESTED", "DISMISSED")


class Review(NamedTuple):
    """One review."""

    user: str
    state: str
    """APPROVED, CHANGES_REQUESTED, DISMISSED, COMMENTED, PENDING."""
    commit: str | None
    """What was reviewed; None = not said."""
    at: datetime | None


def approvals(reviews: Iterable[Review], *, author: str | None, head: str | None) -> int:
    """How many people approve.

    Args:
        reviews: of one change, in order of their time where they have one.
        author: whose change it is; None = not said.
        head: its newest commit; None = approvals of any commit count.
    """
    last: dict[str, Review] = {}
    for review in reviews:
        if review.state in (_APPROVED, *_TAKES_BACK):
            last[review.user] = review
    return sum(
        review.state == _APPROVED
        and user != author
        and not user.endswith("[bot]")
        and (head is None or review.commit == head)
        for user, review in last.items()
    )


def approvals_part(tool: str, counted: dict[str, int]) -> tuple[SignalKind, SignalPart]:
    """The part of a signal.

    Args:
        tool: who wrote the file.
        counted: name of a change -> its approvals; one at least.
    """
    fewest = min(counted.values())
    findings: list[Finding] = [
        finding(name, f"approvals: {count}", "information")
        for name, count in sorted(counted.items(), key=lambda one: one[1])[:MAX_FINDINGS]
    ]
    part = SignalPart(tool=tool, outcome=Outcome.VALUE, metrics={"review_approvals": fewest}, findings=tuple(findings))
    return KIND, part
