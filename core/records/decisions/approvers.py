"""People who may decide, and what they have signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import Field

from ...credentials import SecretHash, SigningKey
from ..base import Record


class Approver(Record):
    """A person as aqe.yaml knows them."""

    id: str
    name: str | None = None
    emails: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    secret_hash: str | None = Field(default=None, repr=False)

    def is_called(self, name: str) -> bool:
        """Whether an id or address means this person; case does not matter."""
        return name.strip().lower() in {self.id.lower(), *(email.lower() for email in self.emails)}

    def has_role(self, roles: tuple[str, ...]) -> bool:
        """Whether they have one of these roles; none named = anybody has."""
        return not roles or not set(roles).isdisjoint(self.roles)


@dataclass(frozen=True)
class AuthenticatedApprover:
    """Somebody who has proved who they are; made by fleet/approvers.authenticate and nowhere else."""

    approver: Approver
    key: SigningKey


class Signed(Record):
    """What an approver decided. It counts only while aqe.yaml holds the public key that fits the signature."""

    approver: str
    """Id in aqe.yaml."""
    signature: str = ""

    def signed_by(self, who: AuthenticatedApprover) -> Self:
        """The same in this person's name, with their signature."""
        unsigned = self.model_copy(update={"approver": who.approver.id, "signature": ""})
        return unsigned.model_copy(update={"signature": who.key.sign(unsigned.message())})

    def signer(self, approvers: Mapping[str, Approver]) -> Approver | None:
        """The approver who signed exactly this; None = nobody known did."""
        approver = approvers.get(self.approver)
        if approver is None or approver.secret_hash is None:
            return None
        is_theirs = SecretHash.parse(approver.secret_hash).has_signed(self.message(), self.signature)
        return approver if is_theirs else None

    def message(self) -> bytes:
        """What is signed: the kind of record, then its canonical JSON without the signature."""
        return type(self).__name__.encode() + b"\n" + self.canonical_without("signature")
