"""Policies: the default is the specification's; a mistake is one line with file, line and the nearest name."""

from hashlib import sha256
from pathlib import Path

import pytest

from aqe.config.policy import DEFAULT_POLICY, default_policy, load_policy, parse_policy
from aqe.config.yamlfile import load_yaml
from aqe.core.criteria import CRITERIA, HISTORY_METRICS, Source, limit_problem
from aqe.core.errors import InputError
from aqe.core.evidence_ways import HOW_TO_MEASURE
from aqe.core.records.decisions.policy import DIMENSIONS, Policy
from aqe.core.records.decisions.readiness import Enforcement
from aqe.core.records.signals import SIGNAL_METRICS, SignalKind

SPECIFICATION = """\
deployment_gates:
  mandatory_gates:
    code_quality: {min_grade: "B", max_critical_issues: 0, max_code_smells: 50, enforcement: BLOCKING}
    test_coverage: {min_line_coverage: 85, min_branch_coverage: 80, min_mutation_score: 75, enforcement: BLOCKING}
    security:
      max_critical_vulnerabilities: 0
      max_high_vulnerabilities: 0
      max_medium_vulnerabilities: 10
      enforcement: BLOCKING
    performance:
      max_p95_latency_ms: 500
      min_throughput_rps: 1000
      max_error_rate_percent: 0.1
      enforcement: WARNING
  optional_gates:
    documentation: {changelog_updated: true, api_docs_current: true, enforcement: ADVISORY}
    business_approval: {product_manager_approval: true, stakeholder_signoff: true, enforcement: WARNING}
gate_overrides:
  enabled: true
  requires_approval_from: ["VP Engineering", "CTO"]
  override_justification_required: true
  audit_log: true
"""
SPECIFIED_RISK = {
    "codeQuality": (0.20, ["complexity", "duplication", "maintainability", "technical_debt"]),
    "testCoverage": (0.25, ["line_coverage", "branch_coverage", "mutation_score", "test_reliability"]),
    "performance": (0.15, ["response_time", "throughput", "resource_usage", "scalability"]),
    "security": (0.20, ["vulnerability_count", "severity_score", "compliance_status"]),
    "changeRisk": (0.10, ["change_size", "affected_modules", "dependency_impact", "blast_radius"]),
    "historicalStability": (0.10, ["failure_rate", "mttr", "rollback_frequency", "incident_count"]),
}


def policy(text: str) -> Policy:
    return parse_policy(text.encode(), name="mine", where="p.yaml")


def mistake(text: str) -> str:
    with pytest.raises(InputError) as caught:
        policy(text)
    return str(caught.value)


def test_the_default_gates_are_the_specifications() -> None:
    written = load_yaml(DEFAULT_POLICY.read_text(), where="default").value
    specified = load_yaml(SPECIFICATION, where="spec").value
    assert {key: written[key] for key in specified} == specified


def test_the_default_risk_has_the_specifications_weights_and_metrics() -> None:
    risk = default_policy().risk
    ours = {"test_results", "production_alerts"}
    named = {name: (d.weight, [m for m in d.metrics if m not in ours]) for name, d in risk.items()}
    assert named == SPECIFIED_RISK
    assert ours <= {*risk["testCoverage"].metrics, *risk["historicalStability"].metrics}


def test_a_policy_knows_its_name_and_digest(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SPECIFICATION)
    read = load_policy(file)
    assert (read.name, read.digest) == ("shop", sha256(SPECIFICATION.encode()).hexdigest())


def test_what_a_policy_does_not_say_about_risk_comes_from_the_default() -> None:
    read = policy(
        SPECIFICATION
        + "risk: {security: {weight: 0.5, metrics: {severity_score: {weight: 2}}}}\nmax_age: {security: 12h}"
    )
    security, default = read.risk["security"], default_policy().risk["security"]
    assert (security.weight, security.metrics["severity_score"].weight) == (0.5, 2)
    assert security.metrics["severity_score"].curve == default.metrics["severity_score"].curve
    assert security.metrics["compliance_status"] == default.metrics["compliance_status"]
    assert read.max_age_s[SignalKind.SECURITY] == 12 * 3600
    assert read.max_age_s[SignalKind.MUTATION] == default_policy().max_age_s[SignalKind.MUTATION]


def test_a_policy_may_have_no_gates_if_it_says_so() -> None:
    assert policy("deployment_gates: {}").gates == ()
    assert mistake("max_age: {security: 1d}") == "p.yaml:1: deployment_gates is missing"


