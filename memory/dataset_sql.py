"""What a dataset's columns are in SQL, and the figures that sum one file up."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ..core.errors import ServiceUnavailable
from ..core.records.bulk.rows import ACCESS, DATASET_ROWS, EXCHANGES, LOGS, METRICS, OPS, PRODUCT, RUM, SPANS

MEMORY_LIMIT = "256MB"
"""Of DuckDB; what does not fit is spilled to the disk."""
OF_RELEASE = ("of_release", "of_environment")
"""Columns of every kind besides its own: what the import was about."""
_SQL_TYPES: dict[Any, str] = {datetime: "TIMESTAMP", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN", str: "VARCHAR"}

FIGURES: dict[str, dict[str, str]] = {
    LOGS: {
        "errors": """count(*) FILTER ("level" IN ('ERROR', 'CRITICAL'))""",
        "services": 'count(DISTINCT "service")',
        "users": 'count(DISTINCT "user")',
    },
    ACCESS: {"errors": 'count(*) FILTER ("status" >= 500)', "clients": 'count(DISTINCT "client")'},
    RUM: {
        "sessions": 'count(DISTINCT "session")',
        "pageViews": """count(*) FILTER ("event" = 'view')""",
        "users": 'count(DISTINCT "user")',
        "errors": """count(*) FILTER ("event" = 'error')""",
    },
    SPANS: {
        "errors": 'count(*) FILTER ("is_error")',
        "traces": 'count(DISTINCT "trace_id")',
        "services": 'count(DISTINCT "service")',
    },
    METRICS: {"names": 'count(DISTINCT "name")', "series": 'count(DISTINCT ("name", "statistic", "labels"))'},
    PRODUCT: {
        "users": 'count(DISTINCT "user")',
        "sessions": 'count(DISTINCT "session")',
        "names": 'count(DISTINCT "name")',
    },
    OPS: {"deployments": """count(*) FILTER ("event" = 'deployment')"""},
    EXCHANGES: {
        "hosts": 'count(DISTINCT "host")',
        "errors": 'count(*) FILTER ("status" IS NULL OR "status" >= 500)',
    },
}
"""Kind -> name of a figure in JSON -> aggregate over the rows."""

RUM_DAY = """
    SELECT count(DISTINCT "session"), count(*) FILTER ("event" = 'view'), count(DISTINCT "user"),
           count(*) FILTER ("event" = 'error'), quantile_cont("fcp_ms", 0.75), quantile_cont("lcp_ms", 0.75),
           quantile_cont("inp_ms", 0.75), quantile_cont("cls", 0.75), quantile_cont("ttfb_ms", 0.75)
    FROM read_parquet(?)"""
"""The figures of core/records/bulk/rum.RumData, in its order."""


def column_types(kind: str) -> dict[str, str]:
    """Column -> SQL type, of the kind's row and of OF_RELEASE; times are UTC without a zone."""
    hints = get_type_hints(DATASET_ROWS[kind])
    return {name: _SQL_TYPES[_plain(hint)] for name, hint in hints.items()} | dict.fromkeys(OF_RELEASE, "VARCHAR")


def tally_sql(
    kind: str,
    columns: Sequence[str],
    *,
    bucket_s: int | None,
    sums: Sequence[str],
    only: Iterable[str],
    rows: str,
) -> str:
    """The query behind `DatasetReader.tally`.

    Args:
        only: columns that must hold what the question marks at the query's end stand for.
        rows: a query for those of the window.

    Raises:
        ValueError: a column that the kind does not have, or a bucket below one second.
    """
    if unknown := {*columns, *sums, *only} - {*DATASET_ROWS[kind]._fields, *OF_RELEASE}:
        raise ValueError(f"{kind} has no columns {sorted(unknown)}")
    if bucket_s is not None and bucket_s < 1:
        raise ValueError(f"bucket_s is {bucket_s}, expected 1 or more")
    # Rows of before 1970 belong into the bucket below, too: floor, not the division that cuts off.
    buckets = [] if bucket_s is None else [f'CAST(floor(epoch("at") / {bucket_s}) AS BIGINT) * {bucket_s}']
    keys = [f'"{name}"' for name in columns] + buckets
    totals = [f'coalesce(sum("{name}") FILTER (isfinite("{name}")), 0)' for name in sums]
    figures = ["count(*)", 'epoch(min("at"))', 'epoch(max("at"))', *totals]
    order = ", ".join(f"{number} NULLS LAST" for number in range(1, len(keys) + 1))
    grouped = f"GROUP BY {', '.join(keys)} ORDER BY {order}" if keys else "HAVING count(*) > 0"
    asked = "".join(f' AND "{name}" IS NOT DISTINCT FROM ?' for name in only)
    return f"SELECT {', '.join(keys + figures)} FROM ({rows}) WHERE true{asked} {grouped}"


def _plain(hint: Any) -> Any:
    """The type of a hint without None and without marks."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    options = [option for option in get_args(hint) if option is not NoneType]
    return _plain(options[0]) if options else hint


def quoted(path: Path) -> str:
    """A path inside of a text of SQL."""
    return str(path).replace("'", "''")


def database(spill: Path, *, memory_limit: str = MEMORY_LIMIT, threads: int = 1) -> Any:
    """A DuckDB of one's own, with nothing in it.

    Args:
        spill: a folder for what does not fit into `memory_limit`.
    """
    import duckdb  # 170 ms: only when bulk data is touched

    settings = {"memory_limit": memory_limit, "threads": str(threads), "temp_directory": str(spill / ".spill")}
    opened = duckdb.connect(config=dict(settings))
    opened.execute("SET GLOBAL preserve_insertion_order = false")  # else it holds what it could write
    return opened


@contextlib.contextmanager
def connect(spill: Path, *, memory_limit: str = MEMORY_LIMIT, threads: int = 1) -> Iterator[Any]:
    """A `database`, closed at the end of the `with`.

    Raises:
        ServiceUnavailable: no memory or disk left.
    """
    with using(database(spill, memory_limit=memory_limit, threads=threads)) as connection:
        yield connection


@contextlib.contextmanager
def using(connection: Any) -> Iterator[Any]:
    """A connection or a cursor, closed at the end of the `with`.

    Raises:
        ServiceUnavailable: no memory or disk left.
    """
    import duckdb

    with contextlib.closing(connection):
        try:
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            reason = str(error).split("\n", 1)[0]
            raise ServiceUnavailable(f"datasets: {reason}", hint="is the disk full?") from error
