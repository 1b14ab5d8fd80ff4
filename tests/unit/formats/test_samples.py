"""Real files of the seven formats, where they lie beside the repository: claimed by their importer alone, and right.

Expected values were counted by hand or by other means (grep, awk, the tool's own report), never by our code.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aqe.connectors.formats.table import IMPORTERS, recognise
from aqe.core.importing import HEAD_BYTES, Head, Parsed
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.signals import Outcome, SignalKind, typed_metrics

SHARED = Path(__file__).parents[4] / "shared"
SAMPLES = SHARED / "samples"
if not SAMPLES.is_dir():
    pytest.skip("no sample files beside the repository", allow_module_level=True)

FAMILIES = {
    "junit_xml/": "junit-xml",
    "cobertura/": "cobertura-xml",
    "sarif/": "sarif",
    "access_log/": "access-log",
    "real-project/junit.xml": "junit-xml",
    "real-project/ruff-default-junit.xml": "junit-xml",
    "real-project/coverage.json": "coverage-py-json",
    "real-project/coverage.xml": "cobertura-xml",
    "real-project/ruff.sarif": "sarif",
    "real-project/git-diff": "git-numstat",
    "real-project/git-log-numstat": "git-numstat",
}
"""How the path of a sample begins -> its importer; every other sample is of a format that none of ours may claim."""
OURS = set(FAMILIES.values())
FILES = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file())


def family_of(name: str) -> str | None:
    return next((importer for start, importer in FAMILIES.items() if name.startswith(start)), None)


MINE = [name for name in FILES if family_of(name)]


def head_of(path: Path) -> Head:
    with path.open("rb") as stream:
        data = stream.read(HEAD_BYTES)
    return Head(path.name, data, whole=len(data) < HEAD_BYTES)


def parse(path: Path) -> tuple[Parsed, list[Any]]:
    importer = recognise(head_of(path))
    with path.open("rb") as stream:
        parsed = importer.parse(stream)
        return parsed, list(parsed.rows or ())


def metrics(name: str, kind: SignalKind) -> dict[str, Any]:
    return dict(dict(parse(SAMPLES / name)[0].signals)[kind].metrics)


@pytest.mark.parametrize("name", MINE)
def test_a_real_file_is_claimed_by_its_importer_alone_and_read(name: str) -> None:
    """Valid metrics or rows, or a reason."""
    assert recognise(head_of(SAMPLES / name)).name == family_of(name)
    parsed, rows = parse(SAMPLES / name)
    assert parsed.signals or rows or parsed.reason
    for kind, part in parsed.signals:
        typed_metrics(kind, part.metrics)


@pytest.mark.parametrize("name", [name for name in FILES if not family_of(name)])
def test_a_real_file_of_another_format_is_not_claimed_by_these(name: str) -> None:
    """Of the importers of these formats; others may."""
    head = head_of(SAMPLES / name)
    assert [importer.name for importer in IMPORTERS if importer.name in OURS and importer.recognises(head)] == []


@pytest.mark.parametrize(
    ("name", "total", "passed", "failed", "skipped"),
    [
        ("junit_xml/node_test_runner.xml", 5, 2, 1, 2),
        ("junit_xml/playwright_junit.xml", 7, 4, 1, 2),
        ("junit_xml/minimal-attributes.xml", 4, 1, 2, 1),
        ("junit_xml/TESTS-TestSuites.xml", 2, 0, 2, 0),
        ("junit_xml/junit.gloo.standalone.xml", 97, 80, 0, 17),
        ("junit_xml/latex-utensils.xml", 109, 109, 0, 0),
        ("junit_xml/pytest9_reruns.xml", 11, 6, 3, 2),
        ("real-project/junit.xml", 297, 297, 0, 0),
    ],
)
def test_junit_counts(name: str, total: int, passed: int, failed: int, skipped: int) -> None:
    """Elements counted in the files; reruns once."""
    found = metrics(name, SignalKind.TEST_RESULTS)
    assert [found[f"{verdict}_tests"] for verdict in ("total", "passed", "failed", "skipped")] == [
        total, passed, failed, skipped,
    ]  # fmt: skip


def test_junit_flaky() -> None:
    """One test of the reruns passed at its third try; three kept failing. Nine ran."""
    found = metrics("junit_xml/pytest9_reruns.xml", SignalKind.TEST_RELIABILITY)
    assert found == {"flaky_tests": 1, "reliability_percent": pytest.approx(100 * 8 / 9)}


@pytest.mark.parametrize("name", ["junit_xml/empty.xml", "real-project/ruff-default-junit.xml"])
def test_junit_without_tests(name: str) -> None:
    """A suite that claims a test and has none; a linter's findings."""
    assert parse(SAMPLES / name)[0].outcome is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "lines", "branches"),
    [
        ("real-project/coverage.json", (415, 425), (93, 98)),
        ("real-project/coverage.xml", (415, 425), (93, 98)),
        ("cobertura/c8_cobertura-coverage.xml", (4, 4), (6, 8)),
        ("cobertura/cobertura-ts.xml", (63, 156), (21, 32)),
        ("cobertura/cobertura-ruby.xml", (16, 16), None),
        ("cobertura/empty.xml", (63, 82), None),
    ],
)
def test_coverage(name: str, lines: tuple[int, int], branches: tuple[int, int] | None) -> None:
    """Lines and branches as counted in the files; two reports of one run agree."""
    found = metrics(name, SignalKind.TEST_COVERAGE)
    assert found["line_coverage_percent"] == pytest.approx(100 * lines[0] / lines[1])
    if branches is None:
        assert "branch_coverage_percent" not in found
    else:
        assert found["branch_coverage_percent"] == pytest.approx(100 * branches[0] / branches[1])


