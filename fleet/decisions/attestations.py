"""Vouching for what no tool measures: the signed record and its audit entry are one transaction."""

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ...core.criteria import CRITERIA
from ...core.errors import InputError
from ...core.records.audit import AuditDraft
from ...core.records.decisions.approvers import AuthenticatedApprover
from ...core.records.decisions.attestations import Attestation, AttestedEvidence, attestation_key, is_attestable
from ...core.records.release import Release
from ...core.registry import did_you_mean
from ...memory.audit import audited
from ..runtime import Runtime
from ..signals import find_release
from .policies import project_checklist

LONGEST_S = 366 * 86_400.0
"""Nobody vouches for more than a year."""


async def attest(
    runtime: Runtime,
    who: AuthenticatedApprover,
    version: str,
    *,
    item: str,
    evidence: str,
    justification: str,
    expires_s: float,
    commit: str | None,
    environment: str | None,
    folder: Path,
) -> Attestation:
    """Vouch for an item of the checklist or a criterion of a gate, in somebody's name.

    Args:
        runtime: the open parts.
        who: who vouches.
        version: the release.
        item: id in the project's checklist, or a criterion.
        evidence: a file, whose digest is kept, or an http(s) URL.
        justification: what was looked at.
        expires_s: for how long it counts.
        commit, environment: of the release, where its record does not say.
        folder: asked for a git clone; where a file is looked for.

    Raises:
        InputError: nobody may vouch for it, there is no such evidence, or the release's commit is not known.
    """
    found = await find_release(runtime, version=version, commit=commit, environment=environment, folder=folder)
    assert found is not None
    release = found.release
    _check_commit(release)
    _check_item(runtime, item)
    if expires_s > LONGEST_S:
        raise InputError("--expires is over a year", hint="vouch again when it is time")
    now = runtime.clock.now()
    signed = Attestation(
        approver="",
        item=item,
        release=release.model_copy(update={"updated_at": None}),
        evidence=_evidence(evidence, folder),
        justification=justification,
        at=now,
        expires_at=now + timedelta(seconds=expires_s),
    ).signed_by(who)
    await _write_down(runtime, signed, release.model_copy(update={"updated_at": now}))
    return signed


async def _write_down(runtime: Runtime, signed: Attestation, release: Release) -> None:
    memory, version = runtime.memory, release.version
    draft = AuditDraft(action="item:attested", actor=signed.approver, subject=version, details=signed.to_dict())
    writes = [
        memory.prepare_store(attestation_key(version, signed.item), signed),
        memory.prepare_store(f"aqe/releases/{version}/release", release),
    ]
    await audited(memory, [draft], signed.at, lambda chain: memory.apply([*writes, *chain]))


def _check_commit(release: Release) -> None:
    if release.commit is None:
        raise InputError(
            f"the commit of {release.version} is not known: an attestation is for one commit and no other",
            hint="give --commit HASH, or run inside its git clone",
        )


def _check_item(runtime: Runtime, item: str) -> None:
    items = project_checklist(runtime.settings).items
    may = [id for id, asked in items.items() if asked.attestable] + [name for name in CRITERIA if is_attestable(name)]
    if item in may:
        return
    if item in items or item in CRITERIA:
        raise InputError(
            f"{item!r} is measured by tools, nobody can vouch for it", hint=f"attestable: {', '.join(may)}"
        )
    raise InputError(f"no item or criterion {item!r}{did_you_mean(item, may)}", hint=f"attestable: {', '.join(may)}")


def _evidence(text: str, folder: Path) -> AttestedEvidence:
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        return AttestedEvidence(url=_url(text))
    try:
        with (folder / text).open("rb") as stream:
            return AttestedEvidence(file=text, sha256=hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise InputError(f"--evidence {text}: {error.strerror}", hint="a file, or an https:// address") from error


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise InputError(f"--evidence {text!r} is no URL: {error}") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise InputError(f"--evidence {text!r} is no http(s) address")
    if parts.username or parts.password:
        raise InputError("--evidence holds a password", hint="give the address without it")
    return text
