"""Who may decide, from aqe.yaml, and whether somebody is who they say."""

from collections.abc import Mapping
from pathlib import Path

from ...config.settings import approver_secret, known_approvers
from ...core.credentials import SecretHash, hash_secret
from ...core.errors import AqeError, ConflictError, InputError
from ...core.records.audit import AuditDraft
from ...core.records.decisions.approvers import Approver, AuthenticatedApprover
from ...core.registry import did_you_mean
from ...memory.audit import audited
from ..runtime import Runtime

MAX_ATTEMPTS = 5
"""Wrong secrets of one approver within ATTEMPTS_WINDOW_S; then nobody can try until it has passed."""
ATTEMPTS_WINDOW_S = 900.0

__all__ = ["AuthenticationError", "authenticate", "given_secret", "known_approvers", "new_secret_hash"]


class AuthenticationError(AqeError):
    """The secret is not this approver's, or too many wrong ones were tried."""


def new_secret_hash(secret: str) -> str:
    """The line for aqe.yaml; raises like core/credentials.hash_secret."""
    return str(hash_secret(secret))


def given_secret(file: Path | None) -> str | None:
    """The secret from the file, else from AQE_APPROVER_SECRET; None = neither is given.

    Raises:
        InputError: the file cannot be read as text.
    """
    if file is None:
        return approver_secret()
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise InputError(f"--secret-file {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--secret-file {file}: not UTF-8 text") from error


def find_approver(approvers: Mapping[str, Approver], name: str) -> Approver:
    """The approver with this id or address.

    Raises:
        InputError: there is none.
    """
    found = approvers.get(name) or next((a for a in approvers.values() if a.is_called(name)), None)
    if found is None:
        hint = f"known: {', '.join(approvers)}" if approvers else "`approvers:` in aqe.yaml names who may approve"
        raise InputError(f"no approver {name!r} in aqe.yaml{did_you_mean(name, approvers)}", hint=hint)
    return found


async def authenticate(runtime: Runtime, name: str, secret: str) -> AuthenticatedApprover:
    """The approver, when the secret is theirs. What they may do is for the caller to ask (`has_role`).

    Each attempt is counted before the secret is looked at, so that trying many at once gains nothing; a wrong one is
    written into the audit log.

    Args:
        runtime: the open parts.
        name: id or address, as in aqe.yaml.
        secret: what they gave.

    Raises:
        InputError: no such approver, or one without a `secret_hash`.
        AuthenticationError: wrong secret, or too many wrong ones lately.
    """
    approver = find_approver(known_approvers(runtime.settings), name)
    if approver.secret_hash is None:
        raise InputError(
            f"approver {approver.id} has no secret_hash in aqe.yaml", hint="`aqe approver hash` makes one of a secret"
        )
    key = f"aqe/approvers/{approver.id}/attempts"
    left = await _count_attempt(runtime, key)
    signing_key = SecretHash.parse(approver.secret_hash).open(secret)
    if signing_key is None:
        refused = AuditDraft(action="approver:refused", actor=approver.id, subject=approver.id)
        await audited(runtime.memory, [refused], runtime.clock.now(), runtime.memory.apply)
        raise AuthenticationError(f"this is not the secret of {approver.id}", hint=f"attempts left: {left}")
    await runtime.memory.delete(key)
    return AuthenticatedApprover(approver, signing_key)


async def _count_attempt(runtime: Runtime, key: str) -> int:
    """Attempts left after this one."""
    record = await runtime.memory.retrieve_record(key)
    attempts = record.value if record and isinstance(record.value, int) else 0
    if attempts >= MAX_ATTEMPTS:
        wait_s = await runtime.memory.ttl_s(key) or 0
        raise AuthenticationError(
            f"{attempts} wrong secrets were tried", hint=f"nobody can try again for {wait_s:.0f} s; `aqe audit log`"
        )
    try:
        await runtime.memory.store(
            key, attempts + 1, ttl_s=ATTEMPTS_WINDOW_S, expected_version=record.version if record else 0
        )
    except ConflictError as error:
        raise AuthenticationError("another secret is being tried at this moment", hint="try again") from error
    return MAX_ATTEMPTS - attempts - 1
