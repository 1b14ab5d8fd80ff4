"""`rollout` of a target in aqe.yaml: what moves its traffic, what measures it, and how it is done there."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from .rollout_limits import LimitSection
from .section import FilePath, Section

if TYPE_CHECKING:
    from ..core.records.rollouts.rollout import Trigger

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]
KubernetesName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
Arguments = Annotated[tuple[str, ...], Field(min_length=1)]
Path = Annotated[str, Field(pattern=r"^/[!-~]{0,2000}$")]
ADDRESS = r"https?://[A-Za-z0-9_.{}\[\]:-]{1,250}(/[!-~]*)?"
"""`{region}` may be part of it."""
Percent = Annotated[FiniteFloat, Field(gt=0, le=100)]
Seconds = Annotated[FiniteFloat, Field(gt=0)]
DEFAULT_FOR_S = 120.0
"""So long a limit must be broken: the specification's 2 minutes."""


class ExecutorSection(Section):
    """What moves traffic."""

    kind: Literal["haproxy", "nginx", "kubernetes", "command", "dry-run"]
    socket: FilePath | None = None
    """haproxy: Unix socket of its runtime API."""
    backend: Name | None = None
    """haproxy: that holds all servers."""
    canary: tuple[Name, ...] = ("canary",)
    """haproxy: servers of the new version; nginx: their `host:port`."""
    baseline: tuple[Name, ...] = ("baseline",)
    """haproxy, nginx: servers of the old one."""
    include: FilePath | None = None
    """nginx: file that the upstream includes, written by us alone."""
    log: FilePath | None = None
    """nginx: access log that names the upstream (docs/operations.md)."""
    rollout: KubernetesName | None = None
    """kubernetes: name of the Rollout of Argo."""
    namespace: KubernetesName | None = None
    context: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    """kubernetes: of kubectl."""
    program: Arguments | None = None
    """nginx, kubernetes: instead of `nginx` and `kubectl`, such as `[sudo, nginx]`."""
    set: Arguments | None = None
    """command: program and arguments that give the canary `{percent}`."""
    look: Arguments | None = None
    """command: program that prints the share it has."""
    timeout_s: Seconds = 60.0
    """Of each call of a program; one that hangs holds the next step up for so long, a rollback's too."""

    @model_validator(mode="after")
    def _complete(self) -> "ExecutorSection":
        needed = {
            "haproxy": ("socket", "backend"),
            "nginx": ("include", "log"),
            "kubernetes": ("rollout",),
            "command": ("set",),
            "dry-run": (),
        }[self.kind]
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"an executor of kind {self.kind} needs {', '.join(missing)}")
        return self


class MetricsSection(Section):
    """What measures."""

    kind: Literal["prometheus", "probe"] = "prometheus"
    url: str | None = None
    """prometheus: of the server."""
    canary: str = "canary"
    """prometheus: what `{arm}` in a query stands for; probe: address of the arm."""
    baseline: str = "baseline"
    queries: dict[str, str] = Field(default_factory=dict)
    """Name -> PromQL; `requests` and `errors` (counters) at least; `slow`, `latency_p95_ms`, `up`, own ones."""
    paths: Annotated[tuple[Path, ...], Field(min_length=1)] = ("/",)
    """probe: asked one after the other, and over again."""
    requests: Annotated[int, Field(ge=1, le=100)] = 5
    """probe: to each arm at a look, all at once."""
    slow_ms: Annotated[FiniteFloat, Field(gt=0)] = 1000.0
    """probe: an answer that takes longer is slow."""
    timeout_s: Seconds = 5.0

    @model_validator(mode="after")
    def _complete(self) -> "MetricsSection":
        if self.kind == "probe":
            if wrong := [arm for arm in ("canary", "baseline") if not re.fullmatch(ADDRESS, getattr(self, arm))]:
                raise ValueError(f"a probe needs the address of {wrong[0]}, such as http://10.0.0.2:8080")
            return self
        if self.url is None:
            raise ValueError("metrics of kind prometheus need its url")
        if missing := [name for name in ("requests", "errors") if name not in self.queries]:
            raise ValueError(f"queries lacks {', '.join(missing)}: counters of each arm")
        return self


