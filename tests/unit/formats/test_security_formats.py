"""Security scanners: each vulnerability once, no severity invented, a scan that failed or saw nothing is not clean."""

import json
from pathlib import Path
from typing import Any

import pytest

from aqe.connectors.formats.vulnerabilities import Vulnerabilities, cvss
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, findings, metrics, outcome, part, read

SAMPLES = Path(__file__).parents[2] / "formats"


def counts(
    critical: int = 0, high: int = 0, medium: int = 0, low: int = 0, unknown: int = 0, **more: float
) -> dict[str, float]:
    found = {"critical": critical, "high": high, "medium": medium, "low": low, "unknown": unknown}
    return {f"{severity}_vulnerabilities": count for severity, count in found.items()} | more


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def zap(*alerts: dict[str, str]) -> dict[str, Any]:
    return {"site": [{"@name": "a", "alerts": [{"pluginid": "1", "confidence": "2", **alert} for alert in alerts]}]}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("npm-audit/sample.json", counts(0, 1, 1, max_cvss=8.1)),
        ("yarn-audit/sample.jsonl", counts(0, 1, 0, 1)),
        ("pip-audit/sample.json", counts(unknown=2)),
        ("trivy/sample.json", counts(2, 1, 1, 0, 1, max_cvss=9.8)),
        ("grype/sample.json", counts(1, 0, 1, 1, 1, max_cvss=9.8)),
        ("snyk/sample.json", counts(0, 1, 0, 1, max_cvss=7.5)),
        ("osv-scanner/sample.json", counts(0, 1, 1, 0, 1, max_cvss=8.6)),
        ("zap-xml/sample.xml", counts(0, 1, 2, 1)),
        ("zap-json/sample.json", counts(0, 1, 0, 1)),
        ("semgrep-json/sample.json", counts(1, 1, 2, 1, major_issues=1, minor_issues=0)),
        ("bandit-json/sample.json", counts(0, 1, 0, 2)),
        ("gitlab-security/sample.json", counts(1, 1, 0, 0, 1)),
        ("dependabot/sample.json", counts(1, 0, 1, max_cvss=9.8)),
        ("cyclonedx-json/sample.json", counts(1, 1, 0, 0, 1, max_cvss=9.1)),
    ],
)
def test_the_sample_has_these_vulnerabilities(sample: str, expected: object) -> None:
    """Counted by hand: repeated, suppressed and merely informative entries do not count."""
    assert metrics(sample.partition("/")[0], (SAMPLES / sample).read_bytes()) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("npm-audit", {"advisories": {}, "metadata": {}}),
        ("npm-audit", {"auditReportVersion": 2, "vulnerabilities": {}}),
        ("yarn-audit", lines({"type": "auditSummary", "data": {"vulnerabilities": {}}})),
        ("pip-audit", [{"name": "a", "version": "1", "vulns": []}]),
        ("trivy", {"SchemaVersion": 2, "ArtifactName": "a"}),
        ("trivy", {"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "a", "Vulnerabilities": None}]}),
        ("grype", {"matches": None, "source": {}}),
        ("snyk", {"ok": True, "vulnerabilities": [], "dependencyCount": 3}),
        ("osv-scanner", {"results": [], "experimental_config": {}}),
        ("zap-json", zap()),
        ("semgrep-json", {"results": [], "errors": [], "paths": {}, "version": "1.0"}),
        ("bandit-json", {"results": [], "errors": [], "metrics": {"_totals": {"loc": 9}}}),
        ("gitlab-security", {"version": "15", "vulnerabilities": [], "scan": {"status": "success"}}),
        ("dependabot", {"data": {"repository": {"vulnerabilityAlerts": {"nodes": []}}}}),
        ("cyclonedx-json", {"bomFormat": "CycloneDX", "vulnerabilities": []}),
    ],
)
def test_a_scan_that_found_nothing_is_clean(name: str, content: object) -> None:
    """Zeros are measured, and the highest score is 0."""
    assert outcome(name, content) is Outcome.CLEAN
    assert metrics(name, content) == counts(max_cvss=0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("npm-audit", {"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile."}}),
        ("npm-audit", {"message": "request failed", "method": "POST", "statusCode": 405, "body": {}}),
        ("yarn-audit", lines({"type": "error", "data": "An unexpected error occurred"})),
        ("yarn-audit", lines({"type": "info", "data": "x"}, {"type": "auditAction", "data": {}})),
        ("snyk", {"ok": False, "error": "Could not detect supported target files", "path": "/app"}),
        ("snyk", [{"ok": True, "vulnerabilities": []}, {"ok": False, "error": "Timeout", "path": "/b"}]),
        ("semgrep-json", {"results": [], "errors": [{"level": "error", "message": "out of memory"}], "version": "1"}),
        ("bandit-json", {"results": [], "errors": [{"filename": "a.py"}], "metrics": {"_totals": {"loc": 9}}}),
        ("gitlab-security", {"version": "15", "vulnerabilities": [], "scan": {"status": "failure"}}),
        ("dependabot", {"data": None, "errors": [{"message": "rate limited"}], "x": "vulnerabilityAlerts"}),
        ("dependabot", {"data": {"repository": {"vulnerabilityAlerts": {
            "pageInfo": {"hasNextPage": True}, "nodes": []}}}}),
    ],
)  # fmt: skip
def test_pitfall_5_a_scan_that_failed_is_not_clean(name: str, content: object) -> None:
    """Pitfall 5: npm leaves an error object with the exit status of findings."""
    assert outcome(name, content) is Outcome.TOOL_FAILED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pip-audit", []),
        ("pip-audit", {"dependencies": [{"name": "a", "skip_reason": "not on PyPI"}], "fixes": []}),
        ("snyk", []),
        ("zap-xml", "<OWASPZAPReport version='2'/>"),
        ("zap-json", {"site": []}),
        ("bandit-json", {"results": [], "errors": [], "metrics": {"_totals": {"loc": 0}}}),
        ("cyclonedx-json", {"bomFormat": "CycloneDX", "components": []}),
    ],
)
def test_a_scan_that_looked_at_nothing_is_not_measured(name: str, content: object) -> None:
    """No dependency, no site, no line of code, or a bill of materials nobody checked."""
    assert outcome(name, content) is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("npm-audit", {"advisories": {"1": {}}}, "advisories.1.severity: Field required"),
        ("npm-audit", {"auditReportVersion": 2}, "vulnerabilities: Field required"),
        ("npm-audit", {"name": "shop"}, "neither advisories nor auditReportVersion"),
        ("yarn-audit", lines({"a": 1}), "expected an advisory"),
        ("pip-audit", {"dependencies": {"a": 1}}, "Input should be a valid list"),
        ("trivy", {"SchemaVersion": 2, "Results": {}}, "Results is 'a dict'"),
        ("trivy", {"a": 1}, "no SchemaVersion"),
        ("grype", {"matches": [{}]}, "matches.0.vulnerability: Field required"),
        ("snyk", {"ok": True}, "vulnerabilities: Field required"),
        ("snyk", {"vulnerabilities": []}, "neither `ok` nor `packageManager`"),
        ("osv-scanner", {"results": {}}, "results is 'a dict'"),
        ("zap-json", zap({"riskcode": "9"}), "riskcode '9'"),
        ("zap-json", {"site": "a"}, "valid list"),
        ("zap-xml", "<OWASPZAPReport><site><alertitem/></site></OWASPZAPReport>", "riskcode ''"),
        ("semgrep-json", {"results": [{}]}, "results.0.check_id: Field required"),
        ("bandit-json", {"results": [{"issue_severity": 3}], "metrics": {}}, "issue_severity is '3'"),
        ("gitlab-security", {"version": "15", "vulnerabilities": {}}, "vulnerabilities is 'a dict'"),
        ("dependabot", [{"number": 1}], "an alert has no security_advisory"),
        ("dependabot", {"data": {"viewer": {}}}, "no vulnerabilityAlerts in it"),
        ("cyclonedx-json", {"bomFormat": "CycloneDX", "vulnerabilities": 3}, "valid list"),
    ],
)
def test_what_does_not_fit_is_named(name: str, content: object, message: str) -> None:
    """Never a silent zero."""
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


