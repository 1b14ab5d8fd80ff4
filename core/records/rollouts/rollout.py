"""A rollout: what is planned, what was seen, where it stands; the values at `aqe/deployment/rollouts/<id>`."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record
from .checks import Checked, CheckLimits
from .hooks import DueHook, StageHook
from .kayenta import KayentaJudging, KayentaStage
from .settling import Settling, Usual
from .traffic import TrafficCheck

Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]
Seconds = Annotated[FiniteFloat, Field(gt=0)]
Total = Annotated[FiniteFloat, Field(ge=0)]

MAX_TIMELINE = 500
"""Entries of a timeline that are kept, the latest."""


def rollout_key(rollout: str) -> str:
    """Where a rollout's plan and state stand."""
    return f"aqe/deployment/rollouts/{rollout}"


def order_key(rollout: str) -> str:
    """Where an order to a running rollout stands until it is obeyed."""
    return f"aqe/deployment/orders/{rollout}"


class CanarySetup(Record):
    """Stages that a release is to go through; the value at `aqe/deployment/canary/<version>`."""

    stages: tuple[Percent, ...]
    stage_s: Seconds | None = None
    kayenta: KayentaJudging | None = None
    """They are judged as Kayenta does."""


def canary_key(version: str) -> str:
    """Where a release's stages stand."""
    return f"aqe/deployment/canary/{version}"


def triggers_key(about: str) -> str:
    """Where triggers stand: of an environment, or of one version."""
    return f"aqe/deployment/triggers/{about}"


class Strategy(StrEnum):
    """How traffic moves to the new version."""

    CANARY = "canary"
    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"


class Phase(StrEnum):
    """Where a rollout stands."""

    PREPARING = "PREPARING"
    """Nothing has moved: the new version's instances are to answer first (blue-green, rolling)."""
    STAGE = "STAGE"
    """A share of the traffic is on the new version, and is judged."""
    PAUSED = "PAUSED"
    """As STAGE, and it does not go on by itself."""
    WATCHING = "WATCHING"
    """All traffic is on the new version; the old one is kept ready."""
    HELD = "HELD"
    """As WATCHING, whose time is over: it ends when it is told to (`RolloutPlan.held`)."""
    ROLLING_BACK = "ROLLING_BACK"
    PROMOTED = "PROMOTED"
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def is_final(self) -> bool:
        """True when nothing is left to be done."""
        return self in (Phase.PROMOTED, Phase.ROLLED_BACK)


class Order(StrEnum):
    """What a person asks of a running rollout."""

    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    """Take it back."""
    PROMOTE = "promote"
    """All traffic to the new version now; the end of one that is held."""


class GivenOrder(Record):
    """An order and who gave it."""

    order: Order
    by: str
    at: AwareDatetime
    reason: str = ""

    def said(self, what: str | None = None) -> str:
        """In words, `abort by cto: too slow`; `what` instead of the order's own name."""
        return f"{what or self.order} by {self.by}" + (f": {self.reason}" if self.reason else "")


class Stage(Record):
    """A share of the traffic for a while."""

    percent: Annotated[FiniteFloat, Field(gt=0, le=100)]
    duration_s: Seconds


class Trigger(Record):
    """A limit that takes the release back when it is broken for long enough."""

    metric: str
    """error_rate_percent, latency_p95_ms, slow_percent, availability_percent, or one of the source's own."""
    limit: FiniteFloat
    for_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    below: bool = False
    """True = lower is worse."""
    alert_only: bool = False
    """Broken, it raises an alert and takes nothing back."""
    counters: CheckLimits | None = None
    """Instead of `for_s`: how many looks of a stage may be beyond it."""
    origin: str = ""
    """Who asks for it: `policy`, `aqe.yaml`, `environment production`, `version v2`, `--monitoring`."""

    @property
    def words(self) -> str:
        """`latency_p95_ms above 800 for 120 s`."""
        how_long = f"for {self.for_s:g} s" if self.counters is None else self.counters.words
        return f"{self.metric} {'below' if self.below else 'above'} {self.limit:g} {how_long}"


