"""Inputs as they would be with other signals: the same decision code then says what would be decided."""

from dataclasses import replace

from ...core.records.decisions.policy import Policy
from ...core.records.decisions.what_if import WhatIf
from ...core.records.signals import Signal
from .inputs import ReadinessInputs, Readings, StoredSignal, signal_key

TOOL = "what if"
"""Stands as the tool of every signal that was assumed."""


def assumed(inputs: ReadinessInputs, policy: Policy, what_if: WhatIf) -> ReadinessInputs:
    """The inputs, with the assumptions laid over what counts as evidence.

    A kind of which some metric is assumed becomes one signal, measured now on the release's commit: what counted of it
    before, with the assumptions over it. A signal that did not count is replaced, not revived.

    Args:
        policy: says what counts.
        what_if: the assumptions.
    """
    readings = Readings(inputs, policy)
    signals = dict(inputs.signals)
    for kind, changes in what_if.signals.items():
        metrics = {name: v for name, v in {**readings.values(kind), **changes}.items() if v is not None}
        signal = Signal(kind=kind, release=inputs.release, measured_at=inputs.now, tool=TOOL, metrics=metrics)
        signals[kind] = (StoredSignal(signal_key(inputs.release.version, kind), signal),)
    return replace(inputs, signals=signals)
