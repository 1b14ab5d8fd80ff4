"""Code that may be dead: what the source says, and what production says about it."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight


class StaticRoute(Record):
    """A path that the source registers, or that an OpenAPI document names."""

    methods: tuple[str, ...]
    """Empty = any."""
    path: str
    handler: str | None
    file: str
    line: int | None = None
    analysed: bool = True
    """False where the code behind it was not read: of a route that only a document names."""
    references: tuple[str, ...] = ()
    """Places that mention the handler or ask for the path, besides its registration and tests."""
    tests: tuple[str, ...] = ()
    """Test files that mention it."""
    led_by: tuple[int, ...] = ()
    """Numbers of other routes whose code leads to the handler."""


class StaticUnit(Record):
    """A function or class."""

    name: str
    file: str
    line: int
    lines: int
    routes: tuple[int, ...] = ()
    """Numbers of the routes that lead to it; nothing else does. Empty = nothing leads to it at all."""


class CodeInventory(Record):
    """What the source says."""

    root: str
    """Name of the folder that was read."""
    python_files: int
    test_files: int
    unreadable: tuple[str, ...] = ()
    """Python files that could not be read, and why; what they may mention counts as mentioned."""
    other_languages: dict[str, int] = Field(default_factory=dict)
    """Files of languages whose code is not analysed, by extension."""
    routes: tuple[StaticRoute, ...]
    units: tuple[StaticUnit, ...]
    """Those that only routes lead to, and those that nothing leads to."""
    left_out: int = 0
    """Routes and units beyond what is kept."""


class Verdict(StrEnum):
    """There is no "safe"."""

    USED = "USED"
    CANDIDATE = "CANDIDATE"
    """Runtime and source agree that it is not used."""
    UNDECIDED = "UNDECIDED"


class RouteVerdict(Record):
    """One route."""

    methods: tuple[str, ...]
    path: str
    handler: str | None
    file: str
    line: int | None
    verdict: Verdict
    reason: str
    requests: int
    """In all data; of every path that it may have answered."""
    last_seen: date | None
    """UTC; None = never in the data."""
    quiet_days: int
    """Observed days since it was last seen."""
    references: tuple[str, ...]
    tests: tuple[str, ...]
    lines: int
    """Of code that only candidates such as this one lead to, and this one among them."""


class UnitVerdict(Record):
    """A function or class that only candidates lead to."""

    name: str
    file: str
    line: int
    lines: int
    routes: tuple[str, ...]
    """Which."""


class DeadCodeReport(Record):
    """The value at `aqe/production/dead-code`."""

    min_days: int
    sources: tuple[str, ...]
    """Kinds of rows that requests were looked for in."""
    observed_from: datetime
    observed_to: datetime
    observed_days: int
    """UTC days with requests."""
    root: str
    python_files: int
    routes: tuple[RouteVerdict, ...]
    """Candidates first."""
    units: tuple[UnitVerdict, ...]
    unreferenced: tuple[StaticUnit, ...]
    """Nothing in the source leads to them; no verdict, because no request would show that they run."""
    not_analysed: dict[str, NotMeasured]
    """Extension or file -> why its code was not looked at."""
    caveats: tuple[str, ...]
    left_out: int
    insights: tuple[Insight, ...] = ()