class WatchPhase(Record):
    """A while after the last stage, with limits of its own."""

    name: str
    duration_s: Seconds
    interval_s: Seconds
    triggers: tuple[Trigger, ...] = ()
    """Besides the plan's; of the same metric, instead of the plan's."""
    auto_rollback: bool = True
    """False = whatever is wrong raises an alert, and a person decides."""


class TriggerSetup(Record):
    """Limits for later rollouts; the value at `aqe/deployment/triggers/<environment or version>`."""

    triggers: tuple[Trigger, ...]


class RolloutPlan(Record):
    """What is to happen; never changed once it runs."""

    id: str
    version: str
    commit: str | None = None
    environment: str
    region: str | None = None
    """Part of the environment; None = the whole."""
    service: str | None = None
    baseline: str | None = None
    """Version that is served so far."""
    strategy: Strategy = Strategy.CANARY
    stages: tuple[Stage, ...] = Field(min_length=1)
    """Rising; the last is 100 %."""
    watch_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Seconds at 100 % during which it is still taken back by itself."""
    watches: tuple[WatchPhase, ...] = ()
    """Instead of `watch_s`: phases one after the other."""
    interval_s: Seconds = 10.0
    """Between two looks, where no phase says another."""
    triggers: tuple[Trigger, ...] = ()
    kayenta: KayentaJudging | None = None
    """Stages with traffic on both arms are judged so; None = by counts."""
    auto_rollback: bool = True
    """False = it pauses where it would be taken back."""
    held: bool = False
    """True = with all traffic, watched, it is still judged and taken back until somebody promotes it."""
    min_requests: Annotated[FiniteFloat, Field(ge=0)] = 20.0
    """Of the canary in a stage, before the next one."""
    no_data_pause_s: Seconds = 30.0
    """Without measurements for so long it pauses ..."""
    no_data_rollback_s: Seconds = 300.0
    """... and after so long it is taken back."""
    progress_s: Seconds = 600.0
    """So long the executor may take for a share, and the new version's instances to answer; then it pauses."""
    down_looks: Annotated[int, Field(ge=1)] = 2
    """A canary that is down at so many looks in a row is taken back."""
    settle_looks: Annotated[int, Field(ge=0)] = 0
    """Of the served version, in a row, until its metrics are called stable; 0 = nobody looks."""
    settle_s: Seconds = 300.0
    """So long they are waited for."""
    hooks: tuple[StageHook, ...] = ()
    """Programs before and after stages."""
    started_at: AwareDatetime


class ArmReading(Record):
    """What is known of one arm at one moment; counters never go down but for a restart; None = not measured."""

    requests: Total | None = None
    errors: Total | None = None
    slow: Total | None = None
    """Requests slower than the source's threshold."""
    latency_p95_ms: FiniteFloat | None = None
    up: bool | None = None


class Measured(Record):
    """What a source says at one moment."""

    canary: ArmReading = ArmReading()
    baseline: ArmReading = ArmReading()
    metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Its own, of the canary or of the whole."""
    baseline_metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """The same of the baseline, where the source tells the arms apart."""


class Placement(Record):
    """What an executor says at one moment."""

    percent: Percent
    """Share of the traffic that goes to the canary."""
    canary_up: bool | None = None
    baseline_up: bool | None = None
    ready_percent: Percent | None = None
    """Of the canary's instances, those that answer."""
    canary_requests: Total | None = None
    """That the executor itself has sent there: proof that traffic moved. None = it does not count."""
    baseline_requests: Total | None = None


