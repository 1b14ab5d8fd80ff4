"""What a release is judged by, and which of it counts as evidence."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from math import isfinite
from types import MappingProxyType
from typing import Any

from ...core.criteria import Source, known_fields
from ...core.errors import InputError
from ...core.records.audit import GENESIS
from ...core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, of_region, read_history
from ...core.records.decisions.policy import Policy
from ...core.records.evidence import Evidence, Reading, measured, not_measured
from ...core.records.release import Release, same_commit
from ...core.records.signals import MetricValue, Outcome, Signal, SignalKind, typed_metrics
from .approving.approvals import Papers
from .history import stability
from .production import Watched, Written, watch

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far another machine's clock may be ahead before its measurement is not believed."""


def signal_key(version: str, kind: SignalKind) -> str:
    """Where a release's own signal lies."""
    return f"aqe/releases/{version}/signals/{kind}"


def mirror_key(kind: SignalKind) -> str:
    """Where the latest signal of a kind lies, of whatever release."""
    return f"aqe/quality-signals/{kind}"


@dataclass(frozen=True)
class StoredSignal:
    """A signal and the key it was read from; `problem` says why there is a value but no signal."""

    key: str
    signal: Signal | None
    problem: str | None = None


@dataclass(frozen=True)
class ReadinessInputs:
    """Everything a decision is made from, besides the policy.

    Args:
        release: the one under assessment.
        now: aware UTC; ages are counted to it.
        signals: at most two a kind, the release's own before the mirror.
        history: past deployments, in any order.
        history_problem: why the history could not be read.
        audit_head: of the audit log when the inputs were loaded.
    """

    release: Release
    now: datetime
    signals: Mapping[SignalKind, tuple[StoredSignal, ...]] = field(default_factory=dict)
    history: tuple[DeploymentOutcome, ...] = ()
    history_problem: str | None = None
    production: Mapping[str, Written] = field(default_factory=dict)
    """What stands at PRODUCTION_KEYS; stands in where nobody put a production signal."""
    of_regions: tuple[DeploymentOutcome, ...] = ()
    """Past deployments to single regions; the whole they were part of stands in `history`."""
    audit_head: str = GENESIS
    papers: Papers = field(default_factory=Papers)
    """What approvers have signed about the release."""

    @cached_property
    def past(self) -> tuple[DeploymentOutcome, ...]:
        """Deployments to the release's environment whose outcome is known by now, in order of time."""
        known = (
            item
            for item in self.history
            if item.environment == self.release.environment
            and item.deployed_at <= self.now
            and item.learnt_at <= self.now
        )
        return tuple(sorted(known, key=lambda item: item.deployed_at))

    def stability(self, window_s: float) -> dict[str, float | None]:
        """The metrics of historical stability over so many seconds; counted once, however many `Readings` ask."""
        if window_s not in self._stability:
            environment = self.release.environment
            self._stability[window_s] = stability(
                self.history, environment=environment, window_s=window_s, now=self.now
            )
        return self._stability[window_s]

    @cached_property
    def _stability(self) -> dict[float, dict[str, float | None]]:
        # Not a field: `replace` must not carry it over to another history.
        return {}


def read_inputs(
    release: Release,
    values: Mapping[str, object],
    history: Sequence[object] | None,
    now: datetime,
    production: Mapping[str, Written] = MappingProxyType({}),
    read: Callable[[Sequence[Any]], tuple[DeploymentOutcome, ...]] = read_history,
) -> ReadinessInputs:
    """Inputs from memory values.

    A value that is no signal is kept with its reason instead of raising: other programs write these keys, and what
    cannot be read is missing evidence. One unreadable deployment makes the whole history unusable, because it may be
    the failed one.

    Args:
        values: key -> JSON value; the keys of `signal_key` and `mirror_key` are looked up, others ignored.
        history: items of the list at `aqe/deployment/history`, None when there is none.
        production: what production-intelligence wrote, see `production.watch`.
        read: how the history's items are read, where not from JSON values.
    """
    signals = {}
    for kind in SignalKind:
        keys = (signal_key(release.version, kind), mirror_key(kind))
        signals[kind] = tuple(stored_signal(key, kind, values[key]) for key in keys if key in values)
    deployments: tuple[DeploymentOutcome, ...] = ()
    problem = None
    try:
        deployments = read(history or ())
    except InputError as error:
        problem = str(error)
    regional = tuple(item for item in deployments if item.region is not None)
    return ReadinessInputs(
        release, now, signals, of_region(deployments, None), problem, production, of_regions=regional
    )


def stored_signal(key: str, kind: SignalKind, value: object) -> StoredSignal:
    """A value as a signal of the kind, or why it is none."""
    try:
        signal = Signal.from_value(value, where=key)
    except InputError as error:
        return StoredSignal(key, None, str(error))
    if signal.kind is not kind:
        return StoredSignal(key, None, f"{key} holds a {signal.kind} signal")
    return StoredSignal(key, signal)


@dataclass(frozen=True)
class _Found:
    """What counts as evidence of one kind."""

    key: str
    values: Mapping[str, Any]
    """Every field of the kind; None = not measured."""
    signal: Signal | None


