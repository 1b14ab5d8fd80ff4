"""Memory to a file and back: a CI artifact carries a release from one machine to the next."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.errors import NotFoundError
from ..core.records.release import check_version
from ..memory.keys import KEYS
from ..memory.transfer import ImportedKeys, export_memory, import_memory

if TYPE_CHECKING:
    from .runtime import Runtime

__all__ = ["ImportedKeys", "export_text", "import_text"]


async def export_text(runtime: "Runtime", globs: Sequence[str], version: str | None) -> str:
    """The text of an export: of keys that match, of everything about a release, or (neither given) of all keys but the
    fleet's own records of agents and tasks.

    Raises:
        NotFoundError: keys were asked for, and there are none.
    """
    if not (globs or version):
        return "".join(await export_memory(runtime.memory, ["*"], but="aqe/fleet/*"))
    wanted = [*globs, *(_of_release(check_version(version)) if version is not None else ())]
    lines = await export_memory(runtime.memory, wanted)
    if len(lines) == 1:  # the header
        raise NotFoundError("no key to export", hint="`aqe memory ls` lists the keys")
    return "".join(lines)


def _of_release(version: str) -> list[str]:
    families = [spec.pattern.replace("<version>", version) for spec in KEYS if "<version>" in spec.pattern]
    return [*(re.sub("<[^>]+>", "*", family) for family in families), "aqe/quality-signals/*", "aqe/deployment/*"]


async def import_text(runtime: "Runtime", text: str, *, where: str, keep: bool) -> ImportedKeys:
    """Write what an export holds; see memory/transfer.import_memory."""
    return await import_memory(runtime.memory, text.splitlines(keepends=True), where=where, keep=keep)
