"""What an approver vouches for where no tool measures it: with evidence, for one release, for a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import model_validator

from ...criteria import CRITERIA
from ..base import Record
from ..evidence import Evidence, Reading, Status
from ..release import Release, same_commit
from ..signals import SignalKind
from .approvers import Approver, Signed

_ATTESTABLE = (SignalKind.APPROVALS, SignalKind.OPERATIONS, SignalKind.COMPLIANCE)


def is_attestable(criterion: str) -> bool:
    """Whether an approver may vouch for a gate's criterion: yes-or-no questions about people, operation, compliance."""
    source = CRITERIA.get(criterion)
    return source is not None and source.signal in _ATTESTABLE and not criterion.startswith(("min_", "max_"))


def attestation_key(version: str, item: str) -> str:
    """Where the latest attestation of an item lies."""
    return f"aqe/releases/{version}/attestations/{item}"


class AttestedEvidence(Record):
    """What the approver looked at: a file as it was, or an address."""

    file: str | None = None
    sha256: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.file is None) or (self.file is None) != (self.sha256 is None):
            raise ValueError("evidence is a file with its digest, or a URL")
        return self


class Attestation(Signed):
    """The value at `aqe/releases/<version>/attestations/<item>`."""

    item: str
    """Id of a checklist item, or a gate's criterion."""
    release: Release
    evidence: AttestedEvidence
    justification: str
    at: datetime
    expires_at: datetime

    def objection(self, release: Release, approvers: Mapping[str, Approver], now: datetime) -> str | None:
        """Why it does not count for a release; None = it does."""
        ours = self.release
        if ours.version != release.version or ours.environment != release.environment:
            return f"it is about {ours.version} in {ours.environment}"
        if not same_commit(ours.commit, release.commit):
            return "it is about another commit"
        if now >= self.expires_at:
            return f"it expired at {self.expires_at:%Y-%m-%d %H:%M} UTC"
        if self.signer(approvers) is None:
            return f"no signature of {self.approver}, as aqe.yaml knows them"
        return None

    @property
    def words(self) -> str:
        """Who, on what, for how long."""
        seen = self.evidence.url or f"{self.evidence.file} sha256:{self.evidence.sha256:.12}"
        return f"attested by {self.approver} ({seen}) until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    @property
    def reading(self) -> Reading:
        """As what it stands in for a measurement."""
        evidence = Evidence(
            key=attestation_key(self.release.version, self.item),
            tool=self.approver,
            file=self.evidence.url or self.evidence.file,
            sha256=self.evidence.sha256,
            commit=self.release.commit,
            measured_at=self.at,
        )
        return Reading(value=True, status=Status.ATTESTED, evidence=evidence)
