"""Looking a name up in a visible tuple, with help for the one who mistyped it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol, TypeVar

from .errors import InputError


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """Unique in its table."""
        ...


N = TypeVar("N", bound=Named)


def by_name(table: Iterable[N], name: str, what: str) -> N:
    """The entry with this name.

    Args:
        table: the visible tuple.
        name: as the user wrote it.
        what: what the table holds, for the error: "importer".

    Raises:
        InputError: no such entry; names the nearest one.
    """
    entries = {entry.name: entry for entry in table}
    if name in entries:
        return entries[name]
    raise InputError(
        f"unknown {what} {name!r}{did_you_mean(name, entries)}", hint=f"known: {', '.join(sorted(entries))}"
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""
