"""Real files of quality tools, where they lie beside the repository: claimed by one importer, and right.

What is expected was counted without our code: by grep, jq, awk or the report's own text.
"""

from typing import Any

import pytest

from aqe.connectors.formats.table import recognise
from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .test_samples import FILES, SAMPLES, head_of, parse

CLAIMED = {
    "lcov/c8": "lcov",
    "lcov/report": "lcov",
    "jacoco/jacoco": "jacoco-xml",
    "clover/": "clover-xml",
    "istanbul_json/": "istanbul-json",
    "go_cover/": "go-cover",
    "opencover/": "opencover-xml",
    "real-project/coverage.lcov": "lcov",
    "stryker/mutation-report.json": "stryker-json",
    "stryker/s": "stryker-json",
    "pit/": "pit-xml",
    "mutmut/": "mutmut-json",
    "cosmic_ray/": "cosmic-ray-dump",
    "real-project/cosmic": "cosmic-ray-dump",
    "npm_audit_v1/": "npm-audit",
    "npm_audit_v2/": "npm-audit",
    "yarn_audit/": "yarn-audit",
    "pip_audit/pip_audit__many": "pip-audit",
    "trivy/": "trivy",
    "grype/": "grype",
    "snyk/": "snyk",
    "osv_scanner/": "osv-scanner",
    "zap/": "zap-xml",
    "semgrep_json/": "semgrep-json",
    "bandit/": "bandit-json",
    "gitlab_security/": "gitlab-security",
    "github_dependabot/": "dependabot",
    "cyclonedx/": "cyclonedx-json",
    "real-project/bandit.json": "bandit-json",
    "real-project/pip-audit.json": "pip-audit",
    "real-project/npm": "npm-audit",
    "sonarqube/api_sonarqube__issues": "sonar-issues",
    "sonarqube/devlake_component": "sonar-measures",
    "sonarqube/devlake_issues": "sonar-issues",
    "sonarqube/measures": "sonar-measures",
    "sonarqube/project": "sonar-gate",
    "sonarqube/sonarqube": "sonar-issues",
    "eslint_json/": "eslint-json",
    "real-project/ruff.json": "ruff-json",
    "real-project/ruff-gitlab.json": "code-climate",
    "real-project/radon": "radon-json",
    "real-project/lizard.csv": "lizard-csv",
    "real-project/lizard.xml": "lizard-xml",
    "k6/": "k6-summary",
    "jmeter_jtl/JMeterResults": "jmeter-xml",
    "jmeter_jtl/": "jmeter-csv",
    "locust_csv/": "locust-csv",
    "taurus/": "taurus-xml",
    "wrk/": "wrk",
    "playwright_json/": "playwright-json",
    "pytest_json/": "pytest-json",
    "nunit/": "nunit-xml",
    "trx/": "trx",
}
"""How the path begins -> who claims it."""

REFUSED = (
    "lcov/empty.xml",
    "jacoco/empty.xml",
    "stryker/mutation-testing-report-schema.json",
    "pip_audit/pip_audit__empty.json",
)
"""Nothing in them tells a format: no byte, a root element of nobody, an empty list."""


def _percent(**shares: tuple[int, int]) -> dict[str, float]:
    return {f"{kind}_coverage_percent": 100 * covered / total for kind, (covered, total) in shares.items()}


def _mutation(detected: int, undetected: int) -> dict[str, float]:
    score = 100 * detected / (detected + undetected)
    return {"mutation_score_percent": score, "survived_mutants": undetected}


def _tests(total: int, passed: int, failed: int, skipped: int) -> dict[str, float]:
    return {"total_tests": total, "passed_tests": passed, "failed_tests": failed, "skipped_tests": skipped}


def _load(requests: int, failed: int) -> dict[str, float]:
    return {"requests": requests, "error_rate_percent": 100 * failed / requests}


def _security(critical: int = 0, high: int = 0, medium: int = 0, low: int = 0, unknown: int = 0) -> dict[str, float]:
    counts = {"critical": critical, "high": high, "medium": medium, "low": low, "unknown": unknown}
    return {f"{severity}_vulnerabilities": count for severity, count in counts.items()}


def _issues(critical: int | None, major: int, minor: int) -> dict[str, float]:
    counts = {"critical": critical, "major": major, "minor": minor}
    return {f"{level}_issues": count for level, count in counts.items() if count is not None}


