"""How a release would be taken back; the value at `aqe/deployment/rollback-plan` and `aqe/rollback-plans/<version>`."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ..base import Record
from ..evidence import Reading
from ..rollouts.rollback_rules import RolloutTrigger


class Strategy(StrEnum):
    """How the release is brought out."""

    BLUE_GREEN = "blue-green"
    CANARY = "canary"
    ROLLING = "rolling"


class PlannedTrigger(Record):
    """When to take it back."""

    metric: str
    above: float | None
    below: float | None
    for_s: float
    words: str
    """`error rate above 5 % for 2 min`."""


class PlannedStep(Record):
    """What to do, in order."""

    number: int
    action: str
    command: str | None = None
    automated: bool
    """Never true of a destructive step."""
    destructive: bool
    """Data may be lost: a person decides, every time."""
    why_destructive: str | None = None


class Way(StrEnum):
    """What is known of the way back of a migration."""

    WRITTEN = "written"
    EMPTY = "empty"
    """There is a down migration that does nothing."""
    MISSING = "missing"
    UNKNOWN = "unknown"


class Migration(Record):
    """A database migration that the change brings."""

    path: str
    tool: str
    """`alembic`, `django`, `rails`, `flyway`, `sql`, ...; told by the path."""
    way_back: Way
    loses: tuple[str, ...] = ()
    """Statements of the way back, or of the way there where no way back is read, that throw data away."""


class Notice(Record):
    """Whom to tell."""

    who: str
    channel: str
    when: str


class PlannedRollout(Record):
    """How aqe itself would bring it out (`aqe deploy execute`), by aqe.yaml and what was set for the version."""

    executor: str
    """Kind of what moves the traffic; `dry-run` moves none."""
    stages: tuple[float, ...]
    """Percents of the traffic."""
    stage_s: float
    watch_s: float
    """At 100 %, while the old version is kept ready."""
    triggers: dict[str, RolloutTrigger] = Field(default_factory=dict)
    """Its limits, besides the comparison with the old version."""


class Surroundings(Record):
    """What only the project's folder knows; the payload of a `rollback-plan` task has it at `around`."""

    migrations: tuple[Migration, ...] = ()
    """Of the change."""
    change: str | None = None
    """What was looked at, such as `v1.3.0..v1.4.0`; None = nobody could look."""
    problem: str = "nobody looked at a git clone"
    """Why not."""
    notices: tuple[Notice, ...] = ()
    strategy: Strategy | None = None
    rollout: PlannedRollout | None = None
    """None = aqe.yaml has none for the environment."""


class RollbackPlan(Record):
    """Triggers, steps, data, communication, time."""

    version: str
    environment: str
    return_to: Reading
    """The last version that was deployed there with success."""
    strategy: Strategy | None
    """None = nobody said."""
    predicted_percent: float | None = None
    """Probability, 0-100, that it will be needed; None = nobody said."""
    predicted_level: str | None = None
    predicted_by: str | None = None
    """`calibrated of 40 deployments`; `base-rate of 0 deployments` is the prior alone."""
    rollout: PlannedRollout | None = None
    watched: tuple[PlannedTrigger, ...] = ()
    """Limits at which the rollout takes it back by itself."""
    triggers: tuple[PlannedTrigger, ...]
    """The policy's: when somebody is to take it back."""
    steps: tuple[PlannedStep, ...]
    migrations: tuple[Migration, ...]
    migrations_known: Reading
    """Number of migrations in the change, or why nobody knows."""
    migrations_tested: Reading
    """Whether the migrations were tested, their way back too."""
    notices: tuple[Notice, ...]
    estimated_s: Reading
    """Seconds from the order to the old version carrying all traffic: the median of recorded rollbacks."""
    worst_s: Reading
    """The longest of them."""
    policy: str
    created_at: datetime
