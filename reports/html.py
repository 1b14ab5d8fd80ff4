"""A page that needs nothing else: no script, no link, no font, no picture from elsewhere; light, dark and on paper."""

from functools import cache
from html import escape
from pathlib import Path

from ..core.printable import cleaned
from ..core.records.report import (
    Block,
    Column,
    Fact,
    Facts,
    Figure,
    Items,
    Line,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Value,
    text_of,
)
from .charts import draw
from .charts.svg import Ink
from .signs import DARK, LIGHT

# A browser that is handed hostile text after all is told to load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_INK = Ink(
    text="var(--text)",
    muted="var(--muted)",
    grid="var(--grid)",
    paper="var(--paper)",
    tones={tone: f"var(--{tone})" for tone in Tone},
    font="inherit",
)


class Html:
    """One self-contained HTML file."""

    name = "html"
    extension = "html"
    binary = False

    def render(self, report: Report) -> bytes:
        """The page as UTF-8."""
        report = cleaned(report)
        title = escape(text_of(report.title))
        page = (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
            f"{_header(report)}{''.join(map(_section, report.sections))}"
            f"<footer>{_line(report.footer)}</footer>\n</main>\n</body>\n</html>\n"
        )
        return page.encode(errors="xmlcharrefreplace")


@cache
def _style() -> str:
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    for comment, colors in (("/* tones */", LIGHT), ("/* dark tones */", DARK)):
        css = css.replace(comment, " ".join(f"--{tone}: {color};" for tone, color in colors.items()))
    return css


def _header(report: Report) -> str:
    parts = [f"<header>\n<h1>{_line(report.title)}</h1>\n"]
    if report.subtitle:
        parts.append(f'<p class="subtitle">{_line(report.subtitle)}</p>\n')
    if report.verdict:
        words = f"<strong>{escape(report.verdict.text)}</strong>{_line(report.because)}"
        parts.append(f'<div class="verdict"{_tone(report.verdict.tone)}>{words}</div>\n')
    if report.highlights:
        parts.append(f'<dl class="cards">{"".join(map(_fact, report.highlights))}</dl>\n')
    return "".join([*parts, "</header>\n"])


def _section(section: Section) -> str:
    blocks = "".join(_block(block) for block in section.blocks)
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{blocks}</section>\n"


def _tone(tone: Tone | None) -> str:
    return f' style="--tone: var(--{tone})"' if tone else ""


def _value(value: Value) -> str:
    origins = "; ".join(" ".join(filter(None, (origin.key, origin.field))) for origin in value.origins)
    hint = f"{value.computed} of {origins}" if value.computed else origins or value.reason or ""
    kind = "word" if value.tone else "missing" if value.value is None else "value"
    return f'<span class="{kind}"{_tone(value.tone)} title="{escape(hint)}">{escape(value.text)}</span>'


def _line(line: Line) -> str:
    return "".join(escape(part) if isinstance(part, str) else _value(part) for part in line)


def _fact(fact: Fact) -> str:
    return f"<div{_tone(fact.tone)}><dt>{escape(fact.label)}</dt><dd>{_line(fact.line)}</dd></div>"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            note = ' class="note"' if block.tone else ""
            return f"<p{note}{_tone(block.tone)}>{_line(block.line)}</p>\n"
        case Items():
            return _items(block)
        case Facts():
            pairs = "".join(f"<dt>{escape(f.label)}</dt><dd>{_line(f.line)}</dd>" for f in block.facts)
            return f'<dl class="facts">{pairs}</dl>\n'
        case Table():
            return _table(block)
        case Figure():
            caption = f"<strong>{escape(block.title)}</strong> <span>{_line(block.description)}</span>"
            return f"<figure><figcaption>{caption}</figcaption>{draw(block, _INK)}</figure>\n"


def _items(block: Items) -> str:
    written = []
    for item in block.items:
        details = "".join(f"<li>{_line(detail)}</li>" for detail in item.details)
        toned = f' class="toned"{_tone(item.tone)}' if item.tone else ""
        written.append(f"<li{toned}>{_line(item.line)}{f'<ul>{details}</ul>' if details else ''}</li>\n")
    tag = "ol" if block.numbered else "ul"
    return f"<{tag}>\n{''.join(written)}</{tag}>\n"


def _kind(column: Column) -> str:
    return "numeric" if column.numeric else "wide" if column.wide else ""


def _table(table: Table) -> str:
    classes = [f' class="{kind}"' if (kind := _kind(column)) else "" for column in table.columns]
    heads = zip(classes, table.columns, strict=True)
    head = "".join(f'<th scope="col"{kind}>{escape(column.title)}</th>' for kind, column in heads)
    rows = "".join(
        f"<tr>{''.join(f'<td{kind}>{_line(cell)}</td>' for kind, cell in zip(classes, row, strict=True))}</tr>\n"
        for row in table.rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
