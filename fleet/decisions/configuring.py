"""`aqe deploy configure-gates` and `policies`: which policies there are, and making one the fleet's."""

import re
from pathlib import Path

from ...config.policy import parse_policy, read_policy
from ...core.errors import ConflictError, InputError
from ...core.records.audit import AuditDraft
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.stored_policy import PolicyView, StoredPolicy
from ...memory.audit import audited
from ..runtime import Runtime
from .policies import DEFAULT, FAST_TRACK, SPECIFICATION, stored_policies

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


async def configure(runtime: Runtime, file: Path, name: str, who: str) -> tuple[PolicyView, bool]:
    """Check a policy and make it the fleet's, under a name.

    Args:
        runtime: the open parts.
        file: its YAML.
        name: how it is called; "default" and "fast-track" take the place of what comes with aqe.
        who: for the history and the audit log.

    Returns:
        The policy as the fleet now keeps it, and whether it differs from the one before.

    Raises:
        InputError: the file or the name cannot be used, or somebody else configures it at this moment.
    """
    if not NAME.fullmatch(name) or name == SPECIFICATION:
        raise InputError(f"{name!r} cannot be a policy's name", hint="1 to 40 of a-z, 0-9 and -; not specification")
    data = read_policy(file)
    policy = parse_policy(data, name=name, where=str(file))
    memory, now = runtime.memory, runtime.clock.now()
    key = f"aqe/policies/{name}"
    length, last = await memory.tail(key, 1)
    kept = StoredPolicy.from_value(last[0], where=key) if last else None
    before = kept.digest if kept else None
    if kept and before == policy.digest:
        return _view(name, policy, key, kept, length), False
    stored = StoredPolicy(name=name, digest=policy.digest, text=data.decode(), configured_at=now, configured_by=who)
    draft = AuditDraft(
        action="policy:configured",
        actor=who,
        subject=name,
        details={"sha256": policy.digest, "before": before, "file": file.name, "version": length + 1},
    )
    write = memory.prepare_append(key, stored, expected_length=length)
    try:
        await audited(memory, [draft], now, lambda chain: memory.apply([write, *chain]))
    except ConflictError as error:
        raise InputError(
            f"policy {name} is being configured by somebody else", hint="look at it, then try again"
        ) from error
    return _view(name, policy, key, stored, length + 1), True


async def describe_policies(runtime: Runtime) -> list[PolicyView]:
    """Every policy that can be named, and where it comes from."""
    settings = runtime.settings
    files = {DEFAULT: settings.policy.file, FAST_TRACK: settings.policy.fast_track}
    stored = {one.name: (one, versions) for one, versions in await stored_policies(runtime.memory)}
    views = []
    for name, policy in (await runtime.policies()).items():
        ours = stored.get(name) if files.get(name) is None else None
        origin = str(files[name]) if files.get(name) else f"aqe/policies/{name}" if ours else "comes with aqe"
        views.append(_view(name, policy, origin, *(ours or (None, 0))))
    return views


def _view(name: str, policy: Policy, origin: str, stored: StoredPolicy | None, versions: int) -> PolicyView:
    return PolicyView(
        name=name,
        digest=policy.digest,
        origin=origin,
        gates=tuple(gate.gate for gate in policy.gates),
        freeze_windows=tuple(window.name for window in policy.freeze_windows),
        waivers=len(policy.waivers),
        versions=versions,
        configured_at=stored.configured_at if stored else None,
        configured_by=stored.configured_by if stored else None,
    )
