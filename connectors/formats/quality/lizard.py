"""lizard's reports of cyclomatic complexity: CSV without header (or with, under -V) and XML (cppncss).

nloc, ccn, token, param, length, location, file, function, long name, start, end
"""

import re
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..complexity import METRICS, Complexities
from ..csv_rows import csv_rows
from ..documents import EMPTY_FILE, XmlFormat, XmlReader, clean

_WHAT = "lizard CSV"
_COLUMNS = 11
_ROW = re.compile(r'\d+,\d+,\d+,\d+,\d+,"?[^"]*@\d+-\d+@')
_HEADER = "NLOC,CCN,token,"
_PLACE = re.compile(r"(.*) at (.*):(\d{1,8})")


class LizardCsv:
    """lizard CSV -> code-quality."""

    name = "lizard-csv"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    about = About(
        title="lizard report, CSV",
        producers="lizard",
        versions="lizard 1, with or without header",
        recognised_by="five numbers and a place `name@start-end@file`",
        fields="ccn, file, function, start of each row",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="lizard --csv SRC > lizard.csv",
    )

    def recognises(self, head: Head) -> bool:
        """By the first row, or by the header."""
        return _ROW.match(head.first_line) is not None or head.first_line.startswith(_HEADER)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Add the functions up."""
        functions, is_empty = Complexities("lizard"), True
        for number, row in enumerate(csv_rows(stream, _WHAT, delimiters=","), start=1):
            is_empty = False
            if number == 1 and ",".join(row).startswith(_HEADER):
                continue
            if len(row) < _COLUMNS or not all(cell.isdecimal() and len(cell) < 10 for cell in (row[0], row[1], row[9])):
                raise InputError(f"{_WHAT}: row {number} is {clean(','.join(row), 80)!r}, expected nloc,ccn,...")
            functions.add(row[7], int(row[1]), file=row[6], line=int(row[9]))
        return EMPTY_FILE if is_empty else functions.parsed()


class _Reader(XmlReader):
    """`<measure type="Function">` has labels, then items with a value a label."""

    def __init__(self) -> None:
        super().__init__("lizard XML", ("cppncss",))
        self._functions = Complexities("lizard")
        self._in_functions = False
        self._labels: list[str] = []
        self._item = ""
        self._values: list[str] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "measure":
            self._in_functions = attributes.get("type") == "Function"
            self._labels = []
        elif name == "item":
            self._item, self._values = attributes.get("name", ""), []
        elif name in ("label", "value"):
            self.collect_text()

    def closed(self, name: str) -> None:
        if name == "label":
            self._labels.append(self.collected_text().strip())
        elif name == "value":
            self._values.append(self.collected_text().strip())
        elif name == "item" and self._in_functions:
            values = dict(zip(self._labels, self._values, strict=False))
            ccn = values.get("CCN", "")
            if not ccn.isdecimal() or len(ccn) > 9:
                raise InputError(f"lizard XML: {clean(self._item, 80)!r} has the CCN {clean(ccn, 20)!r}")
            place = _PLACE.fullmatch(self._item)
            function, file, line = place.groups() if place else (self._item, None, "0")
            self._functions.add(function, int(ccn), file=file, line=int(line))

    def parsed(self) -> Parsed:
        return self._functions.parsed()


class LizardXml(XmlFormat):
    """lizard XML -> code-quality."""

    name = "lizard-xml"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    about = About(
        title="lizard report, XML (cppncss)",
        producers="lizard, CCCC converters for Jenkins",
        versions="lizard 1",
        recognised_by="root element `cppncss`",
        fields="items of the `Function` measure: name, CCN",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="lizard --xml SRC > lizard.xml",
    )
    roots = ("cppncss",)

    def reader(self) -> XmlReader:
        """Adds the functions up."""
        return _Reader()
