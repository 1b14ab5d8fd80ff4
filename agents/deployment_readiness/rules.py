"""Criteria that take more than a limit: compared with earlier releases, with a band that warns, weighed in a score."""

from collections.abc import Iterator, Sequence
from itertools import islice

from ...core.criteria import CRITERIA
from ...core.numbers import shown
from ...core.objectives import Grade, Objective, Unknown, aggregate, bound, grade, total
from ...core.records.decisions.history import DeploymentOutcome
from ...core.records.decisions.policy import Comparison, GatePolicy, NoBaseline, Rule, Scoring
from ...core.records.decisions.readiness import CriterionResult, GateResult, GateStatus
from ...core.records.evidence import Evidence, Reading
from .inputs import ReadinessInputs, combined
from .words import label_of, unit_of

_STATUS = {
    Grade.PASS: GateStatus.PASSED,
    Grade.WARNING: GateStatus.WARNING,
    Grade.FAIL: GateStatus.FAILED,
    Grade.OPEN: GateStatus.NO_EVIDENCE,
}
_NO_BASELINE = {NoBaseline.INCONCLUSIVE: None, NoBaseline.FAIL: False, NoBaseline.PASS: True}
_WORTH = {GateStatus.PASSED: 1.0, GateStatus.ATTESTED: 1.0, GateStatus.WARNING: 0.5, GateStatus.FAILED: 0.0}
"""Share of its weight that a criterion brings into the score; others are not weighed."""


def ruled(name: str, rule: Rule, comparison: Comparison, inputs: ReadinessInputs, reading: Reading) -> CriterionResult:
    """One criterion held against its rule.

    Args:
        name: in core/criteria.CRITERIA, a number.
        rule: what is asked.
        comparison: which earlier releases count.
        inputs: whose history has them.
        reading: measured.
    """
    value = float(reading.value or 0)
    past = list(islice(_past(name, comparison, inputs), comparison.releases))
    baseline = aggregate([one for _, one in past], comparison.aggregate)
    graded = grade(
        Objective(rule.passes, rule.warns), value, baseline, Unknown(baseline=_NO_BASELINE[comparison.no_baseline])
    )
    limit = bound(rule.passes, baseline, upper=name.startswith("max_"))
    unit = unit_of(CRITERIA[name].field[0])
    against = "no earlier release whose value is known"
    if baseline is not None:
        against = (
            f"{comparison.aggregate} of {', '.join(version for version, _ in past)} is {shown(baseline, value)}{unit}"
        )
    return CriterionResult(
        criterion=name,
        limit=rule.text if limit is None else limit,
        reading=reading,
        status=_STATUS[graded.grade],
        detail=f"{label_of(name)} {shown(value, limit or 0)}{unit}, asked for {rule.text}; {against}",
    )


def _past(name: str, comparison: Comparison, inputs: ReadinessInputs) -> Iterator[tuple[str, float]]:
    """Version and value of earlier releases, the latest deployment first, each once."""
    seen = {inputs.release.version}
    for deployment in sorted(inputs.history, key=lambda one: one.deployed_at, reverse=True):
        value = _value(name, deployment)
        if _counts(deployment, comparison, inputs) and deployment.version not in seen and value is not None:
            seen.add(deployment.version)
            yield deployment.version, value


def _value(name: str, deployment: DeploymentOutcome) -> float | None:
    """What was known of it before it was deployed."""
    source = CRITERIA[name]
    if deployment.before is None or source.signal is None:
        return None
    metrics = deployment.before.signals.get(source.signal, {})
    values = [metrics.get(field) for field in source.field]
    value = None if None in values else combined(source, values, Evidence()).value
    return float(value) if isinstance(value, int | float) else None


def _counts(deployment: DeploymentOutcome, comparison: Comparison, inputs: ReadinessInputs) -> bool:
    return (
        deployment.environment == inputs.release.environment
        and deployment.learnt_at <= inputs.now
        and (comparison.outcomes == "all" or not deployment.failed)
    )


def scored(result: GateResult, gate: GatePolicy) -> GateResult:
    """The gate judged by its score.

    What is not known counts nothing, and then all: where that makes the difference between failing and not, the gate
    has no evidence. So a missing value cannot make it pass.
    """
    assert gate.scoring is not None
    worst, best = (_total(result.criteria, gate, gate.scoring, unknown=share) for share in (0.0, 1.0))
    status = _STATUS[worst[1]]
    if status is GateStatus.FAILED and best[1] is not Grade.FAIL:
        status = GateStatus.NO_EVIDENCE
    if not _weighed(result.criteria):
        status = GateStatus.NOT_APPLICABLE
    span = f"{worst[0]:.4g}" if worst[0] == best[0] else f"{worst[0]:.4g} to {best[0]:.4g}"
    asked = f"{gate.scoring.pass_percent:g} passes, {gate.scoring.warning_percent:g} warns"
    return result.model_copy(
        update={"status": status, "score": worst[0], "detail": f"score {span} of 100 ({asked}){worst[2]}"}
    )


def _total(
    criteria: Sequence[CriterionResult], gate: GatePolicy, scoring: Scoring, *, unknown: float
) -> tuple[float, Grade, str]:
    """Score, grade, and which key criterion failed, in words."""
    points = maximum = 0.0
    failed_key = ""
    for criterion in _weighed(criteria):
        rule = gate.rules.get(criterion.criterion)
        weight = rule.weight if rule else 1.0
        share = _WORTH.get(criterion.status, unknown)
        points, maximum = points + weight * share, maximum + weight
        if rule and rule.key and share == 0:
            failed_key = f"; {criterion.criterion} is a key criterion and does not hold"
    found = total(
        points,
        maximum,
        pass_percent=scoring.pass_percent,
        warning_percent=scoring.warning_percent,
        key_failed=bool(failed_key),
    )
    return found.score, found.grade, failed_key


def _weighed(criteria: Sequence[CriterionResult]) -> list[CriterionResult]:
    return [c for c in criteria if c.status in (*_WORTH, GateStatus.NO_EVIDENCE, GateStatus.PENDING)]
