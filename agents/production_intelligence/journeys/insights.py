"""What journeys say to somebody who has to act."""

from collections.abc import Iterator

from ....core.numbers import counted, percent
from ....core.records.production.findings import FindingPriority, Insight
from ....core.records.production.journeys import JOURNEYS_KEY, Conformance, DropOff, Journeys

NOTABLE_DROP = 0.02
"""By which fewer sessions must replay: of a million sessions every difference is significant."""


def insights_of(found: Journeys) -> Iterator[Insight]:
    """Steps that people leave after errors; known ways that fewer take."""
    titles = {step.id: step.title for step in found.steps}
    for drop in found.drop_offs:
        if drop.reason is not None:
            yield _dropped(drop, titles[drop.step], found)
    if isinstance(found.conformance, Conformance) and found.conformance.difference_high < -NOTABLE_DROP:
        yield _strayed(found.conformance, found)


def _dropped(drop: DropOff, title: str, found: Journeys) -> Insight:
    met, met_by_others = percent(drop.error_share_left or 0.0), percent(drop.error_share_stayed or 0.0)
    return Insight(
        id=f"insight-drop-off-{drop.step}",
        title=f"People leave at {title} after errors",
        detail=f"{drop.left} of {counted(drop.sessions, 'session')} end there. Of those {met} met an error there,"
        f" of those that went on {met_by_others} (p = {drop.p_value:.2g})."
        " An inference: leaving and errors come together.",
        priority=FindingPriority.HIGH,
        evidence=(JOURNEYS_KEY, drop.step),
        recommendation="Look at the errors of that page, and test the way across it.",
        created_at=found.window_to,
        occurrences=drop.left,
    )


def _strayed(known: Conformance, found: Journeys) -> Insight:
    ways = "; ".join(
        f"{e.source_title} -> {e.target_title} ({counted(e.sessions, 'session')})" for e in known.new_edges[:3]
    )
    low, high = 100 * known.difference_low, 100 * known.difference_high
    return Insight(
        id="insight-journeys-conformance",
        title=f"Fewer sessions take the known ways: {percent(known.replay.value)} instead of"
        f" {percent(known.expected.value)}",
        detail=f"Of {counted(known.sessions, 'new session')}; the difference is {low:+.1f} to {high:+.1f} points."
        f" New ways: {ways or 'none that enough people took'}.",
        priority=FindingPriority.MEDIUM,
        evidence=(JOURNEYS_KEY,),
        recommendation="Look whether the new ways are meant: a new feature, or a page that no longer works.",
        created_at=found.window_to,
        occurrences=known.sessions,
    )
