"""What rollback prediction and release confidence look at: the specification's nine features, and what git and the
history itself offer besides.

They are taken when a release is assessed and kept with the outcome, so that a model only ever sees what could be known
before the deployment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ....core.criteria import Combine, Source
from ....core.records.decisions.history import DeploymentOutcome, Foresight
from ....core.records.decisions.policy import Policy
from ....core.records.signals import SignalKind
from ..inputs import ReadinessInputs, Readings

WORKING_HOURS = range(8, 18)
"""UTC."""
LAST_WORKING_DAYS = range(4)
"""Monday to Thursday, counted from 0: on Friday nobody is left to repair tomorrow."""
LATEST = 5
"""Deployments of which `recent_failures` counts the failed ones."""


@dataclass(frozen=True)
class Feature:
    """One of them.

    Args:
        name: as stored.
        worse: the direction in which a release is riskier, as the specification has it.
        source: where it is read; a text = how it follows from time and history.
        mitigation: what to do when it speaks for a rollback.
        counts: a count or duration, of which the order of magnitude matters: taken as log(1 + x).
    """

    name: str
    worse: Literal["higher", "lower"]
    source: Source | str
    mitigation: str
    counts: bool = True


def _signal(kind: SignalKind, *fields: str, combine: Combine = "sum") -> Source:
    return Source(signal=kind, field=fields, combine=combine)


_CHANGE, _CODE = SignalKind.CHANGE_RISK, SignalKind.CODE_QUALITY
FEATURES: tuple[Feature, ...] = (
    Feature(
        "change_size", "higher", _signal(_CHANGE, "lines_added", "lines_deleted"),
        "split the change: deploy it in smaller steps",
    ),
    Feature("files_modified", "higher", _signal(_CHANGE, "files_changed"), "split the change by component"),
    Feature("complexity", "higher", _signal(_CODE, "complexity_mean"), "simplify the most complex functions first"),
    Feature(
        "test_coverage", "lower", _signal(SignalKind.TEST_COVERAGE, "line_coverage_percent"),
        "cover the changed lines before deploying", counts=False,
    ),
    Feature("critical_bugs", "higher", _signal(_CODE, "critical_issues"), "close the critical issues first"),
    Feature(
        "days_since_deployment", "higher", "days since the last deployment to the environment",
        "deploy more often, so that each deployment holds less",
    ),
    Feature(
        "team_experience", "lower", "successful deployments to it so far",
        "have someone present who has deployed this before",
    ),
    Feature(
        "off_hours", "higher", "1 when assessed before 8 or after 18 h UTC",
        "deploy between 8 and 18 h UTC, when people are there to repair", counts=False,
    ),
    Feature(
        "end_of_week", "higher", "1 when assessed from Friday to Sunday, UTC",
        "deploy from Monday to Thursday", counts=False,
    ),
    Feature("commits", "higher", _signal(_CHANGE, "commits"), "deploy fewer commits at once"),
    Feature("modules_affected", "higher", _signal(_CHANGE, "modules_affected"), "stage the rollout by module"),
    Feature(
        "dependencies_changed", "higher", _signal(_CHANGE, "dependencies_changed"),
        "deploy dependency updates on their own",
    ),
    Feature(
        "recent_failures", "higher", "failed ones of the last five deployments to it",
        "let the last failure's causes be repaired first",
    ),
)  # fmt: skip
"""The first nine are the specification's."""


def features_of(inputs: ReadinessInputs, policy: Policy) -> dict[str, float]:
    """What is known of the release, raw; what is not measured is absent."""
    readings = Readings(inputs, policy)
    found = _from_time_and_history(inputs)
    for feature in FEATURES:
        value = readings.read(feature.source).value if isinstance(feature.source, Source) else None
        if isinstance(value, int | float):
            found[feature.name] = float(value)
    return {feature.name: found[feature.name] for feature in FEATURES if feature.name in found}


def known_before(item: DeploymentOutcome) -> Foresight | None:
    """What was known and said before it was deployed: an assessment made afterwards may know how it ended."""
    before = item.before
    return before if before and before.assessed_at <= item.deployed_at else None


def _from_time_and_history(inputs: ReadinessInputs) -> dict[str, float]:
    past, now = inputs.past, inputs.now
    found = {
        "off_hours": float(now.hour not in WORKING_HOURS),
        "end_of_week": float(now.weekday() not in LAST_WORKING_DAYS),
        "team_experience": float(sum(not item.failed for item in past)),
    }
    if past:
        found["days_since_deployment"] = (now - past[-1].deployed_at) / timedelta(days=1)
        found["recent_failures"] = float(_failures(past[-LATEST:]))
    return found


def _failures(items: Sequence[DeploymentOutcome]) -> int:
    return sum(item.failed for item in items)
