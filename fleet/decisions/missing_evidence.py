"""What a release still lacks, in the words of its decision."""

from ...agents.deployment_readiness.gates import evaluate
from ...agents.deployment_readiness.inputs import read_inputs
from ...core.criteria import CRITERIA
from ...core.evidence_ways import HOW_TO_MEASURE
from ...core.records.decisions.history import HISTORY_KEY
from ...core.records.decisions.readiness import GateStatus
from ...core.records.evidence import Status
from ...core.records.release import Release, check_version
from ..runtime import Runtime


async def gates_without_evidence(runtime: Runtime, release: Release, *, policy: str = "default") -> tuple[str, ...]:
    """What the policy's gates ask for and nobody has measured, in the words of `Decision.missing_evidence`."""
    memory = runtime.memory
    values = {
        **await memory.retrieve_pattern(f"aqe/releases/{check_version(release.version)}/signals/*"),
        **await memory.retrieve_pattern("aqe/quality-signals/*"),
    }
    inputs = read_inputs(release, values, await memory.retrieve(HISTORY_KEY), runtime.clock.now())
    policies = await runtime.policies()
    return tuple(
        f"{criterion.criterion} ({gate.enforcement} gate {gate.gate}): {criterion.reading.reason}; "
        + HOW_TO_MEASURE[CRITERIA[criterion.criterion].signal].format(version=release.version)
        for gate in evaluate(inputs, policies[policy])
        for criterion in gate.criteria
        if criterion.status is GateStatus.NO_EVIDENCE and criterion.reading.status is Status.NOT_MEASURED
    )
