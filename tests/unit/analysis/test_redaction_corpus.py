"""What redaction reaches over generated lines: those it was tuned on, and held-out ones of other formats and seeds."""

import pytest

from aqe.analysis.redaction.redactor import ALL, Redactor
from aqe.benchmarks.redaction import heldout, tuning
from aqe.benchmarks.redaction.scores import leaves, score
from aqe.core.records.privacy import REDACTED_KINDS

COUNT = 5_200


def test_nearly_everything_is_found_and_nearly_nothing_else_touched_on_held_out_lines() -> None:
    """The goal: at least 99.5 % of what identifies people or opens doors, at most 2 % of what looks like it."""
    reached = score(heldout, COUNT, heldout.SEEDS)
    assert reached.recall >= 0.995
    assert reached.touched <= 0.02


def test_the_lines_it_was_tuned_on_hold_no_surprise() -> None:
    """All of it, and nothing else."""
    assert score(tuning, COUNT, tuning.SEEDS) == (1.0, 0.0)


@pytest.mark.parametrize("module", [heldout, tuning], ids=["held out", "tuning"])
def test_a_line_that_stays_as_it_is_counts_as_missed(module: object) -> None:
    """The judge itself can fail: a redactor that does nothing finds nothing."""
    lines = list(module.lines(500, 1))  # type: ignore[attr-defined]
    assert all(leaves(line, line.text) for line in lines)
    assert len({line.kind for line in lines}) >= 10


def test_the_kinds_in_aqe_yaml_are_those_that_are_looked_for() -> None:
    """A kind that could not be named could not be left in; one that is not looked for would be a promise."""
    assert frozenset(REDACTED_KINDS) == ALL


def test_a_project_adds_fields_and_patterns_of_its_own() -> None:
    """In JSON, in queries, in text; without regard to case, `_` and `-`."""
    own = Redactor(b"k", fields=("customerNumber",), patterns={"employee": r"\bE-\d{6}\b"})
    for text in ('{"customer_number": "17-4"}', "GET /a?customernumber=17-4&b=1", "Customer-Number: 17-4"):
        redacted = own.text(text)
        assert "17-4" not in redacted
        assert "<field:" in redacted
    assert own.text("E-123456 logged in") == f"{own.pseudonym('employee', 'E-123456')} logged in"
    assert own.text("E-12 logged in") == "E-12 logged in"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ('{"firstName": "Ann", "lastName": "Of Kent"}', ("Ann", "Of Kent")),
        ("customer_name=Ann of Kent status=ok", ("Ann",)),
        ("<cardHolder>ANN KENT</cardHolder>", ("ANN KENT",)),
        ("date_of_birth: 1990-01-31, ssn=078-05-1120", ("1990-01-31", "078-05-1120")),
        ("curl -u ann:hunter2 https://x.example", ("hunter2",)),
        ("run --password hunter2 --db shop", ("hunter2",)),
        ("<auth:password>hunter2</auth:password>", ("hunter2",)),
        ("Authorization: ApiKey hunter2hunter", ("hunter2hunter",)),
        ("call 0049 30 901820 back", ("901820",)),
    ],
)
def test_names_of_fields_tell_what_stands_in_them(text: str, gone: tuple[str, ...]) -> None:
    """Persons in known fields, options of commands, elements, schemes."""
    redacted = Redactor(b"k").text(text)
    assert not [value for value in gone if value in redacted]
    assert Redactor(b"k").text(redacted) == redacted