FACTS: dict[str, dict[str, Any] | Outcome] = {
    "lcov/c8_lcov.info": _percent(line=(4, 4), branch=(6, 8), function=(2, 3)),
    "lcov/report.lcov": _percent(line=(3, 6), branch=(1, 2)),
    "real-project/coverage.lcov": _percent(line=(415, 425), branch=(93, 98), function=(48, 51)),
    "jacoco/jacocoTestReport.xml": _percent(line=(225, 225), branch=(124, 128), function=(68, 68)),
    "jacoco/jacoco-merge-a.xml": _percent(line=(8, 26), branch=(2, 14), function=(3, 7)),
    "clover/c8_clover.xml": _percent(line=(4, 4), statement=(4, 4), branch=(6, 8), function=(2, 3)),
    "clover/clover-java.xml": _percent(line=(1, 17), statement=(2, 18), branch=(1, 2), function=(1, 10)),
    "istanbul_json/c8_coverage-summary.json": _percent(line=(4, 4), statement=(4, 4), branch=(6, 8), function=(2, 3)),
    "go_cover/go-coverage-atomic.out": _percent(line=(23, 33), statement=(14, 21)),
    "opencover/opencover.xml": _percent(line=(122, 138), branch=(35, 48), statement=(122, 138), function=(19, 21)),
    # Tests: all, passed, failed, skipped, flaky.
    "playwright_json/playwright_report.json": _tests(7, 4, 1, 2) | {"flaky_tests": 1},
    "pytest_json/pytest_json_report_reruns_1.json": _tests(11, 6, 3, 2) | {"flaky_tests": 1},
    "nunit/nunit.xml": _tests(4, 2, 1, 1) | {"duration_s": 0.462257},
    "trx/pickles.trx": _tests(4, 3, 1, 0),
    # Load tests.
    "k6/handleSummary_simple.json": _load(878, 349) | {"p95_latency_ms": 30.0256841, "failed_thresholds": 0},
    "jmeter_jtl/JMeterCsvResults.csv": _load(3, 0) | {"p50_latency_ms": 2204},
    "jmeter_jtl/JMeterPublisher_formatted_timeStamp.csv": _load(3, 1) | {"p50_latency_ms": 1300},
    "jmeter_jtl/JMeterResults.jtl": _load(8, 0) | {"p50_latency_ms": (501 + 598) / 2},
    "jmeter_jtl/filewithtransactions.csv": _load(210, 0),
    "locust_csv/locust_2.47_stats.csv": _load(820, 42) | {"p95_latency_ms": 53, "p99_latency_ms": 85},
    "locust_csv/test_results_stats.csv": _load(71464, 10000) | {"p50_latency_ms": 450},
    "taurus/TaurusXMLReport.xml": _load(677, 11)
    | {"p50_latency_ms": 187, "p95_latency_ms": 1293, "p99_latency_ms": 1493},
    "wrk/WrkResultsWithErrors.wrk": _load(12, 12) | {"throughput_rps": 11.63},
    "locust_csv/locust_2.47_exceptions.csv": Outcome.UNREADABLE,
    "locust_csv/locust_2.47_failures.csv": Outcome.UNREADABLE,
    "locust_csv/locust_2.47_stats_history.csv": Outcome.UNREADABLE,
    # Vulnerabilities: critical, high, medium, low, unknown.
    "npm_audit_v1/npm_audit__many_vuln.json": _security(0, 3, 1, 1),
    "npm_audit_v1/npm_audit__no_vuln.json": _security() | {"max_cvss": 0},
    "npm_audit_v2/npm_audit_7_plus__many_vulns.json": _security(0, 0, 2, 1) | {"max_cvss": 5.3},
    "npm_audit_v2/npm_audit_7_plus__no_vuln.json": _security(),
    "yarn_audit/yarn_audit__yarn_audit_many_vul.json": _security(0, 2, 0, 1),
    "pip_audit/pip_audit__many_vulns.json": _security(unknown=7),
    "pip_audit/pip_audit__many_vulns_new.json": _security(unknown=7),
    "real-project/pip-audit.json": Outcome.NOT_MEASURED,  # all 150 dependencies were skipped
    "trivy/trivy__scheme_2_many_vulns.json": _security(1, 1, 3),
    "trivy/trivy__scheme_2_no_vuln.json": _security(),
    "grype/anchore_grype__check_all_fields.json": _security(2, 2, 0, 1),
    "grype/anchore_grype__no_vuln.json": _security(),
    "snyk/snyk__all-projects_one_vuln.json": _security(0, 0, 1) | {"max_cvss": 6.5},
    "snyk/snyk__single_project_no_vulns.json": _security(),
    "osv_scanner/osv_scanner__some_findings.json": _security(unknown=1),
    "zap/zap__some_2.9.0.xml": _security(0, 0, 1, 5),
    "zap/zap__zap-xml-plus-format.xml": _security(0, 0, 1),
    "zap/zap__empty_2.9.0.xml": _security(),
    "semgrep_json/semgrep__high-medium-low-severities.json": _security(0, 0, 0, 3),
    "semgrep_json/semgrep__many_findings.json": _security(0, 0, 2, 1),
    "bandit/bandit__one_vuln.json": _security(0, 0, 0, 1),
    "bandit/bandit__no_vuln.json": Outcome.NOT_MEASURED,  # of 0 lines of code
    "real-project/bandit.json": _security(0, 1, 0, 1),
    "gitlab_security/gitlab_sast__gl-sast-report-1-vuln_v15.json": _security(1),
    "github_dependabot/github_vulnerability__github-0-vuln.json": _security(),
    "github_dependabot/github_vulnerability__github-5-vuln.json": _security(1, 1, 2, 1),
    "cyclonedx/cyclonedx__valid-vulnerability-1.4.json": _security(),  # its one vulnerability does not affect
    # Static quality: critical, major, minor.
    "sonarqube/measures_component.json": {
        "grade": "A",
        "duplication_percent": 0,
        "code_smells": 14,
        "quality_gate_passed": False,
    },
    "sonarqube/devlake_component_tree_a.json": {"grade": "A", "code_smells": 40, "line_coverage_percent": 0},
    "sonarqube/project_status_periods_old.json": {"quality_gate_passed": False},
    "sonarqube/api_sonarqube__issues.json": _issues(1, 1, 0) | {"code_smells": 1},
    "sonarqube/devlake_issues_a.json": _issues(3, 1, 0) | {"code_smells": 4},
    "sonarqube/sonarqube__findings_over_api.json": _issues(0, 0, 2) | _security(0, 1, 2),
    "eslint_json/eslint_10_shop.json": _issues(None, 3, 2),
    "eslint_json/eslint__scan.json": _issues(None, 1, 1),
    "eslint_json/eslint__no_finding.json": _issues(None, 0, 0),
    "real-project/ruff.json": _issues(None, 0, 186) | {"unknown_vulnerabilities": 2},
    "real-project/ruff-gitlab.json": _issues(0, 188, 0),
    "real-project/radon-cc.json": {"complexity_mean": 129 / 61, "complexity_max": 14},
    "real-project/radon-mi.json": {"maintainability_index": 621.3128478846288 / 8},
    "real-project/radon-raw.json": Outcome.UNREADABLE,
    "real-project/radon-hal.json": Outcome.UNREADABLE,
    "real-project/lizard.csv": {"complexity_mean": 120 / 52, "complexity_max": 14},
    "real-project/lizard.xml": {"complexity_mean": 120 / 52, "complexity_max": 14},
    # Mutants: detected, and those that no test noticed.
    "stryker/mutation-report.json": Outcome.UNREADABLE,  # one file's mutants are an object
    "stryker/simple.json": _mutation(1, 2),
    "stryker/strict-v2.json": _mutation(0, 1),
    "stryker/strykernet.json": _mutation(3, 11),
    "stryker/strykernet-old.json": _mutation(3, 12),
    "pit/mutation.xml": _mutation(1, 0),
    "pit/mutations-codingstyle.xml": _mutation(195, 39),
    "mutmut/mutmut-cicd-stats.json": _mutation(49, 21),
    "cosmic_ray/cosmic-ray-dump.jsonl": _mutation(32, 36),
}
"""Some or all of the metrics of a file, or its outcome when it has none."""

