"""The checklist: each item held against its evidence. Nothing passes by default, and the score decides nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ...core.criteria import CRITERIA
from ...core.errors import InputError
from ...core.evidence_ways import HOW_TO_MEASURE
from ...core.records.decisions.attestations import Attestation
from ...core.records.decisions.checklist import (
    Checklist,
    ChecklistDefinition,
    ChecklistLevel,
    ChecklistStatus,
    Estimate,
    ItemDefinition,
    ItemResult,
    ItemStatus,
    Resolution,
)
from ...core.records.decisions.policy import Limit, Policy
from ...core.records.decisions.readiness import CriterionResult, GateStatus
from ...core.records.evidence import Reading, Status
from ...core.records.signals import Signal, SignalKind, SignalPart
from ...core.signals import combine
from .approving.attestations import in_force
from .gates import judged
from .inputs import ReadinessInputs, Readings, StoredSignal
from .resolutions import RESOLVED, estimate, estimates, still_open

MAX_NAMED = 4
"""Globs named to those whose evidence none of them matches."""
_SCORE = {ItemStatus.PASSED: 1.0, ItemStatus.ATTESTED: 1.0, ItemStatus.WARNING: 0.5}
_WARNED = (ItemStatus.WARNING, ItemStatus.FAILED, ItemStatus.PENDING)
_WORST_FIRST = (
    (GateStatus.FAILED, ItemStatus.FAILED),
    (GateStatus.NO_EVIDENCE, ItemStatus.NO_EVIDENCE),
    (GateStatus.PENDING, ItemStatus.PENDING),
    (GateStatus.ATTESTED, ItemStatus.ATTESTED),
    (GateStatus.PASSED, ItemStatus.PASSED),
)


def check(
    inputs: ReadinessInputs,
    policy: Policy,
    definition: ChecklistDefinition,
    level: ChecklistLevel,
    *,
    previous: Checklist | None = None,
    resolutions: Sequence[Resolution] = (),
) -> Checklist:
    """Every item of the level.

    Args:
        inputs: the release with its signals.
        policy: says which evidence is stale and what is not applicable.
        definition: what is asked.
        level: how much of it.
        previous: the last checklist of this release, for how long an item is open.
        resolutions: of any release, for how long such things take.
    """
    estimated, attested = estimates(resolutions), in_force(inputs)
    items = tuple(
        _item(item, category, inputs, policy, attested, estimated)
        for category, items in definition.categories.items()
        for item in items
        if level.includes(item.level)
    )
    blockers = [i for i in items if i.required and i.status in (ItemStatus.FAILED, ItemStatus.PENDING)]
    missing = [i for i in items if i.status is ItemStatus.NO_EVIDENCE]
    warnings = [i for i in items if i not in blockers and i.status in _WARNED]
    held_up = [*blockers, *(i for i in missing if i.required)]
    seconds, words = estimate(held_up)
    return Checklist(
        version=inputs.release.version,
        release=inputs.release,
        level=level,
        overall_status=_overall(items, blockers, held_up, [*warnings, *missing]),
        readiness_score=_score(items),
        items=items,
        blockers=tuple(map(_line, blockers)),
        warnings=tuple(map(_line, warnings)),
        missing=tuple(f"{_line(i)}; {i.how}" for i in missing),
        estimated_resolution_s=seconds,
        estimated_resolution=words,
        checklist=f"{definition.name} sha256:{definition.digest}",
        open_since=still_open(items, previous, inputs.now),
        checked_at=inputs.now,
    )


def read_previous(value: object) -> Checklist | None:
    """The last checklist; None where there is none that can be read: then nothing is known to be open for longer."""
    try:
        return Checklist.from_value(value, where="the last checklist")
    except InputError:
        return None


def _item(
    item: ItemDefinition,
    category: str,
    inputs: ReadinessInputs,
    policy: Policy,
    attested: Mapping[str, Attestation],
    estimated: Mapping[str, Estimate],
) -> ItemResult:
    found = _criteria(item, inputs, policy, attested)
    status = _status(item, found)
    details = "; ".join(dict.fromkeys(_detail(one, item) for one in found)) or "no tool measures this"
    readings = {c.criterion: c.reading for c in found}
    by = _validators(readings.values())
    vouched = attested.get(item.id) if item.attestable and status is ItemStatus.NO_EVIDENCE else None
    if vouched is not None:
        status, by, details = ItemStatus.ATTESTED, vouched.approver, vouched.words
        readings = {**readings, item.id: vouched.reading}
    is_missing = status is ItemStatus.NO_EVIDENCE
    return ItemResult(
        id=item.id,
        item=item.item,
        category=category,
        level=item.level,
        required=item.required,
        status=status,
        details=details,
        validated_by=by,
        readings=readings,
        how=_how(item, inputs.release.version) if is_missing else None,
        estimate=None if status in RESOLVED else estimated.get(item.id),
    )


def _detail(found: CriterionResult, item: ItemDefinition) -> str:
    """What was found; of what is missing the reason, which several criteria may share."""
    reason = found.reading.reason
    if found.status is GateStatus.NO_EVIDENCE and reason:
        return reason
    return f"{found.detail}, close to the limit" if _warns(found, item) else found.detail


def _criteria(
    item: ItemDefinition, inputs: ReadinessInputs, policy: Policy, attested: Mapping[str, Attestation]
) -> list[CriterionResult]:
    kinds = {kind for name in item.criteria if (kind := CRITERIA[name].signal) is not None}
    if item.parts:
        narrowed = {kind: tuple(_only(s, item.parts) for s in inputs.signals.get(kind, ())) for kind in kinds}
        inputs = replace(inputs, signals={**inputs.signals, **narrowed})
    if item.max_age_s is not None:
        ages = {kind: min(item.max_age_s, policy.max_age_s[kind]) for kind in kinds}
        policy = policy.model_copy(update={"max_age_s": {**policy.max_age_s, **ages}})
    readings = Readings(inputs, policy)
    return [
        judged(
            name,
            limit,
            readings.read(CRITERIA[name]),
            left_out=policy.is_left_out(name),
            attestation=attested.get(name),
        )
        for name, limit in item.criteria.items()
    ]


def _only(stored: StoredSignal, globs: Sequence[str]) -> StoredSignal:
    """The signal as far as it comes from such tools or files."""
    signal = stored.signal
    if signal is None:
        return stored
    parts = {name: part for name, part in signal.parts.items() if _matches((name, part.tool, part.file), globs)}
    if not signal.parts and _matches((signal.tool,), globs):
        return stored
    if not parts:
        wanted = " or ".join(globs[:MAX_NAMED]) + (" or others" if len(globs) > MAX_NAMED else "")
        return StoredSignal(stored.key, None, f"nothing in it comes from {wanted}")
    return StoredSignal(stored.key, _narrowed(signal, parts))


def _matches(names: Iterable[str | None], globs: Sequence[str]) -> bool:
    return any(name and fnmatchcase(name.lower(), glob.lower()) for name in names for glob in globs)


def _narrowed(signal: Signal, parts: dict[str, SignalPart]) -> Signal:
    times = [part.measured_at or part.imported_at or signal.measured_at for part in parts.values()]
    metrics = combine(signal.kind, [part.metrics for part in parts.values()])
    tools = ", ".join(sorted({part.tool for part in parts.values()}))
    return signal.model_copy(update={"parts": parts, "metrics": metrics, "measured_at": min(times), "tool": tools})


def _status(item: ItemDefinition, found: Sequence[CriterionResult]) -> ItemStatus:
    if not found:
        return ItemStatus.NO_EVIDENCE
    statuses = {c.status for c in found}
    status = next((ours for theirs, ours in _WORST_FIRST if theirs in statuses), ItemStatus.NOT_APPLICABLE)
    if status is ItemStatus.PASSED and any(_warns(one, item) for one in found):
        return ItemStatus.WARNING
    return status


def _warns(found: CriterionResult, item: ItemDefinition) -> bool:
    """Whether a criterion that holds does so by little."""
    holds = found.status is GateStatus.PASSED
    return holds and _is_close(found.reading.value, found.limit, item.warn_within_percent)


def _is_close(value: Limit | None, limit: Limit, within_percent: float) -> bool:
    numbers = (int, float)
    if isinstance(limit, bool) or not isinstance(limit, numbers) or not isinstance(value, numbers) or not limit:
        return False
    return abs(value - limit) <= abs(limit) * within_percent / 100 and within_percent > 0


def _validators(readings: Iterable[Reading]) -> str | None:
    tools = [
        ", ".join(filter(None, (reading.evidence.tool, reading.evidence.file)))
        for reading in readings
        if reading.status is not Status.NOT_MEASURED and reading.evidence
    ]
    return "; ".join(dict.fromkeys(filter(None, tools))) or None


def _how(item: ItemDefinition, version: str) -> str:
    kinds: dict[SignalKind | None, None] = dict.fromkeys(CRITERIA[name].signal for name in item.criteria)
    ways = [HOW_TO_MEASURE[kind].format(version=version) for kind in kinds]
    if item.attestable:
        ways.append(f"aqe deploy attest --item {item.id} --version {version}")
    return " or ".join(ways)


def _line(item: ItemResult) -> str:
    return f"{item.item}: {item.details}"


def _overall(
    items: Sequence[ItemResult],
    blockers: Sequence[ItemResult],
    held_up: Sequence[ItemResult],
    noted: Sequence[ItemResult],
) -> ChecklistStatus:
    if blockers:
        return ChecklistStatus.BLOCKED
    if held_up or not items:
        return ChecklistStatus.INCONCLUSIVE
    return ChecklistStatus.READY_WITH_WARNINGS if noted else ChecklistStatus.READY


def _score(items: Sequence[ItemResult]) -> float | None:
    asked = [item for item in items if item.status is not ItemStatus.NOT_APPLICABLE]
    return 100 * sum(_SCORE.get(item.status, 0.0) for item in asked) / len(asked) if asked else None