class Sample(Record):
    """One look."""

    at: AwareDatetime
    canary: ArmReading = ArmReading()
    baseline: ArmReading = ArmReading()
    metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """The source's own, of the canary or of the whole."""
    baseline_metrics: dict[str, FiniteFloat] = Field(default_factory=dict)
    """The same of the baseline, where the source tells the arms apart."""
    percent: Percent | None = None
    """Share of the traffic that the executor says goes to the canary; None = it does not answer."""
    ready_percent: Percent | None = None
    """Of the canary's instances, those that answer, by the executor."""
    canary_routed: Total | None = None
    """Requests that the executor has sent there, by its own counters."""
    baseline_routed: Total | None = None
    problem: str | None = None
    """Why something is missing."""


class ArmTotals(Record):
    """Counted since the stage began."""

    requests: Total = 0.0
    errors: Total = 0.0
    slow: Total = 0.0


class MetricVerdict(Record):
    """What a look said of one metric."""

    metric: str
    state: str
    """HEALTHY, WORSE, UNDECIDED, NO_DATA; of a trigger WITHIN, BREAKING, BROKEN, INCONCLUSIVE, NO_DATA."""
    reason: str


class Moment(Record):
    """One entry of the timeline."""

    at: AwareDatetime
    text: str
    percent: Percent


class WatchedLimit(Record):
    """A trigger over time, see agents/deployment_readiness/judging/limits.Watched."""

    beyond_since_s: float | None = None
    seen_at_s: float | None = None


class RolloutState(Record):
    """Where it stands; saved before anything is done about it."""

    phase: Phase = Phase.STAGE
    stage: Annotated[int, Field(ge=0)] = 0
    percent: Percent = 0.0
    """Share that the canary is to have; the executor is brought there at every look."""
    moved_at: AwareDatetime | None = None
    """When it was decided."""
    reached_at: AwareDatetime | None = None
    """When the executor first said so; None = not yet: the stage's time has not begun."""
    canary: ArmTotals = ArmTotals()
    baseline: ArmTotals = ArmTotals()
    reference: ArmTotals = ArmTotals()
    """The baseline's since the rollout began: what the new version is held against once it has all traffic."""
    last: Sample | None = None
    limits: dict[str, WatchedLimit] = Field(default_factory=dict)
    checks: dict[str, Checked] = Field(default_factory=dict)
    """Metric -> the looks of this stage, of triggers with counters."""
    kayenta: KayentaStage = KayentaStage()
    """Points of this stage, where it is judged so."""
    traffic: TrafficCheck | None = None
    """Whether requests have left the version that is to get none; None = both get some."""
    usual: Usual = Usual()
    """What the old version was like beside the new one."""
    settling: Settling | None = None
    """Whether the served version is like that, once all traffic has moved."""
    down: Annotated[int, Field(ge=0)] = 0
    data_at: AwareDatetime | None = None
    """When the canary was last measured."""
    verdicts: tuple[MetricVerdict, ...] = ()
    watch: Annotated[int, Field(ge=0)] = 0
    """Which of the plan's phases it is in while it is WATCHING."""
    alerts: dict[str, str] = Field(default_factory=dict)
    """Metric -> what is wrong with it, where that takes nothing back."""
    alerting_since: AwareDatetime | None = None
    hook: DueHook | None = None
    """That is to be run now: the next stage waits for it."""
    hooks_done: tuple[str, ...] = ()
    """Keys of those that did what they should."""
    released: bool = False
    """It was told to end, where the plan has it held until then."""
    reason: str = ""
    """Why it is paused, or was taken back."""
    decided_at: AwareDatetime | None = None
    """When it was decided to take it back."""
    promoted_at: AwareDatetime | None = None
    """When it was recorded as a success."""
    ended_at: AwareDatetime | None = None
    timeline: tuple[Moment, ...] = ()


def place_of(plan: RolloutPlan) -> str:
    """Where it goes, in words: `production`, `production/us-east`."""
    return f"{plan.environment}/{plan.region}" if plan.region else plan.environment


class Rollout(Record):
    """The value at the key."""

    plan: RolloutPlan
    state: RolloutState
    runner: str
    """Process that runs it, or ran it last."""
    updated_at: AwareDatetime
