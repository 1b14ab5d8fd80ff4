"""The production report: every number stands in a record, and what was not analysed says so."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.production_intelligence.journeys.analysis import journeys
from aqe.agents.production_intelligence.prioritize import merged, prioritized
from aqe.agents.production_intelligence.reporting.blocks import MOST_ROWS
from aqe.agents.production_intelligence.reporting.report import ANOMALIES, INCIDENTS, READS, report_of
from aqe.agents.production_intelligence.rum.analysis import rum_analysis
from aqe.agents.traced import Shelf
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumData, RumRow
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.experiment import Arm, ArmValue, EffectVerdict, ExperimentImpact, MetricEffect
from aqe.core.records.production.findings import ErrorPattern, FindingPriority, Insight, MiningResult
from aqe.core.records.production.incident_analysis import (
    Factor,
    FactorKind,
    Hop,
    IncidentAnalysis,
    IncidentFinding,
    Masking,
    RankedService,
    Traces,
)
from aqe.core.records.report import Origin, Report, text_of
from aqe.reports.table import FORMATS
from aqe.reports.terminal import Terminal
from aqe.tests.unit.production import windows

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOSTILE = '</script><b>"\x1b[31m${x}'


def an_incident() -> IncidentFinding:
    bank = Hop(service="bank", spans=100, self_ms=30_000.0, self_before_ms=200.0, share=0.7, errors=45,
               errors_begin_here=45)  # fmt: skip
    return IncidentFinding(
        incident="i1", title=f"Payments fail {HOSTILE}", severity="CRITICAL", severity_because="so", service="payment",
        started_at=NOW, ended_at=None, duration_s=None, affected_users=None,
        traces=Traces(traces=100, spans=500, failing=bank, because="it grew", hops=(bank,)),
        masking=(Masking(service="bank", timeout_ms=30_000.0, calls=100, cut=100, words="100 of 100 calls"),),
        little=NotMeasured(reason="no metric"),
        factors=(Factor(kind=FactorKind.DEPLOYMENT, what="v2 was deployed", evidence=("x",)),),
        root_services=(RankedService(service="bank", score=3.0, signs=()),), priority=FindingPriority.HIGH,
    )  # fmt: skip


def records() -> dict[str, Any]:
    insights = merged(
        {
            "error-pattern-mining": [
                Insight(id=f"i{n}", title=f"Error {n}", detail="12 errors", priority=FindingPriority.HIGH,
                        recommendation="repair it", created_at=NOW, occurrences=n, benefit=f"{n} fewer")
                for n in range(MOST_ROWS + 4)
            ]
        }
    )  # fmt: skip
    pattern = ErrorPattern(
        id="p", title="KeyError", error_type=None, fingerprint="f", occurrences=7, affected_users=None, first_seen=NOW,
        last_seen=NOW, priority=FindingPriority.HIGH,
    )  # fmt: skip
    mined = MiningResult(total_records=90, total_errors=7, window_from=NOW, window_to=NOW, patterns=(pattern,))
    analysis = IncidentAnalysis(window_from=NOW, window_to=NOW, incidents=(an_incident(),))
    rum = RumData(day=NOW.date(), total_sessions=84, total_page_views=342, total_users=80, total_errors=3,
                  lcp_p75_ms=2341.5)  # fmt: skip
    return {
        "aqe/production/insights": [i.to_dict() for i in insights],
        "aqe/production/prioritization": prioritized(insights, (), NOW).to_dict(),
        "aqe/production/patterns": mined.to_dict(),
        "aqe/production/incident-analysis": analysis.to_dict(),
        "aqe/production/rum-data": rum.to_dict(),
        "aqe/production/status": {"status": "degraded"},
        "aqe/production/anomalies": [
            {"id": "a", "severity": "HIGH", "status": "open", "series": "errors", "beganAt": NOW.isoformat()}
        ],
    }


def of_visitors(folder: Path) -> dict[str, Any]:
    """The records of a small shop's visitors, as the analyses leave them."""
    rows: list[Row] = []
    for n in range(18):
        begin = windows.NOW - timedelta(hours=n + 1)
        pages = ("/", "/cart", "/checkout", "/thanks")[: 2 + n % 3]
        rows += [
            windows.view(begin + timedelta(minutes=at), f"s{n}", page, user=f"u{n}", device="mobile", lcp_ms=900.0 + n)
            for at, page in enumerate(pages)
        ]
        rows.append(RumRow(begin + timedelta(minutes=1.5), "error", session=f"s{n}", page="/cart", message=HOSTILE))
    rows.append(windows.click(windows.NOW - timedelta(hours=1), "s0", "purchase"))
    window = windows.stored(folder, rows)
    return {key: value.to_dict() for find in (rum_analysis, journeys) for key, value in find(window).stores.items()}


