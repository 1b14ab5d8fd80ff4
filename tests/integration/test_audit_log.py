"""The audit log on a real server: one chain, whoever writes at the same time, and nothing without its entry."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aqe.config.settings import Settings, load_settings
from aqe.core.audit import verify
from aqe.core.credentials import hash_secret
from aqe.core.errors import ConflictError, InputError
from aqe.core.records.audit import AuditDraft
from aqe.fleet.decisions.approvers import MAX_ATTEMPTS, AuthenticationError, authenticate
from aqe.fleet.runtime import open_runtime
from aqe.memory.audit import AUDIT_LOG, AuditReader, audit_head, audited
from aqe.memory.store import MemoryStore
from aqe.memory.transfer import export_memory, import_memory

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SECRET = "correct horse battery"


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    text = f"""
redis: {{url: "{redis_url}"}}
approvers:
  cto@example.org: {{roles: [CTO], secret_hash: "{hash_secret(SECRET, log2_n=14)}"}}
  vp: {{roles: [VP], emails: [vp@example.org]}}
"""
    (tmp_path / "aqe.yaml").write_text(text)
    return load_settings(env={}, cwd=tmp_path)


def draft(subject: str) -> AuditDraft:
    return AuditDraft(action="release:assessed", actor="a-test", subject=subject)


async def intact(memory: MemoryStore) -> int:
    """How many entries the log has; it is intact."""
    items = await memory.retrieve(AUDIT_LOG) or []
    assert verify(items, [await audit_head(memory)]).intact
    return len(items)


async def test_writers_at_the_same_time_make_one_chain(settings: Settings) -> None:
    """Each entry once, whoever lost a race."""
    async with open_runtime(settings, name="a") as one, open_runtime(settings, name="b") as two:
        await asyncio.gather(
            *(
                audited(runtime.memory, [draft(f"v{n}-1"), draft(f"v{n}-2")], NOW, runtime.memory.apply)
                for n in range(20)
                for runtime in (one, two)
            )
        )
        assert await intact(one.memory) == 80


async def test_a_reader_reads_what_was_added_since_and_begins_anew_with_another_log(settings: Settings) -> None:
    async with open_runtime(settings, name="a") as runtime:
        memory = runtime.memory
        reader = AuditReader(memory, ["approval:rejected"])
        refusal = draft("v2").model_copy(update={"action": "approval:rejected"})
        assert await reader.entries() == ()
        await audited(memory, [draft("approval:rejected"), refusal], NOW, memory.apply)
        assert [entry.sequence for entry in await reader.entries()] == [2]
        await audited(memory, [refusal], NOW, memory.apply)
        assert [entry.sequence for entry in await reader.entries()] == [2, 3]
        await memory.delete(AUDIT_LOG)
        await audited(memory, [refusal], NOW, memory.apply)
        assert [entry.sequence for entry in await reader.entries()] == [1]


async def test_an_effect_and_its_entry_are_one_step(settings: Settings) -> None:
    """A refused write leaves no entry behind, and is not tried for ever."""
    async with open_runtime(settings, name="a") as runtime:
        memory = runtime.memory
        await memory.store("aqe/x", 1)
        with pytest.raises(ConflictError, match="aqe/x has version 1"):
            await audited(
                memory,
                [draft("v1")],
                NOW,
                lambda chain: memory.apply([memory.prepare_store("aqe/x", 2, expected_version=0), *chain]),
            )
        assert await intact(memory) == 0
        await audited(
            memory, [draft("v1")], NOW, lambda chain: memory.apply([memory.prepare_store("aqe/x", 2), *chain])
        )
        assert await intact(memory) == 1


async def test_a_secret_lets_its_owner_in_and_a_wrong_one_is_written_down(settings: Settings) -> None:
    async with open_runtime(settings, name="a") as runtime:
        assert (await authenticate(runtime, "cto@example.org", SECRET)).approver.roles == ("CTO",)
        with pytest.raises(AuthenticationError, match=r"not the secret of cto@example\.org"):
            await authenticate(runtime, "cto@example.org", "wrong horse battery")
        (entry,) = await runtime.memory.retrieve(AUDIT_LOG)
        assert entry["action"] == "approver:refused"
        assert "wrong horse" not in str(entry)


async def test_after_five_wrong_secrets_not_even_the_right_one_is_looked_at(settings: Settings) -> None:
    """Trying in parallel gains nothing either: the attempt is counted first."""
    async with open_runtime(settings, name="a") as runtime:
        tried = await asyncio.gather(
            *(authenticate(runtime, "cto@example.org", f"wrong {n}") for n in range(3 * MAX_ATTEMPTS)),
            return_exceptions=True,
        )
        assert all(isinstance(error, AuthenticationError) for error in tried)
        assert await intact(runtime.memory) <= MAX_ATTEMPTS
        await runtime.memory.store("aqe/approvers/cto@example.org/attempts", MAX_ATTEMPTS, ttl_s=60)
        with pytest.raises(AuthenticationError, match="wrong secrets were tried"):
            await authenticate(runtime, "cto@example.org", SECRET)


async def test_a_success_forgets_the_failures(settings: Settings) -> None:
    async with open_runtime(settings, name="a") as runtime:
        for _ in range(2):
            for _ in range(MAX_ATTEMPTS - 1):
                with pytest.raises(AuthenticationError):
                    await authenticate(runtime, "cto@example.org", "wrong")
            await authenticate(runtime, "cto@example.org", SECRET)


async def test_who_is_not_known_or_has_no_secret_is_told_what_to_do(settings: Settings) -> None:
    async with open_runtime(settings, name="a") as runtime:
        with pytest.raises(InputError, match=r"no approver 'cto@exampl\.org' .* did you mean 'cto@example\.org'"):
            await authenticate(runtime, "cto@exampl.org", SECRET)
        with pytest.raises(InputError, match="approver vp has no secret_hash"):
            await authenticate(runtime, "vp@example.org", SECRET)


async def test_a_log_travels_to_an_empty_fleet_and_does_not_mix_with_another(
    settings: Settings, redis_url: str
) -> None:
    """A release assessed in one job of a pipeline and deployed in the next keeps its audit trail."""
    async with open_runtime(settings, name="a") as runtime:
        memory = runtime.memory
        for subject in ("v1", "v2"):
            await audited(memory, [draft(subject)], NOW, memory.apply)
        lines = await export_memory(memory, ["aqe/*"])
        assert (await import_memory(memory, lines, where="f")).appended == 0
        await memory.delete(AUDIT_LOG)
        assert (await import_memory(memory, lines, where="f")).appended == 2
        assert await intact(memory) == 2
        await memory.delete(AUDIT_LOG)
        await audited(memory, [draft("v9")], NOW, memory.apply)
        with pytest.raises(InputError, match="f has another audit log than this fleet"):
            await import_memory(memory, lines, where="f")
        assert (await import_memory(memory, lines, where="f", keep=True)).appended == 0
        assert await intact(memory) == 1
