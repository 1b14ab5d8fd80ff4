"""Cobertura XML: lines are counted, rates are not believed."""

import io

import pytest

from aqe.connectors.formats.quality.cobertura import CoberturaXml
from aqe.core.errors import InputError
from aqe.core.importing import Head, Parsed
from aqe.core.records.signals import Outcome, SignalKind


def parse(xml: str) -> Parsed:
    return CoberturaXml().parse(io.BytesIO(xml.encode()))


def coverage(*classes: str, header: str = 'line-rate="0.123" branch-rate="0.123"') -> str:
    """A report with these classes."""
    return (
        f"<coverage {header}><packages><package><classes>{''.join(classes)}</classes></package></packages></coverage>"
    )


def a_class(filename: str, *lines: str, methods: str = "") -> str:
    return f'<class name="c" filename="{filename}"><methods>{methods}</methods><lines>{"".join(lines)}</lines></class>'


def line(number: int, hits: object, conditions: str = "") -> str:
    branch = f' branch="true" condition-coverage="{conditions}"' if conditions else ""
    return f'<line number="{number}" hits="{hits}"{branch}/>'


def measured(xml: str) -> tuple[object, object]:
    """Line and branch coverage, percent; None = not measured."""
    metrics = dict(parse(xml).signals)[SignalKind.TEST_COVERAGE].metrics
    return metrics.get("line_coverage_percent"), metrics.get("branch_coverage_percent")


def test_rates_are_recomputed_from_the_lines() -> None:
    """The header's rate is rounded or plainly wrong."""
    assert measured(coverage(a_class("a.py", line(1, 1), line(2, 0), line(3, 5), line(4, 1)))) == (75.0, None)


def test_classes_of_one_file_are_merged_by_line_with_the_most_hits() -> None:
    """Inner classes and templates repeat lines; each line of a file counts once."""
    xml = coverage(
        a_class("a.java", line(1, 1), line(2, 0), line(2, 0)), a_class("a.java", line(2, 3), line(3, 0), line(4, 0))
    )
    assert measured(xml) == (50.0, None)


def test_the_same_line_number_of_other_files_is_another_line() -> None:
    """Files are told apart by name."""
    assert measured(coverage(a_class("a", line(1, 1)), a_class("b", line(1, 0)))) == (50.0, None)


def test_conditions_give_the_branches() -> None:
    """ "50% (1/2)" are two branches, one taken; repeated lines are merged at their best."""
    xml = coverage(
        a_class("a", line(1, 1, "50% (1/2)"), line(2, 1, "100% (4/4)"), line(3, 1)),
        a_class("a", line(1, 1, "100% (2/2)"), line(2, 1, "25% (1/4)")),
    )
    assert measured(xml) == (100.0, 100.0)
    assert measured(coverage(a_class("a", line(1, 1, "50% (1/2)"), line(2, 0, "0% (0/2)")))) == (50.0, 25.0)


def test_branch_true_without_conditions_is_no_branch() -> None:
    """How many there are is not said."""
    assert measured(coverage(a_class("a", '<line number="1" hits="1" branch="true"/>'))) == (100.0, None)


def test_branches_are_not_measured_when_no_line_has_conditions() -> None:
    """Tools write branch-rate 0 or 1 for "not measured"; neither is believed."""
    xml = coverage(a_class("a", line(1, 1)), header='line-rate="1" branch-rate="1" branches-valid="0"')
    assert measured(xml) == (100.0, None)


def test_lines_of_methods_repeat_those_of_the_class() -> None:
    """They count only where a class has none of its own."""
    methods = f'<method name="m"><lines>{line(1, 9)}{line(7, 0)}</lines></method>'
    assert measured(coverage(a_class("a", line(1, 0), line(2, 1), methods=methods))) == (50.0, None)
    assert measured(coverage(a_class("a", methods=methods))) == (50.0, None)


@pytest.mark.parametrize("hits", ["4294967297", "1.0", "1e3"])
def test_hits_of_any_size_are_read(hits: str) -> None:
    """Beyond 2^31, or with a point."""
    assert measured(coverage(a_class("a", line(1, hits)))) == (100.0, None)


def test_the_header_is_used_only_without_lines() -> None:
    """Counts first; the note says where the number comes from."""
    header = (
        'lines-valid="82" lines-covered="63" line-rate="0.1" branches-valid="0" branches-covered="0" branch-rate="0"'
    )
    xml = f"<coverage {header}></coverage>"
    assert measured(xml) == (100 * 63 / 82, None)
    assert parse(xml).notes == ("the file lists no lines: taken from its header",)
    assert measured('<coverage line-rate="0.85" branch-rate="0.5"/>') == (85.0, 50.0)


@pytest.mark.parametrize(
    "header", ['line-rate="1"', 'line-rate="0"', 'line-rate="-1"', 'line-rate="1" lines-valid="0" lines-covered="0"']
)
def test_an_empty_report_is_not_measured(header: str) -> None:
    """Rates of exactly 0 or 1 over nothing are what tools write when nothing ran."""
    parsed = parse(f"<coverage {header}/>")
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason is not None
    assert parsed.reason.startswith("nothing that could be covered was counted")


def test_a_header_that_says_otherwise_is_noted() -> None:
    """Lines count; who compares with the tool's own report finds the reason."""
    xml = coverage(a_class("a", line(1, 1)), header='lines-covered="44" lines-valid="53"')
    assert parse(xml).notes == ("the header says 44 of 53 lines, the lines themselves 1 of 1: these count",)


@pytest.mark.parametrize(("stamp", "year"), [("1772442971", 2026), ("1772442971000", 2026), ("0", None), ("", None)])
def test_the_time_stands_in_seconds_or_milliseconds(stamp: str, year: int | None) -> None:
    """Both are usual; 0 is no time."""
    xml = coverage(a_class("a", line(1, 1)), header=f'line-rate="1" timestamp="{stamp}"')
    at = dict(parse(xml).signals)[SignalKind.TEST_COVERAGE].measured_at
    assert (at.year if at else None) == year


def test_a_truncated_report_is_a_failed_tool() -> None:
    """Half the files would be a coverage of its own."""
    xml = coverage(a_class("a", line(1, 1)))
    assert parse(xml[:-30]).outcome is Outcome.TOOL_FAILED


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            '<coverage generated="1" clover="4"><project/></coverage>',
            "no line-rate, expected <coverage line-rate",
        ),
        ("<report/>", "the root element is <report>"),
        (
            coverage('<class filename="a.py"><lines><line number="x" hits="1"/></lines></class>'),
            "a.py: a line has number x and hits 1, expected numbers",
        ),
        ('<coverage line-rate="high"/>', "line-rate is 'high', expected a number"),
    ],
)
def test_what_does_not_fit_is_named(xml: str, message: str) -> None:
    """Clover has the same root name; a bad line names its file."""
    with pytest.raises(InputError) as caught:
        parse(xml)
    assert message in caught.value.message


def test_clover_is_not_claimed() -> None:
    """Its root is called coverage too."""
    assert CoberturaXml().recognises(Head("x", b'<?xml version="1.0"?><coverage branch-rate="0" line-rate="0">'))
    assert not CoberturaXml().recognises(Head("x", b'<coverage generated="1" clover="4.4"><project>'))
