"""`--experiment-column`: which variant of an experiment the rows of an import saw."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl

import orjson

from ...core.errors import InputError
from ...core.records.bulk.logs import AccessRow
from ...core.records.bulk.rows import Row
from ...core.records.bulk.rum import RumRow
from ...core.records.bulk.usage import ProductRow

ROWS = (AccessRow, ProductRow, RumRow)
"""The kinds with a column `experiment`."""
_NAME = re.compile(r"[\w.:-]{1,80}")
_UNFIT = re.compile(r"[\s=]+")
_MAX_VARIANT = 80
_MAX_VARIANTS = 20
"""Told apart in the note: more are no variants."""


class ExperimentColumn:
    """Puts `name=variant` into the column `experiment`, beside what the source itself says there.

    The variant is looked for in this order: a column of the row (`release`: a canary), one of a product event's
    properties, a parameter in the query of the page or path.

    Args:
        told: `COLUMN`, which is then the experiment's name too, or `EXPERIMENT=COLUMN`.

    Raises:
        InputError: neither.
    """

    def __init__(self, told: str) -> None:
        name, _, column = told.rpartition("=")
        self.column, self.name = column, name or column
        if not _NAME.fullmatch(self.name) or not column or column != column.strip():
            raise InputError(
                f"--experiment-column {told!r} cannot be one",
                hint="expected COLUMN or EXPERIMENT=COLUMN: checkout-v2=variant",
            )
        self._seen: Counter[str] = Counter()
        self._rows = 0

    def added(self, row: Row) -> Row:
        """The row with its variant; as it is when it says none."""
        if not isinstance(row, ROWS):
            return row
        self._rows += 1
        value = self._value(row)
        if not value:
            return row
        variant = _UNFIT.sub("_", value)[:_MAX_VARIANT]
        if len(self._seen) < _MAX_VARIANTS or variant in self._seen:
            self._seen[variant] += 1
        known = f"{row.experiment} " if row.experiment else ""
        return row._replace(experiment=f"{known}{self.name}={variant}")

    def notes(self) -> tuple[str, ...]:
        """What was found in the rows since the last call."""
        seen, rows = self._seen, self._rows
        self._seen, self._rows = Counter(), 0
        if not rows:
            return ()
        if not seen:
            return (f"experiment {self.name}: no row has {self.column!r}",)
        most = ", ".join(f"{variant} {count}" for variant, count in seen.most_common())
        return (f"experiment {self.name}: {seen.total()} of {rows} rows have a variant: {most}",)

    def _value(self, row: AccessRow | ProductRow | RumRow) -> str | None:
        if self.column in row._fields:
            value = getattr(row, self.column)
            return None if value is None else str(value)
        if isinstance(row, ProductRow) and self.column in row.properties:
            value = orjson.loads(row.properties).get(self.column)
            if value is not None:
                return str(value)
        return next(self._in_query(row.path if isinstance(row, AccessRow) else row.page), None)

    def _in_query(self, url: str | None) -> Iterator[str]:
        if url and self.column in url:
            for name, value in parse_qsl(url.partition("?")[2]):
                if name == self.column:
                    yield value
