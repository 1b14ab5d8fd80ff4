"""The option and the text of `aqe production detect-anomalies`."""

from datetime import UTC, datetime

import click
import pytest

from aqe.cli.production.anomalies import anomalies_text, threshold
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.anomalies import Anomaly, AnomalyReport, AnomalyType, Severity, Unjudged

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


def an_anomaly(severity: Severity) -> Anomaly:
    nothing = NotMeasured(reason="-")
    return Anomaly(
        id=f"anm-{severity}", type=AnomalyType.LATENCY_DEGRADATION, severity=severity, status="open", series="p95",
        source="access", unit="ms", began_at=NOW, detected_at=NOW, last_data_at=NOW, observed=26630, expected=93,
        expected_low=-60, expected_high=147, score=1, p_value=nothing, affected_users=nothing,
        explanation=f"{severity} in words", recommendation="look",
    )  # fmt: skip


def test_the_mildest_stand_in_the_table_and_only_the_others_in_words_too() -> None:
    """A page of blips at night hides the outage; the table has units, and no time below 0."""
    report = AnomalyReport(
        window_from=NOW, window_to=NOW, method="score", threshold=0.3, series=9, points=9,
        anomalies=(an_anomaly(Severity.CRITICAL), an_anomaly(Severity.LOW)),
    )  # fmt: skip
    text = anomalies_text(report)
    assert "CRITICAL in words" in text and "LOW in words" not in text and "LOW  1 more" in text
    assert text.count("26630 ms") == 2 and "0 to 147 ms" in text
    assert "LOW in words" in anomalies_text(report.model_copy(update={"anomalies": (an_anomaly(Severity.LOW),)}))


def test_one_outage_is_one_event_with_its_series() -> None:
    """In the table a row, in words the worst and which went with it; --json has all of them."""
    outage = [
        an_anomaly(Severity.CRITICAL).model_copy(update={"event": "anm-1", "also": ("p99",)}),
        an_anomaly(Severity.HIGH).model_copy(update={"event": "anm-1", "series": "errors", "explanation": "errors up"}),
        an_anomaly(Severity.MEDIUM).model_copy(update={"event": "anm-2", "series": "cpu"}),
    ]
    report = AnomalyReport(
        window_from=NOW, window_to=NOW, method="score", threshold=0.3, series=9, points=9, anomalies=tuple(outage)
    )
    again = an_anomaly(Severity.LOW).model_copy(update={"event": "anm-3", "id": "anm-3", "series": "p99"})
    assert "3 events in 4 series" in anomalies_text(report.model_copy(update={"anomalies": (*outage, again)}))
    text = anomalies_text(report)
    assert "2 events in 4 series; the worst series of each is told." in text
    assert "One event, 3 series: with it p99, errors." in text and "errors up" not in text
    assert (
        len([line for line in text.splitlines() if line.startswith(("CRITICAL  open", "HIGH  ", "MEDIUM    open"))])
        == 2
    )
