"""jscpd's JSON: copies of code. The percentage is computed from lines; the largest copies are kept as evidence."""

from heapq import nlargest
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MAX_FINDINGS, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, finding
from ..shapes import Count, MaybeListed, Shape, dict_at, shaped
from ..times import utc_moment

_WHAT = "jscpd"


class _Total(Shape):
    lines: Count
    duplicated_lines: Count


class _Statistics(Shape):
    total: _Total
    detection_date: Any = None


class _Copy(Shape):
    lines: int = 0
    first_file: Any = None
    second_file: Any = None


class _Report(Shape):
    statistics: _Statistics
    duplicates: MaybeListed[_Copy]


class Jscpd(JsonFormat):
    """jscpd -> code-quality."""

    name = "jscpd-json"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    about = About(
        title="jscpd report of copied code, JSON",
        producers="jscpd",
        versions="jscpd 3 and 4",
        recognised_by="`statistics` with `total.duplicatedLines`, or `duplicates` with `firstFile`",
        fields="`statistics.total` lines and duplicatedLines; `duplicates`",
        metrics=("duplication_percent",),
        sample=Sample.CONSTRUCTED,
        how_to_export="jscpd --reporters json --output report SRC",
    )

    def recognises(self, head: Head) -> bool:
        """By the statistics, or by the first copy where those are behind."""
        if "duplicatedLines" in dict_at(head.json, "statistics", "total"):
            return True
        copies = dict_at(head.json).get("duplicates")
        return isinstance(copies, list) and bool(copies) and "firstFile" in dict_at(copies[0])

    def read(self, document: Any) -> Parsed:
        """Take the counts."""
        report = shaped(_Report, document, _WHAT)
        total = report.statistics.total
        if not total.lines:
            return Parsed(Outcome.NOT_MEASURED, reason="no line was looked at")
        if total.duplicated_lines > total.lines:
            raise InputError(f"{_WHAT}: {total.duplicated_lines} of {total.lines} lines are copies")
        largest = nlargest(MAX_FINDINGS, report.duplicates, key=lambda copy: copy.lines)
        part = SignalPart(
            tool="jscpd",
            outcome=Outcome.VALUE,
            measured_at=utc_moment(report.statistics.detection_date),
            metrics={"duplication_percent": 100 * total.duplicated_lines / total.lines},
            findings=tuple(_finding(copy) for copy in largest),
        )
        return Parsed(Outcome.VALUE, signals=((SignalKind.CODE_QUALITY, part),))


def _finding(copy: _Copy) -> Any:
    first, second = dict_at(copy.first_file), dict_at(copy.second_file)
    message = f"{copy.lines} lines also in {clean(second.get('name'), 120)}:{clean(second.get('start'), 10)}"
    return finding("duplicate", message, "duplicate", first.get("name"), first.get("start"))
