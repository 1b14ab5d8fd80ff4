"""One deployment whose end is known: the items of the list at `aqe/deployment/history`.

The list is only ever appended to. An item that was wrong is corrected by a later one that names it; what was known and
said before the deployment stands beside what came of it, so that both can be held against each other.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field, FiniteFloat

from ...errors import InputError
from ..base import Record
from ..privacy import Id, Text
from ..release import DEFAULT_ENVIRONMENT, DeploymentResult
from ..signals import MetricValues, SignalKind
from .readiness import DecisionStatus

HISTORY_KEY = "aqe/deployment/history"

Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]


class Foresight(Record):
    """What was known of a release and said about it at one moment, before anybody could know how it would end.

    `assess` appends one to `aqe/releases/<version>/foresights`; `record-outcome` copies the last one that is older than
    the deployment.
    """

    version: str
    commit: str | None = None
    environment: str = DEFAULT_ENVIRONMENT
    assessed_at: AwareDatetime
    features: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Name -> value, raw, of what rollback prediction and confidence look at; absent = not measured."""
    signals: dict[SignalKind, MetricValues] = Field(default_factory=dict)
    """Every measured value that counted as evidence, whatever the policy asked: what a replay judges by."""
    decision: DecisionStatus | None = None
    policy: str | None = None
    """Name and digest of the policy that decided."""
    risk: Percent | None = None
    confidence: Percent | None = None
    rollback_percent: Percent | None = None
    """Predicted probability of `failed` or `rolled_back`."""


class DeploymentOutcome(Record):
    """What came of one deployment. `version`, `deployed_at` and `outcome` are enough."""

    version: Id
    commit: Id | None = None
    service: Text | None = None
    environment: Text = DEFAULT_ENVIRONMENT
    region: Text | None = None
    """Part of the environment; None = the whole. A release to several regions has an item of the whole, too."""
    deployed_at: AwareDatetime
    outcome: DeploymentResult
    known_at: AwareDatetime | None = None
    """When the outcome was known; nothing is learnt from it for an earlier moment."""
    restored_at: AwareDatetime | None = None
    """When a failed deployment's service was healthy again; None = not recorded."""
    rollback_s: Annotated[FiniteFloat, Field(ge=0)] | None = None
    """How long the rollback itself took, seconds: from the order to the old version carrying all traffic."""
    incidents: int = Field(default=0, ge=0)
    before: Foresight | None = None
    """None = nobody assessed it before it was deployed."""
    corrects: Id | None = None
    """`id` of the earlier item that this one replaces."""

    @property
    def id(self) -> str:
        """Version, environment, region, service and second of the deployment; what a correction names."""
        region = f"/{self.region}" if self.region else ""
        service = f"/{self.service}" if self.service else ""
        return f"{self.version}@{self.environment}{region}{service}@{self.deployed_at.timestamp():.0f}"

    @property
    def failed(self) -> bool:
        """Whether it was no success: failed or rolled back."""
        return self.outcome != "success"

    @property
    def learnt_at(self) -> AwareDatetime:
        """The first moment at which the outcome may be used; the deployment itself where nobody recorded it."""
        return self.known_at or self.restored_at or self.deployed_at


def of_region(items: Iterable[DeploymentOutcome], region: str | None) -> tuple[DeploymentOutcome, ...]:
    """The deployments to one region; None = those of the whole, which a region's own are no further ones beside."""
    return tuple(item for item in items if item.region == region)


def read_history(values: Sequence[object]) -> tuple[DeploymentOutcome, ...]:
    """The deployments in the items of the list, corrections applied.

    Raises:
        InputError: an item does not fit; then none can be used, because it may be the failed one.
    """
    return in_force(
        DeploymentOutcome.from_value(value, where=f"{HISTORY_KEY}[{index}]") for index, value in enumerate(values)
    )


class HistoryReader:
    """Reads the list again and again: an item whose text is as it was is not parsed again.

    Texts are compared, not lengths: who writes to the server can change an item in its place.
    """

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._items: list[DeploymentOutcome] = []

    def read(self, texts: Sequence[bytes]) -> tuple[DeploymentOutcome, ...]:
        """As `read_history`, from the items' JSON texts; raises like it."""
        known = len(self._texts)
        items = [
            self._items[index]
            if index < known and self._texts[index] == text
            else DeploymentOutcome.from_json(text, where=f"{HISTORY_KEY}[{index}]")
            for index, text in enumerate(texts)
        ]
        self._texts, self._items = list(texts), items
        return in_force(items)


def in_force(items: Iterable[DeploymentOutcome]) -> tuple[DeploymentOutcome, ...]:
    """The items without those that a later one corrects, in order of the list.

    A correction without a `before` of its own takes over that of the item it replaces.

    Raises:
        InputError: a correction names no earlier item; which one is wrong is then not known.
    """
    kept: list[DeploymentOutcome] = []
    place: dict[str, int] = {}
    for item in items:
        if item.corrects is None:
            place[item.id] = len(kept)
            kept.append(item)
            continue
        at = place.get(item.corrects)
        if at is None:
            raise InputError(
                f"{HISTORY_KEY}: the correction of {item.version} names {item.corrects!r}, which no earlier item is",
                hint="`aqe deploy history --format json` shows the ids",
            )
        kept[at] = item if item.before else item.model_copy(update={"before": kept[at].before})
        place[item.id] = at
    return tuple(kept)
