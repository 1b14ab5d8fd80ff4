"""Semgrep's JSON. Rules about security count there, rules of other categories as code quality.

Severities are ERROR, WARNING and INFO (high, medium and low, as Semgrep's own documentation has them) and, for newer
rules, CRITICAL to LOW. `errors` are files that were scanned in part or not at all: with them, no finding is not clean.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..issues import METRICS as QUALITY_METRICS
from ..issues import Issues
from ..shapes import Listed, MaybeListed, SnakeShape, dict_at, first_of, shaped
from ..vulnerabilities import METRICS, Vulnerabilities

_SEVERITIES = {"ERROR": "high", "WARNING": "medium", "INFO": "low"}
_NO_FINDING = ("INVENTORY", "EXPERIMENT")
_QUALITY = ("best-practice", "correctness", "maintainability", "performance", "compatibility", "portability", "caching")


class _Result(SnakeShape):
    check_id: str
    path: Any = None
    start: Any = None
    extra: Any = None


class _Report(SnakeShape):
    results: Listed[_Result]
    errors: MaybeListed[Any]
    version: Any = None


class SemgrepJson(JsonFormat):
    """Semgrep -> security, and code-quality where rules are about that."""

    name = "semgrep-json"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value, SignalKind.CODE_QUALITY.value)
    about = About(
        title="Semgrep report, JSON",
        producers="Semgrep, Opengrep",
        versions="Semgrep 0 and 1",
        recognised_by="`results` whose first has a `check_id`, or `results` with `errors`, `paths` and `version`",
        fields="`results` check_id, path, start, severity, message, category, is_ignored; `errors`; `version`",
        metrics=(*METRICS, *QUALITY_METRICS),
        sample=Sample.REAL,
        how_to_export="semgrep scan --json -o semgrep.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first result; checkov's results are an object."""
        results = dict_at(head.json).get("results")
        first = dict_at(first_of(results))
        if {"check_id", "extra"} <= first.keys():
            return True
        return "results" in head.json_keys and {"paths", "version", "errors"} <= head.json_keys

    def read(self, document: Any) -> Parsed:
        """Count the results."""
        report = shaped(_Report, document, self.about.title)
        errors = [error for error in report.errors if dict_at(error).get("level") != "warn"]
        if errors and not report.results:
            message = clean(dict_at(errors[0]).get("message") or dict_at(errors[0]).get("type"))
            return Parsed(Outcome.TOOL_FAILED, reason=f"{len(errors)} errors and no result: {message}")
        found, issues = Vulnerabilities("semgrep"), Issues("semgrep")
        for result in report.results:
            _add(found, issues, result)
        notes = (f"files that were scanned in part or not at all: {len(report.errors)}",) if report.errors else ()
        parsed = found.parsed(version=report.version, notes=notes)
        if not issues.count:
            return parsed
        (quality,) = issues.parsed(version=report.version).signals
        return Parsed(Outcome.VALUE, signals=(*parsed.signals, quality), notes=parsed.notes)


def _add(found: Vulnerabilities, issues: Issues, result: _Result) -> None:
    extra = dict_at(result.extra)
    severity, line = extra.get("severity"), dict_at(result.start).get("line")
    if extra.get("is_ignored") is True or severity in _NO_FINDING:
        found.left_out["ignored"] += 1
        return
    if dict_at(extra, "metadata").get("category") in _QUALITY:
        issues.add("major" if severity in ("ERROR", "HIGH", "CRITICAL") else "minor",
                   rule=result.check_id, message=extra.get("message"), file=result.path, line=line)  # fmt: skip
        return
    same = result.check_id, clean(result.path), clean(line), clean(dict_at(result.start).get("col"))
    word = _SEVERITIES.get(severity, severity) if isinstance(severity, str) else None
    found.add(same, word, rule=result.check_id, message=extra.get("message"), file=result.path, line=line)