def test_sarif_of_ruff() -> None:
    """188 findings: S110 and S324 are security, none is F or E9."""
    assert metrics("real-project/ruff.sarif", SignalKind.SECURITY)["unknown_vulnerabilities"] == 2
    assert metrics("real-project/ruff.sarif", SignalKind.CODE_QUALITY) == {"major_issues": 0, "minor_issues": 186}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("sarif/sarif__spotbugs.sarif", Outcome.TOOL_FAILED),
        ("sarif/sarif__appendix_k1_double.sarif", Outcome.CLEAN),
        ("sarif/sarif__njsscan.sarif", Outcome.VALUE),
    ],
)
def test_sarif_outcomes(name: str, outcome: Outcome) -> None:
    """executionSuccessful false; two runs with no result; two vulnerabilities."""
    assert parse(SAMPLES / name)[0].outcome is outcome


@pytest.mark.parametrize(
    ("name", "minor"), [("sarif/sarif__suppression_test.sarif", 2), ("sarif/sarif__bash-report.sarif", 27)]
)
def test_sarif_counts(name: str, minor: int) -> None:
    """Three of five results are suppressed; 27 notes."""
    assert metrics(name, SignalKind.CODE_QUALITY) == {"major_issues": 0, "minor_issues": minor}


def test_git_diff() -> None:
    """44 entries; six folders; nine requirements files, pyproject.toml, setup.cfg and setup.py."""
    assert metrics("real-project/git-diff-2.1.2-2.2.0.numstat", SignalKind.CHANGE_RISK) == {
        "lines_added": 925,
        "lines_deleted": 581,
        "files_changed": 44,
        "modules_affected": 6,
        "dependencies_changed": 12,
    }


def test_git_log() -> None:
    """300 commits."""
    found = metrics("real-project/git-log-numstat.txt", SignalKind.CHANGE_RISK)
    assert (found["commits"], found["lines_added"], found["lines_deleted"]) == (300, 4559, 3924)
    assert found["modules_affected"] == 6


def test_access_logs() -> None:
    """Status by status."""
    _, rows = parse(SAMPLES / "access_log/combined_gunicorn_a.log")
    assert Counter(row.status for row in rows) == {200: 381, 201: 88, 404: 16, 500: 15}
    assert all(isinstance(row, AccessRow) and row.duration_ms is None for row in rows)


def test_ten_thousand_real_requests() -> None:
    """One line lacks the closing quote of its user agent: the request is still one."""
    path = SHARED / "data/access_log/apache_10k.log"
    if not path.is_file():
        pytest.skip("no measuring data beside the repository")
    parsed, rows = parse(path)
    assert len(rows) == 10_000
    statuses = {200: 9126, 206: 45, 301: 164, 304: 445, 403: 2, 404: 213, 416: 2, 500: 3}
    assert Counter(row.status for row in rows) == statuses
    assert parsed.rows is not None
