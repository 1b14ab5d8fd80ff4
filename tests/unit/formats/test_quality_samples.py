"""Real files of quality tools, where they lie beside the repository: claimed by one importer, and right.

What is expected was counted without our code: by grep, jq, awk or the report's own text.
"""

from typing import Any

import pytest

from aqe.connectors.formats import recognise
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
    "playwright_json/": "playwright-json",
    "pytest_json/": "pytest-json",
    "nunit/": "nunit-xml",
    "trx/": "trx",
}
"""How the path begins -> who claims it."""

REFUSED = ("lcov/empty.xml", "jacoco/empty.xml", "stryker/mutation-testing-report-schema.json")
"""Nothing in them tells a format: no byte, or a root element of nobody."""


def _percent(**shares: tuple[int, int]) -> dict[str, float]:
    return {f"{kind}_coverage_percent": 100 * covered / total for kind, (covered, total) in shares.items()}


def _mutation(detected: int, undetected: int) -> dict[str, float]:
    score = 100 * detected / (detected + undetected)
    return {"mutation_score_percent": score, "survived_mutants": undetected}


def _tests(total: int, passed: int, failed: int, skipped: int) -> dict[str, float]:
    return {"total_tests": total, "passed_tests": passed, "failed_tests": failed, "skipped_tests": skipped}


FACTS: dict[str, dict[str, float] | Outcome] = {
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