# npm, Yarn, pip ------------------------------------------------------------------------------------------------------


def test_pitfall_9_npm_2_counts_advisories_and_not_packages() -> None:
    """Pitfall 9: three packages in reach of one advisory are one vulnerability."""
    via = {"source": 1, "dependency": "a", "severity": "high", "title": "t", "cvss": {"score": 0}}
    packages = {"a": {"severity": "high", "via": [via]}, "b": {"severity": "high", "via": ["a", via]},
                "c": {"severity": "high", "via": ["b"]}}  # fmt: skip
    assert metrics("npm-audit", {"auditReportVersion": 2, "vulnerabilities": packages}) == counts(0, 1)
    only_packages = {"c": {"severity": "moderate", "via": ["b"]}}
    assert metrics("npm-audit", {"auditReportVersion": 2, "vulnerabilities": only_packages}) == counts(0, 0, 1)


def test_npm_1_counts_advisories_and_not_paths() -> None:
    """Its metadata counts paths. `moderate` is medium, `info` is none."""
    advisory = {"id": 1, "module_name": "a", "severity": "moderate", "findings": [{"paths": ["a", "b>a", "c>a"]}]}
    note = {"id": 2, "module_name": "b", "severity": "info"}
    report = {"advisories": {"1": advisory, "2": note}, "metadata": {"vulnerabilities": {"moderate": 3}}}
    assert claimed_by(report) == "npm-audit"
    assert metrics("npm-audit", report) == counts(0, 0, 1)
    assert read("npm-audit", report).notes == ("left out, information only: 1",)


