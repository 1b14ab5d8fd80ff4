"""coverage.py's JSON report.

`percent_covered` mixes lines and branches as soon as branches are measured, so the percentages are computed from the
counts. Branches are reported only where the code has any and they were measured.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MetricValue, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, no_value
from ..times import utc_moment

_KIND = SignalKind.TEST_COVERAGE
_TOOL = "coverage.py"


class CoveragePyJson(JsonFormat):
    """coverage.py JSON -> test-coverage."""

    name = "coverage-py-json"
    produces: tuple[str, ...] = (_KIND.value,)
    about = About(
        title="coverage.py JSON report",
        producers="coverage.py, pytest-cov",
        versions="format 2 and 3 (coverage.py 5 and later)",
        recognised_by="keys `branch_coverage`, or `executed_lines` and `missing_lines`",
        fields="`totals` covered_lines, num_statements, covered_branches, num_branches; `meta` version, timestamp",
        metrics=("line_coverage_percent", "statement_coverage_percent", "branch_coverage_percent"),
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
        lines = _ratio(totals, "covered_lines", "num_statements")
        if lines is None:
            reason = "num_statements is 0: no code was measured (is `source` right, did the tests import it?)"
            return no_value(Outcome.NOT_MEASURED, reason, _KIND, tool=_TOOL)
        # A statement is what coverage.py counts; it names it by its line.
        metrics: dict[str, MetricValue] = {"line_coverage_percent": lines, "statement_coverage_percent": lines}
        branches = _ratio(totals, "covered_branches", "num_branches") if "num_branches" in totals else None
        if branches is not None:
            metrics["branch_coverage_percent"] = branches
        meta = meta if isinstance(meta, dict) else {}
        version = meta.get("version")
        part = SignalPart(
            tool=_TOOL,
            tool_version=version if isinstance(version, str) else None,
            outcome=Outcome.VALUE,
            measured_at=utc_moment(meta.get("timestamp")),
            metrics=metrics,
        )
        notes = () if branches is not None else ("branches were not measured (run with --branch)",)
        return Parsed(Outcome.VALUE, signals=((_KIND, part),), notes=notes)


def _ratio(totals: dict[str, Any], covered_key: str, total_key: str) -> float | None:
    """Percent; None when there is nothing to cover."""
    covered, total = _count(totals, covered_key), _count(totals, total_key)
    if covered > total:
        raise InputError(f"coverage.py JSON: totals.{covered_key} is {covered}, more than {total_key} {total}")
    return 100 * covered / total if total else None


def _count(totals: dict[str, Any], key: str) -> int:
    value = totals.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"coverage.py JSON: totals.{key} is {clean(value, 40)}, expected a count")
    return value
