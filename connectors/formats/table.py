"""All importers, and how a file finds its own."""

from collections.abc import Iterable

from ...core.errors import InputError
from ...core.importing import Head, Importer
from .documents import clean
from .production.table import PRODUCTION_IMPORTERS
from .quality.table import QUALITY_IMPORTERS

IMPORTERS: tuple[Importer, ...] = (*QUALITY_IMPORTERS, *PRODUCTION_IMPORTERS)

_PACKED = {
    b"\x1f\x8b": "it is packed with gzip: unpack it first",
    b"PK\x03\x04": "it is a zip archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "it is packed with zstd: unpack it first",
    b"\xff\xfe": "it is UTF-16 (PowerShell's `>` writes that): save it as UTF-8",
    b"\xfe\xff": "it is UTF-16: save it as UTF-8",
}
"""First bytes -> what to do."""


def recognise(head: Head, table: Iterable[Importer] = IMPORTERS) -> Importer:
    """The one importer that claims a file by its content.

    Raises:
        InputError: none does, or several do (all are named).
    """
    claims = [importer for importer in table if importer.recognises(head)]
    if len(claims) == 1:
        return claims[0]
    names = [importer.name for importer in claims or table]
    if claims:
        raise InputError(
            f"{head.name}: {' and '.join(names)} claim this file",
            hint=f"say which: --as {' or --as '.join(names)}",
        )
    if not head.data.strip():
        raise InputError(
            f"{head.name}: the file is empty, so nothing tells its format", hint="name it with --as FORMAT"
        )
    for magic, advice in _PACKED.items():
        if head.data.startswith(magic):
            raise InputError(f"{head.name}: no importer reads this file", hint=advice)
    raise InputError(
        f"{head.name}: no importer knows this format; it begins with {clean(head.first_line, 60)!r}",
        hint=f"name it with --as FORMAT; known are {', '.join(names)}",
    )
