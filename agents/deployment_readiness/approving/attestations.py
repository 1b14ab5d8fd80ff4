"""Which attestations count, here and now: signed by an approver of today, for this release, not expired."""

from ....core.records.decisions.attestations import Attestation
from ..inputs import ReadinessInputs


def in_force(inputs: ReadinessInputs) -> dict[str, Attestation]:
    """Item or criterion -> the attestation that counts for the release."""
    papers = inputs.papers
    return {
        one.item: one
        for one in papers.attestations
        if one.objection(inputs.release, papers.approvers, inputs.now) is None
    }
