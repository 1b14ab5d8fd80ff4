"""What `aqe init` finds and writes."""

import gzip
import json
import os
import re
from pathlib import Path
from threading import Timer

import pytest
import yaml

from aqe.config.init import GATES, POLICY_NAME, list_paths, plan_init, write_plan
from aqe.config.policy import default_policy, parse_policy
from aqe.config.settings import load_settings
from aqe.core.records.decisions.policy import Policy
from aqe.fleet.project import initialize


def policy_for(*paths: str) -> Policy:
    text = dict(plan_init(paths, project="shop").files)[POLICY_NAME]
    return parse_policy(text.encode(), name="init", where=POLICY_NAME)


def switched_on(text: str) -> str:
    return re.sub(r"^#(?=\S|  )", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "criteria"),
    [
        ("junit.xml", {"max_failed_tests"}),
        ("target/surefire-reports/TEST-com.example.ShopTest.xml", {"max_failed_tests"}),
        ("coverage.json", {"min_line_coverage", "min_branch_coverage"}),
        ("build/coverage.xml", {"min_line_coverage", "min_branch_coverage"}),
        ("ruff.sarif", {"max_critical_issues"}),
        (
            "trivy-results.sarif",
            {"max_critical_vulnerabilities", "max_high_vulnerabilities", "max_medium_vulnerabilities"},
        ),
        ("logs/access.log", {"max_p95_latency_ms", "min_throughput_rps", "max_error_rate_percent"}),
        ("app.jsonl", set()),
        ("src/main.py", set()),
    ],
)
def test_a_report_switches_on_what_it_is_evidence_for(path: str, criteria: set[str]) -> None:
    assert {c for gate in policy_for(path).gates for c in gate.criteria} == criteria


def test_an_empty_repository_gets_a_policy_without_gates() -> None:
    assert policy_for().gates == ()


def test_the_whole_policy_switched_on_is_valid_and_has_the_limits_of_the_specification() -> None:
    text = dict(plan_init([], project="shop").files)[POLICY_NAME]
    policy = parse_policy(switched_on(text).encode(), name="all", where=POLICY_NAME)

    assert [gate.gate for gate in policy.gates] == [gate.name for gate in GATES]
    specified = {gate.gate: gate for gate in default_policy().gates}
    written = {gate.gate: gate for gate in policy.gates}
    assert written.keys() - specified.keys() == {"test_results"}
    assert {name: written[name] for name in specified} == specified


def test_the_settings_file_is_valid_as_written_and_with_everything_switched_on(tmp_path: Path) -> None:
    text = dict(plan_init([], project="shop").files)["aqe.yaml"]
    for variant in (text, switched_on(text)):
        (tmp_path / "aqe.yaml").write_text(variant)
        assert load_settings({}, {}, tmp_path).policy.file == tmp_path / POLICY_NAME
    assert set(yaml.safe_load(switched_on(text))) == set(
        [
            "fleet",
            "redis",
            "policy",
            "approvers",
            "checklist",
            "on_call",
            "notify",
            "targets",
            "features",
            "redaction",
            "retention",
        ]
    )


def test_hostile_names_cannot_add_settings() -> None:
    plan = plan_init(["a\nnot_applicable: [x]\n/junit.xml"], project="shop\nredis: {url: redis://evil}")
    for _, text in plan.files:
        assert "not_applicable" not in (yaml.safe_load(text) or {})
        assert "redis" not in yaml.safe_load(text)


def test_two_commands_come_next() -> None:
    found = plan_init(["junit.xml", "my app/coverage.json"], project="shop").next_commands
    assert found[0] == "aqe import junit.xml 'my app/coverage.json' --release $(git describe --tags --always)"
    assert found[1].startswith("aqe deploy assess --version")

    nothing = plan_init(["pyproject.toml"], project="shop").next_commands
    assert nothing[0].startswith("pytest --junitxml=junit.xml")
    assert nothing[1].startswith("aqe import REPORT")


def test_many_files_of_a_folder_are_one_glob() -> None:
    paths = [f"target/surefire-reports/TEST-{n}.xml" for n in range(9)]
    assert "import target/surefire-reports/*.xml --release" in plan_init(paths, project="x").next_commands[0]


def test_a_log_is_what_its_first_lines_say_whatever_it_is_called(tmp_path: Path) -> None:
    """nginx's are called after sites, and turned and packed; a jsonl file need not be a log."""
    line = '10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"\n'
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx" / "shop.example.org.log").write_text(3 * line)
    (tmp_path / "nginx" / "shop.example.org.log.2.gz").write_bytes(gzip.compress(3 * line.encode()))
    (tmp_path / "haproxy.log").write_text(
        "Mar  1 10:00:00 lb haproxy[9]: 10.0.0.1:5000 [01/Mar/2026:10:00:00.123] web shop/a 0/0/1/7/8 200 512 - - ---- "
        '1/1/0/0/0 0/0 "GET / HTTP/1.1"\n'
    )
    beacon = {"name": "LCP", "value": 2400.5, "id": "v4-1795308900123-11"}
    (tmp_path / "vitals.jsonl").write_text(json.dumps(beacon) + "\n")
    (tmp_path / "odd.log").write_bytes(b"\x00\x01")
    plan, _ = initialize(tmp_path)
    assert {path: report.title for path, report in plan.found} == {
        "haproxy.log": "access log (response times)",
        "nginx/shop.example.org.log": "access log (response times)",
        "nginx/shop.example.org.log.2.gz": "access log (response times)",
        "vitals.jsonl": "web-vitals beacons",
    }
    assert plan.next_commands[0].startswith("aqe import haproxy.log nginx/shop.example.org.log ")
    assert "max_p95_latency_ms: 500  # haproxy.log" in dict(plan.files)[POLICY_NAME]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_is_called_as_a_log_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.log")
    writer = os.open(tmp_path / "shop.log", os.O_RDWR)
    os.write(writer, b'10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"\n')
    ending = Timer(5, os.close, [writer])  # or who reads would wait for ever
    ending.start()
    plan, _ = initialize(tmp_path)
    if ending.is_alive():
        ending.cancel()
        os.close(writer)
    assert not plan.found


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text("fleet: {name: mine}\n")

    written = write_plan(plan_init([], project="shop"), tmp_path)

    assert written == {"aqe.yaml": False, POLICY_NAME: True}
    assert (tmp_path / "aqe.yaml").read_text() == "fleet: {name: mine}\n"


def test_the_listing_sees_ignored_reports_but_no_installed_packages(tmp_path: Path) -> None:
    for name in ("coverage.json", "sub/junit.xml", "node_modules/x/junit.xml", ".venv/coverage.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list_paths(tmp_path) == ["coverage.json", "sub/junit.xml"]
