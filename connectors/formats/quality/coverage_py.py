"""coverage.py's JSON report.

`percent_covered` mixes lines and branches as soon as branches are measured, so the percentages are computed from the
counts. Branches are reported only where the code has any and they were measured.
"""

from collections.abc import Iterator
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, LINE, STATEMENT, Share, coverage
from ..documents import JsonFormat, clean
from ..times import utc_moment

_COUNTS = ("covered_lines", "num_statements")


class CoveragePyJson(JsonFormat):
    """coverage.py JSON -> test-coverage."""

    name = "coverage-py-json"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="coverage.py JSON report",
        producers="coverage.py, pytest-cov",
        versions="format 2 and 3 (coverage.py 5 and later)",
        recognised_by="keys `branch_coverage`, or `executed_lines` and `missing_lines`",
        fields="`totals` covered_lines, num_statements, covered_branches, num_branches; `meta` version, timestamp",
        metrics=(LINE, STATEMENT, BRANCH),
        sample=Sample.REAL,
        how_to_export="coverage json -o coverage.json (or pytest --cov --cov-branch --cov-report=json)",
    )

    def recognises(self, head: Head) -> bool:
        """By keys only coverage.py writes, near the beginning in whatever order."""
        if not head.is_json_object:
            return False
        return '"branch_coverage"' in head.text or ('"executed_lines"' in head.text and '"missing_lines"' in head.text)

    def read(self, document: Any) -> Parsed:
        """Read the totals."""
        totals, meta = document.get("totals"), document.get("meta")
        if not isinstance(totals, dict):
            raise InputError("coverage.py JSON: no object `totals`", hint="is this the output of `coverage json`?")
        lines = _share(totals, *_COUNTS)
        branches = _share(totals, "covered_branches", "num_branches") if "num_branches" in totals else None
        meta = meta if isinstance(meta, dict) else {}
        return coverage(
            "coverage.py",
            # A statement is what coverage.py counts; it names it by its line.
            {LINE: lines, STATEMENT: lines, BRANCH: branches if lines.total else None},
            version=meta.get("version"),
            measured_at=utc_moment(meta.get("timestamp")),
            notes=() if branches else ("branches were not measured (run with --branch)",),
            files=dict(_files(document.get("files"))),
        )


def _files(files: object) -> Iterator[tuple[str, Share]]:
    """Those that say their lines: the totals alone are what a report must have."""
    for name, file in files.items() if isinstance(files, dict) else ():
        summary = file.get("summary") if isinstance(file, dict) else None
        covered, total = (summary.get(key) for key in _COUNTS) if isinstance(summary, dict) else (None, None)
        if isinstance(covered, int) and isinstance(total, int):
            yield name, Share(covered, total)


def _share(totals: dict[str, Any], covered_key: str, total_key: str) -> Share:
    return Share(_count(totals, covered_key), _count(totals, total_key))


def _count(totals: dict[str, Any], key: str) -> int:
    value = totals.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"coverage.py JSON: totals.{key} is {clean(value, 40)}, expected a count")
    return value
