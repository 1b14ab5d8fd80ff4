"""What every report format must do; a new one is tested the day it is registered."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from aqe.core.printable import clean
from aqe.core.records.report import (
    Bar,
    Bars,
    Column,
    Fact,
    Facts,
    Figure,
    Interval,
    Item,
    Items,
    Origin,
    Paragraph,
    Point,
    Reliability,
    ReliabilityBin,
    Report,
    Section,
    Table,
    Timeline,
    Tone,
    Value,
)
from aqe.reports.charts import draw
from aqe.reports.charts.lines import lines
from aqe.reports.charts.svg import Ink
from aqe.reports.format import Format
from aqe.reports.html import Html
from aqe.reports.json import Json
from aqe.reports.markdown import Markdown
from aqe.reports.pdf import Pdf
from aqe.reports.table import FORMATS
from aqe.reports.terminal import Terminal

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
HOSTILE = (
    "\x1b[2J\u202e</script><img src=x onerror=alert(1)> '\"`*_[link](javascript:x)| \r\n# head\n- item\n```\n"
    '@somebody #12 https://evil.example www.evil.example &lt; $x$ #panic("typst") #read("/x") {{x}} \\'
)
FROM = (Origin(key="aqe/deployment/decision", field="rule"),)
INK = Ink("black", "grey", "silver", "white", dict.fromkeys(Tone, "navy"), "serif")
each_format = pytest.mark.parametrize("format_", FORMATS, ids=lambda f: f.name)


def a_value(text: str = "fine", value: Any = None, tone: Tone | None = None) -> Value:
    return Value(text=text, value=text if value is None else value, origins=FROM, tone=tone)


def charts(text: str = "fine") -> dict[str, Any]:
    """One chart of each kind."""
    tones = tuple(Tone)
    return {
        "bars": Bars(
            maximum=100,
            marks=(20, 40),
            value_words="all",
            inner_words="measured",
            bars=tuple(
                Bar(label=(a_value(text),), value=a_value(text, 10.0 * n), inner=a_value(text, 5.0 * n), tone=tone)
                for n, tone in enumerate(tones)
            ),
        ),
        "interval": Interval(
            maximum=100,
            low=a_value(text, 80),
            middle=a_value(text, 90),
            high=a_value(text, 95),
            reference=a_value(text, 70),
        ),
        "reliability": Reliability(
            predicted_words="predicted",
            observed_words="observed",
            bins=tuple(
                ReliabilityBin(predicted=a_value(text, p), observed=a_value(text, p / 2), cases=a_value(text, 7))
                for p in (10, 30)
            ),
        ),
        "timeline": Timeline(
            tone_words={Tone.GOOD: "succeeded"},
            points=tuple(
                Point(at=AT - timedelta(days=n), label=a_value(text), value=a_value(text, n * 10), tone=tone)
                for n, tone in enumerate(tones)
            ),
        ),
    }


def a_report(text: str = "fine") -> Report:
    """A report that has everything a report can have."""
    line = ("says: ", a_value(text), ", ", a_value(text, tone=Tone.BAD), Value(text=text, value=None, reason=text))
    fact = Fact(label="Fact", line=line, tone=Tone.WARN)
    blocks: tuple[Any, ...] = (
        Paragraph(line=(a_value(text),)),
        Paragraph(line=line, tone=Tone.PERSON),
        Items(items=(Item(line=line, tone=Tone.GOOD, details=(line,)), Item(line=(a_value(text),)))),
        Items(items=(Item(line=line),), numbered=True),
        Facts(facts=(fact, fact)),
        Table(columns=(Column(title="Name"), Column(title="Size", numeric=True)), rows=((line, line), (line, line))),
        *(Figure(title="Figure", description=line, chart=chart) for chart in charts(text).values()),
    )
    return Report(
        title=line,
        subtitle=line,
        verdict=a_value(text, tone=Tone.BAD),
        because=line,
        highlights=(fact,) * 4,
        sections=(Section(title="Section", blocks=blocks),),
        footer=line,
        generated_at=AT,
    )


# Every format --------------------------------------------------------------------------------------------------------


def test_names_are_unique() -> None:
    """`--format NAME` means one."""
    assert len({f.name for f in FORMATS}) == len(FORMATS) == len({f.extension for f in FORMATS})


@each_format
def test_the_same_report_gives_the_same_bytes(format_: Format) -> None:
    """Also after a trip through JSON, as it is stored."""
    report = a_report()
    stored = Report.from_json(report.to_json(), where="test")
    assert format_.render(report) == format_.render(report) == format_.render(stored)


@each_format
def test_everything_that_is_said_is_printed(format_: Format) -> None:
    """No kind of block is left out."""
    report = a_report()
    if not format_.binary:
        text = format_.render(report).decode()
        assert all(word.lower() in text.lower() for word in ("says: ", "fact", "section", "figure", "name", "size"))
        assert text.count("fine") > 40


@each_format
def test_a_report_with_nothing_in_it_is_a_report(format_: Format) -> None:
    """A title and no more."""
    assert format_.render(Report(title=("Nothing",), sections=(), generated_at=AT))


@each_format
def test_hostile_text_does_no_harm(format_: Format) -> None:
    """It is rendered, and is no longer what it wanted to be."""
    written = format_.render(a_report(HOSTILE))
    assert written
    check = {"text": harmless_text, "markdown": harmless_markdown, "html": harmless_page, "json": the_same_json}
    check.get(format_.name, lambda _: None)(written)


def harmless_text(written: bytes) -> None:
    assert all(c == "\n" or c.isprintable() for c in written.decode())


def the_same_json(written: bytes) -> None:
    assert Report.from_json(written, where="test") == a_report(HOSTILE)


def harmless_markdown(written: bytes) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(written.decode())
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not {kind for kind in kinds if kind.startswith(("link", "image", "html_block", "code_inline", "em_", "s_"))}
    assert {child.content for child in inline if child.type == "html_inline"} == {"<!-- -->"}
    assert [t.content for t in inline if t.type == "text" and re.search(r"@\w|#\w|://|www\.", t.content)] == []
    # The text is all there, and nothing of it begins a heading, a list or a fence of its own.
    assert "panic(" in written.decode()
    assert sum(token.type == "heading_open" for token in tokens) == 2
    assert sum(token.type == "fence" for token in tokens) == 4


class Page(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def harmless_page(written: bytes) -> None:
    page = Page()
    page.feed(written.decode())
    assert not page.tags & {"script", "img", "a", "link", "iframe", "object", "base", "form", "input", "image", "use"}
    assert not {a for a in page.attributes if a.startswith("on") or a in ("src", "href", "srcset", "action", "data")}
    assert clean(HOSTILE) in page.texts
    assert not re.search(r"url\(|@import|expression\(", written.decode())


def test_hostile_text_in_a_pdf_is_text() -> None:
    """Were it code, `#panic` would end the rendering."""
    pytest.importorskip("typst")
    assert Pdf().render(a_report('#panic("x") = $ * _ `` @x <y> \\ // /* [')).startswith(b"%PDF-")


def test_a_pdf_without_typst_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """typst is an extra."""
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(Exception, match="PDF needs the typst package") as failed:
        Pdf().render(a_report())
    assert "aqe[pdf]" in failed.value.hint  # type: ignore[attr-defined]


# Particular formats --------------------------------------------------------------------------------------------------


def test_a_page_is_whole_and_tells_the_browser_to_load_nothing() -> None:
    """One file to be mailed or archived; it knows dark screens and paper."""
    text = Html().render(a_report()).decode()
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert "prefers-color-scheme: dark" in text and "@media print" in text


def test_a_page_says_where_a_value_comes_from() -> None:
    """On the value itself."""
    assert 'title="aqe/deployment/decision rule">fine<' in Html().render(a_report()).decode()


def test_colours_and_signs_are_only_where_they_are_welcome() -> None:
    """A log gets plain ASCII; a terminal that can, gets both."""
    assert Terminal().render(a_report()).isascii()
    colored = Terminal(color=True, signs=True).render(a_report()).decode()
    assert "\x1b[1;31m🛑 fine\x1b[0m" in colored


def test_markdown_keeps_what_is_no_markup_readable() -> None:
    """Names of metrics, decimals and comparisons stand as they are."""
    report = Report(title=(a_value("max_p95 12.5 % > 5 (a-b)"),), sections=(), generated_at=AT)
    assert Markdown().render(report) == b"# max_p95 12.5 % > 5 (a-b)\n"


def test_json_is_what_memory_would_hold() -> None:
    """Byte for byte."""
    assert Json().render(a_report()).decode() == a_report().to_json()


# Charts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", charts())
def test_a_chart_is_told_to_those_who_do_not_see_it(kind: str) -> None:
    """Title and description of the picture; the same data as lines."""
    figure = Figure(title="What", description=("because ",), chart=charts()[kind])
    picture = draw(figure, INK)
    assert "<title>What</title><desc>because </desc>" in picture and 'role="img"' in picture
    assert "fine" in "\n".join(lines(figure.chart)) and "\n".join(lines(figure.chart, unicode=False)).isascii()


def numbers(picture: str) -> Iterator[float]:
    for name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy"):
        yield from (float(found) for found in re.findall(rf'\b{name}="(-?[\d.]+)"', picture))


@pytest.mark.parametrize("value", [-1e9, 0, 1e-9, 1e9])
def test_values_beyond_the_scale_stay_on_the_paper(value: float) -> None:
    """A picture is never larger than it says."""
    v = a_value("x", value)
    for chart in (
        Bars(maximum=100, value_words="", bars=(Bar(label=("a",), value=v, inner=v),)),
        Interval(maximum=100, low=v, middle=v, high=v, reference=v),
        Reliability(predicted_words="p", observed_words="o", bins=(ReliabilityBin(predicted=v, observed=v, cases=v),)),
        Timeline(points=(Point(at=AT, label=v, value=v),)),
    ):
        assert all(0 <= number <= 640 for number in numbers(draw(Figure(title="t", description=(), chart=chart), INK)))
        assert all(len(line) < 120 for line in lines(chart))


def test_a_legend_has_the_colours_of_the_parts_that_it_explains_and_no_other() -> None:
    """Of two bars, a whole one and one of which nothing is firm: one swatch each, beside the two bars."""
    all_firm, none_firm = a_value("a", 50), a_value("b", 0)
    bars = (
        Bar(label=("a",), value=all_firm, inner=all_firm, tone=Tone.GOOD),
        Bar(label=("b",), value=all_firm, inner=none_firm, tone=Tone.BAD),
    )
    chart = Bars(maximum=100, bars=bars, inner_words="firm", value_words="all")
    ink = replace(INK, tones={Tone.GOOD: "green", Tone.BAD: "red"})
    picture = draw(Figure(title="t", description=(), chart=chart), ink)
    swatches = re.findall(r'height="10.0" rx="0" style="fill:([^;]+);fill-opacity:([\d.]+)"', picture)
    assert swatches == [("green", "1"), ("red", "0.28")]


# The record ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Paragraph(line=("risk is 18",)),
        lambda: Value(text="18", value=18),
        lambda: Value(text="not measured", value=None),
        lambda: Value(text="18", value=18, origins=FROM * 2),
        lambda: Table(columns=(Column(title="a"),), rows=(((), ()),)),
    ],
    ids=["a bare number", "no origin", "no reason", "two origins and no rule", "a ragged table"],
)  # fmt: skip
def test_a_number_without_an_origin_cannot_be_written_down(wrong: Any) -> None:
    """Nor a missing value without its reason."""
    with pytest.raises(ValidationError):
        wrong()


def test_every_value_of_a_report_is_found() -> None:
    """Those of charts and tables too."""
    assert len(list(a_report().values())) == len(re.findall(r'"text":', a_report().to_json()))