def test_pitfall_5_the_error_object_of_npm_is_recognised() -> None:
    """Else nobody would say that the audit failed."""
    assert claimed_by({"message": "405 Method Not Allowed", "method": "POST", "statusCode": 405}) == "npm-audit"
    assert claimed_by({"error": {"code": "EAUDIT", "summary": "x", "detail": ""}}) == "npm-audit"


def test_a_line_an_advisory_is_yarn_4() -> None:
    """It repeats one for every version in the tree."""
    line = {"value": "a", "children": {"ID": 7, "Issue": "t", "Severity": "high", "Tree Versions": ["1.0"]}}
    assert claimed_by(lines(line)) == "yarn-audit"
    assert metrics("yarn-audit", lines(line, line)) == counts(0, 1)


def test_pitfall_9_pip_audit_has_no_severity() -> None:
    """Pitfall 9: unknown, not low; what was skipped is said."""
    report = [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}, {"name": "b", "skip_reason": "local"}]
    assert claimed_by(report) == "pip-audit"
    assert metrics("pip-audit", report) == counts(unknown=1)
    assert read("pip-audit", report).notes == ("dependencies that were not audited: 1",)


# Trivy, Grype, Snyk, OSV ---------------------------------------------------------------------------------------------


def test_the_list_of_old_trivy_and_the_resources_of_a_cluster_are_read() -> None:
    result = {"Target": "a", "Type": "alpine", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "HIGH"}]}
    cluster = {"ClusterName": "c", "Resources": [{"Namespace": "n", "Results": [result]}, {"Namespace": "m"}]}
    for report in ([result], cluster):
        assert claimed_by(report) == "trivy"
        assert metrics("trivy", report) == counts(0, 1)


def test_pitfall_9_one_vulnerability_of_snyk_has_one_entry_a_path() -> None:
    """Pitfall 9; and in every project that has the package."""
    entry = {"id": "S-1", "severity": "high", "cvssScore": None, "packageName": "a", "version": "1", "from": ["x"]}
    report = [
        {"ok": False, "vulnerabilities": [entry, {**entry, "from": ["y"]}]},
        {"ok": False, "vulnerabilities": [entry]},
    ]
    assert claimed_by(report) == "snyk"
    assert metrics("snyk", report) == counts(0, 1)


def test_identifiers_of_one_group_of_osv_are_one_vulnerability() -> None:
    """Before groups were written, each stands for itself."""
    entries = [{"id": "GHSA-1", "database_specific": {"severity": "HIGH"}}, {"id": "PYSEC-1"}]
    package = {"package": {"name": "a"}, "vulnerabilities": entries}
    grouped = {**package, "groups": [{"ids": ["GHSA-1", "PYSEC-1"]}]}
    for one, expected in ((grouped, counts(0, 1)), (package, counts(0, 1, unknown=1))):
        report = {"results": [{"source": {"path": "p"}, "packages": [one]}]}
        assert claimed_by(report) == "osv-scanner"
        assert metrics("osv-scanner", report) == expected


# ZAP, Semgrep, Bandit, GitLab, Dependabot, CycloneDX -----------------------------------------------------------------


def test_an_alert_that_was_marked_as_false_does_not_count() -> None:
    """Confidence 0; riskcode 0 is information."""
    report = zap({"riskcode": "3", "confidence": "0"}, {"riskcode": "0", "pluginid": "2"}, {"riskcode": "2"})
    assert claimed_by(report) == "zap-json"
    assert metrics("zap-json", report) == counts(0, 0, 1)
    assert metrics("zap-json", {"site": report["site"][0]}) == counts(0, 0, 1)


