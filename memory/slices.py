"""Rows in order of time however long their texts are: stretches of time that are small enough to be sorted.

DuckDB sorts texts in memory, in several copies; where they do not fit it fails, and no limit is high enough for all
data. So the times and sizes alone are put in order first, and each stretch of a bounded size is sorted by itself.
"""

from collections.abc import Iterable, Iterator
from typing import Any

SLICE_BYTES = 48 * 1024 * 1024
"""Of the texts of one stretch. Sorted, they and their copies stay below 384 MB."""
_ROW_BYTES = 64
"""What a row without texts takes, about."""


def in_slices(
    connection: Any, columns: str, query: str, values: list[Any], types: dict[str, str]
) -> Iterator[tuple[str, list[Any]]]:
    """A query and its values for each stretch; one after the other they give all rows in order of time.

    Args:
        connection: to DuckDB; between two stretches it is free for other queries.
        columns: what to select.
        query: for rows with a column `at`, in any order.
        values: of its question marks.
        types: column -> SQL type, of all its columns.
    """
    texts = [f"""coalesce(strlen("{name}"), 0)""" for name, type_ in types.items() if type_ == "VARCHAR"]
    size = " + ".join([str(_ROW_BYTES), *texts])
    instants = f'SELECT epoch_us("at"), sum({size})::BIGINT FROM ({query}) GROUP BY 1 ORDER BY 1'
    for first, last in list(_stretches(_fetched(connection.execute(instants, values)))):
        window = '"at" BETWEEN make_timestamp(?::BIGINT) AND make_timestamp(?::BIGINT)'
        # What happened at one instant has no order, and may be of any size.
        order = "" if first == last else 'ORDER BY "at"'
        yield f"SELECT {columns} FROM ({query}) WHERE {window} {order}", [*values, first, last]


def _stretches(instants: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """First and last instant of each stretch of at most SLICE_BYTES, or of one larger instant."""
    first = last = None
    held = 0
    for at, size in instants:
        if first is not None and last is not None and held + size > SLICE_BYTES:
            yield first, last
            first, held = None, 0
        first, last, held = at if first is None else first, at, held + size
    if first is not None and last is not None:
        yield first, last


def _fetched(result: Any) -> Iterator[tuple[int, int]]:
    while batch := result.fetchmany(8192):
        yield from batch