MINE = [name for name in FILES if name.startswith(tuple(CLAIMED))]


def importer_of(name: str) -> str:
    return next(importer for start, importer in CLAIMED.items() if name.startswith(start))


@pytest.mark.parametrize("name", MINE)
def test_a_real_file_is_claimed_by_one_importer_and_read(name: str) -> None:
    """Recognised among all importers; a value or a reason comes out."""
    assert recognise(head_of(SAMPLES / name)).name == importer_of(name)
    if FACTS.get(name) is Outcome.UNREADABLE:
        with pytest.raises(InputError):
            parse(SAMPLES / name)
        return
    parsed, _ = parse(SAMPLES / name)
    assert all(part.metrics for _, part in parsed.signals)
    assert parsed.signals or parsed.reason


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_tells_no_format_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        recognise(head_of(SAMPLES / name))


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact is not Outcome.UNREADABLE])
def test_a_real_file_gives_what_was_counted_by_hand(name: str) -> None:
    parsed, _ = parse(SAMPLES / name)
    found: dict[str, Any] = {key: value for _, part in parsed.signals for key, value in part.metrics.items()}
    expected = FACTS[name]
    if isinstance(expected, Outcome):
        assert parsed.outcome is expected
    else:
        assert {key: found.get(key) for key in expected} == pytest.approx(expected)
