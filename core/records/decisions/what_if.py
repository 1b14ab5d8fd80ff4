"""Signals that nobody measured, for a decision that is stored nowhere."""

from math import isfinite
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer, model_validator

from ..base import Record
from ..signals import SIGNAL_METRICS, MetricValue, SignalKind, camel_keys, snake_keys

Assumed = Annotated[
    dict[str, MetricValue | None], BeforeValidator(snake_keys), PlainSerializer(camel_keys, when_used="json")
]
"""Metric -> the value it is assumed to have; null = assumed not to be measured."""


class WhatIf(Record):
    """What is assumed; laid over what counts as evidence. What is not named stays as it is."""

    signals: dict[SignalKind, Assumed]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for kind, metrics in self.signals.items():
            values: dict[str, Any] = {name: value for name, value in metrics.items() if value is not None}
            unknown = [name for name in metrics if name not in SIGNAL_METRICS[kind].model_fields]
            if unknown:
                raise ValueError(f"{kind} has no metric {unknown[0]!r}")
            endless = [name for name, value in values.items() if isinstance(value, float) and not isfinite(value)]
            if endless:
                raise ValueError(f"{endless[0]} of {kind} is no finite number")
            SIGNAL_METRICS[kind].model_validate(values, strict=True)
        return self
