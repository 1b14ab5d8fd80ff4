"""PDF by typst, an extra (`pip install 'aqe[pdf]'`): a fixed template that is handed the report as data."""

from functools import cache
from pathlib import Path
from typing import Any

from ..core import jsontext
from ..core.errors import InputError
from ..core.printable import cleaned
from ..core.records.report import Figure, Report, text_of
from .charts import draw
from .charts.svg import Ink
from .signs import LIGHT

_INK = Ink(
    text="#17202c", muted="#5a6675", grid="#d5dbe3", paper="#ffffff", tones=LIGHT, font="Libertinus Serif"
)  # the typeface that typst brings along


class Pdf:
    """A4, tagged for screen readers; the same report gives the same bytes."""

    name = "pdf"
    extension = "pdf"
    binary = True

    def render(self, report: Report) -> bytes:
        """The document.

        Raises:
            InputError: typst is not installed.
        """
        try:
            import typst
        except ImportError as error:
            raise InputError(
                "PDF needs the typst package", hint="pip install 'aqe[pdf]', or use --format html"
            ) from error
        # As an input and not as part of the source: what production wrote cannot become a command.
        data = jsontext.dumps(_data(cleaned(report)))
        stamp = int(report.generated_at.timestamp())
        pdf: bytes = typst.compile(_template(), format="pdf", sys_inputs={"report": data}, timestamp=stamp)
        return pdf


@cache
def _template() -> bytes:
    return (Path(__file__).parent / "page.typ").read_bytes()


def _data(report: Report) -> dict[str, Any]:
    """The report with its pictures drawn."""
    data = report.to_dict()
    for section, written in zip(report.sections, data["sections"], strict=True):
        for block, fields in zip(section.blocks, written["blocks"], strict=True):
            if isinstance(block, Figure):
                fields["svg"] = draw(block, _INK)
                fields["alt"] = f"{block.title}: {text_of(block.description)}"
    return data | {"tones": {tone.value: color for tone, color in LIGHT.items()}}
