"""SARIF: what is a finding, what is a vulnerability, and what was looked for at all."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.connectors.formats.quality.sarif import SECURITY_TOOLS, Sarif
from aqe.core.errors import InputError
from aqe.core.importing import Head, Parsed
from aqe.core.records.signals import MAX_FINDINGS, Outcome, SignalKind, SignalPart


def parse(*runs: object, **more: object) -> Parsed:
    document = {"version": "2.1.0", "runs": list(runs), **more}
    return Sarif().parse(io.BytesIO(json.dumps(document).encode()))


def run(tool: str, results: object = (), rules: Any = (), **more: Any) -> dict[str, Any]:
    """One run of a tool."""
    return {"tool": {"driver": {"name": tool, "rules": list(rules)}}, "results": results, **more}


def rule(id_: str, score: object = None, **more: Any) -> dict[str, Any]:
    properties = {} if score is None else {"security-severity": score}
    return {"id": id_, "properties": {**properties, **more.pop("properties", {})}, **more}


def result(rule_id: str | None = "R1", **more: Any) -> dict[str, Any]:
    return {"ruleId": rule_id, "message": {"text": "found"}, **more}


def security(parsed: Parsed) -> dict[str, Any] | None:
    """Metrics without the zeros; None = not measured."""
    part = dict(parsed.signals).get(SignalKind.SECURITY)
    return {name.removesuffix("_vulnerabilities"): v for name, v in part.metrics.items() if v} if part else None


def quality(parsed: Parsed) -> tuple[Any, Any] | None:
    """Major and minor issues; None = not measured."""
    part = dict(parsed.signals).get(SignalKind.CODE_QUALITY)
    return (part.metrics["major_issues"], part.metrics["minor_issues"]) if part else None


@pytest.mark.parametrize(
    ("level", "default", "expected"),
    [
        (None, None, (0, 1)),
        (None, "error", (1, 0)),
        (None, "note", (0, 1)),
        ("warning", "error", (0, 1)),
        ("error", "note", (1, 0)),
        (3, "error", (1, 0)),
    ],
)
def test_pitfall_6_a_missing_level_comes_from_the_rule_then_is_warning(
    level: Any, default: Any, expected: tuple[int, int]
) -> None:
    """result.level, then rule.defaultConfiguration.level, then "warning"."""
    rules = [{"id": "R1", **({"defaultConfiguration": {"level": default}} if default else {})}]
    found = result(**({"level": level} if isinstance(level, str) else {}))
    assert quality(parse(run("Linter", [found], rules))) == expected


@pytest.mark.parametrize("kind", ["pass", "open", "informational", "notApplicable", "review"])
def test_a_kind_other_than_fail_is_no_finding(kind: str) -> None:
    """A check that passed stands among the results too."""
    assert quality(parse(run("Linter", [result(kind=kind), result(kind="fail")]))) == (0, 1)


@pytest.mark.parametrize(
    ("suppressions", "counts"),
    [
        ([{"kind": "inSource"}], 0),
        ([{"kind": "external", "status": "accepted"}], 0),
        ([{"kind": "external", "status": "rejected"}], 1),
        ([{"kind": "external", "status": "underReview"}], 1),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], 1),
        ([], 1),
        (None, 1),
    ],
)
def test_only_accepted_suppressions_suppress(suppressions: object, counts: int) -> None:
    """A rejected one was refused, one under review is not decided."""
    assert quality(parse(run("Linter", [result(suppressions=suppressions)]))) == (0, counts)


@pytest.mark.parametrize(("state", "counts"), [("absent", 0), ("new", 1), ("unchanged", 1), ("updated", 1)])
def test_a_result_absent_since_the_baseline_is_no_finding(state: str, counts: int) -> None:
    """It is gone; an unchanged one is still there."""
    assert quality(parse(run("Linter", [result(baselineState=state)]))) == (0, counts)


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("9.0", "critical"), ("10.0", "critical"), ("8.9", "high"), ("7.0", "high"), ("6.9", "medium"),
        ("4.0", "medium"),
        ("3.9", "low"), ("0.1", "low"), (7.5, "high"), ("0.0", "unknown"), ("n/a", "unknown"), ("11", "unknown"),
        (None, "unknown"), ([], "unknown"), ("nan", "unknown"),
    ],
)  # fmt: skip
def test_pitfall_6_the_severity_is_the_cvss_score_of_the_rule(score: object, severity: str) -> None:
    """A text on the rule; `level` says nothing about it, and no score is unknown, not low."""
    found = security(parse(run("Trivy", [result(level="note")], [rule("R1", score)])))
    assert found is not None
    assert found[severity] == 1
    assert sum(count for name, count in found.items() if name != "max_cvss") == 1


def test_the_highest_score_is_kept() -> None:
    """The gate `max_cvss` needs it; unscored findings do not hide it."""
    rules = [rule("R1", "5.0"), rule("R2", "9.8"), rule("R3")]
    found = security(parse(run("Grype", [result("R1"), result("R2"), result("R3")], rules)))
    assert found == {"critical": 1, "medium": 1, "unknown": 1, "max_cvss": 9.8}


def test_without_any_score_the_highest_is_unknown() -> None:
    """Absent, not 0."""
    part = dict(parse(run("Bandit", [result()])).signals)[SignalKind.SECURITY]
    assert "max_cvss" not in part.metrics


def test_a_severity_the_tool_names_is_used() -> None:
    """Bandit writes HIGH, MEDIUM, LOW into the result."""
    assert security(parse(run("Bandit", [result(properties={"issue_severity": "HIGH"})]))) == {"high": 1}


@pytest.mark.parametrize(
    "tool",
    [
        "Bandit", "Semgrep OSS", "CodeQL command-line toolchain", "Trivy", "SnykCode", "Grype", "osv-scanner",
        "ZAP by Checkmarx", "OWASP ZAP",
    ],
)  # fmt: skip
def test_a_security_scanner_without_findings_is_clean(tool: str) -> None:
    """It looked and found nothing: zeros are measured, and nothing is said about code quality."""
    parsed = parse(run(tool, []))
    assert parsed.outcome is Outcome.CLEAN
    ((kind, part),) = parsed.signals
    assert kind is SignalKind.SECURITY
    assert part.outcome is Outcome.CLEAN
    assert part.metrics == {
        "critical_vulnerabilities": 0,
        "high_vulnerabilities": 0,
        "medium_vulnerabilities": 0,
        "low_vulnerabilities": 0,
        "unknown_vulnerabilities": 0,
        "max_cvss": 0.0,
    }


def test_pitfall_6_a_linter_without_findings_is_clean_as_a_linter_only() -> None:
    """ruff lists no rules then: whether the S rules were selected is not known, so security stays unmeasured."""
    parsed = parse(run("ruff", []))
    assert parsed.outcome is Outcome.CLEAN
    assert quality(parsed) == (0, 0)
    assert security(parsed) is None


@pytest.mark.parametrize(
    "rules",
    [[rule("S101")], [rule("X1", "5.0")], [rule("X1", properties={"tags": ["SECURITY"]})]],
    ids=["an S rule of ruff", "a scored rule", "a tagged rule"],
)
def test_a_linter_whose_rules_list_security_measures_security(rules: list[dict[str, Any]]) -> None:
    """The rule ran and found nothing."""
    parsed = parse(run("ruff", [], rules))
    assert security(parsed) == {}
    assert quality(parsed) == (0, 0)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("F401", (1, 0)), ("E902", (1, 0)), ("E501", (0, 1)), ("D100", (0, 1)), ("FBT001", (0, 1)), (None, (1, 0)),
        ("invalid-syntax", (1, 0)),
    ],
)  # fmt: skip
def test_ruff_findings_are_classed_by_their_code(code: str | None, expected: tuple[int, int]) -> None:
    """ruff calls everything an error: F, E9 and syntax errors are, style is not."""
    assert quality(parse(run("ruff", [result(code, level="error")]))) == expected


def test_ruffs_security_rules_are_vulnerabilities_of_unknown_severity() -> None:
    """flake8-bandit has no score; SIM is not S."""
    parsed = parse(run("ruff", [result("S105", level="error"), result("SIM102", level="error")]))
    assert security(parsed) == {"unknown": 1}
    assert quality(parsed) == (0, 1)


def test_a_finding_counts_in_one_signal_only() -> None:
    """A linter's scored rule is a vulnerability and no lint error."""
    parsed = parse(run("ESLint", [result("R1", level="error"), result("R2", level="error")], [rule("R1", "8.1")]))
    assert security(parsed) == {"high": 1, "max_cvss": 8.1}
    assert quality(parsed) == (1, 0)


