"""Memory to a file and back: a CI artifact carries a release from one machine to the next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.records.release import check_version
from ..memory.transfer import ImportedKeys, export_memory, import_memory

if TYPE_CHECKING:
    from .runtime import Runtime

__all__ = ["ImportedKeys", "export_text", "import_text"]


async def export_text(runtime: "Runtime", globs: Sequence[str], version: str | None) -> str:
    """The text of an export: of keys that match, of everything about a release, or (neither given) of all keys but the
    fleet's own records of agents and tasks.
    """
    wanted = list(globs)
    if version is not None:
        wanted += [f"aqe/releases/{check_version(version)}/*", "aqe/quality-signals/*", "aqe/deployment/*"]
    return "".join(await export_memory(runtime.memory, wanted or ["aqe/[^f]*"]))


async def import_text(runtime: "Runtime", text: str, *, where: str, keep: bool) -> ImportedKeys:
    """Write what an export holds; see memory/transfer.import_memory."""
    return await import_memory(runtime.memory, text.splitlines(keepends=True), where=where, keep=keep)