def test_visits_and_journeys_are_told_with_where_they_stand(tmp_path: Path) -> None:
    """Mixes, funnel, vitals, errors; ways, how they end, where people leave; in words, with no step's id."""
    stored = {**records(), **of_visitors(tmp_path)}
    report = made(stored)
    for value in report.values():
        if value.value is not None and value.computed is None:
            assert [stands(stored, origin) for origin in value.origins] == [value.value]
    text = Terminal(False, False).render(report).decode()
    assert "mobile 100 %" in text and "LCP" in text and "GOOD" in text
    assert "/ > /cart > /checkout" in text and "people, told by users" in text
    assert not re.search(r"\b[0-9a-f]{12}\b", text)


def made(records: dict[str, Any]) -> Report:
    return report_of(Shelf(records), NOW)


def stands(records: dict[str, Any], origin: Origin) -> Any:
    """What stands at an origin; raises where there is no such field."""
    value = records[origin.key]
    for part in filter(None, origin.field.split(".")):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def test_every_value_stands_where_the_report_says() -> None:
    """Numbers, words, verdicts; a count is that of a list."""
    values = [value for value in made(records()).values() if value.value is not None]
    assert len(values) > 100
    for value in values:
        there = [stands(records(), origin) for origin in value.origins]
        if value.computed is None:
            assert there == [value.value]
        else:
            assert isinstance(there[0], list) and int(str(value.value)) <= len(there[0])


def test_an_empty_memory_gives_a_report_that_says_what_to_run() -> None:
    """Nothing is 0."""
    report = made({})
    assert all(value.value is None and value.reason for value in report.values())
    text = Terminal(False, False).render(report).decode()
    for command in ("mine-errors", "analyze-incidents", "detect-anomalies", "feedback-loop --once", "load-patterns"):
        assert command in text


def test_analyses_that_found_nothing_are_reported_as_such() -> None:
    """A quiet project has a report too; nothing found is 0 findings, not a gap."""
    report = made({"aqe/production/prioritization": prioritized((), (), NOW).to_dict(), "aqe/production/anomalies": []})
    assert text_of(report.highlights[0].line) == "0 findings"


def test_a_list_where_a_word_is_expected_is_not_measured() -> None:
    """Keys of open shape may be written by others."""
    report = made({**records(), "aqe/production/status": {"status": ["bad"]}})
    assert report.verdict and report.verdict.value is None


def an_experiment(**changes: Any) -> dict[str, Any]:
    arm = ArmValue(units=500, value=0.1)
    effect = MetricEffect(metric="conversion", unit="share", variant=f"b{HOSTILE}", control=arm, treatment=arm,
                          effect=0.031, low=None, high=None, p_value=0.015, alpha=0.05 / 6,
                          verdict=EffectVerdict.NO_DIFFERENCE_SHOWN)  # fmt: skip
    told: dict[str, Any] = {
        "experiment": "checkout", "unit": "user", "window_from": NOW, "window_to": NOW, "control": "a",
        "arms": (Arm(variant="a", units=500), Arm(variant="b", units=500)), "in_several_arms": 0, "split_p_value": 1.0,
        "split_holds": True, "comparisons": 6, "effects": (effect, NotMeasured(reason="revenue: no row has revenue")),
    }  # fmt: skip
    return ExperimentImpact(**{**told, **changes}).to_dict()


def test_a_p_value_of_an_experiment_stands_beside_its_level_and_the_correction() -> None:
    """'No difference' beside p = 0.015 would puzzle everybody."""
    stored = {**records(), "aqe/production/experiments/checkout": an_experiment()}
    report = made(stored)
    for value in report.values():
        if value.value is not None and value.computed is None:
            assert [stands(stored, origin) for origin in value.origins] == [value.value]
    text = " ".join(Terminal(False, False).render(report).decode().split())
    assert "0.015 0.0083 NO_DIFFERENCE_SHOWN" in text and "\x1b" not in text
    assert "0.05 over 6 comparisons, Bonferroni" in text and "not measured: revenue: no row has revenue" in text