def test_quality_rules_of_a_security_scanner_are_code_quality() -> None:
    """CodeQL runs both; its rules say which they are."""
    rules = [rule("R1", properties={"tags": ["maintainability"]}), rule("R2", "7.5", properties={"tags": ["security"]})]
    parsed = parse(run("CodeQL", [result("R1", level="error"), result("R2")], rules))
    assert quality(parsed) == (1, 0)
    assert security(parsed) == {"high": 1, "max_cvss": 7.5}


@pytest.mark.parametrize(
    "reference",
    [
        {"ruleId": "R2"},
        {"ruleId": "R2/variant"},
        {"ruleIndex": 1},
        {"rule": {"index": 1}},
        {"rule": {"id": "R2"}},
        {"rule": {"index": 0, "toolComponent": {"index": 0}}},
    ],
)
def test_a_rule_is_found_by_id_or_by_index(reference: dict[str, Any]) -> None:
    """`ruleId` may be missing; rules may lie in an extension; `R2/variant` is a variant of R2."""
    driver = {"name": "Trivy", "rules": [rule("R1", "1.0"), rule("R2", "9.9")]}
    tool = {"driver": driver, "extensions": [{"name": "pack", "rules": [rule("E1", "9.5")]}]}
    found = security(parse({"tool": tool, "results": [{"message": {"text": "x"}, **reference}]}))
    assert found is not None
    assert found["critical"] == 1