def gate(line: str, enforcement: str = "BLOCKING") -> str:
    return f"deployment_gates:\n  mandatory_gates:\n    g:\n      enforcement: {enforcement}\n      {line}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (gate("max_fialed_tests: 0"), "p.yaml:5: unknown key 'max_fialed_tests', did you mean 'max_failed_tests'?"),
        (gate("max_failed_tests: -1"), "p.yaml:5: max_failed_tests is -1: Input should be greater than or equal to 0"),
        (gate("max_failed_tests: 0.5"), "p.yaml:5: max_failed_tests is 0.5"),
        (gate("max_failed_tests: true"), "p.yaml:5: max_failed_tests is True"),
        (gate("max_failed_tests: '0'"), "p.yaml:5: max_failed_tests is '0'"),
        (gate("max_failed_tests:"), "p.yaml:5: max_failed_tests is None"),
        (
            gate("min_line_coverage: 850"),
            "p.yaml:5: min_line_coverage is 850: Input should be less than or equal to 100",
        ),
        (gate("max_p95_latency_ms: .inf"), "p.yaml:5: max_p95_latency_ms is inf: expected a finite number"),
        (gate("max_p95_latency_ms: .nan"), "p.yaml:5: max_p95_latency_ms is nan: expected a finite number"),
        (gate("min_grade: F"), "p.yaml:5: min_grade is 'F'"),
        (gate("changelog_updated: false"), "p.yaml:5: changelog_updated is False: expected true"),
        (gate("max_failed_tests: 0", "BLOCK"), "p.yaml:4: enforcement of g is 'BLOCK', expected one of BLOCKING"),
        (gate("max_failed_tests: 0", "[BLOCKING]"), "p.yaml:4: enforcement of g is ['BLOCKING']"),
        (gate("# none"), "p.yaml:3: gate 'g' has no criteria"),
        (gate("max_failed_tests: 0").replace("mandatory_gates", "mandatory_gate"), "p.yaml:2: unknown key"),
        (
            gate("max_failed_tests: 0") + "  optional_gates:\n    g: {max_failed_tests: 0, enforcement: WARNING}",
            "p.yaml:7: gate 'g' is mandatory already",
        ),
        ("deployment_gates: 3", "p.yaml:1: deployment_gates is 3, expected a mapping"),
        ("deployment_gates: {}\nrisks: {}", "p.yaml:2: unknown key 'risks', did you mean 'risk'?"),
        (
            "deployment_gates: {}\nrisk:\n  securty: {}",
            "p.yaml:3: unknown key 'securty', did you mean 'security'?",
        ),
        ("deployment_gates: {}\nrisk:\n  security: {weights: 1}", "p.yaml:3: unknown key 'weights'"),
        ("deployment_gates: {}\nrisk:\n  security: {weight: 0}", "p.yaml:3: risk.security.weight is 0"),
        ("deployment_gates: {}\nrisk:\n  security: {weight: .nan}", "p.yaml:3: risk.security.weight is nan"),
        ("deployment_gates: {}\nrisk:\n  security: {weight: true}", "p.yaml:3: risk.security.weight is True"),
        ("deployment_gates: {}\nmax_age: {securty: 1d}", "p.yaml:2: unknown key 'securty', did you mean 'security'?"),
        ("deployment_gates: {}\nmax_age: {security: 3}", "p.yaml:2: max_age.security: 3 is not a duration"),
        ("deployment_gates: {}\ngate_overrides: {enable: true}", "p.yaml:2: unknown key 'enable'"),
        ("deployment_gates: {}\nnot_applicable: {metric: mttr}", "p.yaml:2: not_applicable is a list"),
        (
            "deployment_gates: {}\nnot_applicable:\n  - {metric: mttr}",
            "p.yaml:3: not_applicable.0.reason is missing",
        ),
        (
            "deployment_gates: {}\nnot_applicable:\n  - {metric: mttr, reason: ' '}",
            "p.yaml:3: not_applicable 'mttr' has an",
        ),
        (
            "deployment_gates: {}\nnot_applicable:\n  - {metric: mutation_scor, reason: no tool}",
            "p.yaml:3: not_applicable 'mutation_scor' is no criterion, gate, metric or dimension, "
            "did you mean 'mutation_score'?",
        ),
        (
            "deployment_gates: {}\nnot_applicable:\n"
            + "\n".join(f"  - {{metric: {dimension}, reason: none}}" for dimension in DIMENSIONS),
            "p.yaml:1: the document cannot be used: every risk metric is not applicable",
        ),
    ],
)
def test_a_mistake_names_file_line_and_the_nearest_word(text: str, message: str) -> None:
    assert mistake(text).startswith(message)


