"""A release judged for several regions."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.capabilities import Loaded
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.regional import reads, regional_assessment, regional_signal_key
from aqe.config.policy import default_policy
from aqe.core.errors import InputError
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.readiness import DecisionStatus
from aqe.core.records.decisions.regional_assessment import RegionalAssessment
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import a_good_signal, good_inputs

REGIONS = ["us-east", "eu-west"]


def assessed(inputs: ReadinessInputs, records: dict[str, Any] | None = None) -> RegionalAssessment:
    answer = regional_assessment(Loaded(inputs, default_policy(), {"regions": REGIONS}, records or {})).answer
    assert isinstance(answer, RegionalAssessment)
    return answer


def measured_in(region: str, *, critical: int) -> dict[str, Any]:
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=critical)
    return {regional_signal_key(signal.release.version, region, SignalKind.SECURITY): signal.to_dict()}


def test_without_evidence_of_its_own_a_region_is_as_its_environment_and_says_so() -> None:
    found = assessed(good_inputs())
    assert {one.decision.decision for one in found.regions} == {found.decision.decision}
    assert found.decision.approved
    (east, _) = found.regions
    assert {name: reading.status for name, reading in east.own.items()} == {
        "history": "NOT_MEASURED",
        "signals": "NOT_MEASURED",
    }


def test_what_was_measured_in_a_region_weighs_there_and_the_worst_region_decides() -> None:
    found = assessed(good_inputs(), measured_in("eu-west", critical=2))
    east, west = found.regions
    assert (east.decision.approved, west.decision.decision) == (True, DecisionStatus.BLOCKED)
    assert found.decision == west.decision
    assert west.own["signals"].value == "security"


def test_a_region_is_never_judged_better_than_its_environment() -> None:
    bad = good_inputs(a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2))
    found = assessed(bad, measured_in("eu-west", critical=0))
    assert {one.decision.decision for one in found.regions} == {DecisionStatus.BLOCKED}


def test_a_regions_own_deployments_count_for_it_alone() -> None:
    inputs = good_inputs()
    failed = [
        DeploymentOutcome(
            version=f"v0.{day}",
            environment=inputs.release.environment,
            region="eu-west",
            deployed_at=inputs.now - timedelta(days=day),
            restored_at=inputs.now - timedelta(days=day - 1),
            outcome="rolled_back",
        )
        for day in range(2, 8)
    ]
    east, west = assessed(replace(inputs, of_regions=tuple(failed))).regions
    assert west.decision.risk > east.decision.risk
    assert (east.own["history"].value, west.own["history"].value) == (None, 6)


def test_regions_are_named() -> None:
    with pytest.raises(InputError, match="a list of names"):
        regional_assessment(Loaded(good_inputs(), default_policy(), {"regions": "us-east"}))
    assert regional_signal_key("v2", "us-east", SignalKind.PERFORMANCE) in reads("v2", {"regions": REGIONS})
