"""Several files about one release become one signal."""

from collections.abc import Iterable
from datetime import datetime

from .records.release import Release, same_commit
from .records.signals import SIGNAL_METRICS, MetricValue, MetricValues, Outcome, Signal, SignalKind, SignalPart


def add_part(
    previous: Signal | None, kind: SignalKind, release: Release, name: str, part: SignalPart, now: datetime
) -> Signal:
    """The signal with one part added or replaced.

    Parts known to be measured on another commit are left out: they say nothing about this one. While any part is there
    whose tool failed or measured nothing, the signal has no metrics.

    Args:
        previous: what is stored for this release and kind, if anything.
        name: the part's name, tool and file; the same name replaces.
        now: when it was imported, aware UTC; used where the file does not say when the tool ran.
    """
    kept = _parts(previous) if previous and not _other_commit(previous.release, release) else {}
    if previous and release.commit is None:
        release = release.model_copy(update={"commit": previous.release.commit})
    return _signal(kind, release, {**kept, name: part.model_copy(update={"imported_at": now})}, now)


def _parts(signal: Signal) -> dict[str, SignalPart]:
    """What was put whole, by a person or another program, is one part: a file that adds to it does not replace it."""
    if signal.parts or not signal.metrics:
        return signal.parts
    whole = SignalPart(tool=signal.tool, outcome=Outcome.VALUE, measured_at=signal.measured_at, metrics=signal.metrics)
    return {signal.tool: whole}


def without_part(signal: Signal, name: str) -> Signal | None:
    """The signal without one of its parts; None when that was the last."""
    parts = {other: part for other, part in signal.parts.items() if other != name}
    return _signal(signal.kind, signal.release, parts, signal.measured_at) if parts else None


def _signal(kind: SignalKind, release: Release, parts: dict[str, SignalPart], now: datetime) -> Signal:
    complete = all(p.outcome in (Outcome.VALUE, Outcome.CLEAN) for p in parts.values())
    measured = [p.measured_at or p.imported_at or now for p in parts.values()]
    return Signal(
        kind=kind,
        release=release,
        measured_at=min(measured),
        tool=", ".join(sorted({p.tool for p in parts.values()})),
        # What could not be read may be the worst of all: with it the whole kind is without evidence.
        metrics=combine(kind, [p.metrics for p in parts.values()]) if complete else {},
        parts=parts,
    )


def _other_commit(one: Release, other: Release) -> bool:
    # Only two known commits can differ: a part must not push another out because nobody said where it was measured.
    return bool(one.commit and other.commit) and not same_commit(one.commit, other.commit)


def combine(kind: SignalKind, parts: Iterable[MetricValues]) -> dict[str, MetricValue]:
    """One value a metric: counts add up, everything else takes its worst part (see `metric` in records/signals).

    A metric no part has measured stays absent.
    """
    collected: dict[str, list[MetricValue]] = {}
    for metrics in parts:
        for name, value in metrics.items():
            collected.setdefault(name, []).append(value)
    return {name: _combined(kind, name, values) for name, values in sorted(collected.items())}


def _combined(kind: SignalKind, name: str, values: list[MetricValue]) -> MetricValue:
    extra = SIGNAL_METRICS[kind].model_fields[name].json_schema_extra
    rule = extra["combine"] if isinstance(extra, dict) else "max"
    if rule == "sum":
        return sum(v for v in values if isinstance(v, int | float))
    if rule == "min":
        return min(values)
    if rule == "all":
        return values[0] if len(set(values)) == 1 else _worst_of(values)
    return max(values)


def _worst_of(values: list[MetricValue]) -> MetricValue:
    if all(isinstance(v, bool) for v in values):
        return False
    order = ["rejected", "pending", "approved"]
    return min(values, key=lambda v: order.index(str(v)) if v in order else -1)