def test_both_scales_of_semgrep_are_read_and_quality_rules_stand_apart() -> None:
    """Files that were scanned in part are said."""
    severities = ("ERROR", "WARNING", "INFO", "CRITICAL", "HIGH", "MEDIUM", "LOW", "INVENTORY")
    results: list[dict[str, Any]] = [
        {"check_id": "r", "start": {"line": i}, "extra": {"severity": s}} for i, s in enumerate(severities)
    ]
    report = {"results": results, "errors": [{"level": "warn"}]}
    assert claimed_by(report) == "semgrep-json"
    assert metrics("semgrep-json", report) == counts(1, 2, 2, 2)
    assert "files that were scanned in part or not at all: 1" in read("semgrep-json", report).notes
    quality = {"check_id": "q", "extra": {"severity": "WARNING", "metadata": {"category": "best-practice"}}}
    assert metrics("semgrep-json", {"results": [quality]}) == counts(max_cvss=0, major_issues=0, minor_issues=1)


def test_a_severity_of_bandit_that_is_undefined_is_unknown() -> None:
    report = {"results": [{"issue_severity": "UNDEFINED"}], "metrics": {}}
    assert metrics("bandit-json", report) == counts(unknown=1)


@pytest.mark.parametrize("schema", ["14", "15"])
def test_gitlabs_report_is_read_in_both_schemas(schema: str) -> None:
    """14 has `message`, `category` and `confidence`, 15 has not; without an id each entry counts."""
    entry = {"severity": "Medium", "location": {"file": "a.py", "start_line": 3}, "identifiers": [{"value": "CWE-89"}]}
    more = {"message": "m", "category": "sast", "confidence": "High"} if schema == "14" else {"name": "m"}
    report = {"version": schema, "vulnerabilities": [{**entry, **more}, {**entry, **more}]}
    assert claimed_by(report) == "gitlab-security"
    assert metrics("gitlab-security", report) == counts(0, 0, 2)
    assert (findings("gitlab-security", report)[0].rule, findings("gitlab-security", report)[0].message) == (
        "CWE-89",
        "m",
    )


def test_alerts_of_graphql_count_while_they_are_open() -> None:
    alert = {"id": "1", "securityVulnerability": {"severity": "MODERATE", "package": {"name": "a"}}}
    nodes = [alert, {**alert, "id": "2", "state": "FIXED"}, {**alert, "id": "3", "dismissedAt": "2026-03-02"}]
    report = {"data": {"repository": {"name": "shop", "vulnerabilityAlerts": {"nodes": nodes}}}}
    assert claimed_by(report) == "dependabot"
    assert metrics("dependabot", report) == counts(0, 0, 1)


def test_the_worst_rating_of_cyclonedx_counts() -> None:
    """A score of another method is no CVSS."""
    ratings = [{"severity": "low", "score": 3, "method": "OWASP"}, {"severity": "critical"}, {"severity": "unknown"}]
    report = {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "ratings": ratings}]}
    assert metrics("cyclonedx-json", report) == counts(1)


# Severities ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "score", "expected"),
    [
        ("Critical", None, "critical"), ("MODERATE", None, "medium"), ("Negligible", None, "low"), ("low", 9.9, "low"),
        (None, 9.0, "critical"), (None, 8.9, "high"), ("", 6.9, "medium"), ("odd", 0.1, "low"),
        (None, None, "unknown"), ("odd", None, "unknown"), (3, None, "unknown"),
    ],
)  # fmt: skip
def test_a_severity_is_the_tools_word_or_the_scores(word: object, score: float | None, expected: str) -> None:
    """Without either it is unknown, never low."""
    found = Vulnerabilities("t")
    found.add(1, word, rule="r", message="m", score=score)
    ((_, signal),) = found.parsed().signals
    assert [finding.severity for finding in signal.findings] == [expected]


def test_the_worst_of_equal_entries_counts() -> None:
    found = Vulnerabilities("t")
    for word in ("low", "high", "medium"):
        found.add("same", word, rule="r", message="m")
    ((_, signal),) = found.parsed().signals
    assert signal.metrics == counts(0, 1)


@pytest.mark.parametrize("value", [None, 0, "0", -1, 11, "n/a", True, [], float("nan")])
def test_what_is_no_score_is_none(value: object) -> None:
    """0 is many tools' word for unknown."""
    assert cvss(value) is None


def test_the_version_and_time_of_the_scan_are_kept() -> None:
    kept = part("grype", (SAMPLES / "grype/sample.json").read_bytes())
    assert (kept.tool_version, str(kept.measured_at)) == ("0.80.0", "2026-03-02 09:15:00+00:00")
