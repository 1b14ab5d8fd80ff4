"""Plain text for a terminal or a log; colours and signs only where they are welcome."""

from dataclasses import dataclass, replace

from ..core import columns
from ..core.printable import cleaned
from ..core.records.report import Block, Facts, Figure, Items, Line, Paragraph, Report, Table, Tone, Value, text_of
from .charts.lines import lines
from .signs import ANSI, SIGNS

_INDENT = "  "


@dataclass(frozen=True)
class Terminal:
    """Text of `width` columns.

    Args:
        color: ANSI colours for verdicts.
        signs: signs and blocks beyond ASCII.
        width: columns of running text.
        room: columns of the terminal: nothing is wider; None = it goes to a file, and tables are as wide as they need.
    """

    color: bool = False
    signs: bool = False
    width: int = 100
    room: int | None = None
    name = "text"
    extension = "txt"
    binary = False

    def render(self, report: Report) -> bytes:
        """The report as UTF-8 text."""
        report = cleaned(report)
        written = [self._bold(text_of(report.title)), ("━" if self.signs else "-") * 60]
        written += [text_of(report.subtitle)] if report.subtitle else []
        if report.verdict:
            written.append("")
            written += self._filled(f"{self._value(report.verdict)}  {text_of(report.because)}".rstrip(), "")
        written += self._facts(Facts(facts=report.highlights)) if report.highlights else []
        for section in report.sections:
            written += ["", self._bold(section.title.upper())]
            for index, block in enumerate(section.blocks):
                written += ([""] if index else []) + self._block(block)
        written += ["", *self._filled(text_of(report.footer), "")] if report.footer else []
        return ("\n".join(line.rstrip() for line in written) + "\n").encode(errors="replace")

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def _toned(self, text: str, tone: Tone | None) -> str:
        if tone is None:
            return text
        text = f"{SIGNS[tone]} {text}".lstrip() if self.signs else text
        return f"\x1b[1;{ANSI[tone]}m{text}\x1b[0m" if self.color else text

    def _value(self, value: Value) -> str:
        return self._toned(value.text, value.tone)

    def _line(self, line: Line) -> str:
        return "".join(part if isinstance(part, str) else self._value(part) for part in line)

    def _filled(self, text: str, head: str) -> list[str]:
        # Words are kept whole: a key or a hash that is broken in two cannot be copied.
        return columns.filled(text, min(self.width, self.room or self.width), head, " " * len(head))

    def _block(self, block: Block) -> list[str]:
        match block:
            case Paragraph():
                return self._filled(self._line(block.line), "  ! " if block.tone else "  ")
            case Items():
                return self._items(block)
            case Facts():
                return self._facts(block)
            case Table():
                return self._table(block)
            case Figure():
                drawn = [f"    {line}" for line in lines(block.chart, unicode=self.signs)]
                return [f"  {block.title}: {text_of(block.description)}", *drawn]

    def _items(self, block: Items) -> list[str]:
        written = []
        for number, item in enumerate(block.items, 1):
            head = f"  {number}. " if block.numbered else "  - "
            sign = SIGNS[item.tone] + " " if item.tone and self.signs else ""
            written += self._filled(sign + self._line(item.line), head)
            for detail in item.details:
                written += self._filled(self._line(detail), " " * len(head) + "- ")
        return written

    def _facts(self, block: Facts) -> list[str]:
        width = max(len(fact.label) for fact in block.facts) + 1
        return [
            line
            for fact in block.facts
            for line in self._filled(self._line(fact.line), f"  {fact.label + ':':<{width}}  ")
        ]

    def _table(self, table: Table) -> list[str]:
        plain = replace(self, signs=False)  # a sign's width differs from terminal to terminal
        texts = [[column.title.upper() for column in table.columns]]
        texts += [[text_of(cell) for cell in row] for row in table.rows]
        shown = [[self._bold(cell) for cell in texts[0]], *([plain._line(cell) for cell in row] for row in table.rows)]
        widths = columns.widths(texts, None if self.room is None else self.room - len(_INDENT))
        written = []
        for uncolored, colored in zip(texts, shown, strict=True):
            for line in columns.lines(uncolored, widths):
                cells = []
                for place, (column, width, text) in enumerate(zip(table.columns, widths, line, strict=True)):
                    # A cell that goes on below is plain: a colour must not run over into its neighbours.
                    cell = colored[place] if text == uncolored[place] else text
                    gap = columns.gap(text, width)
                    cells.append(gap + cell if column.numeric else cell + gap)
                written.append(_INDENT + "  ".join(cells))
        return written
