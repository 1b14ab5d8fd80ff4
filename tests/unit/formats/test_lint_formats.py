"""SonarQube, ESLint, ruff, Code Climate, radon, lizard, jscpd: static quality, with the traps of each."""

from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome, SignalKind

from .reading import claimed_by, findings, metrics, outcome, read

SAMPLES = Path(__file__).parents[2] / "formats"


def issues(major: int, minor: int, **more: object) -> dict[str, object]:
    return {"major_issues": major, "minor_issues": minor, **more}


def measures(**values: str) -> dict[str, Any]:
    return {"component": {"key": "shop", "measures": [{"metric": m, "value": v} for m, v in values.items()]}}


def sonar(*entries: dict[str, Any]) -> dict[str, Any]:
    known = {"rule": "r", "component": "shop:a.py", "status": "OPEN"}
    return {"issues": [{**known, **entry} for entry in entries], "paging": {"total": len(entries)}}


def eslint(*messages: dict[str, Any], **counters: int) -> list[dict[str, Any]]:
    return [{"filePath": "/a.js", "messages": list(messages), **counters}]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("sonar-measures/sample.json", issues(
            10, 8, grade="B", critical_issues=3, code_smells=15, duplication_percent=2.5, technical_debt_percent=0.8,
            complexity_mean=2.5, quality_gate_passed=False, line_coverage_percent=85, branch_coverage_percent=75)),
        ("sonar-gate/sample.json", {"quality_gate_passed": False}),
        ("eslint-json/sample.json", issues(2, 2)),
        ("code-climate/sample.json", issues(1, 2, critical_issues=2)),
        # total 4, add 2, pay 12: the class and its methods are the same again.
        ("radon-json/sample.json", {"complexity_mean": 6, "complexity_max": 12}),
        ("lizard-csv/sample.csv", {"complexity_mean": 5, "complexity_max": 12}),
        ("lizard-xml/sample.xml", {"complexity_mean": 5, "complexity_max": 12}),
        ("jscpd-json/sample.json", {"duplication_percent": 7.5}),
    ],
)  # fmt: skip
def test_the_sample_has_this_quality(sample: str, expected: object) -> None:
    """Counted by hand."""
    assert metrics(sample.partition("/")[0], (SAMPLES / sample).read_bytes()) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("eslint-json", eslint(), Outcome.CLEAN),
        ("eslint-json", [], Outcome.NOT_MEASURED),
        ("eslint-json", eslint({"severity": 2, "fatal": True}), Outcome.TOOL_FAILED),
        ("ruff-json", [], Outcome.CLEAN),
        ("code-climate", [], Outcome.CLEAN),
        ("radon-json", {}, Outcome.NOT_MEASURED),
        ("radon-json", {"a.py": []}, Outcome.NOT_MEASURED),
        ("radon-json", {"a.py": {"error": "invalid syntax"}}, Outcome.TOOL_FAILED),
        ("lizard-xml", "<cppncss/>", Outcome.NOT_MEASURED),
        ("jscpd-json", {"statistics": {"total": {"lines": 0, "duplicatedLines": 0}}}, Outcome.NOT_MEASURED),
        ("sonar-gate", {"projectStatus": {"status": "NONE", "conditions": []}}, Outcome.NOT_MEASURED),
        ("sonar-measures", measures(ncloc="900", alert_status="NONE"), Outcome.NOT_MEASURED),
        ("sonar-measures", {"components": [], "paging": {"total": 9}}, Outcome.TOOL_FAILED),
        ("sonar-issues", sonar(), Outcome.CLEAN),
        ("sonar-issues", {**sonar({"severity": "MAJOR"}), "paging": {"total": 700}}, Outcome.TOOL_FAILED),
    ],
)
def test_nothing_found_nothing_looked_at_and_failed_are_three_things(
    name: str, content: object, expected: Outcome
) -> None:
    """Pitfall 5: a gate that is NONE, a file that could not be parsed, one page of many."""
    assert outcome(name, content) is expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("eslint-json", [{"filePath": "a"}], "messages: Field required"),
        ("ruff-json", [{"filename": "a.py"}], "code: Field required"),
        ("code-climate", [{"severity": "huge", "description": "d", "location": {}}], "severity 'huge'"),
        ("radon-json", {"a.py": {"lloc": 3}}, "neither complexity nor maintainability index"),
        ("radon-json", {"a.py": [{"type": "function", "complexity": "x"}]}, "0.complexity is 'x'"),
        ("radon-json", {"a.py": {"mi": 900}}, "not between 0 and 100"),
        ("lizard-csv", "1,2,3\n", "row 1 is '1,2,3'"),
        ("lizard-xml", '<cppncss><measure type="Function"><item name="f"/></measure></cppncss>', "has the CCN ''"),
        ("jscpd-json", {"statistics": {"total": {"lines": 1, "duplicatedLines": 2}}}, "2 of 1 lines are copies"),
        ("sonar-gate", {"projectStatus": {"status": "GREEN"}}, "the status is 'GREEN'"),
        ("sonar-measures", measures(sqale_rating="7.0"), "a rating is 7"),
        ("sonar-measures", measures(code_smells="many"), "code_smells is 'many'"),
        ("sonar-issues", sonar({"severity": "HUGE"}), "severity 'HUGE'"),
        ("sonar-issues", {"issues": {}}, "valid list"),
    ],
)
def test_what_does_not_fit_is_named(name: str, content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


# SonarQube -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rating", "grade"), [("1.0", "A"), ("2.0", "B"), ("3.0", "C"), ("4.0", "D"), ("5.0", "E")])
def test_pitfall_8_a_rating_of_sonar_is_a_number_as_text(rating: str, grade: str) -> None:
    """Pitfall 8."""
    assert metrics("sonar-measures", measures(sqale_rating=rating)) == {"grade": grade}


def test_pitfall_8_a_measure_that_was_never_computed_is_missing() -> None:
    """Pitfall 8: and new code, as `period` or as `periods`, is not the project."""
    new = [
        {"metric": "new_violations", "periods": [{"value": "14"}]},
        {"metric": "new_coverage", "period": {"value": "9"}},
    ]
    report = {"component": {"measures": [*new, {"metric": "major_violations", "value": "4"}]}}
    assert metrics("sonar-measures", report) == {"major_issues": 4}


def test_measures_of_mqr_mode_are_read() -> None:
    """Other names; some counts are JSON in the text."""
    report = measures(
        software_quality_maintainability_rating="3.0",
        software_quality_maintainability_issues='{"total":14,"HIGH":2,"MEDIUM":10,"LOW":2}',
        software_quality_blocker_issues="1",
        software_quality_high_issues="2",
        software_quality_medium_issues="7",
    )
    assert metrics("sonar-measures", report) == {
        "grade": "C",
        "code_smells": 14,
        "critical_issues": 3,
        "major_issues": 7,
    }


def test_a_tree_adds_up_its_files_and_takes_the_worst_rating() -> None:
    """Folders repeat their files; ratios come from sums."""

    def file(qualifier: str, **values: str) -> dict[str, Any]:
        return {"qualifier": qualifier, **measures(**values)["component"]}

    tree = [
        file("FIL", code_smells="2", sqale_rating="1.0", lines_to_cover="10", uncovered_lines="10", lines="20"),
        file(
            "FIL", code_smells="3", sqale_rating="4.0", lines_to_cover="30", uncovered_lines="0", duplicated_lines="5"
        ),
        file("DIR", code_smells="5", sqale_rating="4.0", lines_to_cover="40", uncovered_lines="10"),
    ]
    assert claimed_by({"components": tree}) == "sonar-measures"
    expected = {"code_smells": 5, "grade": "D", "line_coverage_percent": 75, "duplication_percent": 25}
    assert metrics("sonar-measures", {"components": tree}) == expected
    base = {"baseComponent": measures(code_smells="9")["component"], "components": tree}
    assert metrics("sonar-measures", base) == {"code_smells": 9}


@pytest.mark.parametrize(("status", "passed"), [("OK", True), ("WARN", True), ("ERROR", False)])
def test_the_gate_says_which_conditions_failed(status: str, passed: bool) -> None:
    """A condition may lack its value."""
    condition = {"status": "ERROR", "metricKey": "new_coverage", "comparator": "LT", "errorThreshold": "80"}
    report = {"projectStatus": {"status": status, "conditions": [condition, {"status": "OK"}]}}
    assert claimed_by(report) == "sonar-gate"
    assert metrics("sonar-gate", report) == {"quality_gate_passed": passed}
    assert [found.message for found in findings("sonar-gate", report)] == ["no value; fails when LT 80"]


def test_pitfall_8_both_scales_of_sonar_are_read() -> None:
    """Pitfall 8: BLOCKER to INFO, or impacts with HIGH, MEDIUM, LOW."""
    standard = [{"type": "BUG", "severity": word} for word in ("BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO")]
    found = metrics("sonar-issues", sonar(*standard))
    assert (found["critical_issues"], found["major_issues"], found["minor_issues"]) == (2, 1, 2)
    impacts = [
        {"impacts": [{"softwareQuality": "RELIABILITY", "severity": word}]} for word in ("HIGH", "MEDIUM", "LOW")
    ]
    found = metrics("sonar-issues", sonar(*impacts))
    assert (found["critical_issues"], found["major_issues"], found["minor_issues"]) == (1, 1, 1)
    security = {"impacts": [{"softwareQuality": "SECURITY", "severity": "HIGH"}]}
    assert metrics("sonar-issues", sonar(security))["high_vulnerabilities"] == 1


@pytest.mark.parametrize(
    "closed",
    [{"resolution": "FIXED"}, {"status": "RESOLVED"}, {"status": "CLOSED"}, {"issueStatus": "ACCEPTED"},
     {"issueStatus": "FALSE_POSITIVE"}],
)  # fmt: skip
def test_closed_issues_do_not_count(closed: dict[str, str]) -> None:
    report = sonar({"type": "BUG", "severity": "MAJOR"}, {"type": "VULNERABILITY", "severity": "BLOCKER", **closed})
    found = metrics("sonar-issues", report)
    assert (found["major_issues"], found["critical_vulnerabilities"]) == (1, 0)


def test_a_list_of_sonar_issues_is_read_too() -> None:
    report = sonar({"type": "CODE_SMELL", "severity": "MINOR", "line": 3})["issues"]
    assert claimed_by(report) == "sonar-issues"
    assert metrics("sonar-issues", report)["code_smells"] == 1
    assert (findings("sonar-issues", report)[0].file, findings("sonar-issues", report)[0].line) == ("a.py", 3)


# The linters ---------------------------------------------------------------------------------------------------------


def test_messages_of_eslint_count_and_not_its_counters() -> None:
    """The difference is said."""
    report = eslint({"severity": 2, "ruleId": "a"}, {"severity": 1, "ruleId": "b"}, errorCount=6)
    assert metrics("eslint-json", report) == issues(1, 1)
    assert read("eslint-json", report).notes == ("the counters say 6 messages, the files hold 2: these count",)


def test_a_file_that_eslint_could_not_parse_is_an_error() -> None:
    """Nothing else in it was checked."""
    report = [*eslint(), *eslint({"severity": 2, "fatal": True, "ruleId": None, "message": "Parsing error"})]
    assert metrics("eslint-json", report) == issues(1, 0)
    assert "files that ESLint could not parse: 1" in read("eslint-json", report).notes


def test_ruff_without_s_rules_says_nothing_about_security() -> None:
    """It calls every finding an error, and lists only what it found."""
    (quality, security) = read("ruff-json", (SAMPLES / "ruff-json/sample.json").read_bytes()).signals
    assert dict(quality[1].metrics) == issues(2, 2)
    assert (security[0], security[1].metrics["unknown_vulnerabilities"]) == (SignalKind.SECURITY, 1)
    plain = [{"code": "E501", "filename": "a.py", "end_location": {"row": 1}}]
    assert claimed_by(plain) == "ruff-json"
    assert [kind for kind, _ in read("ruff-json", plain).signals] == [SignalKind.CODE_QUALITY]


def test_the_maintainability_index_of_radon_is_the_mean_of_files() -> None:
    report = {"a.py": {"mi": 80.0, "rank": "A"}, "b.py": {"mi": 10.0, "rank": "B"}, "c.py": {"error": "x"}}
    assert claimed_by(report) == "radon-json"
    assert metrics("radon-json", report) == {"maintainability_index": 45}
    assert [found.file for found in findings("radon-json", report)] == ["b.py"]


def test_a_header_of_lizard_is_passed_over() -> None:
    text = "NLOC,CCN,token,PARAM,length,location,file,function,long_name,start,end\n"
    row = '4,2,30,1,5,"f@3-7@a.py","a.py","f","f( )",3,7\n'
    assert claimed_by(text + row) == "lizard-csv"
    assert metrics("lizard-csv", text + row) == {"complexity_mean": 2, "complexity_max": 2}


def test_functions_above_ten_are_evidence_worst_first() -> None:
    row = '4,{0},30,1,5,"f{0}@3-7@a.py","a.py","f{0}","f( )",3,7\n'
    text = "".join(row.format(ccn) for ccn in (10, 11, 30, *[12] * 300))
    found = findings("lizard-csv", text)
    assert found[0].message == "f30 has a cyclomatic complexity of 30"
    assert len(found) == 50
