"""coverage.py JSON: percentages come from counts."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.connectors.formats.quality.coverage_py import CoveragePyJson
from aqe.core.errors import InputError
from aqe.core.importing import Head, Parsed
from aqe.core.records.signals import Outcome, SignalKind, SignalPart


def parse(document: object) -> Parsed:
    return CoveragePyJson().parse(io.BytesIO(json.dumps(document).encode()))


def report(**totals: Any) -> dict[str, Any]:
    """A report with these totals."""
    return {
        "meta": {"version": "7.10.1", "timestamp": "2026-03-02T09:16:11", "branch_coverage": True},
        "files": {},
        "totals": {"covered_lines": 30, "num_statements": 40, "percent_covered": 70.0, **totals},
    }


def part(document: object) -> SignalPart:
    return dict(parse(document).signals)[SignalKind.TEST_COVERAGE]


def test_pitfall_7_percent_covered_is_never_used_because_it_mixes_lines_and_branches() -> None:
    """30 of 40 lines and 12 of 20 branches are 75 % and 60 %, although percent_covered says 70."""
    metrics = part(report(covered_branches=12, num_branches=20)).metrics
    assert metrics == {
        "line_coverage_percent": 75.0,
        "statement_coverage_percent": 75.0,
        "branch_coverage_percent": 60.0,
    }


def test_branches_that_were_not_measured_are_absent() -> None:
    """Without --branch there is no key; no branches is no full coverage of branches."""
    parsed = parse(report())
    assert "branch_coverage_percent" not in dict(parsed.signals)[SignalKind.TEST_COVERAGE].metrics
    assert parsed.notes == ("branches were not measured (run with --branch)",)


def test_code_without_branches_has_no_branch_coverage() -> None:
    """0 of 0 is neither 0 % nor 100 %."""
    assert "branch_coverage_percent" not in part(report(covered_branches=0, num_branches=0)).metrics


def test_no_statement_is_not_measured() -> None:
    """A wrong `source` gives an empty report: nothing was measured."""
    parsed = parse(report(covered_lines=0, num_statements=0))
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason is not None
    assert parsed.reason.startswith("nothing that could be covered was counted")


def test_full_and_no_coverage_are_values() -> None:
    """0 % is measured, and so is 100 %."""
    assert part(report(covered_lines=0)).metrics["line_coverage_percent"] == 0.0
    assert part(report(covered_lines=40)).metrics["line_coverage_percent"] == 100.0


def test_version_and_time_are_kept() -> None:
    """Evidence names the tool and when it ran; a clock without zone is taken for UTC."""
    assert part(report()).tool_version == "7.10.1"
    assert part(report()).measured_at == datetime(2026, 3, 2, 9, 16, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"meta": {}}, "no object `totals`"),
        (report(covered_lines="30"), "totals.covered_lines is 30, expected a count"),
        (report(covered_lines=True), "totals.covered_lines is True, expected a count"),
        (report(covered_lines=-1), "totals.covered_lines is -1, expected a count"),
        (report(covered_lines=41), "41 of 40 covered cannot be"),
        (report(covered_lines=[[]]), "totals.covered_lines is a list, expected a count"),
        ([1], "the document is a JSON list, expected an object"),
    ],
)
def test_what_does_not_fit_is_named(document: object, message: str) -> None:
    """Key, value and what was expected."""
    with pytest.raises(InputError) as caught:
        parse(document)
    assert message in caught.value.message


def test_sorted_keys_are_recognised_too() -> None:
    """`jq -S` puts files before meta."""
    text = '{"files": {"a.py": {"excluded_lines": [], "executed_lines": [1], "missing_lines": [], "summary": {'
    assert CoveragePyJson().recognises(Head("x", text.encode()))
    assert not CoveragePyJson().recognises(Head("x", b'{"total": {"lines": {"pct": 100}}}'))
