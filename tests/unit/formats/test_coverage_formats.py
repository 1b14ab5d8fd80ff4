"""lcov, JaCoCo, Clover, Istanbul, Go and OpenCover: counted, merged, and never a percentage of nothing."""

from pathlib import Path

import pytest

from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, metrics, outcome, part, read

SAMPLES = Path(__file__).parents[2] / "formats"
TOTALS = ("lines", "statements", "branches", "functions")


def percent(line: float | None = None, branch: float | None = None, statement: float | None = None,
            function: float | None = None) -> dict[str, object]:  # fmt: skip
    named = {"line": line, "branch": branch, "statement": statement, "function": function}
    return {f"{name}_coverage_percent": pytest.approx(value) for name, value in named.items() if value is not None}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        # Lines 3, 4, 9 of cart.ts (9 in the second record) and 1 of pay.ts, of six.
        ("lcov/sample.info", percent(line=400 / 6, branch=50, function=50)),
        ("jacoco-xml/sample.xml", percent(line=75, branch=50, function=100)),
        # Lines 10, 11, 13 of four; 11 stands twice.
        ("clover-xml/sample.xml", percent(line=75, statement=80, function=50)),
        ("istanbul-json/sample.json", percent(line=200 / 3, branch=50, statement=50, function=100)),
        # Blocks 3, 1 and 2 statements, the first two ran; lines 5-8 and 10-12 of 5-12.
        ("go-cover/sample.out", percent(line=87.5, statement=400 / 6)),
        ("opencover-xml/sample.xml", percent(line=100, branch=50, statement=75, function=100)),
    ],
)  # fmt: skip
def test_the_sample_has_this_coverage(sample: str, expected: dict[str, object]) -> None:
    """Counted by hand."""
    assert metrics(sample.partition("/")[0], (SAMPLES / sample).read_bytes()) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lcov", "TN:unit\n"),
        ("lcov", "SF:a.c\nend_of_record\n"),
        ("lcov", "SF:a.c\nLF:0\nLH:0\nend_of_record\n"),
        ("jacoco-xml", '<report name="x"/>'),
        ("jacoco-xml", '<report><counter type="LINE" missed="0" covered="0"/></report>'),
        ("clover-xml", '<coverage><project><metrics statements="0" coveredstatements="0"/></project></coverage>'),
        ("istanbul-json", {}),
        ("istanbul-json", {"total": {key: {"total": 0, "covered": 0, "pct": "Unknown"} for key in TOTALS}}),
        ("go-cover", "mode: set\n"),
        ("opencover-xml", '<CoverageSession><Modules><Module skippedDueTo="Filter"/></Modules></CoverageSession>'),
    ],
)  # fmt: skip
def test_pitfall_5_nothing_to_cover_is_not_measured(name: str, content: object) -> None:
    """Pitfall 5: neither 0 % nor 100 %."""
    assert outcome(name, content) is Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lcov", "SF:a.c\nDA:x,1\nend_of_record\n", "a.c: a line with DA: is not as lcov writes it"),
        ("lcov", "hello\nend_of_record\n", "begins with 'hello' and has no SF:"),
        ("lcov", "SF:a.c\nLF:1\nLH:2\nend_of_record\n", "2 of 1 covered cannot be"),
        ("jacoco-xml", '<report><counter type="LINE" missed="x" covered="1"/></report>', "missed='x'"),
        ("jacoco-xml", '<report><counter type="LINE" missed="-3" covered="1"/></report>', "1 of -2 covered"),
        ("clover-xml", '<coverage><project><metrics statements="-1"/></project></coverage>', "statements is '-1'"),
        ("clover-xml", '<coverage line-rate="1"/>', "this is a Cobertura report"),
        ("istanbul-json", {"total": {"lines": {"total": 4}}}, "lines.covered: Field required"),
        ("istanbul-json", {"/a.js": {"s": {"0": "many"}}}, "Field required"),
        ("go-cover", "mode: set\na.go:1.2 1 1\n", "line 2 is 'a.go:1.2 1 1', expected a block"),
        ("go-cover", "a.go:1.2,3.4 1 1\n", "line 1 is 'a.go:1.2,3.4 1 1', expected mode"),
        ("opencover-xml", '<CoverageSession><SequencePoint vc="x"/></CoverageSession>', "vc is 'x'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(name: str, content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert message in caught.value.message


# lcov ----------------------------------------------------------------------------------------------------------------


def test_records_of_one_source_file_are_merged_line_by_line() -> None:
    """Each test has a record of its own; a line that one of them ran was run."""
    text = "TN:a\nSF:x.c\nDA:1,1\nDA:2,0\nend_of_record\nTN:b\nSF:x.c\nDA:2,1\nDA:3,0\nend_of_record\n"
    assert metrics("lcov", text) == percent(line=200 / 3)


def test_the_summary_of_a_record_counts_only_where_it_has_no_lines() -> None:
    """LF and LH may be missing, and may be wrong."""
    text = "SF:a\nDA:1,1\nLF:9\nLH:0\nend_of_record\nSF:b\nLF:3\nLH:1\nend_of_record\n"
    assert metrics("lcov", text) == percent(line=50)


@pytest.mark.parametrize(("hits", "is_hit"), [
    ("1", True), ("9999999999", True), ("1.5e+10", True), ("007", True),
    ("0", False), ("-1", False), ("=====", False), ("#####", False), ("-", False),
    ("0,abc0==", False), ("2,9c0==", True),
])  # fmt: skip
def test_hits_as_tools_write_them(hits: str, is_hit: bool) -> None:
    """Beyond 2^31, negative, gcov's marks, with a checksum."""
    assert metrics("lcov", f"SF:a\nDA:1,{hits}\nend_of_record\n") == percent(line=100.0 * is_hit)


def test_a_branch_that_never_ran_counts_as_not_taken() -> None:
    """`-`; lcov 2 marks exceptions and may name a branch by an expression with commas."""
    text = "SF:a\nDA:1,1\nBRDA:1,0,0,-\nBRDA:1,e0,1,2\nBRDA:1,0,f(a, b),0\nBRDA:1,0,g(1, 2),3\nend_of_record\n"
    assert metrics("lcov", text) == percent(line=100, branch=50)


def test_functions_of_lcov_2_are_counted_by_their_index() -> None:
    """Aliases of one function share it."""
    text = "SF:a\nDA:1,1\nFNL:0,1,3\nFNA:0,0,f<int>\nFNA:0,2,f<long>\nFNL:1,5,6\nFNA:1,0,g\nend_of_record\n"
    assert metrics("lcov", text) == percent(line=100, function=50)


def test_a_record_without_its_end_means_the_tool_was_killed() -> None:
    assert outcome("lcov", "SF:a\nDA:1,1\nend_of_record\nSF:b\nDA:1,1\n") is Outcome.TOOL_FAILED


# The others ----------------------------------------------------------------------------------------------------------


def test_nested_counters_of_jacoco_repeat_and_do_not_count() -> None:
    """Only those of the report; without any, those of its groups."""
    counter = '<counter type="LINE" missed="{}" covered="3"/>'.format
    group = f'<group name="g"><package name="p">{counter(5)}</package>{counter(1)}</group>'
    assert metrics("jacoco-xml", f"<report>{group}{group}</report>") == percent(line=75)
    assert metrics("jacoco-xml", f"<report>{group}{counter(0)}</report>") == percent(line=100)


def test_instructions_of_jacoco_are_no_lines() -> None:
    xml = '<report><counter type="INSTRUCTION" missed="0" covered="3"/></report>'
    assert outcome("jacoco-xml", xml) is Outcome.NOT_MEASURED


def test_elements_of_clover_are_the_sum_of_what_counts_already() -> None:
    """And the tests' own code is none to cover; without lines there is no line coverage."""
    counts = 'statements="4" coveredstatements="1" conditionals="2" coveredconditionals="2" methods="0"'
    metric = f'<metrics {counts} elements="6" coveredelements="3"/>'
    xml = f"<coverage clover='4.4'><project>{metric}</project><testproject>{metric}</testproject></coverage>"
    assert metrics("clover-xml", xml) == percent(statement=25, branch=100)
    assert part("clover-xml", xml).tool_version == "4.4"


def test_istanbuls_summary_is_read_by_counts() -> None:
    """`pct` is rounded, and "Unknown" where nothing is."""
    counts = {"lines": (3, 2), "statements": (4, 2), "branches": (0, 0), "functions": (1, 0)}
    total = {name: {"total": of, "covered": covered, "pct": "Unknown"} for name, (of, covered) in counts.items()}
    document = {"total": total, "/app/a.js": total}
    assert claimed_by(document) == "istanbul-json"
    assert metrics("istanbul-json", document) == percent(line=200 / 3, statement=50, function=0)


def test_points_of_opencover_count_where_the_summary_is_missing_or_empty() -> None:
    """Older versions have none, coverlet wrote zeros; files of two modules may share a number."""
    module = '<Module><SequencePoint vc="{}" fileid="1" sl="1"/><BranchPoint vc="{}"/></Module>'
    for summary in ("", '<Summary numSequencePoints="0" visitedSequencePoints="0"/>'):
        xml = (
            f"<CoverageSession>{summary}<Modules>{module.format(1, 0)}{module.format(0, 0)}</Modules></CoverageSession>"
        )
        assert metrics("opencover-xml", xml) == percent(line=50, statement=50, branch=0)


def test_overlapping_blocks_of_go_count_a_line_once() -> None:
    """`} else {` ends one block and begins the next."""
    assert metrics("go-cover", "mode: set\na.go:1.1,3.2 1 1\na.go:3.3,5.2 1 0\n") == percent(line=60, statement=50)
