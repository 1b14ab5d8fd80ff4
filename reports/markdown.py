"""Markdown as GitHub and GitLab read it: for a comment, a wiki, a repository."""

import re

from ..core.printable import clean, cleaned
from ..core.records.report import (
    Block,
    Facts,
    Figure,
    Items,
    Line,
    Paragraph,
    Report,
    Table,
    Tone,
    Value,
)
from .charts.lines import lines
from .signs import SIGNS

_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""Characters that begin or end something; an underscore inside a word does not."""
_LINKED = re.compile(r"@(?=\w)|#(?=\w)|://|www\.", re.IGNORECASE)
"""What platforms turn into mentions and links without being asked."""
_AT_START = re.compile(r"^(\s*)(?:(>)|([-+]|#{1,6}|\d{1,9}[.)])(?=\s|$)|([-=])(?=[-=\s]*$))")
"""What makes a quotation, a list, a heading of the line that it begins."""


class Markdown:
    """GitHub-flavoured Markdown."""

    name = "markdown"
    extension = "md"
    binary = False

    def render(self, report: Report) -> bytes:
        """The report as UTF-8 text."""
        report = cleaned(report)
        parts = [f"# {_line(report.title)}", _line(report.subtitle)]
        if report.verdict:
            parts.append(f"**{_value(report.verdict)}** {_line(report.because)}")
        if report.highlights:
            parts.append("\n".join(f"- **{escaped(f.label)}:** {_line(f.line, f.tone)}" for f in report.highlights))
        for section in report.sections:
            parts.append(f"## {escaped(section.title)}")
            parts += [_block(block) for block in section.blocks]
        if report.footer:
            parts += ["---", _line(report.footer)]
        return ("\n\n".join(filter(None, parts)) + "\n").encode(errors="replace")


def escaped(text: str) -> str:
    """Text that stays text: no markup, no tag, no link, no mention."""
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    text = _MARKUP.sub(lambda found: f"\\{found[0]}", text)
    # An empty comment parts the text; the reader does not see it.
    text = _LINKED.sub(
        lambda found: f"{found[0][:-1]}<!-- -->{found[0][-1]}" if len(found[0]) > 1 else f"{found[0]}<!-- -->", text
    )
    return _AT_START.sub(lambda found: f"{found[1]}{found[0].strip()[:-1]}\\{found[0][-1]}", text)


def _value(value: Value) -> str:
    sign = SIGNS[value.tone] if value.tone else ""
    return f"{sign} {escaped(value.text)}" if sign else escaped(value.text)


def _line(line: Line, tone: Tone | None = None) -> str:
    words = "".join(escaped(part) if isinstance(part, str) else _value(part) for part in line)
    told = any(isinstance(part, Value) and part.tone for part in line)
    sign = SIGNS[tone] if tone and not told else ""
    return f"{sign} {words}" if sign else words


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"> {_line(block.line, block.tone)}" if block.tone else _line(block.line)
        case Items():
            return "\n".join(_items(block))
        case Facts():
            return "\n".join(f"- **{escaped(f.label)}:** {_line(f.line, f.tone)}" for f in block.facts)
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)


def _items(block: Items) -> list[str]:
    written = []
    for number, item in enumerate(block.items, 1):
        head = f"{number}." if block.numbered else "-"
        written.append(f"{head} {_line(item.line, item.tone)}")
        written += [f"{' ' * (len(head) + 1)}- {_line(detail)}" for detail in item.details]
    return written


def _table(table: Table) -> str:
    rows = [[escaped(column.title) for column in table.columns]]
    rows.append(["---:" if column.numeric else "---" for column in table.columns])
    rows += [[_line(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _figure(figure: Figure) -> str:
    # In a fence nothing is markup but a fence.
    drawn = "\n".join(line.replace("`", "'").rstrip() for line in lines(figure.chart))
    return f"**{escaped(figure.title)}.** {_line(figure.description)}\n\n```text\n{drawn}\n```"