class Readings:
    """Reads values out of the inputs: each is measured, with its evidence, or not measured, with the reason.

    A signal counts when it is about this version; of this commit, where both commits are known; not older than the
    policy's `max_age` for its kind; not from the future; and no tool behind it failed. The latest one at
    `aqe/quality-signals/<kind>` stands in for the release's own only if it names the same commit.
    """

    def __init__(self, inputs: ReadinessInputs, policy: Policy) -> None:
        self._found: dict[SignalKind | None, _Found | str] = {
            kind: _signal(kind, inputs, timedelta(seconds=policy.max_age_s[kind])) for kind in SignalKind
        }
        self._found[None] = _history(inputs, policy.history_window_s)
        max_age = timedelta(seconds=policy.max_age_s[SignalKind.PRODUCTION])
        self._watched = watch(inputs.production, inputs.now, max_age) if inputs.production else {}

    def read(self, source: Source) -> Reading:
        """The value of a source."""
        found = self._found[source.signal]
        if isinstance(found, str):
            watched = source.signal is SignalKind.PRODUCTION and self._watched
            return _read_watched([watched[name] for name in source.field], source) if watched else not_measured(found)
        values = [found.values[name] for name in source.field]
        evidence = _evidence(found, source.field[0])
        if missing := [name for name, value in zip(source.field, values, strict=True) if not _is_value(value)]:
            return not_measured(f"{found.key} does not give {', '.join(missing)}", evidence)
        return combined(source, values, evidence)

    def values(self, kind: SignalKind | None) -> dict[str, Any]:
        """Field -> value of what counts as evidence of a kind (None = the history); None = not measured."""
        found = self._found[kind]
        if isinstance(found, _Found):
            return dict(found.values)
        if kind is SignalKind.PRODUCTION and self._watched:
            return {name: watched.value for name, watched in self._watched.items()}
        return dict.fromkeys(known_fields(kind))

    def but(self, kind: SignalKind | None, changes: Mapping[str, MetricValue]) -> "Readings":
        """These readings, had the fields of one kind other values."""
        other = copy(self)
        other._found = {**self._found, kind: _Found("a hypothesis", {**self.values(kind), **changes}, None)}
        return other


def combined(source: Source, values: Sequence[Any], evidence: Evidence) -> Reading:
    """The reading of a source from the values of its fields, all of them measured."""
    if source.combine == "of":
        if not values[1]:
            return not_measured(f"{evidence.key} says {source.field[1]} is 0", evidence)
        return measured(values[0], evidence)
    if len(values) == 1:
        return measured(values[0], evidence)
    return measured(max(values) if source.combine == "max" else sum(values), evidence)


def _read_watched(watched: Sequence[Watched], source: Source) -> Reading:
    if reason := next((one.reason for one in watched if one.reason), None):
        return not_measured(reason)
    evidence = Evidence(key=watched[0].key, measured_at=min(one.at for one in watched if one.at))
    return combined(source, [one.value for one in watched], evidence)


def _is_value(value: object) -> bool:
    return value is not None and (not isinstance(value, float) or isfinite(value))


def _history(inputs: ReadinessInputs, window_s: float) -> _Found | str:
    if inputs.history_problem:
        return inputs.history_problem
    values = inputs.stability(window_s)
    if not values:
        return f"no deployment to {inputs.release.environment} in the policy's window"
    return _Found(HISTORY_KEY, values, None)


def _signal(kind: SignalKind, inputs: ReadinessInputs, max_age: timedelta) -> _Found | str:
    objections = []
    for stored in inputs.signals.get(kind, ()):
        objection = _objection(stored, kind, inputs, max_age)
        if objection is None and stored.signal is not None:
            return _Found(stored.key, typed_metrics(kind, stored.signal.metrics).model_dump(), stored.signal)
        objections.append(f"{stored.key} does not count: {objection}")
    return objections[0] if objections else f"no {kind} signal for {inputs.release.version}"


def _objection(stored: StoredSignal, kind: SignalKind, inputs: ReadinessInputs, max_age: timedelta) -> str | None:
    """Why this is no evidence; None = it is."""
    signal, release = stored.signal, inputs.release
    if signal is None:
        return stored.problem
    if signal.release.version != release.version:
        return f"it is about {signal.release.version}, not {release.version}"
    theirs, ours = signal.release.commit, release.commit
    if theirs and ours and not same_commit(theirs, ours):
        return f"stale: measured on commit {theirs:.12}, the release is {ours:.12}"
    if stored.key == mirror_key(kind) and not same_commit(theirs, ours):
        return "the latest signal stands in only where it names the release's commit"
    if signal.measured_at.tzinfo is None:
        return "measuredAt has no time zone"
    at = signal.measured_at.isoformat(timespec="seconds")
    if signal.measured_at - inputs.now > CLOCK_TOLERANCE:
        return f"measured in the future, {at}"
    if inputs.now - signal.measured_at > max_age:
        return f"stale: measured {at}, more than {max_age / timedelta(days=1):.10g} days ago"
    for name, part in sorted(signal.parts.items()):
        if part.outcome in (Outcome.TOOL_FAILED, Outcome.UNREADABLE):
            return f"{name}: {part.outcome}, {part.reason or 'no reason given'}"
    return None


def _evidence(found: _Found, name: str) -> Evidence:
    signal = found.signal
    if signal is None:
        return Evidence(key=found.key)
    parts = [part for part in signal.parts.values() if name in part.metrics]
    one = parts[0] if len(parts) == 1 else None
    return Evidence(
        key=found.key,
        tool=one.tool if one else signal.tool,
        tool_version=one.tool_version if one else None,
        file=one.file if one else None,
        sha256=one.sha256 if one else None,
        commit=signal.release.commit,
        measured_at=signal.measured_at,
    )
