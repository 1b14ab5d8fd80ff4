"""Stryker, PIT, mutmut and cosmic-ray: one score for all, and none of an unfinished run."""

from pathlib import Path

import pytest

from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, findings, metrics, outcome, part, read

SAMPLES = Path(__file__).parents[2] / "formats"


def score(detected: int, undetected: int) -> dict[str, object]:
    percent = 100 * detected / (detected + undetected)
    return {"mutation_score_percent": pytest.approx(percent), "survived_mutants": undetected}


def stryker(*statuses: str) -> dict[str, object]:
    mutants = [{"status": status, "location": {"start": {"line": 1}}} for status in statuses]
    return {"schemaVersion": "1", "files": {"a.js": {"mutants": mutants}}}


def pit(*statuses: str) -> str:
    return f"<mutations>{''.join(f'<mutation status={status!r}/>' for status in statuses)}</mutations>"


def cosmic_ray(*results: str) -> str:
    return "".join(f'[{{"job_id": "1", "mutations": []}}, {result}]\n' for result in results)


@pytest.mark.parametrize(
    ("sample", "expected", "place"),
    [
        ("stryker-json/sample.json", score(2, 2), ("EqualityOperator", "src/cart.ts", 7)),
        ("pit-xml/sample.xml", score(1, 1), ("PrimitiveReturnsMutator", "org/example/shop/Cart.java", 20)),
        ("mutmut-json/sample.json", score(32, 9), None),
        ("cosmic-ray-dump/sample.jsonl", score(1, 1), ("core/AddNot", "shop/cart.py", 9)),
    ],
)
def test_the_sample_has_this_score(sample: str, expected: object, place: object) -> None:
    """Counted by hand; a mutant that nobody noticed is kept with its place."""
    name, content = sample.partition("/")[0], (SAMPLES / sample).read_bytes()
    assert metrics(name, content) == expected
    if place:
        first = findings(name, content)[0]
        assert (first.rule, first.file, first.line) == place


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("stryker-json", stryker("Killed", "Killed", "NoCoverage", "RuntimeError", "Ignored", "Skipped", "Pending")),
        ("pit-xml", pit("TIMED_OUT", "MEMORY_ERROR", "NO_COVERAGE", "NON_VIABLE", "RUN_ERROR")),
        ("mutmut-json", {"killed": 1, "survived": 0, "total": 4, "segfault": 1, "no_tests": 1, "skipped": 1}),
        ("cosmic-ray-dump", cosmic_ray(
            *2 * ['{"worker_outcome": "normal", "test_outcome": "killed"}'],
            '{"worker_outcome": "no-test", "test_outcome": null}', '{"worker_outcome": "skipped"}',
        )),
    ],
)  # fmt: skip
def test_every_word_of_the_tool_has_its_place(name: str, content: object) -> None:
    """A mutant without coverage was not noticed; one that could not be tried does not count."""
    assert metrics(name, content) == score(2, 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pit-xml", pit("KILLED", "NOT_STARTED")),
        ("pit-xml", pit("KILLED", "STARTED")),
        ("mutmut-json", {"killed": 1, "survived": 0, "total": 2, "no_tests": 0}),
        ("mutmut-json", {"killed": 1, "survived": 0, "total": 2, "check_was_interrupted_by_user": 1}),
        ("cosmic-ray-dump", cosmic_ray('{"worker_outcome": "normal", "test_outcome": "killed"}', "null")),
        ("cosmic-ray-dump", cosmic_ray("null") + '[{"job_id": '),
    ],
)
def test_the_score_of_an_unfinished_run_is_none(name: str, content: object) -> None:
    """It would be that of some part of the code."""
    assert outcome(name, content) is Outcome.TOOL_FAILED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("stryker-json", {"files": {}}),
        ("stryker-json", stryker("Ignored", "BuildError", "CompileError")),
        ("pit-xml", "<mutations/>"),
        ("mutmut-json", {"killed": 0, "survived": 0, "total": 0}),
    ],
)
def test_no_mutant_is_no_score(name: str, content: object) -> None:
    assert outcome(name, content) is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("stryker-json", stryker("killed"), "a mutant has the status 'killed'"),
        ("stryker-json", {"files": {"a": {"mutants": [{}]}}}, "files.a.mutants.0.status: Field required"),
        ("stryker-json", {"totals": {"KilledMutants": -1}}, "KilledMutants is '-1'"),
        ("pit-xml", "<mutations><mutation/></mutations>", "a mutation has no status"),
        ("mutmut-json", {"killed": "many"}, "killed is 'many'"),
        ("cosmic-ray-dump", "[1, 2, 3]\n", "expected [job, result]"),
        ("cosmic-ray-dump", "nonsense\n[]\n", "line 1 is no JSON"),
    ],
)
def test_what_does_not_fit_is_named(name: str, content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


def test_totals_of_an_old_stryker_net_are_read() -> None:
    """Its tree has the same mutants again, child by child."""
    totals = {"KilledMutants": 2.0, "SurvivedMutants": 12.0, "TimeoutMutants": 1.0, "SkippedMutants": 1.0}
    document = {"name": "Shop.csproj", "totals": totals, "childResults": [{"totals": totals}]}
    assert claimed_by(document) == "stryker-json"
    assert metrics("stryker-json", document) == score(3, 12)


def test_the_version_of_stryker_is_kept() -> None:
    report = {**stryker("Killed"), "framework": {"name": "StrykerJS", "version": "8.2.0"}}
    assert part("stryker-json", report).tool_version == "8.2.0"