@pytest.mark.parametrize("index", [-1, 99, "1", None, 2**70])
def test_an_index_out_of_range_is_no_rule(index: object) -> None:
    """Then the finding has no severity, and is still counted."""
    assert security(parse(run("Trivy", [{"ruleIndex": index}], [rule("R1", "9.9")]))) == {"unknown": 1}


def test_a_failed_run_is_a_failed_tool() -> None:
    """executionSuccessful false: what it found before is no result."""
    parsed = parse(run("Bandit", [], invocations=[{"executionSuccessful": False, "exitCode": 2}]))
    assert parsed.outcome is Outcome.TOOL_FAILED
    assert parsed.reason == "Bandit says that its run failed (executionSuccessful is false)"
    ((kind, part),) = parsed.signals
    assert (kind, part.metrics, part.outcome) == (SignalKind.SECURITY, {}, Outcome.TOOL_FAILED)


def test_one_failed_run_of_several_fails_the_file() -> None:
    """A part of the scan is missing: the sum would be too good."""
    failed = run("Trivy", [], invocations=[{"executionSuccessful": False}])
    assert parse(run("Bandit", []), failed).outcome is Outcome.TOOL_FAILED


@pytest.mark.parametrize("runs", [[], None])
def test_no_run_is_not_measured(runs: object) -> None:
    """Empty or null."""
    parsed = Sarif().parse(io.BytesIO(json.dumps({"version": "2.1.0", "runs": runs}).encode()))
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason == "`runs` is empty: no tool ran"


def test_a_run_without_results_did_not_scan() -> None:
    """3.14.23: absent results mean that no scan happened; an empty list means that it found nothing."""
    parsed = parse({"tool": {"driver": {"name": "Trivy"}}})
    assert parsed.outcome is Outcome.NOT_MEASURED
    mixed = parse({"tool": {"driver": {"name": "Trivy"}}}, run("Bandit", []))
    assert mixed.outcome is Outcome.CLEAN
    assert mixed.notes == ("Trivy gives no results (it did not scan, or they lie in another file)",)


