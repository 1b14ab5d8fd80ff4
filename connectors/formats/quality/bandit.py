"""Bandit's JSON. `errors` are files that Bandit could not read: with them, no finding is not clean."""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Listed, MaybeListed, SnakeShape, dict_at, shaped
from ..times import utc_moment
from ..vulnerabilities import METRICS, Vulnerabilities


class _Result(SnakeShape):
    issue_severity: str
    test_id: Any = None
    issue_text: Any = None
    filename: Any = None
    line_number: Any = None


class _Report(SnakeShape):
    results: Listed[_Result]
    errors: MaybeListed[Any]
    metrics: dict[str, Any]
    generated_at: Any = None


class BanditJson(JsonFormat):
    """Bandit -> security."""

    name = "bandit-json"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="Bandit report, JSON",
        producers="Bandit",
        versions="Bandit 1",
        recognised_by="`results`, `errors` and `metrics` with `_totals`",
        fields="`results` issue_severity, test_id, issue_text, filename, line_number; `errors`; `_totals` loc",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="bandit -r . -f json -o bandit.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys; `metrics` of many files may hide the results."""
        return {"errors", "generated_at", "metrics"} <= head.json_keys and '"CONFIDENCE.HIGH"' in head.text

    def read(self, document: Any) -> Parsed:
        """Count the results."""
        report = shaped(_Report, document, self.about.title)
        notes: tuple[str, ...] = ()
        if report.errors:
            notes = (f"files that Bandit could not read: {len(report.errors)}",)
            if not report.results:
                return Parsed(Outcome.TOOL_FAILED, reason=f"{notes[0]}, and no result")
        if dict_at(report.metrics, "_totals").get("loc") == 0 and not report.results:
            return Parsed(Outcome.NOT_MEASURED, reason="no line of code was scanned")
        found = Vulnerabilities("bandit")
        for result in report.results:
            same = clean(result.test_id), clean(result.filename), clean(result.line_number), clean(result.issue_text)
            found.add(
                same,
                result.issue_severity,
                rule=result.test_id,
                message=result.issue_text,
                file=result.filename,
                line=result.line_number,
            )
        return found.parsed(measured_at=utc_moment(report.generated_at), notes=notes)
