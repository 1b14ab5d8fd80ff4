"""What every coverage format comes down to: how much could be covered, and how much of it was.

Percentages are computed from counts, never taken from a report: reports round them, and some mix lines and branches.
What has nothing to cover is not measured; it is neither 0 nor 100 %.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from ...core.errors import InputError
from ...core.importing import Parsed
from ...core.records.signals import MAX_FILES, MetricValue, Outcome, SignalKind, SignalPart
from .documents import clean

_MAX_FILE_CHARS = 300
KIND = SignalKind.TEST_COVERAGE
LINE, BRANCH, STATEMENT, FUNCTION = (
    "line_coverage_percent", "branch_coverage_percent", "statement_coverage_percent", "function_coverage_percent",
)  # fmt: skip


class Share(NamedTuple):
    """So many covered, of so many."""

    covered: float
    total: float

    def __add__(self, other: object) -> "Share":
        """Both together, as counters of files add up."""
        assert isinstance(other, Share)
        return Share(self.covered + other.covered, self.total + other.total)


NOTHING = Share(0, 0)


def coverage(
    tool: str,
    shares: Mapping[str, Share | None],
    *,
    version: object = None,
    measured_at: datetime | None = None,
    notes: tuple[str, ...] = (),
    files: Mapping[str, Share] | None = None,
) -> Parsed:
    """The coverage that a report measured.

    Args:
        tool: who wrote it.
        shares: metric (LINE, BRANCH, ...) -> what was counted; None or of nothing = not measured.
        version: of the tool, as the file says it.
        files: source file -> its lines, where the report says.

    Raises:
        InputError: more covered than there is, or a negative count.
    """
    metrics: dict[str, MetricValue] = {}
    for name, share in shares.items():
        if share is None or share == NOTHING:
            continue
        if not 0 <= share.covered <= share.total:
            raise InputError(f"{tool}: {share.covered:g} of {share.total:g} covered cannot be ({name})")
        metrics[name] = 100 * share.covered / share.total
    if not metrics:
        reason = "nothing that could be covered was counted: is the source path right, did the tests load the code?"
        return Parsed(Outcome.NOT_MEASURED, reason=reason, notes=notes)
    part = SignalPart(
        tool=tool,
        tool_version=clean(version, 40) or None if isinstance(version, str) else None,
        outcome=Outcome.VALUE,
        measured_at=measured_at,
        metrics=metrics,
        file_lines=_kept(files or {}),
    )
    return Parsed(Outcome.VALUE, signals=((KIND, part),), notes=notes)


def _kept(files: Mapping[str, Share]) -> dict[str, tuple[int, int]] | None:
    if len(files) > MAX_FILES:
        return None
    kept = {clean(name, _MAX_FILE_CHARS): (int(covered), int(total)) for name, (covered, total) in files.items()}
    return {name: lines for name, lines in kept.items() if 0 <= lines[0] <= lines[1] and lines[1]} or None


def share_of(hits: dict[str, int] | list[int]) -> Share:
    """Of counters: those above 0, of all."""
    counts = hits.values() if isinstance(hits, dict) else hits
    return Share(sum(count > 0 for count in counts), len(hits))
