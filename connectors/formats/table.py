"""All importers, and how a file finds its own."""

from collections.abc import Iterable

from ...core.errors import InputError
from ...core.importing import Head, Importer
from .documents import clean
from .production.table import PRODUCTION_IMPORTERS
from .quality.table import QUALITY_IMPORTERS
from .unread import unread

IMPORTERS: tuple[Importer, ...] = (*QUALITY_IMPORTERS, *PRODUCTION_IMPORTERS)


class UnknownFormat(InputError):
    """No importer knows what a file is; in a folder full of files it is passed over."""


def recognise(head: Head, table: Iterable[Importer] = IMPORTERS) -> Importer:
    """The one importer that claims a file by its content.

    Raises:
        UnknownFormat: none does; a format that is known to have none is named.
        InputError: several do; all are named.
    """
    claims = [importer for importer in table if importer.recognises(head)]
    if len(claims) == 1:
        return claims[0]
    if claims:
        names = [importer.name for importer in claims]
        raise InputError(
            f"{head.name}: {' and '.join(names)} claim this file",
            hint=f"say which: --as {' or --as '.join(names)}",
        )
    if not head.data.strip():
        raise UnknownFormat(
            f"{head.name}: the file is empty, so nothing tells its format", hint="name it with --as FORMAT"
        )
    if known := unread(head):
        raise UnknownFormat(f"{head.name}: it is {known.title}, which has no importer", hint=known.advice)
    begins = repr(clean(head.first_line, 60))
    if _is_binary(head.text[:200]):
        begins = f"the bytes {head.data[:8].hex(' ')}, which are no text"
    raise UnknownFormat(
        f"{head.name}: no importer knows this format; it begins with {begins}",
        hint="name it with --as FORMAT; `aqe import formats` lists them",
    )


def _is_binary(text: str) -> bool:
    """Whether it was hardly written to be read: a text of an old encoding has a few characters that are not UTF-8."""
    odd = sum(not (c.isprintable() or c.isspace()) or c == "\N{REPLACEMENT CHARACTER}" for c in text)
    return "\0" in text or 5 * odd > len(text)
