"""Is a release ready for each of several regions? What was measured in a region weighs there.

A region is judged twice, by the environment's evidence and with its own in place of it, and the worse counts: a region
with one good deployment is no better than the environment whose history is bad. The worst region decides the release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.errors import InputError
from ...core.records.decisions.history import HISTORY_KEY, of_region
from ...core.records.decisions.readiness import Decision, DecisionStatus
from ...core.records.decisions.regional_assessment import RegionalAssessment, RegionAssessment
from ...core.records.evidence import Evidence, Reading, measured, not_measured
from ...core.records.signals import SignalKind
from ..outcome import Outcome
from .capabilities import Loaded, assess, foreseen_of, judge
from .decide import Judged
from .foresight.statements import told
from .inputs import StoredSignal, stored_signal

_RANK = list(DecisionStatus)


def regional_signal_key(version: str, region: str, kind: SignalKind) -> str:
    """Where what was measured in one region lies."""
    return f"aqe/region-signals/{version}/{region}/{kind}"


def regional_assessment_key(version: str) -> str:
    """Where the latest assessment of a version for its regions stands."""
    return f"aqe/regional-decisions/{version}"


def reads(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Every signal that a region may have."""
    return tuple(regional_signal_key(version, name, kind) for name in _names(payload) for kind in SignalKind)


def regional_assessment(loaded: Loaded) -> Outcome:
    """Judge the release for the payload's `regions`, and store the worst as its decision."""
    whole = judge(loaded)
    found = [_judged(loaded, whole, name) for name in _names(loaded.payload)]
    region, decides, _ = max(found, key=lambda one: _badness(judge(one[1])))
    outcome = assess(decides)
    inputs = loaded.inputs
    decision = outcome.answer
    assert isinstance(decision, Decision)
    made = RegionalAssessment(
        version=inputs.release.version,
        environment=inputs.release.environment,
        commit=inputs.release.commit,
        decision=decision,
        regions=tuple(
            RegionAssessment(
                region=name,
                decision=decision if name == region else told(judge(by).decision, foreseen_of(by)),
                own=own,
            )
            for name, by, own in found
        ),
        assessed_at=inputs.now,
    )
    stores = {**outcome.stores, regional_assessment_key(made.version): made}
    return replace(outcome, answer=made, stores=stores)


def _names(payload: Mapping[str, Any]) -> Sequence[str]:
    names = payload.get("regions")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError("regional-assessment needs `regions`, a list of names, in its payload")
    return names


def _badness(judged: Judged) -> tuple[int, float]:
    return _RANK.index(judged.decision.decision), judged.risk.risk


def _judged(loaded: Loaded, whole: Judged, region: str) -> tuple[str, Loaded, dict[str, Reading]]:
    """The region, what it is judged by, and what of that is its own."""
    inputs = loaded.inputs
    signals = _signals(loaded, region)
    history = of_region(inputs.of_regions, region)
    own = {"history": _history(loaded, region), "signals": _measured_kinds(signals, region)}
    if not signals and not history:
        return region, loaded, own
    there = replace(inputs, signals={**inputs.signals, **signals}, history=history or inputs.history)
    by_own = replace(loaded, inputs=there)
    return region, max((by_own, judge(by_own)), (loaded, whole), key=lambda one: _badness(one[1]))[0], own


def _signals(loaded: Loaded, region: str) -> dict[SignalKind, tuple[StoredSignal, ...]]:
    version = loaded.inputs.release.version
    keys = {kind: regional_signal_key(version, region, kind) for kind in SignalKind}
    return {
        kind: (stored_signal(key, kind, loaded.records[key]),) for kind, key in keys.items() if key in loaded.records
    }


def _history(loaded: Loaded, region: str) -> Reading:
    inputs = loaded.inputs
    environment = inputs.release.environment
    own = replace(inputs, history=of_region(inputs.of_regions, region))
    if not (past := own.past):
        return not_measured(f"no deployment to {environment}/{region} with a known outcome: {environment}'s stand in")
    return measured(len(past), Evidence(key=HISTORY_KEY, measured_at=past[-1].learnt_at))


def _measured_kinds(signals: Mapping[SignalKind, tuple[StoredSignal, ...]], region: str) -> Reading:
    if not signals:
        return not_measured(f"nothing was measured in {region}: the release's own signals stand in")
    return measured(", ".join(sorted(signals)), Evidence(key=next(iter(signals.values()))[0].key))
