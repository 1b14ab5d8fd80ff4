"""Ways that people take: steps, what follows what, the journeys made of them, and how well they still hold.

Every step, edge, way in or out and journey in here was taken by `min_users` distinct people at least; of the others
only the number is told.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight

JOURNEYS_KEY = "aqe/production/journeys"


class StepKind(StrEnum):
    """What a step is."""

    PAGE = "page"
    """A page, screen or view was shown."""
    ACTION = "action"
    """Something was done on a page: a click, a named event."""
    REQUEST = "request"
    """A request that a server recorded; what the browser showed is not known."""
    OTHER = "other"
    """Whatever too few people saw, and what was beyond the bound of steps."""


def step_title(kind: str, page: str | None, action: str | None) -> str:
    """`/cart`; `Add to cart @ /product/{id}`."""
    if kind == StepKind.OTHER:
        return "(other)"
    return " @ ".join(part for part in (action, page) if part) or "(unnamed)"


class Outcome(StrEnum):
    """How a session ended; the first that holds."""

    CONVERTED = "converted"
    """It reached the goal: a purchase, or what was asked for."""
    ERROR = "error"
    """Its last page or request failed, and nothing came after."""
    BOUNCED = "bounced"
    """It has a single step."""
    ABANDONED = "abandoned"


class Share(Record):
    """A share from 0 to 1 with its 95 % interval (Wilson)."""

    value: float
    low: float
    high: float


class Pause(Record):
    """Time from the last sign of one step to the first of the next, seconds: loading, thinking and idling together.

    At most the idle time at which a session is split. Quantiles are within 1 % of the exact ones.
    """

    p50_s: float
    p75_s: float
    p95_s: float
    idle_p50_s: float | None = None
    """The part beyond the time that the source says was spent on the page; None = it does not say."""


class Step(Record):
    """A node of the graph: the same thing done at the same place."""

    id: str
    """Digest of kind, page and action: the same over runs."""
    kind: StepKind
    page: str | None
    """Its group, as the source names it or as a path with ids as `{id}`; None = not said."""
    action: str | None = None
    """Name or target as recorded; None for pages."""
    path: str | None = None
    """Path template `/product/{id}`; None where no path of the group was seen by enough people."""
    example_path: str | None = None
    """The template with made-up ids: `/product/1`. Never an id of production."""
    events: int
    """Rows, repeats included."""
    sessions: int
    users: int
    entries: int | None
    """Sessions that began here; None = of fewer than `min_users` people."""
    exits: int | None
    """Sessions that ended here; None = of fewer than `min_users` people."""

    @property
    def title(self) -> str:
        """`/cart`; `Add to cart @ /product/{id}`."""
        return step_title(self.kind, self.page, self.action)


class Edge(Record):
    """One step right after another in the same session, repeats of a step in a row counted as one."""

    source: str
    """Id of a step."""
    target: str
    times: int
    sessions: int
    users: int
    share: float
    """Of all the times that the source was left, endings of sessions included."""
    pause: Pause


class Journey(Record):
    """A variant: sessions with the same steps in the same order."""

    id: str
    """Digest of its steps: the same over runs."""
    steps: tuple[str, ...]
    """Ids; a step repeated in a row stands once."""
    cut: bool = False
    """More steps followed than are compared."""
    sessions: int
    users: int
    share: Share
    """Of all sessions of the window."""
    outcome: Outcome | None
    """The most frequent one; None = ended, and nothing tells conversions."""
    converted: int | None
    """Sessions; None = nothing tells conversions (`Journeys.outcomes` says why)."""
    errors: int | None
    """Sessions that ended in an error; None = nothing tells errors."""
    duration_mean_s: float
    """From the first to the last sign of a session."""
    revenue: float | None = None
    """Of all its sessions; None = not measured, or fewer than `min_users` people paid."""


class Outcomes(Record):
    """How all sessions ended, and why where that is not known."""

    converted: int | NotMeasured
    errors: int | NotMeasured
    bounced: int
    abandoned: int | NotMeasured
    revenue: float | NotMeasured
    currency: str | None = None


class DropOff(Record):
    """A step where people leave without having converted."""

    step: str
    """Id."""
    sessions: int
    """Sessions that came here."""
    left: int
    """Of them, that ended here and had not converted."""
    share: Share
    """`left` of `sessions`."""
    error_share_left: float | None
    """Of those who left, who met an error here; None = nothing tells errors."""
    error_share_stayed: float | None
    """Of those who went on, who met one."""
    p_value: float | None
    """Chance of as large a difference, were leaving and errors independent (Fisher); corrected for all drop-offs."""
    reason: str | None = None
    """An inference, and said to be one; None = nothing points anywhere."""


class NewEdge(Record):
    """A way that the known model does not have."""

    source: str | None
    """Id of a step; None = sessions begin with the target."""
    target: str
    source_title: str
    target_title: str
    sessions: int
    users: int
    share: Share
    """Of the new sessions."""


class Conformance(Record):
    """Whether sessions still take the known ways: those that began after the known model was made.

    A session replays when it begins with a step that sessions began with, and each of its steps follows the one before
    by an edge of the model.
    """

    model_from: datetime
    model_to: datetime
    sessions: int
    """New ones."""
    replay: Share
    """Of them, that replay."""
    expected: Share
    """Of the model's own sessions, that replay on what is stored of it."""
    difference_low: float
    """95 % interval of `replay` minus `expected` (Newcombe): below 0 at both ends = people go other ways now."""
    difference_high: float
    new_edges: tuple[NewEdge, ...]
    """The most frequent first."""
    new_edges_withheld: int
    """Taken by fewer than `min_users` people."""


class Journeys(Record):
    """The value at `aqe/production/journeys`: the known model, too, that new sessions are compared with."""

    sources: tuple[str, ...]
    """Kinds of rows the steps come from."""
    limits: tuple[str, ...]
    """What these sources cannot tell, in words."""
    window_from: datetime
    window_to: datetime
    min_users: int
    """k: what fewer people did is neither shown nor stored."""
    idle_s: int
    """A longer pause ends a session."""
    actions: bool
    """False: only pages are steps."""
    events: int
    sessions: int
    users: int
    users_by: str
    """`users`, `sessions`, or `users, else sessions`: what distinct people are told by."""
    steps: tuple[Step, ...]
    """The most visited first."""
    edges: tuple[Edge, ...]
    """The most frequent first."""
    edges_withheld: int
    """Taken by fewer than `min_users` people."""
    edges_unlisted: int = 0
    """Beyond the bound."""
    journeys: tuple[Journey, ...]
    """The most frequent first."""
    journeys_withheld: int
    """Variants of fewer than `min_users` people."""
    sessions_withheld: int
    """Sessions of those variants."""
    journeys_unlisted: int = 0
    """Variants beyond the bound."""
    outcomes: Outcomes
    drop_offs: tuple[DropOff, ...]
    """By how many left."""
    replay: Share
    """Of its own sessions, that replay on the steps and edges that are stored."""
    replay_sessions: int
    """How many that was found by: all of up to about a million rows, beyond that those of people drawn by chance."""
    conformance: Conformance | NotMeasured
    insights: tuple[Insight, ...] = ()

    def walk(self, journey: Journey) -> Iterator[tuple[Step, Edge | None]]:
        """The steps of a journey, each with the edge to the next; None after the last, and where it is not listed."""
        steps = {step.id: step for step in self.steps}
        edges = {(edge.source, edge.target): edge for edge in self.edges}
        following = (*journey.steps[1:], None)
        for at, after in zip(journey.steps, following, strict=True):
            yield steps[at], None if after is None else edges.get((at, after))