METRIC = "deployment_gates: {}\nrisk:\n  security:\n    metrics:\n      m: "


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("{signal: security, field: max_cvss}", "curve is missing"),
        ("{signal: security, field: max_cvs, curve: [[0, 0], [1, 1]]}", "no field 'max_cvs', did you mean 'max_cvss'?"),
        ("{field: max_cvss, curve: [[0, 0], [1, 1]]}", "the deployment history (no `signal` is named) has no field"),
        ("{signal: secure, field: max_cvss, curve: [[0, 0], [1, 1]]}", "signal is 'secure'"),
        ("{signal: code-quality, field: grade, curve: [[0, 0], [1, 1]]}", "grade cannot be read as a number"),
        ("{signal: operations, field: changelog_updated, curve: [[0, 0], [1, 1]]}", "cannot be read as a number"),
        ("{signal: security, field: max_cvss, curve: [[0, 0]]}", "curve is"),
        ("{signal: security, field: max_cvss, curve: [[0, 0], [0, 1]]}", "values must ascend"),
        ("{signal: security, field: max_cvss, curve: [[0, 50], [5, 40], [9, 90]]}", "the curve must not fall"),
        ("{signal: security, field: max_cvss, curve: [[0, 0], [5, 101]]}", "curve.1.1 is 101"),
        ("{signal: security, field: max_cvss, curve: [[0, 0], [5, .nan]]}", "curve.1.1 is nan"),
        ("{signal: security, field: max_cvss, curve: [[0, 0], [5, '9']]}", "curve.1.1 is '9'"),
        ("{signal: mutation, field: mutation_score_percent, curve: [[0, 0], [5, 9]]}", "the curve must not rise"),
        ("{signal: test-results, field: total_tests, curve: [[0, 0], [5, 9], [6, 0]]}", "the curve must not fall"),
        ("{signal: security, field: max_cvss, combine: of, curve: [[0, 0], [1, 1]]}", "two with `combine: of`"),
        ("{signal: security, field: [], curve: [[0, 0], [1, 1]]}", "`field` names one field or more"),
        ("{signal: security, field: max_cvss, curves: [[0, 0], [1, 1]]}", "did you mean 'curve'?"),
    ],
)
def test_a_curve_that_cannot_be_meant_is_refused(metric: str, message: str) -> None:
    said = mistake(METRIC + metric)
    assert said.startswith("p.yaml:5: ")
    assert message in said


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a: \xc3"])
def test_a_file_that_is_not_text_is_one_clear_line(data: bytes) -> None:
    with pytest.raises(InputError, match=r"p\.yaml: not UTF-8 text"):
        parse_policy(data, name="x", where="p.yaml")


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            load_policy(path)


def test_every_metric_with_a_direction_can_be_asked_for_in_that_direction() -> None:
    asked = {(s.signal, name) for s in CRITERIA.values() for name in s.field}
    for kind, model in SIGNAL_METRICS.items():
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            assert isinstance(extra, dict)
            assert extra["better"] == "none" or (kind, name) in asked, f"{kind}.{name} has no criterion"


def test_every_criterion_reads_fields_that_there_are() -> None:
    for name, source in CRITERIA.items():
        assert Source.from_value(source.to_dict(), where=name) == source


def test_a_minimum_is_of_what_is_better_higher_and_a_maximum_of_what_is_better_lower() -> None:
    for name, source in CRITERIA.items():
        if name != "min_grade" and source.better != "none":
            assert source.better == ("lower" if name.startswith("max_") else "higher"), name


@pytest.mark.parametrize(
    ("criterion", "limit"),
    [("min_grade", "A"), ("max_cvss", 6.9), ("max_cvss", 7), ("min_total_tests", 1), ("gdpr_validated", True)],
)
def test_a_limit_that_the_metric_could_have_is_accepted(criterion: str, limit: object) -> None:
    assert limit_problem(criterion, limit) is None


def test_everything_that_can_be_missing_has_a_way_to_get_it() -> None:
    assert set(HOW_TO_MEASURE) == {*SignalKind, None}
    assert all(name.isidentifier() for name in HISTORY_METRICS)
    assert [e.value for e in Enforcement] == ["BLOCKING", "WARNING", "ADVISORY"]