def test_of_an_experiment_that_does_not_split_no_effect_is_told() -> None:
    broken = an_experiment(split_holds=False, split_p_value=0.0001)
    text = Terminal(False, False).render(made({"aqe/production/experiments/checkout": broken})).decode()
    assert "(p 0.0001, level 0.001): no effect is told" in " ".join(text.split()) and "0.015" not in text


def test_the_state_is_the_verdict_and_the_first_finding_stands_on_top() -> None:
    """What a reader looks for first."""
    report = made(records())
    assert report.verdict and report.verdict.text == "degraded"
    assert text_of(report.highlights[0].line) == f"Error {MOST_ROWS + 3}"


def test_where_anomalies_could_not_be_judged_the_report_says_why_and_not_to_look_again() -> None:
    """The word on top is about them alone."""
    status = {"status": "NOT_MEASURED", "reason": "insufficient data: 3 points, more than 576 are needed"}
    stored = {**records(), "aqe/production/status": status, ANOMALIES: None}
    text = Terminal(False, False).render(made(stored)).decode()
    assert "By open anomalies alone; what else was found stands below. insufficient data" in " ".join(text.split())
    assert "not looked for" not in text


def test_one_event_is_one_row_and_the_word_that_nobody_could_judge_is_none() -> None:
    """Two series of one outage; an item of status NOT_MEASURED before them says that nobody judged them since."""
    began = NOW.isoformat()
    items = [
        {"id": "anm-not-judged", "status": "NOT_MEASURED", "title": "nobody can say how production is"},
        {"id": "a", "event": "a", "severity": "HIGH", "status": "open", "series": "errors", "beganAt": began},
        {"id": "b", "event": "a", "severity": "LOW", "status": "open", "series": "latency", "beganAt": began},
    ]
    text = Terminal(False, False).render(made({**records(), ANOMALIES: items})).decode()
    assert "errors; 1 more of the same event" in text and "latency" not in text
    assert "nobody can say how production is" in text and re.search(r"Open anomalies: +2$", text, re.MULTILINE)
    text = Terminal(False, False).render(made({**records(), ANOMALIES: items[:1]})).decode()
    assert re.search(r"Open anomalies: +not measured$", text, re.MULTILINE)


def test_an_event_is_told_by_the_series_that_detect_anomalies_tells_it_by() -> None:
    """Of equally bad ones the service before an endpoint and a metric; what is of another program comes last."""
    one = {"event": "a", "status": "open", "severity": "HIGH", "beganAt": NOW.isoformat()}
    items = [
        {"id": "a", "event": "a", "status": "open", "severity": ["odd"], "series": "of another program"},
        {**one, "id": "b", "series": "memory", "source": "metric-points"},
        {**one, "id": "c", "series": "GET /pay: errors", "source": "access", "endpoint": "GET /pay"},
        {**one, "id": "d", "series": "all: errors", "source": "access"},
    ]
    text = Terminal().render(made({ANOMALIES: items})).decode()
    assert "all: errors; 3 more of the same event" in text


def test_alerts_that_were_not_analysed_are_not_passed_over_in_silence() -> None:
    """Most shops have alerts and nobody who writes incidents."""
    analysis = {**records()[INCIDENTS], "incidents": [], "alertsLeftOut": 2}
    text = Terminal(False, False).render(made({INCIDENTS: analysis})).decode()
    assert "2 alerts are left out; aqe production analyze-incidents --alerts" in text


@pytest.mark.parametrize("format_", [f for f in FORMATS if not f.binary], ids=lambda f: f.name)
def test_hostile_text_is_rendered_in_every_format_and_obeyed_in_none(format_: Any) -> None:
    """Titles of incidents come from outside."""
    text = format_.render(made(records())).decode()
    assert "Payments fail" in text and "\x1b[31m" not in text
    if format_.name == "html":
        assert "</script><b>" not in text


@pytest.mark.parametrize("key", READS)
def test_a_record_that_somebody_else_broke_is_not_measured(key: str) -> None:
    """It says so, and the rest is there."""
    for broken in (7, "x", [], {}, [{"x": 1}], [7], {"status": 5, "patterns": 3}):
        assert made({**records(), key: broken}).sections
