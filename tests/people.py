"""Approvers with secrets, cheap ones, for tests."""

from functools import cache

from aqe.core.credentials import SigningKey, hash_secret
from aqe.core.records.decisions.approvers import Approver, AuthenticatedApprover

ROLES = {"cto": ("CTO",), "vp": ("VP Engineering",), "lead": ("Team Lead",), "author": ("CTO",)}
"""Who there is; the commit is author's."""


@cache
def signing(id: str) -> AuthenticatedApprover:
    """One of ROLES, with the key in hand."""
    secret = f"the secret of {id}"
    secret_hash = hash_secret(secret, log2_n=14)
    key = secret_hash.open(secret)
    assert isinstance(key, SigningKey)
    approver = Approver(id=id, emails=(f"{id}@example.org",), roles=ROLES[id], secret_hash=str(secret_hash))
    return AuthenticatedApprover(approver, key)


def everybody() -> dict[str, Approver]:
    """As aqe.yaml knows them."""
    return {id: signing(id).approver for id in ROLES}
