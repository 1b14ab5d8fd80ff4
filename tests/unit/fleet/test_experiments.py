"""`--experiment-column`: where the variant is found, and what is said about it."""

from datetime import UTC, datetime

import pytest

from aqe.core.errors import InputError
from aqe.core.records.bulk.logs import AccessRow, LogRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.bulk.usage import ProductRow
from aqe.fleet.imports.experiments import ExperimentColumn

AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_variant_is_a_property_a_column_or_a_parameter() -> None:
    """Of product events, of any row, of the page."""
    column = ExperimentColumn("checkout-v2=variant")
    for row in (
        ProductRow(AT, "buy", properties='{"variant":"b","n":1}'),
        ProductRow(AT, "view", page="/checkout?variant=b&x=1"),
        RumRow(AT, "view", page="/checkout?variant=b"),
        AccessRow(AT, "GET", "/checkout?x=1&variant=b", 200, 5, 1.0, None, None, None),
    ):
        assert column.added(row).experiment == "checkout-v2=b"  # type: ignore[union-attr]
    canary = ExperimentColumn("release").added(RumRow(AT, "view", release="2.4.2"))
    assert isinstance(canary, RumRow)
    assert canary.experiment == "release=2.4.2"


def test_what_the_source_says_itself_stays() -> None:
    """Several experiments are separated by blanks, so a variant has none."""
    row = ExperimentColumn("v").added(ProductRow(AT, "x", experiment="price=a", properties='{"v":"two words"}'))
    assert isinstance(row, ProductRow)
    assert row.experiment == "price=a v=two_words"


def test_rows_without_a_variant_stay_as_they_are() -> None:
    """A name that only occurs in a value is none; logs have no experiments."""
    column = ExperimentColumn("v")
    rows: list[Row] = [
        ProductRow(AT, "x", properties='{"a":"v"}'),
        RumRow(AT, "view", page="/v"),
        LogRow(AT, "INFO", "v=1"),
    ]
    assert [column.added(row) for row in rows] == rows
    assert column.notes() == ("experiment v: no row has 'v'",)


def test_the_note_counts_the_variants_of_one_file() -> None:
    """Each file has its own."""
    column = ExperimentColumn("v")
    for value in ("a", "b", "b"):
        column.added(ProductRow(AT, "x", properties=f'{{"v":"{value}"}}'))
    column.added(ProductRow(AT, "x"))
    assert column.notes() == ("experiment v: 3 of 4 rows have a variant: b 2, a 1",)
    assert column.notes() == ()


@pytest.mark.parametrize("told", ["", "=", "a=", "two words=v", "x= "])
def test_what_names_no_column_is_refused(told: str) -> None:
    """One line."""
    with pytest.raises(InputError, match="--experiment-column"):
        ExperimentColumn(told)
