"""Text for people: honest, aligned, harmless."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.cli import text
from aqe.cli.text import (
    Look,
    clean,
    cleaned,
    confidence_number,
    facts,
    fine_percent,
    percent,
    risk_number,
    room,
    table,
    value_text,
)
from aqe.core.columns import folded, width
from aqe.core.records.release import Release

HOSTILE = "\x1b[2J\x1b]0;owned\x07 a\u202eb\r\n\x9b31m\x00\x7fc"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("risk", "shown"),
    [
        (0, "0"),
        (0.001, "0.1"),
        (20, "20"),
        (20.0000001, "20.1"),
        (20.1, "20.1"),
        (20.4, "20.4"),
        (40, "40"),
        (40.01, "40.1"),
        (60, "60"),
        (60.05, "60.1"),
        (99.95, "99.9"),
        (100, "100"),
    ],
)
def test_a_risk_is_rounded_up_so_that_it_never_stands_beside_a_level_it_does_not_have(risk: float, shown: str) -> None:
    """100 is printed only when it is 100."""
    assert risk_number(risk) == shown


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (94.25, "94.2"), (99.99, "99.9"), (100, "100")])
def test_a_confidence_is_rounded_down(value: float, shown: str) -> None:
    """99.99 is not 100."""
    assert confidence_number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0 %"),
        (0.0001, "under 1 %"),
        (0.0049, "under 1 %"),
        (0.005, "1 %"),
        (0.29, "29 %"),
        (0.576, "58 %"),
        (0.9949, "99 %"),
        (0.9996, "over 99 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_all_or_nothing_only_when_it_is(share: float, shown: str) -> None:
    """Between them it is rounded to the nearest: cut, parts of a whole would add up to 98 %."""
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (1e-9, "0.0000001 %"), (0.0184, "1.84 %"), (0.9996, "99.96 %"), (0.99999, "99.999 %"), (1, "100 %")],
)
def test_a_fine_share_has_hundredths_and_more_where_they_would_say_all_or_nothing(share: float, shown: str) -> None:
    """An availability of 99.96 % is neither 99.9 % nor 100 %."""
    assert fine_percent(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (0, "0"),
        (120_000, "120000"),
        (87.23404255319149, "87.23"),
        (99.99999, "99.99999"),
        (100.0, "100"),
        (0.00001, "1e-05"),
        (123_456.7, "123457"),
        (-1e300, "-1e+300"),
        ("A", "A"),
    ],
)
def test_a_measured_value_is_short_but_never_0_or_100_when_it_is_not(value: object, shown: str) -> None:
    """Coverage of 99.99999 % does not print as 100."""
    assert value_text(value) == shown


def test_a_table_is_as_wide_as_the_terminal_and_whole_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long cells go on below; every word is still there, and a long one is cut at the edge."""
    rows = [("HIGH", "2026-11-29 01:30", "GET /api/products, POST /api/cart, " + "x" * 90, "12")]
    head = ("PRIORITY", "BEGAN", "REQUESTS", "TIMES")
    whole = table(head, rows)
    assert len(whole.splitlines()) == 2 and rows[0][2] in whole
    monkeypatch.setattr(text, "room", lambda: 80)
    fitted = table(head, rows, indent=4)
    assert max(map(len, fitted.splitlines())) <= 80 and all(line.startswith("    ") for line in fitted.splitlines())
    assert "2026-11-29 01:30" in fitted and fitted.replace(" ", "").count("x") == 90
    assert table(("A", "B"), [("1", "short")]) == "A  B\n1  short"


def test_a_table_of_many_columns_keeps_eight_characters_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather too wide than unreadable."""
    monkeypatch.setattr(text, "room", lambda: 20)
    fitted = table(tuple("abcdef"), [("x" * 32,) * 6])
    assert {len(line) for line in fitted.splitlines()[1:]} == {6 * 8 + 5 * 2}


def test_words_stay_whole_while_there_is_room_and_what_says_nothing_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rating is not cut in two beside a sentence that can go on below; a column of dashes goes first."""
    monkeypatch.setattr(text, "room", lambda: 60)
    head = ("VITAL", "RATING", "TREND", "PAGES")
    fitted = table(head, [("LCP (ms)", "NEEDS_IMPROVEMENT", "-", "one page after the other " * 4)])
    assert "NEEDS_IMPROVEMENT" in fitted and "TREND" not in fitted
    assert "TREND" in table(head, [("LCP (ms)", "GOOD", "-", "one")])


@given(st.lists(st.text("a漢🎉e\u0301 ", max_size=60), min_size=2, max_size=2), st.integers(20, 90))
def test_ideographs_and_marks_take_the_room_that_a_terminal_gives_them(cells: list[str], columns: int) -> None:
    """No line is wider, the second column begins below its head, and no letter is lost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "room", lambda: columns)
        lines = table(("FIRST", "SECOND"), [(f"x{cells[0]}", f"x{cells[1]}")]).split("\n")
    assert all(width(line) <= columns for line in lines)
    second = lines[0].index("SECOND")
    assert width(lines[1][: lines[1].rindex("x")]) == second
    written = "".join(lines[1:])
    assert sorted(written.replace(" ", "")) == sorted(f"xx{''.join(cells)}".replace(" ", ""))


def test_text_of_ideographs_is_folded_at_blanks_by_its_width() -> None:
    assert folded("漢字漢 字漢字", 10) == "漢字漢\n  字漢字"
    assert folded("e\u0301" * 10, 10) == "e\u0301" * 10


def test_text_from_outside_is_one_line_that_a_terminal_does_not_obey() -> None:
    """Escapes, bells, line breaks, C1 controls and direction marks become blanks; letters stay."""
    shown = clean(HOSTILE + "ünïcode 漢字")
    assert shown.isprintable()
    assert "ünïcode 漢字" in shown


def test_every_text_of_a_record_is_cleaned() -> None:
    """So a renderer cannot forget one."""
    hostile = Release(version="v1", environment=HOSTILE, service=HOSTILE)
    assert cleaned(hostile) == Release(version="v1", environment=clean(HOSTILE), service=clean(HOSTILE))


def test_cells_of_a_table_are_cleaned_and_columns_line_up() -> None:
    """The last column is not filled up."""
    assert table(("A", "LONG"), [("x", HOSTILE[:1] + "y"), (12345, None)]) == "A      LONG\nx       y\n12345"


def test_facts_leave_out_what_is_not_known() -> None:
    """Names line up."""
    assert facts([("A", 1), ("Gone", None), ("Long", "x")]) == "A:     1\nLong:  x"


def test_only_a_utf8_terminal_gets_signs_and_only_a_willing_one_gets_colours() -> None:
    """A file, a pipe and NO_COLOR get plain words."""
    assert Look.of(Terminal("UTF-8"), color=True) == Look(color=True, emoji=True)
    assert Look.of(Terminal("UTF-8"), color=False) == Look(color=False, emoji=True)
    assert Look.of(Terminal("ascii"), color=True) == Look(color=True, emoji=False)
    assert Look.of(io.StringIO(), color=True) == Look()
    assert Look().word("BLOCKED", width=9) == "BLOCKED  "
    assert "\x1b[" in Look(color=True).word("BLOCKED")


def test_there_is_room_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped keeps its lines whole, whatever COLUMNS says."""
    monkeypatch.setenv("COLUMNS", "77")
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    assert room() is None
    monkeypatch.setattr(stream, "isatty", lambda: True)
    assert room() == 77
