"""The option and the text of `aqe production detect-anomalies`."""

from datetime import UTC, datetime

import click
import pytest

from aqe.cli.production.anomalies import anomalies_text, threshold
from aqe.core.records.anomalies import AnomalyReport, Unjudged

NOW = datetime(2026, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(("text", "read"), [("3-sigma", "3-sigma"), ("2.5sigma", "2.5sigma"), ("0.4", 0.4)])
def test_a_threshold_is_a_score_or_a_number_of_sigmas(text: str, read: float | str) -> None:
    assert threshold(text) == read


@pytest.mark.parametrize("text", ["0", "much", "-3", "3-sigmoid", "nan", "inf", ""])
def test_any_other_threshold_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected such as 3-sigma"):
        threshold(text)


def test_nothing_judged_is_no_all_clear() -> None:
    """And says which series and why."""
    report = AnomalyReport(
        window_from=NOW, window_to=NOW, method="score", threshold=0.3, series=0, points=0, anomalies=(),
        unjudged=(Unjudged(series="cpu", reason="insufficient data"),), unjudged_series=7,
    )  # fmt: skip
    text = anomalies_text(report)
    assert "7 series; cpu: insufficient data" in text and "this is no all-clear" in text