def test_several_runs_add_up() -> None:
    """A linter and a scanner in one file give both signals, each named by its tool."""
    parsed = parse(run("Bandit", [result()]), run("ESLint", [result(level="error")]), run("Bandit", [result()]))
    assert security(parsed) == {"unknown": 2}
    assert quality(parsed) == (1, 0)
    parts: dict[SignalKind, SignalPart] = dict(parsed.signals)
    assert parts[SignalKind.SECURITY].tool == "Bandit"
    assert parts[SignalKind.CODE_QUALITY].tool == "ESLint"


def test_the_end_of_the_run_is_kept() -> None:
    """For freshness."""
    parsed = parse(run("Bandit", [], invocations=[{"executionSuccessful": True, "endTimeUtc": "2026-03-02T09:20:00Z"}]))
    assert dict(parsed.signals)[SignalKind.SECURITY].measured_at == datetime(2026, 3, 2, 9, 20, tzinfo=UTC)


def test_findings_are_the_worst_ones_with_their_place() -> None:
    """Fifty of a thousand, critical first."""
    rules = [rule("low", "1.0"), rule("critical", "9.9")]
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 7}}}
    results = [result("low")] * 1000 + [result("critical", locations=[place])]
    findings = dict(parse(run("Trivy", results, rules)).signals)[SignalKind.SECURITY].findings
    assert len(findings) == MAX_FINDINGS
    first = findings[0]
    assert (first.rule, first.severity, first.file, first.line, first.message) == (
        "critical",
        "critical",
        "a.py",
        7,
        "found",
    )


def test_a_message_may_stand_on_the_rule() -> None:
    """SpotBugs gives an id and arguments."""
    rules = [{"id": "R1", "messageStrings": {"default": {"text": "Hard coded path in {0}."}}}]
    found = result(message={"id": "default", "arguments": ["Boot.main"]})
    assert dict(parse(run("SpotBugs", [found], rules)).signals)[SignalKind.CODE_QUALITY].findings[0].message == (
        "Hard coded path in Boot.main."
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"version": "1.0.0", "runs": []}, "version is '1.0.0', expected 2.1.0"),
        ({"version": "2.1.0"}, "no `runs`"),
        ({"version": "2.1.0", "runs": {"a": 1}}, "`runs` is no list of objects"),
        ({"version": "2.1.0", "runs": [1]}, "`runs` is no list of objects"),
        ({"version": "2.1.0", "runs": [{"results": "none"}]}, "runs[0].results is a str, expected a list"),
    ],
)
def test_what_does_not_fit_is_named(document: object, message: str) -> None:
    """Place, value, expectation."""
    with pytest.raises(InputError) as caught:
        Sarif().parse(io.BytesIO(json.dumps(document).encode()))
    assert message in caught.value.message


def test_results_of_wrong_types_do_no_harm() -> None:
    """Every member may be anything."""
    odd: list[Any] = [1, None, {"ruleId": 5, "locations": [3], "message": 7, "suppressions": "x", "properties": []}]
    assert quality(parse({"tool": 3, "results": odd, "invocations": "x"})) == (0, 3)
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    driver = {"name": deep, "version": deep, "rules": [{"id": deep, "properties": {"tags": deep}}]}
    found = {"ruleId": deep, "level": deep, "message": {"id": "x", "arguments": [deep]}, "properties": {"tags": deep}}
    assert quality(parse({"tool": {"driver": driver}, "results": [found, {"message": {"text": deep}}]})) == (0, 2)


@pytest.mark.parametrize(
    "start",
    [
        '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [',
        '{"version": "2.1.0", "runs": [{"tool":',
        '{\n  "runs": [',
        '{"runs": null, "version": "2.1.0"}',
    ],
)
def test_it_is_told_by_schema_or_runs(start: str) -> None:
    """Whatever the order of the keys."""
    assert Sarif().recognises(Head("x", start.encode()))


def test_other_json_is_not_claimed() -> None:
    """A text that mentions SARIF is none."""
    assert not Sarif().recognises(Head("x", b'{"message": "about sarif"}'))
    assert not Sarif().recognises(Head("x", b'{"total_count": 2, "workflow_runs": []}'))


def test_the_list_of_scanners_is_sorted() -> None:
    """Easy to look through, no doubles."""
    assert list(SECURITY_TOOLS) == sorted(set(SECURITY_TOOLS))
