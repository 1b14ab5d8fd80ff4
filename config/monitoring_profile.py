"""How a release is watched after its last stage: phases and limits, from YAML."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from ..core.errors import InputError
from ..core.records.rollouts.rollout import Trigger, WatchPhase
from .rollout_limits import LimitSection
from .section import Section
from .yamlfile import MAX_CHARACTERS, duration_s, load_yaml

PHASED = Path(__file__).parent / "monitoring" / "phased.yaml"
"""The specification's three phases."""

Duration = Annotated[float, BeforeValidator(duration_s)]
Metric = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class _Limit(LimitSection):
    for_: Annotated[Duration | None, Field(alias="for")] = None
    alert_only: bool = False

    @model_validator(mode="after")
    def _one_measure(self) -> "_Limit":
        if self.for_ is not None and self.counters is not None:
            raise ValueError("a limit has `for` or `counters`, one of them")
        return self


Limits = dict[Metric, _Limit]


class _Phase(Section):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    duration: Duration
    interval: Duration = 10.0
    rollback: bool = True
    limits: Limits = Field(default_factory=dict)


class MonitoringProfile(Section):
    """Phases one after the other, and limits that hold in all of them and before."""

    phases: Annotated[tuple[_Phase, ...], Field(min_length=1)]
    limits: Limits = Field(default_factory=dict)

    @property
    def watches(self) -> tuple[WatchPhase, ...]:
        """The phases as a rollout's plan has them."""
        return tuple(
            WatchPhase(
                name=phase.name,
                duration_s=phase.duration,
                interval_s=phase.interval,
                triggers=_triggers(phase.limits),
                auto_rollback=phase.rollback,
            )
            for phase in self.phases
        )

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The limits of all phases."""
        return _triggers(self.limits)


def load_profile(path: Path) -> MonitoringProfile:
    """The profile in a YAML file.

    Raises:
        InputError: it cannot be read, or `file:line:` and the first thing that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(
            f"{path}: {reason}", hint="--monitoring takes normal, aggressive, phased, or the path of a YAML file"
        ) from error
    doc = load_yaml(text, where=str(path))
    return doc.read(MonitoringProfile, doc.value)


def _triggers(limits: Limits) -> tuple[Trigger, ...]:
    return tuple(
        limit.trigger(metric, for_s=limit.for_ or 0.0, alert_only=limit.alert_only) for metric, limit in limits.items()
    )