class TriggerSection(LimitSection):
    """A limit that takes a release back."""

    for_s: Annotated[FiniteFloat, Field(ge=0)] | None = None
    """Without a break; DEFAULT_FOR_S where there are no counters either."""

    @model_validator(mode="after")
    def _one_measure(self) -> "TriggerSection":
        if self.for_s is not None and self.counters is not None:
            raise ValueError("a trigger has `for_s` or `counters`, one of them")
        return self

    def planned(self, metric: str) -> "Trigger":
        """As a rollout's plan has it."""
        made = self.trigger(metric, for_s=DEFAULT_FOR_S if self.for_s is None else self.for_s)
        return made.model_copy(update={"origin": "aqe.yaml"})


class KayentaSection(Section):
    """Stages are judged as Kayenta does."""

    config: FilePath
    """Canary configuration of Kayenta's, JSON; its metrics are named as those of the rollout."""
    every_s: Seconds | None = None
    """Between two judgements of a stage; without, one at its end."""


class HookSection(Section):
    """A program before a stage gets its traffic, or after it has passed; the key in `hooks` is its name."""

    when: Literal["before", "after"]
    stages: tuple[Percent, ...] = ()
    """Empty = every stage."""
    run: Arguments
    """Argument list; `{version}`, `{baseline}`, `{environment}`, `{percent}`, `{rollout}` are filled in."""
    timeout_s: Seconds = 60.0
    on_failure: Literal["pause", "rollback"] = "pause"


Heard = Literal["started", "stage-passed", "paused", "resumed", "alert", "rolling-back", "rolled-back", "finished"]
HEARD_BY: dict[Heard, str] = {
    "started": "deployment:started",
    "stage-passed": "deployment:stage-advanced",
    "paused": "deployment:paused",
    "resumed": "deployment:resumed",
    "alert": "deployment:alert-raised",
    "rolling-back": "deployment:rollback-started",
    "rolled-back": "deployment:rolled-back",
    "finished": "deployment:finished",
}
"""What people hear of a rollout -> the event that says it."""


class RolloutSection(Section):
    """How a release gets to this target."""

    executor: ExecutorSection
    metrics: MetricsSection
    stages: tuple[Percent, ...] = (5.0, 25.0, 50.0, 100.0)
    stage_s: Seconds = 300.0
    watch_s: Annotated[FiniteFloat, Field(ge=0)] = 1800.0
    """At 100 %, while the old version is kept ready."""
    interval_s: Seconds = 10.0
    min_requests: Annotated[FiniteFloat, Field(ge=0)] = 20.0
    no_data_pause_s: Seconds = 30.0
    no_data_rollback_s: Seconds = 300.0
    progress_s: Seconds = 600.0
    """So long traffic may take to move, and instances to answer; then it pauses."""
    settle_looks: Annotated[int, Field(ge=0)] = 3
    """In a row at which the served version must be as usual, once a rollout has ended; 0 = nobody looks."""
    settle_s: Seconds = 300.0
    """So long its metrics may take for that."""
    dead_man_s: Annotated[FiniteFloat, Field(ge=1)] = 60.0
    """Without anybody who runs it, and without a server that says otherwise, its guard takes it back after so long."""
    batch: Annotated[int, Field(ge=1)] = 1
    """rolling: servers that are swapped at a time."""
    triggers: dict[str, TriggerSection] = Field(default_factory=dict)
    """Metric -> limit."""
    kayenta: KayentaSection | None = None
    hooks: dict[Name, HookSection] = Field(default_factory=dict)
    tell: dict[str, tuple[Heard, ...]] = Field(default_factory=dict)
    """Channel of `notify` -> what it hears of rollouts to this target, besides its own `events`."""
    traffic: ExecutorSection | None = None
    """What sends a region its users, where there are regions: `{percent}` is 0 while it gets none, else 100."""

    @model_validator(mode="after")
    def _traffic_of_a_region(self) -> "RolloutSection":
        if self.traffic and self.traffic.kind not in ("command", "dry-run"):
            raise ValueError("traffic is moved between regions by an executor of kind command or dry-run")
        return self
