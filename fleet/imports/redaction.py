"""The project's redactor: its key, its settings, and the word in the audit log when something is left in."""

import contextlib
import os

from ...analysis.redaction.redactor import ALL, Redactor
from ...config.settings import Settings
from ...core.records.audit import AuditDraft
from ...memory.audit import audited
from ..folders import make_data_dir
from ..runtime import Runtime

KEPT_ACTION = "redaction:kept"
"""In the audit log: an import stored what is otherwise taken out."""


def make_redactor(settings: Settings) -> Redactor | None:
    """By the section `redaction` of aqe.yaml; None when it is off altogether."""
    section = settings.redaction
    if section.keep == "all":
        return None
    return Redactor(
        redaction_key(settings), ALL - frozenset(section.keep), fields=section.fields, patterns=section.patterns
    )


def redaction_key(settings: Settings) -> bytes:
    """The project's key for pseudonyms, made once; without it nobody can link a pseudonym to a person."""
    data_dir = settings.data_dir
    path = data_dir / "redaction.key"
    make_data_dir(settings)
    if not path.exists():
        fresh = data_dir / f".redaction.key.{os.getpid()}"
        fresh.touch(mode=0o600)
        fresh.write_bytes(os.urandom(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the project's
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()


async def note_unredacted(runtime: Runtime, name: str, stored: int) -> None:
    """Write into the audit log that rows or records of a file were stored with what is otherwise taken out.

    Args:
        name: of the file, as in evidence.
        stored: rows and records.
    """
    left_in = runtime.settings.redaction.left_in
    if not left_in or not stored:
        return
    details = {"keep": list(left_in), "file": name, "stored": stored}
    draft = AuditDraft(action=KEPT_ACTION, actor="import", subject="redaction", details=details)
    await audited(runtime.memory, [draft], runtime.clock.now(), runtime.memory.apply)
