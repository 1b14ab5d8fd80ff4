"""Reports about a release: every number can be followed back to the record it stands in."""

import re
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.capabilities import CAPABILITIES, Loaded
from aqe.agents.deployment_readiness.names import PROJECT
from aqe.agents.deployment_readiness.reporting.readiness import readiness_report, reads
from aqe.config.checklist import default_checklist
from aqe.config.policy import default_policy
from aqe.core.errors import NotFoundError
from aqe.core.records.decisions.changes import Change, ReleaseChanges
from aqe.core.records.report import Origin, Report, Tone, Value, text_of
from aqe.core.records.signals import SignalKind
from aqe.reports.terminal import Terminal
from aqe.tests.builders import COMMIT, NOW, a_deployment, a_good_signal, good_inputs

CHANGES = ReleaseChanges(
    version="v1",
    commit=COMMIT,
    previous="v0.9",
    commits=9,
    features=3,
    fixes=4,
    performance=1,
    other=1,
    unconventional=0,
    breaking=1,
    files_changed=142,
    lines_added=3421,
    lines_deleted=1287,
    changes=(Change(commit=COMMIT, kind="feature", breaking=True, scope="cart", subject="take 2 vouchers"),),
    collected_at=NOW,
)


def stored(*signals: Any, without: tuple[SignalKind, ...] = ()) -> dict[str, Any]:
    """What stands in memory after an assessment and a checklist."""
    loaded = Loaded(good_inputs(*signals, without=without), default_policy(), checklist=default_checklist())
    perform = {c.task_type: c.perform for c in CAPABILITIES}
    records: dict[str, Any] = {}
    for task_type in ("deployment-assessment", "rollback-plan", "checklist"):
        records |= {key: value.to_dict() for key, value in perform[task_type](loaded).stores.items()}
    history = [a_deployment(days).to_dict() for days in (5, 20, 40)]
    history.append(a_deployment(60, outcome="rolled_back", restored_at=NOW - timedelta(days=59)).to_dict())
    records |= {"aqe/releases/v1/changes": CHANGES.to_dict(), "aqe/deployment/history": history}
    return {key: records[key] for key in reads("v1", {}) if key in records} | {
        PROJECT: {"onCall": {"primary": {"name": "Release engineer", "contact": "+1-555-0101"}}}
    }


def made(records: dict[str, Any], *, summary: bool = False) -> Report:
    return readiness_report("v1", records, NOW, summary=summary)


def found(records: dict[str, Any], origin: Origin) -> Any:
    """What stands at an origin; raises where there is no such field."""
    value = records[origin.key]
    for part in filter(None, origin.field.split(".")):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def every_text(report: Report) -> str:
    return report.to_json()


GOOD = stored()
PREDICTED = {
    "of": "rollback",
    "predictions": 156,
    "failures": 8,
    "brierSkill": 0.118,
    "ece": 0.0104,
    "auc": 0.698,
    "bins": [
        {"predictions": 80, "predictedPercent": 1.2, "observedPercent": 1.25, "expected": [0, 3], "failures": 1},
        {"predictions": 76, "predictedPercent": 9.0, "observedPercent": 9.21, "expected": [3, 11], "failures": 7},
    ],
}


def seasoned() -> dict[str, Any]:
    """After many deployments, with an approval and a remark."""
    records = stored()
    decision = records["aqe/releases/v1/decision"]
    lifted = {"kind": "approval", "names": [], "by": "cto", "reason": "seen twice", "until": "2026-01-12T12:00:00Z"}
    prediction = decision["rollbackPrediction"] | {"heldOut": PREDICTED}
    changes = {"rollbackPrediction": prediction, "lifted": [lifted], "remarks": ["an override of v0 has expired"]}
    return records | {"aqe/releases/v1/decision": decision | changes}


SEASONED = seasoned()
POOR = stored(
    a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2),
    a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=612.0),
    without=(SignalKind.MUTATION, SignalKind.COMPLIANCE),
)
each_report = pytest.mark.parametrize("records", [GOOD, POOR, SEASONED], ids=["good", "poor", "seasoned"])
both_lengths = pytest.mark.parametrize("summary", [False, True], ids=["full", "summary"])


@each_report
@both_lengths
def test_every_value_is_that_of_its_origin(records: dict[str, Any], summary: bool) -> None:
    """It stands in the record at the field that is named, or is counted or quoted from there."""
    values = list(made(records, summary=summary).values())
    assert len(values) > 60
    for value in values:
        if value.value is None:
            assert value.reason
        elif value.computed is None:
            (origin,) = value.origins
            assert found(records, origin) == value.value, value
        else:
            assert all(origin.key in records for origin in value.origins), value


@each_report
def test_every_number_in_print_is_that_of_its_value(records: dict[str, Any]) -> None:
    """Rounded, or with its unit or scale, but never another number."""
    for value in made(records).values():
        if value.value is None or value.value == seconds(value.text):
            continue
        for number in re.findall(r"\d[\d,]*(?:\.\d+)?", value.text):
            assert is_of(number, value), value


def is_of(printed: str, value: Value) -> bool:
    """One of the value's own digits, or the value itself as precise as it is printed, once for shares as percent."""
    raw = value.value
    if isinstance(raw, str):
        return printed in raw
    number, unit = float(printed.replace(",", "")), 10.0 ** -len(printed.partition(".")[2])
    is_a_scale = value.text.endswith(f"of {printed}")
    return is_a_scale or any(abs(number - abs(float(raw or 0)) * scale) < unit for scale in (1.0, 100.0))


