"""What generated tests did against a service: one file each, and whether its finding is covered."""

from enum import StrEnum

from pydantic import AwareDatetime

from ..base import Record


class Colour(StrEnum):
    """How a file's tests ended."""

    GREEN = "green"
    RED = "red"
    """At least one failed."""
    UNUSABLE = "unusable"
    """Nothing was told: no test in it, not finished in time, or it does not load."""
    SKIPPED = "skipped"
    """All its tests are, as the file says: nothing is known, and nothing was to be known."""
    NOT_RUN = "NOT RUN"
    """What runs such files is not installed; the reason says what to install."""


class FileRun(Record):
    """One file against one service."""

    colour: Colour
    passed: int = 0
    failed: int = 0
    reason: str | None = None
    """Of what is not green, or what of the file was left out; in one line."""


class VerifiedFile(Record):
    """One generated file."""

    path: str
    """Below the folder that was verified."""
    finding: str | None
    """Id of the finding that it was derived from, as the file says."""
    target: FileRun | None = None
    broken: FileRun | None = None
    fixed: FileRun | None = None

    @property
    def runs(self) -> tuple[FileRun, ...]:
        """Those that were asked for."""
        return tuple(run for run in (self.target, self.broken, self.fixed) if run)

    @property
    def covers(self) -> bool:
        """Red on the broken service and green on the fixed one: it shows the finding, and only the finding."""
        shown = self.broken is not None and self.broken.colour is Colour.RED
        return shown and self.fixed is not None and self.fixed.colour is Colour.GREEN


class Coverage(Record):
    """A finding that a test covers."""

    finding: str
    file: str
    verified_at: AwareDatetime


class Verification(Record):
    """What `aqe tests verify --json` prints."""

    files: tuple[VerifiedFile, ...]
    covered: tuple[Coverage, ...]
    """Empty unless both a broken and a fixed service were given."""
    ok: bool
    """Every file was green on the target and on the fixed service, and red on the broken one, as far as given; but for
    those that are skipped."""