def seconds(text: str) -> float | None:
    """Of `3 min 14 s`."""
    sizes = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    parts = re.findall(r"([\d.]+) (d|h|min|s)\b", text)
    return sum(float(count) * sizes[unit] for count, unit in parts) if parts else None


def test_our_own_words_hold_no_number() -> None:
    """The record refuses it; here it is seen that nothing is said beside the values."""
    report = made(POOR)
    text = report.to_json()
    for block in re.findall(r'"(?:title|label|valueWords|innerWords)":"([^"]*)"', text):
        assert not re.search(r"\d", block), block


def test_what_was_not_computed_is_not_measured_and_says_why() -> None:
    """A decision of before there were predictions, and no plan: none is made up."""
    old = GOOD["aqe/releases/v1/decision"] | {"releaseConfidence": None, "rollbackPrediction": None, "confidence": None}
    without = {key: value for key, value in GOOD.items() if "rollback-plans" not in key}
    report = made(without | {"aqe/releases/v1/decision": old})
    missing = [value for value in report.values() if value.value is None]
    assert len(missing) > 4 and all(value.text in ("not measured", value.reason) for value in missing)
    assert "no rollback plan; aqe deploy rollback-plan --version v1" in every_text(report)


def test_the_confidence_is_shown_with_its_interval() -> None:
    """And what it rests on."""
    (chart,) = charts_of(GOOD, "interval")
    confidence = GOOD["aqe/releases/v1/decision"]["releaseConfidence"]
    assert [v.value for v in (chart.low, chart.middle, chart.high)] == [
        confidence["interval"][0], confidence["score"], confidence["interval"][1]
    ]  # fmt: skip


def test_earlier_predictions_are_held_against_what_came() -> None:
    """Where there are enough of them."""
    assert charts_of(GOOD, "reliability") == []
    (chart,) = charts_of(SEASONED, "reliability")
    assert [(b.predicted.text, b.observed.text, b.cases.text) for b in chart.bins] == [
        ("1.2 %", "1.25 %", "80"),
        ("9 %", "9.21 %", "76"),
    ]


def test_who_approved_and_what_did_not_count_is_told() -> None:
    """With the reason and how long it holds."""
    text = Terminal().render(made(SEASONED)).decode()
    assert "approval by cto until 2026-01-12 12:00 UTC: seen twice" in text
    assert "an override of v0 has expired" in text


def charts_of(records: dict[str, Any], kind: str) -> list[Any]:
    return [
        block.chart
        for section in made(records).sections
        for block in section.blocks
        if block.kind == "figure" and block.chart.kind == kind
    ]


def test_a_release_that_was_not_assessed_has_no_report() -> None:
    """A report shows a decision; it does not make one."""
    with pytest.raises(NotFoundError, match="v1 has not been assessed") as error:
        made({})
    assert error.value.hint == "aqe deploy assess --version v1"


def test_a_record_that_cannot_be_read_is_told_and_not_shown() -> None:
    """Another program may have written there."""
    report = made({**GOOD, "aqe/risk-scores/v1": {"risk": "high"}})
    assert "aqe/risk-scores/v1: version is" in every_text(report)


def test_the_verdict_stands_on_top_with_its_rule() -> None:
    """The first thing that is read."""
    report = made(POOR)
    assert report.verdict is not None and (report.verdict.text, report.verdict.tone) == ("BLOCKED", Tone.BAD)
    assert "critical vulnerabilities 2 > 0" in text_of(report.because)


def test_the_summary_has_the_sections_of_the_specification() -> None:
    """In its order; the recommendation comes last."""
    titles = [section.title for section in made(GOOD, summary=True).sections]
    assert titles == [
        "Key metrics",
        "What is changing",
        "Risk assessment",
        "Deployment and rollback plan",
        "Confidence drivers",
        "Outstanding items",
        "On call and support",
        "Recommendation",
    ]


def test_the_full_report_has_all_of_the_summary_and_the_evidence() -> None:
    """Nothing is said only in short."""
    short = [section.title for section in made(GOOD, summary=True).sections]
    full = [section.title for section in made(GOOD).sections]
    assert [title for title in full if title in short] == short
    assert {"Gates and their evidence", "Checklist", "Deployment history", "Where the numbers stand"} <= set(full)


def test_the_history_shows_each_deployment_at_its_time() -> None:
    """Oldest first, rolled back told apart."""
    (chart,) = charts_of(GOOD, "timeline")
    points = chart.points
    assert [(NOW - point.at).days for point in points] == [60, 40, 20, 5]
    assert [point.tone for point in points] == [Tone.BAD, Tone.GOOD, Tone.GOOD, Tone.GOOD]


def test_a_breaking_change_stands_out() -> None:
    """Whoever approves should see it."""
    report = made(GOOD)
    assert any(tone is Tone.WARN for tone in tones_of(report, "take 2 vouchers"))


def tones_of(report: Report, words: str) -> list[Tone | None]:
    return [
        item.tone
        for section in report.sections
        for block in section.blocks
        if block.kind == "items"
        for item in block.items
        if words in text_of(item.line)
    ]
